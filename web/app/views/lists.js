// What a room has been sent, and where one was named: lists that lead to messages.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { pointInTime } from '../lib/time.js';
import { t } from '../strings/index.js';
import { save } from './attachments.js';
import { usePicture } from './avatar.js';
import { Icon, IconButton } from './icons.js';
import { usePages } from './requests.js';

/** @import { Highlight, Message, Room, RoomFile } from '../types.js' */

const KINDS = /** @type {const} */ (['image', 'video', 'audio', 'other']);

/** @param {{ room: Room }} props */
export function FileList({ room }) {
  const [kind, setKind] = useState(/** @type {typeof KINDS[number]} */ ('image'));
  return html`
    <div class="segments" role="radiogroup" aria-label=${t.files}>
      ${KINDS.map(
        (one) => html`<label>
          <input type="radio" name="file-kind" checked=${kind === one} onChange=${() => setKind(one)} />
          <span>${t.fileKinds[one]}</span>
        </label>`,
      )}
    </div>
    <${FilesOf} key=${kind} kind=${kind} room=${room} />
  `;
}

/** @param {{ room: Room, kind: string }} props */
function FilesOf({ room, kind }) {
  useObserved(room);
  // As they come, and go with their messages.
  const bearers = room.timeline.newest.filter((message) => message.attachments.length > 0 && !message.deleted_at).length;
  const { items, more, waiting } = usePages((page, signal) => client.rest.listFiles({ room_id: room.id, kind, ...page }, { signal }), [bearers]);
  if (!items) return waiting;
  if (items.length === 0) return html`<p class="empty">${t.noFiles}</p>`;
  const View = kind === 'image' ? Picture : Line;
  return html`<ul class=${kind === 'image' ? 'picture-grid' : ''}>
      ${items.map((file) => html`<li key=${`${file.message_id}/${file.id}`}><${View} file=${file} room=${room} /></li>`)}
    </ul>
    ${more}`;
}

/** @param {{ file: RoomFile, room: Room }} props */
function Picture({ file, room }) {
  const picture = usePicture(file.thumbnail_url);
  return html`<button
    type="button"
    aria-label=${t.openPicture(file.filename)}
    title=${t.fileSentBy(file.sender.display_name, pointInTime(file.created_at))}
    onClick=${() => ui.ask({ kind: 'picture', file, show: () => ui.openRoom(room.id, file.seq) })}
  >
    ${picture ? html`<img src=${picture} alt="" />` : html`<${Icon} name="file" />`}
  </button>`;
}

/** @param {{ file: RoomFile, room: Room }} props */
function Line({ file, room }) {
  return html`<div class="person">
    <button type="button" class="person-open" onClick=${() => ui.openRoom(room.id, file.seq)}>
      <${Icon} name="file" />
      <span class="grow">
        <span class="cut" dir="auto">${file.filename}</span>
        <p class="cut">${[t.size(file.size), t.fileSentBy(file.sender.display_name, pointInTime(file.created_at))].join(' · ')}</p>
      </span>
    </button>
    <${IconButton} icon="download" label=${t.saveOf(file.filename)} class="small" onClick=${() => void save(file)} />
  </div>`;
}

export function Mentions() {
  useObserved(chat, chat.people);
  const { items, more, waiting } = usePages((page, signal) => client.rest.listMentions(page, { signal }), [chat.mentions]);
  if (!items) return waiting;
  if (items.length === 0) return html`<p class="empty">${t.noMentions}</p>`;
  return html`${items.map(
    ({ message, unread }) => html`<${Hit}
      key=${message.id}
      message=${message}
      withRoom
      isUnread=${unread && message.number > (chat.rooms.get(message.room_id)?.lastReadNumber ?? 0)}
    />`,
  )}
  ${more}`;
}

/** @param {{ message: Message, highlights?: Highlight[], hint?: any, withRoom?: boolean, isUnread?: boolean }} props */
export function Hit({ message, highlights = [], hint = null, withRoom = false, isUnread = false }) {
  useObserved(chat.people);
  const sender = chat.people.want(message.sender_id);
  const room = chat.rooms.get(message.room_id);
  return html`<button type="button" class="hit" data-hit=${message.id} onClick=${() => ui.openRoom(message.room_id, message.seq)}>
    <header>
      <strong class="cut" dir="auto">${sender?.display_name ?? t.someone}</strong>
      ${room && (withRoom || !room.isOpen) && room.peer?.id !== message.sender_id ? html`<span class="cut" dir="auto">${room.title}</span>` : null}
      <time datetime=${message.created_at}>${pointInTime(message.created_at)}</time>
      ${isUnread ? html`<span class="badge dot"><span class="visually-hidden">${t.unreadMessages}</span></span>` : null}
    </header>
    <p dir="auto">${message.content && highlights.length > 0 ? marked(message.content, highlights) : chat.wordsOf(message)}</p>
    ${hint}
  </button>`;
}

/** Text before the first word that was looked for. */
const LEAD_CHARS = 80;

/** The words that were looked for stand out; as nodes, for the text is a stranger's. @param {string} text @param {Highlight[]} highlights */
function marked(text, highlights) {
  const from = highlights[0].start > LEAD_CHARS * 2 ? highlights[0].start - LEAD_CHARS : 0;
  /** @type {any[]} */
  const parts = from > 0 ? ['… '] : [];
  let at = from;
  for (const { start, end } of highlights) {
    parts.push(text.slice(at, start), html`<mark>${text.slice(start, end)}</mark>`);
    at = end;
  }
  parts.push(text.slice(at));
  return parts;
}
