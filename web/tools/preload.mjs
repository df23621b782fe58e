// Writes into index.html which modules the page needs at once, so that the browser asks for all of them together;
// with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const web = new URL('../', import.meta.url);
const page = new URL('app/index.html', web);
const IMPORT = /(?:^|[;\s}])(?:import|export)\b[^'"();]*?from\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;

/** What a module imports before it runs, and what those do. @param {URL} url @param {Set<string>} seen */
async function walk(url, seen) {
  if (seen.has(url.href)) return seen;
  seen.add(url.href);
  const text = await readFile(url, 'utf8');
  for (const [, from, bare] of text.matchAll(IMPORT)) {
    const name = from ?? bare;
    if (!name.startsWith('.')) throw new Error(`${fileURLToPath(url)} imports ${name}, which no browser would find`);
    await walk(new URL(name, url), seen);
  }
  return seen;
}

/** All modules below `web/` that are fetched before the page runs, itself the first. */
export async function eagerModules() {
  const seen = await walk(new URL('app/main.js', web), new Set());
  return [...seen].map((href) => href.slice(web.href.length));
}

const [, ...others] = await eagerModules();
const links = others.sort().map((name) => `<link rel="modulepreload" href="assets/${name}">`);
const present = await readFile(page, 'utf8');
const wanted = present.replace(/(?:<link rel="modulepreload"[^>]*>\n)*(?=<script)/, links.map((link) => `${link}\n`).join(''));
if (process.argv.includes('--check')) {
  if (wanted !== present) {
    console.error('web/app/index.html does not name the modules that the page needs; run: npm run freshen');
    process.exitCode = 1;
  }
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(page, wanted);
}
