// What was typed and not sent, kept over reloads, breaks and the way to another room.
import { recall, remember } from '../lib/storage.js';

const WRITE_AFTER_MS = 300;

/** @type {Map<string, ReturnType<typeof setTimeout>>} */
const timers = new Map();
/** @type {Map<string, string>} */
const texts = new Map();

/** @param {string} me @param {string} place A room, or a thread in it. */
const keyOf = (me, place) => `draft.${me}.${place}`;

/** @param {string} me @param {string} place @returns {string} */
export function draftOf(me, place) {
  const key = keyOf(me, place);
  return texts.get(key) ?? recall(key, '');
}

/** @param {string} me @param {string} place @param {string} text */
export function keepDraft(me, place, text) {
  const key = keyOf(me, place);
  texts.set(key, text);
  // Not put off by the next letter: who types without a pause would lose all of it with the page.
  if (timers.has(key)) return;
  timers.set(
    key,
    setTimeout(() => write(key), WRITE_AFTER_MS),
  );
}

/** @param {string} key */
function write(key) {
  clearTimeout(timers.get(key));
  timers.delete(key);
  remember(key, texts.get(key) || null);
}

// A page may be gone before the timer; and another window may have written, and sent, its own words there.
addEventListener('pagehide', () => {
  for (const [key, text] of texts) if (timers.has(key) || (text && !recall(key, ''))) write(key);
});
