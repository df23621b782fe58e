// Who or what it is and how they are, at a glance.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { Icon } from './icons.js';
import { shortly } from '../lib/time.js';
import { useOnce } from './requests.js';

/** @import { Room, RoomForViewer, User } from '../types.js' */

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

/** A picture of this server: of one that is elsewhere its keeper would learn who looks. @param {string | null | undefined} url */
function ownPicture(url) {
  const address = url ? new URL(client.resolve(url), location.href) : null;
  return address?.origin === location.origin ? address.href : null;
}

/** A picture, or what stands for it where there is none or it cannot be had. @param {{ url?: string | null, other: any }} props */
function Face({ url, other }) {
  const picture = ownPicture(url);
  const [failed, setFailed] = useState(/** @type {string | null} */ (null));
  return picture && picture !== failed ? html`<img src=${picture} alt="" draggable=${false} onError=${() => setFailed(picture)} />` : other;
}

/** @param {{ user: { id: string, display_name: string, avatar_url?: string | null } | null, size?: string, withPresence?: boolean }} props */
export function Avatar({ user, size = '', withPresence = false }) {
  useObserved(withPresence ? chat.people : null);
  const presence = withPresence && user ? chat.people.presenceOf(user.id) : null;
  return html`<span class=${`avatar ${size} hue-${hueOf(user?.id ?? '')}`} aria-hidden="true">
    <${Face} url=${user?.avatar_url} other=${initials(user?.display_name || '?')} />
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
  return html`<${RoomPicture} room=${room.data} size=${size} />`;
}

/** Of a room that one may not be in. @param {{ room: Pick<RoomForViewer, 'id' | 'kind' | 'name' | 'avatar_url'>, size?: string }} props */
export function RoomPicture({ room: { id, kind, name, avatar_url }, size = '' }) {
  return html`<span class=${`avatar square ${size} hue-${hueOf(id)}`} aria-hidden="true">
    <${Face} url=${avatar_url} other=${kind === 'private' ? initials(name ?? t.unnamedRoom) : html`<${Icon} name="hash" />`} />
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

/** Choosing a picture of oneself or of a room; null takes the present one away. @param {{ isThere: boolean, set: (file: File | null) => Promise<unknown> }} props */
export function PictureField({ isThere, set }) {
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [state, setState] = useState({ isBusy: false, failure: '' });
  const change = useOnce(async (/** @type {File | null} */ file) => {
    setState({ isBusy: true, failure: '' });
    const failure = await set(file).then(() => '', (error) => chat.explain(error));
    setState({ isBusy: false, failure });
  });
  return html`<div class="row picture-field">
    <button type="button" class="button small" disabled=${state.isBusy} onClick=${() => chooser.current?.click()}>${t.choosePicture}</button>
    ${isThere
      ? html`<button type="button" class="button small plain" disabled=${state.isBusy} onClick=${() => void change(null)}>${t.removePicture}</button>`
      : null}
    <input
      ref=${chooser}
      type="file"
      hidden
      accept="image/jpeg,image/png,image/gif,image/webp"
      aria-label=${t.choosePicture}
      onChange=${(/** @type {any} */ event) => {
        const [file] = event.target.files;
        event.target.value = '';
        if (file) void change(file);
      }}
    />
    <span role="status" class=${state.failure ? 'wrong' : 'small muted'}>${state.isBusy ? `${t.loading} …` : state.failure}</span>
  </div>`;
}
