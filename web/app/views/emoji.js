// All emoji, by group and by word. Fetched when first needed.
import { COUNTRIES, EMOJI_GROUPS, SIGNS } from '../data/emoji.js';

/** @import { Emoji } from '../types.js' */

const LETTER_A = 0x1f1e6;
const nameOf = new Intl.DisplayNames('en', { type: 'region' });
const codes = COUNTRIES.split(' ').flatMap(([first, ...seconds]) => seconds.map((second) => first + second));
const flags = codes.map((code) => {
  const sign = String.fromCodePoint(...[...code].map((letter) => letter.charCodeAt(0) - 65 + LETTER_A));
  return { sign, words: `flag ${nameOf.of(code)}` };
});

/** As tools/vendor.mjs packs them: steps from one code point to the next. */
const signs = (function* unpacked() {
  let point = 0;
  for (const step of SIGNS.split(' ')) {
    if (/^-?\w+\*?$/.test(step)) {
      point += parseInt(step, 36);
      yield String.fromCodePoint(point) + (step.endsWith('*') ? '\ufe0f' : '');
    } else yield step;
  }
})();

/** @type {{ slug: string, all: Emoji[] }[]} */
export const groups = EMOJI_GROUPS.map(([slug, all]) => ({
  slug,
  all: [
    ...all.split('|').flatMap((one) => {
      const words = one.replace('+', '');
      const sign = signs.next().value ?? '';
      const deed = words.replace('person ', '');
      const as = (/** @type {string} */ person, /** @type {string} */ mark, /** @type {string} */ word) => ({
        sign: sign.startsWith('🧑') ? sign.replace('🧑', person) : `${sign.replace('\ufe0f', '')}\u200d${mark}`,
        words: `${word} ${deed}`,
      });
      return [{ sign, words }, ...(words === one ? [] : [as('👨', '♂️', 'man'), as('👩', '♀️', 'woman')])];
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
