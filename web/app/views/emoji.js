// All emoji, by group and by word. Fetched when first needed.
import { COUNTRIES, EMOJI_GROUPS } from '../data/emoji.js';

/** @typedef {{ sign: string, words: string }} Emoji */

const LETTER_A = 0x1f1e6;
const nameOf = new Intl.DisplayNames('en', { type: 'region' });
const flags = (COUNTRIES.match(/../g) ?? []).map((code) => {
  const sign = String.fromCodePoint(...[...code].map((letter) => letter.charCodeAt(0) - 65 + LETTER_A));
  return { sign, words: `flag ${nameOf.of(code)}` };
});

/** @type {{ slug: string, all: Emoji[] }[]} */
export const groups = EMOJI_GROUPS.map(([slug, all]) => ({
  slug,
  all: [
    ...all.split('|').flatMap((one) => {
      const [, plus, sign, words] = /** @type {string[]} */ (/^(\+?)(\S+) (.*)/.exec(one));
      const deed = words.replace('person ', '');
      const as = (/** @type {string} */ person, /** @type {string} */ mark, /** @type {string} */ word) => ({
        sign: sign.startsWith('🧑') ? sign.replace('🧑', person) : `${sign.replace('\ufe0f', '')}\u200d${mark}`,
        words: `${word} ${deed}`,
      });
      return [{ sign, words }, ...(plus ? [as('👨', '♂️', 'man'), as('👩', '♀️', 'woman')] : [])];
    }),
    ...(slug === 'flags' ? flags : []),
  ],
}));

/** The heart of hearts is the red one. @param {string} word @param {number} limit @returns {Emoji[]} */
export function findEmoji(word, limit) {
  /** @type {Emoji[]} */
  const begin = [];
  /** @type {Emoji[]} */
  const contain = [];
  for (const { all } of groups) {
    for (const emoji of all) {
      const lower = emoji.words.toLowerCase();
      if (lower === `red ${word}`) begin.unshift(emoji);
      else if (lower.startsWith(word)) begin.push(emoji);
      else if (lower.includes(word)) contain.push(emoji);
    }
  }
  return [...begin, ...contain].slice(0, limit);
}
