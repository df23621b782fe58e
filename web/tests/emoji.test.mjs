// The packed emoji, unpacked, are those of the package.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { groups } from '../app/views/emoji.js';

/** Not shipped: `tools/vendor.mjs` says why. */
const RARE = /^family .|^.+ facing right$/;

/** Its sign and words; what a country is called is the browser's. @param {string} sign @param {string} words */
const told = (sign, words) => (/^\p{RI}{2}$/u.test(sign) ? sign : `${sign} ${words}`);

test('every emoji is there, under its sign and its words', async () => {
  /** @type {{ slug: string, emojis: { emoji: string, name: string }[] }[]} */
  const all = JSON.parse(await readFile(new URL('../node_modules/unicode-emoji-json/data-by-group.json', import.meta.url), 'utf8'));
  for (const [index, { slug, emojis }] of all.entries()) {
    const wanted = emojis.filter(({ name }) => !RARE.test(name)).map(({ emoji, name }) => told(emoji, name));
    const found = groups[index].all.map(({ sign, words }) => told(sign, words));
    assert.equal(groups[index].slug, slug);
    // Flags of countries come last; all others keep their order.
    assert.deepEqual(slug === 'flags' ? found.sort() : found, slug === 'flags' ? wanted.sort() : wanted);
  }
});
