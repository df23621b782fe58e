// What the page asks of the server is what the server's own document offers.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { stage } from './kit/stage.mjs';

const all = stage();
const app = new URL('../app/', import.meta.url);

/** @param {string} id As in the document. */
const camelCase = (id) => id.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

test('every operation that the page calls is in the document of the server it comes from', async () => {
  const document = await (await fetch(new URL('openapi.json', all.server.url))).json();
  const offered = new Set(
    Object.values(document.paths).flatMap((methods) => Object.values(methods).flatMap(({ operationId }) => (operationId ? [camelCase(operationId)] : []))),
  );
  /** @type {Map<string, string>} */
  const called = new Map();
  for (const name of await readdir(app, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const text = await readFile(new URL(name, app), 'utf8');
    for (const [, operation] of text.matchAll(/\brest\s*\.\s*(\w+)/g)) called.set(operation, name);
    // Names that are put together could not be checked.
    assert.doesNotMatch(text, /\brest\s*\[|\bin rest\b|\*\/ \((?:client\.)?rest\)/, `${name} looks operations up`);
  }
  assert.ok(called.size > 30, `only ${called.size} operations were seen`);
  assert.deepEqual([...called].filter(([operation]) => !offered.has(operation)), []);
});
