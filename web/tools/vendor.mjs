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

/** What a country's flag is made of: the letters of its code, in an alphabet of their own. */
const LETTER_A = 0x1f1e6;

/** What many systems draw as a silhouette, or twice: families by their members, and those who face right. */
const RARE = /^family .|^.+ facing right$/;

/** A person's sign as a man and as a woman; `app/views/emoji.js` unfolds it. @param {string} sign @param {string} name */
function genders(sign, name) {
  const deed = name.replace('person ', '');
  return [
    ['👨', '♂️', 'man'],
    ['👩', '♀️', 'woman'],
  ].map(([one, mark, word]) => `${sign.startsWith('🧑') ? sign.replace('🧑', one) : `${sign.replace('\ufe0f', '')}\u200d${mark}`} ${word} ${deed}`);
}

/**
 * Signs as steps from one code point to the next, in digits to the base of 36, `*` for a sign that is asked for as a
 * picture; what is made of several stands as it is. Neighbours are neighbours in Unicode as well: this compresses to
 * three quarters of the signs themselves. @param {string[]} signs
 */
function packed(signs) {
  let point = 0;
  return signs
    .map((sign) => {
      const [first, mark, ...more] = [...sign];
      if ((mark && mark !== '\ufe0f') || more.length > 0) return sign;
      const next = first.codePointAt(0) ?? 0;
      const step = (next - point).toString(36);
      point = next;
      return mark ? `${step}*` : step;
    })
    .join(' ');
}

/**
 * All signs, and one line a group: its name, and the words of each; a sixth of the size of the package's file, and apart
 * they compress better than side by side. Flags of countries are only their codes: the browser knows what the countries
 * are called.
 */
function emoji(/** @type {string} */ text) {
  /** @type {{ name: string, slug: string, emojis: { emoji: string, name: string }[] }[]} */
  const groups = JSON.parse(text);
  /** Second letters, by the first. @type {Record<string, string>} */
  const countries = {};
  /** @type {string[]} */
  const signs = [];
  const isCountry = (/** @type {string} */ sign) => /^\p{RI}{2}$/u.test(sign);
  const lines = groups.map((group) => {
    for (const { emoji: sign } of group.emojis) {
      if (!isCountry(sign)) continue;
      const [first, second] = [...sign].map((letter) => String.fromCharCode((letter.codePointAt(0) ?? 0) - LETTER_A + 65));
      countries[first] = (countries[first] ?? '') + second;
    }
    const others = group.emojis.filter((one) => !isCountry(one.emoji) && !RARE.test(one.name));
    /** @type {string[]} */
    const words = [];
    for (let index = 0; index < others.length; index += 1) {
      const { emoji: sign, name } = others[index];
      const both = others.slice(index + 1, index + 3).map((one) => `${one.emoji} ${one.name}`);
      const isFolded = genders(sign, name).every((one, at) => one === both[at]);
      signs.push(sign);
      words.push(`${isFolded ? '+' : ''}${name}`);
      if (isFolded) index += 2;
    }
    return `  [${JSON.stringify(group.slug)}, ${JSON.stringify(words.join('|'))}],`;
  });
  return `// Made by tools/vendor.mjs from unicode-emoji-json, for app/views/emoji.js: all signs, as steps from one code point to
// the next, and the groups, in each "words|words|…", where + stands for a man and a woman as well.
export const SIGNS = ${JSON.stringify(packed(signs))};
/** @type {[string, string][]} */
export const EMOJI_GROUPS = [
${lines.join('\n')}
];
/** Codes of countries: after each first letter the second ones. */
export const COUNTRIES = '${Object.entries(countries).map((letters) => letters.join('')).join(' ')}';
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
