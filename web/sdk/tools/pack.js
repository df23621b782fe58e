// Puts beside the sources what a published package has and the repository does not: declarations and licences.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = new URL('../', import.meta.url);
const sources = new URL('src/', here);
const licences = ['LICENSE-APACHE', 'LICENSE-MIT'];

if (process.argv.includes('--clean')) {
  for (const name of licences) rmSync(new URL(name, here), { force: true });
  for (const name of readdirSync(sources)) if (name.endsWith('.d.ts')) rmSync(new URL(name, sources));
  rmSync(new URL('generated/operations.d.ts', sources), { force: true });
} else {
  for (const name of licences) copyFileSync(new URL(`../../${name}`, here), new URL(name, here));
  const tsc = new URL('node_modules/typescript/bin/tsc', here);
  const emit = ['-p', 'tsconfig.json', '--noEmit', 'false', '--declaration', '--emitDeclarationOnly'];
  const { status } = spawnSync(process.execPath, [fileURLToPath(tsc), ...emit], { cwd: here, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
