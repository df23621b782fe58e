// Who or what it is and how they are, at a glance.
import { chat } from '../model/chat.js';
import { html, useEffect, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { Icon } from './icons.js';
import { shortly } from '../lib/time.js';

/** @import { Room, User } from '../types.js' */

const HUES = 8;

/** The same for the same id, everywhere. @param {string} id */
function hueOf(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % HUES;
}

/** Two letters that stand for a name, whatever its script. @param {string} name */
function initials(name) {
  const words = name.trim().split(/[\s._-]+/).filter(Boolean);
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const second = words.length > 1 ? ([...words[words.length - 1]][0] ?? '') : '';
  return (first + second).toLocaleUpperCase();
}

/** @param {{ user: { id: string, display_name: string, avatar_url?: string | null } | null, size?: string, withPresence?: boolean }} props */
export function Avatar({ user, size = '', withPresence = false }) {
  useObserved(withPresence ? chat.people : null);
  const picture = usePicture(user?.avatar_url ?? null);
  const presence = withPresence && user ? chat.people.presenceOf(user.id) : null;
  return html`<span class=${`avatar ${size} hue-${hueOf(user?.id ?? '')}`} aria-hidden="true">
    ${picture ? html`<img src=${picture} alt="" />` : initials(user?.display_name || '?')}
    ${presence && presence.status !== 'offline' ? html`<span class=${`presence ${presence.status}`}></span>` : null}
  </span>`;
}

/** Somebody of a list: what a click on them does is said by their name. @param {{ user: User, act: () => void, more?: string }} props */
export function PersonButton({ user, act, more = '' }) {
  return html`<button type="button" class="person-open" onClick=${act}>
    <${Avatar} user=${user} withPresence />
    <span class="grow">
      <span class="cut" dir="auto">${user.display_name}${more}</span>
      <p class="cut"><bdi>@${user.username}</bdi></p>
    </span>
  </button>`;
}

/** A picture that needs the token: fetched, and shown from memory. @param {string | null} url */
export function usePicture(url) {
  const [picture, setPicture] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    setPicture(null);
    if (!url) return undefined;
    let isGone = false;
    chat.media.picture(url).then(
      (made) => {
        if (!isGone) setPicture(made);
      },
      () => {},
    );
    return () => {
      isGone = true;
    };
  }, [url]);
  return picture;
}

/** @param {{ room: Room, size?: string }} props */
export function RoomAvatar({ room, size = '' }) {
  if (room.kind === 'direct') return html`<${Avatar} user=${room.peer} size=${size} withPresence />`;
  return html`<span class=${`avatar square ${size} hue-${hueOf(room.id)}`} aria-hidden="true">
    ${room.kind === 'private' ? initials(room.title) : html`<${Icon} name="hash" />`}
  </span>`;
}

/**
 * @param {{ status: string, last_seen_at?: string | null }} presence
 * @param {User | null} user
 */
export function presenceWords(presence, user) {
  const words = /** @type {Record<string, string>} */ (t.presence)[presence.status] ?? '';
  const seen = presence.last_seen_at ?? user?.last_seen_at;
  const there = presence.status === 'offline' && seen ? t.lastSeen(shortly(seen)) : words;
  const own = statusWords(user);
  return own ? `${there} · ${own}` : there;
}

/** What they say of themselves, as long as it holds. @param {User | null} user */
export function statusWords(user) {
  const status = user?.status;
  if (!status || (status.until && new Date(status.until) < new Date())) return '';
  return [status.emoji, status.text].filter(Boolean).join(' ');
}
