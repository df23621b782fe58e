// What stands beside a room: its details, a thread, a search, what is pinned, a person.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { Avatar, PersonButton, RoomAvatar, presenceWords } from './avatar.js';
import { Composer } from './composer.js';
import { Icon, IconButton } from './icons.js';
import { MessageRow } from './message.js';
import { FileList, Hit, Mentions } from './lists.js';
import { Loading, SearchField, useAnswer, usePages } from './requests.js';
import { talkTo } from './sidebar.js';

/** @import { Member, MenuItem, Message, Room } from '../types.js' */

/** Members that are listed before one asks for all. */
const MEMBERS_SHOWN = 30;
/** More than so many are searched by name. */
const MEMBERS_SEARCHED = 10;
const PAGE = 100;

export function SidePanel() {
  useObserved(chat, ui);
  const { panel } = ui;
  const room = chat.openRoom;
  if (!panel) return null;
  if (panel.kind === 'mentions') return html`<${Frame} title=${t.mentions}><${Mentions} /><//>`;
  if (panel.kind === 'profile') return html`<${Frame} title=${t.profile}><${Profile} userId=${panel.userId} room=${room} /><//>`;
  if (!room) return null;
  switch (panel.kind) {
    case 'details':
      return html`<${Frame} title=${t.details}><${Details} room=${room} /><//>`;
    case 'thread':
      return html`<${Thread} room=${room} messageId=${panel.messageId} key=${panel.messageId} />`;
    case 'search':
      return html`<${Frame} title=${t.searchHere}><${Search} room=${room} key=${room.id} /><//>`;
    case 'pins':
      return html`<${Frame} title=${t.pinnedMessages}><${Pins} room=${room} /><//>`;
    case 'files':
      return html`<${Frame} title=${t.files}><${FileList} room=${room} key=${room.id} /><//>`;
  }
}

/** Gives the focus back to where it was before, when it was in what goes away. @param {{ current: HTMLElement | null }} panel */
function useReturnedFocus(panel) {
  const opener = useRef(document.activeElement);
  // Before it is gone from the page: afterwards nothing has the focus.
  useLayoutEffect(() => {
    const element = panel.current;
    return () => {
      const { current } = opener;
      if (element?.contains(document.activeElement) && current instanceof HTMLElement && current.isConnected) {
        current.focus({ preventScroll: true });
      }
    };
  }, []);
}

/** @param {{ title: string, children?: any }} props */
function Frame({ title, children }) {
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  useReturnedFocus(panel);
  // Where one looks now; the words that follow are read from here.
  useEffect(() => {
    if (!head.current?.closest('.panel')?.contains(document.activeElement)) head.current?.focus();
  }, [title]);
  return html`<aside class="panel" aria-label=${title} ref=${panel}>
    <header class="panel-head">
      <h2 tabindex="-1" ref=${head}>${title}</h2>
      <${IconButton} icon="close" label=${t.close} onClick=${() => ui.show(null)} />
    </header>
    <div class="panel-body" tabindex="-1">${children}</div>
  </aside>`;
}

/** @param {{ room: Room }} props */
function Details({ room }) {
  useObserved(room, chat.people);
  useEffect(() => {
    if (!room.members && room.isMember) void room.loadMembers().catch(() => {});
  }, [room]);
  return html`
    <div class="profile-card">
      <${RoomAvatar} room=${room} size="large" />
      <h3 dir="auto">${room.title}</h3>
      <span class="muted small">${t.kinds[/** @type {'public'} */ (room.kind)]}</span>
      ${room.data.description ? html`<p dir="auto">${room.data.description}</p>` : null}
    </div>
    ${room.kind === 'direct' && room.peer ? html`<section><${Profile} userId=${room.peer.id} room=${null} isShort /></section>` : null}
    ${room.isMember
      ? html`<${Wishes} room=${room} />
          ${room.kind === 'direct' ? null : html`<${Members} room=${room} />`}
          <section class="stack">
            <button type="button" class="button" onClick=${() => ui.show({ kind: 'pins' })}>
              <${Icon} name="pin" /> ${t.pinnedMessages}
            </button>
            <button type="button" class="button" onClick=${() => ui.show({ kind: 'files' })}><${Icon} name="file" /> ${t.files}</button>
            ${room.kind !== 'direct' && room.isAtLeast('moderator')
              ? html`<button type="button" class="button" onClick=${() => ui.ask({ kind: 'reports', room })}>
                  <${Icon} name="flag" /> ${t.reports}
                </button>`
              : null}
            ${room.kind !== 'direct' && room.isAtLeast('admin')
              ? html`<button type="button" class="button" onClick=${() => ui.ask({ kind: 'room', room })}>
                    <${Icon} name="settings" /> ${t.roomSettings}
                  </button>
                  <button type="button" class="button" onClick=${() => ui.ask({ kind: 'invite', room })}>
                    <${Icon} name="link" /> ${t.inviteByLink}
                  </button>`
              : null}
            ${room.kind === 'direct'
              ? null
              : html`<button type="button" class="button danger" onClick=${() => ui.ask({ kind: 'leave', room })}>
                  <${Icon} name="leave" /> ${t.leaveRoom}
                </button>`}
          </section>`
      : null}
  `;
}

/** What one wants to be told of. @param {{ room: Room }} props */
function Wishes({ room }) {
  return html`<section>
    <h3>${t.notifications}</h3>
    <div class="segments" role="radiogroup" aria-label=${t.notifications}>
      ${/** @type {const} */ (['all', 'mentions', 'none']).map(
        (wish) => html`<label>
          <input
            type="radio"
            name="notifications"
            checked=${room.settings.notifications === wish}
            onChange=${() => void deeds.setConversation(room, { notifications: wish })}
          />
          <span>${t.notificationWishes[wish]}</span>
        </label>`,
      )}
    </div>
  </section>`;
}

/** @param {{ room: Room }} props */
function Members({ room }) {
  const [isAll, setAll] = useState(false);
  const ranks = { owner: 0, admin: 1, moderator: 2, member: 3 };
  const all = [...(room.members?.values() ?? [])].sort(
    (a, b) =>
      ranks[/** @type {'member'} */ (a.role)] - ranks[/** @type {'member'} */ (b.role)] ||
      a.user.display_name.localeCompare(b.user.display_name),
  );
  const [words, setWords] = useState('');
  const query = words.trim();
  const { items, more, failed } = usePages(
    async (page, signal) =>
      query ? client.rest.listMembers({ room_id: room.id, query, ...page }, { signal }) : { items: [], next_cursor: null },
    [query, room.id, query && room.memberChanges],
    query ? 200 : 0,
  );
  const shown = query ? (items ?? []) : isAll ? all : all.slice(0, MEMBERS_SHOWN);
  return html`<section>
    <div class="row">
      <h3 class="grow">${t.members(room.data.member_count)}</h3>
      ${room.isAtLeast('admin')
        ? html`<button type="button" class="button small" onClick=${() => ui.ask({ kind: 'add', room })}>${t.addPeople}</button>`
        : null}
    </div>
    ${room.data.member_count > MEMBERS_SEARCHED ? html`<${SearchField} label=${t.findMember} words=${words} change=${setWords} />` : null} ${failed}
    <ul>
      ${shown.map((member) => html`<li key=${member.user_id}><${MemberRow} member=${member} room=${room} /></li>`)}
    </ul>
    ${query && items?.length === 0 ? html`<p class="empty">${t.nobodyFound}</p>` : null} ${query ? more : null}
    ${!query && all.length > shown.length
      ? html`<button type="button" class="button small plain" onClick=${() => setAll(true)}>${t.showAll(all.length)}</button>`
      : null}
  </section>`;
}

/** @param {{ member: Member, room: Room }} props */
function MemberRow({ member, room }) {
  const user = chat.people.get(member.user_id) ?? member.user;
  const isMe = user.id === chat.me?.id;
  const isMuted = member.muted_until && new Date(member.muted_until) > new Date();
  const canAct = !isMe && room.isAtLeast('moderator') && room.outranks(member.role);
  return html`<div class="person">
    <${PersonButton} user=${user} act=${() => ui.show({ kind: 'profile', userId: user.id })} more=${isMe ? ` (${t.you})` : ''} />
    ${isMuted ? html`<span class="tag">${t.muted}</span>` : null}
    ${member.role === 'member' ? null : html`<span class="tag">${t.roles[/** @type {'owner'} */ (member.role)]}</span>`}
    ${canAct
      ? html`<${IconButton}
          icon="menu"
          label=${t.actionsFor(user.display_name)}
          class="small"
          aria-haspopup="menu"
          onClick=${(/** @type {Event} */ event) => ui.openMenu(event, t.actionsFor(user.display_name), memberActions(member, room))}
        />`
      : null}
  </div>`;
}

const HOUR_MS = 3_600_000;

/** @param {Member} member @param {Room} room @returns {MenuItem[]} */
function memberActions(member, room) {
  const of = { room_id: room.id, user_id: member.user_id };
  const again = (/** @type {Promise<unknown>} */ deed) => void chat.attempt(deed.then(() => room.loadMembers()));
  /** @type {MenuItem[]} */
  const items = [];
  if (room.isAtLeast('admin')) {
    for (const role of /** @type {const} */ (['admin', 'moderator', 'member'])) {
      if (role === member.role || !room.outranks(role)) continue;
      items.push({ label: t.makeRole(t.roles[role]), icon: 'shield', act: () => again(client.rest.changeRole({ ...of, body: { role } })) });
    }
    if (room.myRole === 'owner') {
      items.push({ label: t.makeRole(t.roles.owner), icon: 'shield', act: () => ui.ask({ kind: 'owner', room, member }) });
    }
  }
  if (items.length > 0) items.push(null);
  const isMuted = member.muted_until && new Date(member.muted_until) > new Date();
  items.push(
    isMuted
      ? { label: t.unmute, icon: 'bell', act: () => again(client.rest.unmuteMember(of)) }
      : { label: t.muteForAnHour, icon: 'bell_off', act: () => again(client.rest.muteMember({ ...of, body: { until: new Date(Date.now() + HOUR_MS).toISOString() } })) },
    { label: t.removeMember, icon: 'leave', isDanger: true, act: () => ui.ask({ kind: 'remove', room, member }) },
  );
  if (room.isAtLeast('admin')) items.push({ label: t.ban, icon: 'close', isDanger: true, act: () => ui.ask({ kind: 'ban', room, member }) });
  return items;
}

/** @param {{ userId: string, room: Room | null, isShort?: boolean }} props */
function Profile({ userId, isShort = false }) {
  useObserved(chat.people, chat);
  const user = chat.people.want(userId);
  const isMe = userId === chat.me?.id;
  const isBlocked = chat.people.blocked.get(userId);
  useEffect(() => {
    void client.rest.profile({ user_id: userId }).then((found) => chat.people.learn([found]), () => {});
    if (!isMe) void deeds.lookAtBlocks(userId);
  }, [userId]);
  if (!user) return html`<${Loading} />`;
  return html`
    ${isShort
      ? null
      : html`<div class="profile-card">
          <${Avatar} user=${user} size="large" withPresence />
          <h3 dir="auto">${user.display_name}</h3>
          <bdi class="muted">@${user.username}</bdi>
        </div>`}
    <div class="profile-card">
      <p class="muted" dir="auto">${presenceWords(chat.people.presenceOf(userId), user)}</p>
      ${isMe
        ? html`<button type="button" class="button" onClick=${() => ui.ask({ kind: 'settings' })}>${t.editProfile}</button>`
        : html`<div class="row">
            ${isShort
              ? null
              : html`<button type="button" class="button primary" onClick=${() => void talkTo(userId)}>
                  <${Icon} name="talk" /> ${t.message}
                </button>`}
            ${isBlocked === undefined
              ? null
              : html`<button
                  type="button"
                  class="button danger"
                  onClick=${() => void deeds.block(userId, !isBlocked)}
                >
                  ${isBlocked ? t.unblock : t.block}
                </button>`}
          </div>`}
    </div>
  `;
}

/** @param {{ room: Room, messageId: string }} props */
function Thread({ room, messageId }) {
  useObserved(room, chat.people);
  const [parent, setParent] = useState(/** @type {Message | null} */ (client.timeline(room.id).byId(messageId)));
  const end = useRef(/** @type {HTMLElement | null} */ (null));
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  useReturnedFocus(panel);
  const { answer: read, waiting } = useAnswer(async () => {
    setParent(client.timeline(room.id).byId(messageId) ?? (await client.rest.message({ message_id: messageId })));
    return (await client.rest.listReplies({ message_id: messageId, limit: PAGE })).items;
  }, [messageId, room.id]);
  const now = client.timeline(room.id).byId(messageId) ?? parent;
  const replies = merged(read ?? [], room.messages, messageId);
  const outgoing = client.outgoing(room.id).filter((one) => one.draft.reply_to === messageId);
  useEffect(() => end.current?.scrollIntoView?.({ block: 'end' }), [replies.length, outgoing.length]);
  return html`<aside class="panel" aria-label=${t.thread} ref=${panel}>
    <header class="panel-head">
      <h2>${t.thread}</h2>
      <${IconButton} icon="close" label=${t.close} onClick=${() => ui.show(null)} />
    </header>
    <div class="panel-body flush" tabindex="0" role="log" aria-label=${t.thread}>
      ${now ? html`<${MessageRow} message=${now} room=${room} isFirst isLast isInThread />` : null}
      <div class="day"><span>${t.replies(replies.length)}</span></div>
      ${waiting}
      ${replies.map((message) => html`<${MessageRow} key=${message.id} message=${message} room=${room} isFirst isLast isInThread />`)}
      <div ref=${end}></div>
    </div>
    ${now ? html`<${Composer} room=${room} place=${`${room.id}/${messageId}`} replyTo=${now} />` : null}
  </aside>`;
}

/** What was read, as it is now, and what came since. @param {Message[]} read @param {Message[]} shown @param {string} parentId */
function merged(read, shown, parentId) {
  const all = new Map(read.map((message) => [message.id, message]));
  for (const message of shown) {
    if (message.reply_to !== parentId) continue;
    const known = all.get(message.id);
    if (!known || known.updated_seq <= message.updated_seq) all.set(message.id, message);
  }
  return [...all.values()].filter((message) => !message.deleted_at).sort((a, b) => a.number - b.number);
}

/** @param {{ room: Room }} props */
function Search({ room }) {
  const [words, setWords] = useState('');
  const [isEverywhere, setEverywhere] = useState(false);
  const [isFilesOnly, setFilesOnly] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.focus(), []);
  const text = words.trim();
  const { answer: hits, failed } = useAnswer(
    async (signal) => (text.length < 2 ? null : deeds.search(text, isEverywhere ? null : room.id, isFilesOnly, signal)),
    [text, isEverywhere, isFilesOnly],
    300,
  );
  return html`
    <div class="stack">
      <${SearchField} label=${t.searchWords} words=${words} change=${setWords} field=${input} />
      <div class="row">
        <label class="check">
          <input type="checkbox" checked=${isEverywhere} onChange=${() => setEverywhere(!isEverywhere)} /> ${t.everywhere}
        </label>
        <label class="check">
          <input type="checkbox" checked=${isFilesOnly} onChange=${() => setFilesOnly(!isFilesOnly)} /> ${t.withFiles}
        </label>
      </div>
    </div>
    <div role="status" class="visually-hidden">${hits ? t.hits(hits.length) : ''}</div>
    <div>
      ${failed} ${hits?.length === 0 ? html`<p class="empty">${t.nothingFound}</p>` : null}
      ${hits?.map((hit) => html`<${Hit} key=${hit.message.id} message=${hit.message} highlights=${hit.highlights} />`)}
    </div>
  `;
}

/** @param {{ room: Room }} props */
function Pins({ room }) {
  useObserved(room, chat.people);
  const pinned = room.messages.filter((message) => message.pinned_at).length;
  const { answer: pins, waiting } = useAnswer(async () => (await client.rest.listPins({ room_id: room.id, limit: PAGE })).items, [room.id, pinned]);
  if (!pins) return waiting;
  if (pins.length === 0) return html`<p class="empty">${t.nothingPinned}</p>`;
  return pins.map(
    (message) => html`<${Hit}
      key=${message.id}
      message=${message}
      hint=${message.pinned_by ? html`<p class="small muted">${t.pinnedBy(message.pinned_by === chat.me?.id ? t.you : (chat.people.want(message.pinned_by)?.display_name ?? t.someone))}</p>` : null}
    />`,
  );
}
