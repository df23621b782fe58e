// Copies what the page uses from npm packages into vendor/ and app/data/; with --check it only compares.
//
// The copies are what package-lock.json pins, byte for byte but for one replacement: hooks name preact by its
// file, because a bare name would need an import map, which the content policy does not let a page carry inline.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(web, 'node_modules');

const same = (/** @type {string} */ text) => text;
/** Source maps are not shipped, and a missing one is an error line in every developer's console. */
const withoutMap = (/** @type {string} */ text) => text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');

/** @type {[string, string, (text: string) => string][]} */
const copies = [
  ['preact/dist/preact.mjs', 'vendor/preact/preact.mjs', withoutMap],
  [
    'preact/hooks/dist/hooks.mjs',
    'vendor/preact/hooks.mjs',
    (text) => withoutMap(text).replace(/from\s?"preact"/g, 'from"./preact.mjs"'),
  ],
  ['preact/LICENSE', 'vendor/preact/LICENSE', same],
  ['htm/dist/htm.module.js', 'vendor/htm/htm.module.js', withoutMap],
  ['htm/LICENSE', 'vendor/htm/LICENSE', same],
  ['unicode-emoji-json/LICENSE', 'vendor/unicode-emoji-json/LICENSE', same],
  ['unicode-emoji-json/data-by-group.json', 'app/data/emoji.js', emoji],
];

/** One line a group: its name, then each emoji with its words; a fifth of the size of the package's file. */
function emoji(/** @type {string} */ text) {
  /** @type {{ name: string, slug: string, emojis: { emoji: string, name: string }[] }[]} */
  const groups = JSON.parse(text);
  const lines = groups.map((group) => {
    const all = group.emojis.map((one) => `${one.emoji} ${one.name}`).join('|');
    return `  [${JSON.stringify(group.slug)}, ${JSON.stringify(all)}],`;
  });
  return `// Made by tools/vendor.mjs from unicode-emoji-json: groups, and in each "emoji words|emoji words|…".
/** @type {[string, string][]} */
export const EMOJI_GROUPS = [
${lines.join('\n')}
];
`;
}

const isCheck = process.argv.includes('--check');
let differing = 0;
for (const [from, to, change] of copies) {
  const wanted = change(await readFile(join(modules, from), 'utf8'));
  if (/from\s?"preact"/.test(wanted)) throw new Error(`${to} still names preact by a bare name`);
  const path = join(web, to);
  if (isCheck) {
    const present = await readFile(path, 'utf8').catch(() => '');
    if (present !== wanted) {
      differing += 1;
      console.error(`web/${to} is not what package-lock.json pins; run: npm run freshen`);
    }
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, wanted);
  }
}
process.exitCode = differing > 0 ? 1 : 0;
