// What the word before the caret may become: a person's name, or an emoji.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { t } from '../strings/index.js';
import { fetched } from './requests.js';

/** @import { Completion, Completions, Emoji, Room, User } from '../types.js' */

const SHOWN_MAX = 8;

/** @param {Room} room @param {string} text @param {number} caret @returns {Promise<Completions | null>} */
export async function completionsFor(room, text, caret) {
  const before = text.slice(Math.max(0, caret - 40), caret);
  const found = /(?:^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(before);
  if (!found) return null;
  const [, sign, word] = found;
  if (sign === ':' && word.length < 2) return null;
  const items = sign === '@' ? await people(room, word.toLowerCase()) : await emoji(word.toLowerCase());
  return items.length > 0 ? { from: caret - word.length - 1, to: caret, items, chosen: 0 } : null;
}

/** @param {Room} room @param {string} word */
async function people(room, word) {
  /** @type {User[]} */
  let users = [...(room.members?.values() ?? [])].map((member) => chat.people.get(member.user_id) ?? member.user);
  // Of a large room not all are here.
  if (word && room.data.member_count > users.length) {
    const page = await client.rest.listMembers({ room_id: room.id, query: word, limit: SHOWN_MAX }).catch(() => null);
    const found = (page?.items ?? []).map((member) => member.user);
    users = [...users, ...found.filter((user) => !users.some((known) => known.id === user.id))];
  }
  const fitting = users.filter(
    (user) =>
      user.id !== chat.me?.id && (user.username.toLowerCase().startsWith(word) || user.display_name.toLocaleLowerCase().includes(word)),
  );
  /** @type {Completion[]} */
  const items = fitting
    .slice(0, SHOWN_MAX)
    .map((user) => ({ insert: `@${user.username}`, label: user.display_name, hint: `@${user.username}`, sign: '', user }));
  if ('here'.startsWith(word) && room.kind !== 'direct') {
    items.push({ insert: '@here', label: '@here', hint: t.everybodyHere, sign: '@', user: null });
  }
  return items;
}

/** @param {string} word @returns {Promise<Completion[]>} */
async function emoji(word) {
  const found = await fetched('emoji');
  /** @type {Emoji[]} */
  const all = found?.findEmoji(word.replaceAll('_', ' '), SHOWN_MAX) ?? [];
  return all.map(({ sign, words }) => ({ insert: sign, label: words, hint: '', sign, user: null }));
}
