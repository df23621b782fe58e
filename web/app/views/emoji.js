// All emoji, by group and by word. Fetched when first needed.
import { EMOJI_GROUPS } from '../data/emoji.js';

/** @typedef {{ sign: string, words: string }} Emoji */

/** @type {{ slug: string, all: Emoji[] }[]} */
export const groups = EMOJI_GROUPS.map(([slug, all]) => ({
  slug,
  all: all.split('|').map((one) => {
    const space = one.indexOf(' ');
    return { sign: one.slice(0, space), words: one.slice(space + 1) };
  }),
}));

/** @param {string} word @param {number} limit @returns {Emoji[]} */
export function findEmoji(word, limit) {
  /** @type {Emoji[]} */
  const begin = [];
  /** @type {Emoji[]} */
  const contain = [];
  for (const { all } of groups) {
    for (const emoji of all) {
      if (emoji.words.startsWith(word)) begin.push(emoji);
      else if (emoji.words.includes(word)) contain.push(emoji);
    }
  }
  return [...begin, ...contain].slice(0, limit);
}
