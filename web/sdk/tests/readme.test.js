// What the README shows works as it is written, and what works in a page alone says so elsewhere.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';

import { ConfabClient, webOutbox, webTokens } from '../src/index.js';
import { Server } from './kit/server.js';

test('the example for Node works as it stands', async (t) => {
  const server = await Server.start();
  // Beside this test, so that the package finds itself by its name.
  const path = fileURLToPath(new URL('readme_example.mjs', import.meta.url));
  t.after(() => Promise.all([server.remove(), rm(path, { force: true })]));
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, example] = /```js\n([^]*?)```/.exec(readme) ?? [];
  assert.match(example, /from '@confab\/client'/);
  const isOld = typeof globalThis.WebSocket === 'undefined';
  const here = example.replace('http://127.0.0.1:8080/', server.url);
  assert.notEqual(here, example);
  // As the README says of Node before 22.
  const text = isOld ? `import { WebSocket } from 'ws';\n${here.replace('{ url:', '{ WebSocket, url:')}` : here;
  await writeFile(path, text);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 30_000 });
  assert.match(stdout, /^message_created Hello!$/m);
  assert.match(stdout, /^Message 1 is kept\.$/m);
});

test('what needs a page says so where there is none', () => {
  assert.throws(() => webTokens(), /^TypeError: webTokens\(\) keeps things in a browser's localStorage/);
  assert.throws(() => webOutbox(), /^TypeError: webOutbox\(\) keeps things in a browser's localStorage/);
  assert.throws(() => new ConfabClient({ url: './', WebSocket }), /^TypeError: \.\/ is no whole address, such as https:/);
});
