// Who I am, and my conversations.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { shortly } from '../lib/time.js';
import { deeds } from '../model/deeds.js';
import { draftOf } from '../model/drafts.js';
import { t } from '../strings/index.js';
import { Avatar, RoomAvatar, RoomPicture, statusWords } from './avatar.js';
import { Icon, IconButton } from './icons.js';
import { SearchField, useAnswer } from './requests.js';

/** @import { MenuItem, Room } from '../types.js' */

export function Sidebar() {
  useObserved(chat, ui, chat.people);
  const { me } = chat;
  return html`<nav class="sidebar" aria-label=${t.conversations}>
    <div class="sidebar-head">
      <button
        type="button"
        class="me-button"
        onClick=${() => ui.ask({ kind: 'settings' })}
      >
        <${Avatar} user=${me} withPresence />
        <span class="grow">
          <strong class="cut" dir="auto">${me?.display_name}</strong>
          <span class="small muted cut" dir="auto">${statusWords(chat.people.get(me?.id ?? '')) || `@${me?.username}`}</span>
          <span class="visually-hidden">${t.profileAndSettings}</span>
        </span>
      </button>
      <${IconButton}
        icon="at"
        label=${chat.mentions > 0 ? `${t.mentions}: ${t.mentionsOfYou(chat.mentions)}` : t.mentions}
        class=${chat.mentions > 0 ? 'has-news' : ''}
        aria-pressed=${ui.panel?.kind === 'mentions'}
        onClick=${() => ui.show(ui.panel?.kind === 'mentions' ? null : { kind: 'mentions' })}
      />
      <${IconButton} icon="add" label=${t.newConversation} onClick=${() => ui.ask({ kind: 'new' })} />
    </div>
    <div class="filter">
      <${Icon} name="search" />
      <${SearchField}
        id="conversation-filter"
        label=${t.findConversation}
        words=${ui.filter}
        change=${(/** @type {string} */ words) => {
          ui.filter = words;
          ui.changed();
        }}
        onKeyDown=${onFilterKey}
      />
    </div>
    <${Conversations} />
    <${Foot} />
  </nav>`;
}

/** @param {KeyboardEvent} event */
function onFilterKey(event) {
  if (event.isComposing) return;
  if (event.key === 'Enter' || event.key === 'ArrowDown') {
    const first = document.querySelector(/** @type {'a'} */ ('a.conversation'));
    if (event.key === 'Enter') first?.click();
    else first?.focus();
    event.preventDefault();
  } else if (event.key === 'Escape') {
    ui.filter = '';
    ui.changed();
  }
}

function Conversations() {
  const words = ui.filter.trim().toLocaleLowerCase();
  const all = [...chat.rooms.values()].filter((room) => room.isListed);
  const fitting = words ? all.filter((room) => room.title.toLocaleLowerCase().includes(words)) : all;
  const byActivity = (/** @type {Room} */ a, /** @type {Room} */ b) => (a.lastActivity < b.lastActivity ? 1 : -1);
  const archived = fitting.filter((room) => room.settings.archived).sort(byActivity);
  const present = fitting.filter((room) => !room.settings.archived);
  const pinned = present.filter((room) => room.settings.pinned).sort(byActivity);
  const others = present.filter((room) => !room.settings.pinned).sort(byActivity);
  const list = (/** @type {Room[]} */ rooms) =>
    html`<ul>
      ${rooms.map((room) => html`<li key=${room.id}><${Conversation} room=${room} /></li>`)}
    </ul>`;
  return html`<div class="conversations" onKeyDown=${onListKey}>
    ${pinned.length > 0 ? html`<h2>${t.pinnedConversations}</h2>${list(pinned)}` : null}
    ${pinned.length > 0 && others.length > 0 ? html`<h2>${t.allConversations}</h2>` : null} ${list(others)}
    ${words && fitting.length === 0 ? html`<p class="empty small">${t.noSuchConversation}</p>` : null}
    ${!words && chat.isListed && all.length === 0 ? html`<${Welcome} />` : null}
    ${words.length > 1 ? html`<${Found} words=${words} />` : null}
    ${archived.length > 0
      ? html`<h2>
            <button
              type="button"
              class="link-button"
              aria-expanded=${ui.isArchiveOpen}
              onClick=${() => {
                ui.isArchiveOpen = !ui.isArchiveOpen;
                ui.changed();
              }}
            >
              ${t.archived(archived.length)}
            </button>
          </h2>
          ${ui.isArchiveOpen || words ? list(archived) : null}`
      : null}
  </div>`;
}

function Welcome() {
  return html`<div class="empty">
    <${Icon} name="talk" />
    <p>${t.noConversations}</p>
    <button type="button" class="button primary phone-only" onClick=${() => ui.ask({ kind: 'new' })}>${t.newConversation}</button>
  </div>`;
}

/** Rooms and people beyond one's own conversations. @param {{ words: string }} props */
function Found({ words }) {
  const { answer, failed } = useAnswer(
    async (signal) => {
      const [rooms, users] = await Promise.all([
        client.rest.listRooms({ query: words, kind: 'public', limit: 5 }, { signal }),
        client.rest.searchUsers({ query: words.replace(/^@/, ''), limit: 5 }, { signal }),
      ]);
      chat.people.learn(users.items);
      return { rooms: rooms.items.filter((room) => !room.my_role), users: users.items.filter((user) => user.id !== chat.me?.id) };
    },
    [words],
    200,
  );
  const found = answer ?? { rooms: [], users: [] };
  return html`
    ${failed} ${found.rooms.length > 0 ? html`<h2>${t.roomsToJoin}</h2>` : null}
    <ul>
      ${found.rooms.map(
        (room) => html`<li key=${room.id}>
          <button
            type="button"
            class="conversation"
            onClick=${() => {
              chat.learnRoom(room);
              ui.openRoom(room.id);
            }}
          >
            <${RoomPicture} room=${room} />
            <span class="grow">
              <span class="name cut" dir="auto">${room.name}</span>
              <span class="last cut" dir="auto">${room.description ?? t.members(room.member_count)}</span>
            </span>
          </button>
        </li>`,
      )}
    </ul>
    ${found.users.length > 0 ? html`<h2>${t.people}</h2>` : null}
    <ul>
      ${found.users.map(
        (user) => html`<li key=${user.id}>
          <button type="button" class="conversation" onClick=${() => void talkTo(user.id)}>
            <${Avatar} user=${user} withPresence />
            <span class="grow">
              <span class="name cut" dir="auto">${user.display_name}</span>
              <span class="last cut"><bdi>@${user.username}</bdi></span>
            </span>
          </button>
        </li>`,
      )}
    </ul>
  `;
}

/** Opens the direct conversation with somebody. @param {string} userId */
export async function talkTo(userId) {
  const room = await chat.attempt(client.rest.openDirectRoom({ body: { user_id: userId } }));
  if (!room) return;
  const known = chat.learnRoom(room);
  known.peer ??= chat.people.get(userId);
  chat.roomsChanged();
  ui.filter = '';
  ui.ask(null);
  ui.openRoom(room.id);
}

/** @param {KeyboardEvent} event */
function onListKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('.conversation')]);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (at < 0) return;
  event.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, at + step))]?.focus();
}

/** @param {{ room: Room }} props */
function Conversation({ room }) {
  useObserved(room);
  const { unread, mentions, isMarkedUnread } = room;
  return html`<a
    class=${`conversation ${unread > 0 || isMarkedUnread ? 'unread' : ''}`}
    href=${`#/room/${room.id}`}
    aria-current=${room.isOpen ? 'true' : undefined}
    data-room=${room.id}
    onClick=${() => room.isOpen && markRead(room)}
    onContextMenu=${(/** @type {MouseEvent} */ event) => {
      event.preventDefault();
      openConversationMenu(event, room);
    }}
  >
    <${RoomAvatar} room=${room} />
    <span class="grow">
      <span class="name cut" dir="auto">${room.title}</span>
      <${LastLine} room=${room} />
    </span>
    <span class="side">
      <time datetime=${room.lastActivity}>${shortly(room.lastActivity)}</time>
      <span class="marks">
        ${room.isMuted ? html`<${Icon} name="bell_off" /><span class="visually-hidden">${t.muted}</span>` : null}
        ${mentions > 0 ? html`<span class="badge" title=${t.mentionsOfYou(mentions)}>@</span>` : null}
        ${unread > 0
          ? html`<span class=${`badge ${room.isMuted ? 'quiet' : ''}`} data-unread=${unread}
              >${unread > 99 ? '99+' : unread}<span class="visually-hidden"> ${t.unreadMessages}</span></span
            >`
          : isMarkedUnread
            ? html`<span class="badge dot" data-marked><span class="visually-hidden">${t.markedUnread}</span></span>`
            : null}
      </span>
    </span>
  </a>`;
}

/** @param {{ room: Room }} props */
function LastLine({ room }) {
  if (room.typists.length > 0) {
    const names = room.typists.map((id) => chat.people.want(id)?.display_name ?? t.someone);
    return html`<span class="last typing cut">${t.typing(names, room.kind === 'direct')}</span>`;
  }
  const draft = chat.me && !room.isOpen ? draftOf(chat.me.id, room.id) : '';
  if (draft) return html`<span class="last cut"><em>${t.draft}</em> <bdi>${draft.slice(0, 120)}</bdi></span>`;
  const { lastMessage } = room;
  if (!lastMessage) return html`<span class="last cut" dir="auto">${room.data.description ?? t.nothingSaid}</span>`;
  const isMine = lastMessage.sender_id === chat.me?.id;
  const sender = isMine ? t.you : room.kind === 'direct' ? '' : (chat.people.want(lastMessage.sender_id)?.display_name ?? '');
  const words = chat.wordsOf(lastMessage).slice(0, 160);
  // Neither turns the other around.
  if (sender && lastMessage.content_type !== 'system') return html`<span class="last cut"><bdi>${sender}</bdi>: <bdi>${words}</bdi></span>`;
  return html`<span class="last cut" dir="auto">${words}</span>`;
}

/** @param {Event} event @param {Room} room */
export function openConversationMenu(event, room) {
  const { settings } = room;
  /** @type {MenuItem[]} */
  const own = [
    {
      label: settings.pinned ? t.unpinConversation : t.pinConversation,
      icon: 'pin',
      act: () => void deeds.setConversation(room, { pinned: !settings.pinned }),
    },
    {
      label: room.isMuted ? t.unmute : t.mute,
      icon: room.isMuted ? 'bell' : 'bell_off',
      act: () => void deeds.setConversation(room, room.isMuted ? { notifications: 'all', muted_until: null } : { notifications: 'none' }),
    },
    {
      label: settings.archived ? t.unarchive : t.archive,
      icon: 'archive',
      act: () => void deeds.setConversation(room, { archived: !settings.archived }),
    },
  ];
  ui.openMenu(event, room.title, [
    ...own,
    room.unread > 0 || room.isMarkedUnread
      ? { label: t.markRead, icon: 'checks', act: () => markRead(room) }
      : { label: t.markUnread, icon: 'unread', act: () => void deeds.markUnread(room, true) },
    ...(room.isOpen ? [{ label: t.pinnedMessages, icon: 'pin', act: () => ui.show({ kind: 'pins' }) }] : []),
  ]);
}

/** @param {Room} room */
function markRead(room) {
  if (room.unread > 0) room.markSeen();
  else if (room.isMarkedUnread) void deeds.markUnread(room, false);
}

function Foot() {
  return html`<div class="sidebar-foot">
    <${ConnectionLine} />
    <${IconButton} icon="keyboard" label=${t.shortcuts} class="small" onClick=${() => ui.ask({ kind: 'shortcuts' })} />
    <${IconButton}
      icon="code"
      label=${t.developerDrawer}
      class="small"
      aria-pressed=${ui.isDrawerOpen}
      onClick=${() => ui.toggleDrawer()}
    />
    <${IconButton}
      icon=${ui.theme === 'dark' ? 'moon' : ui.theme === 'light' ? 'sun' : 'contrast'}
      label=${t.themeIs(ui.theme)}
      class="small"
      onClick=${() => ui.setTheme(ui.theme === 'auto' ? 'dark' : ui.theme === 'dark' ? 'light' : 'auto')}
    />
  </div>`;
}

function ConnectionLine() {
  useObserved(chat.connection);
  const { state } = chat.connection;
  const isWell = state.phase === 'online';
  return html`<span class=${`connection ${isWell ? '' : 'broken'}`} data-connection=${state.phase}>
    <span class="cut">${t.connection(state.phase)}</span>
  </span>`;
}
