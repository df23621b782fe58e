// The room that is open: its head, what was said, and where one writes.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { uploads } from '../model/uploads.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { RoomAvatar, presenceWords } from './avatar.js';
import { Composer } from './composer.js';
import { Icon, IconButton } from './icons.js';
import { useOnce } from './requests.js';
import { openConversationMenu } from './sidebar.js';
import { TimelineView } from './timeline_view.js';

/** @import { Room } from '../types.js' */

export function RoomView() {
  useObserved(chat, ui);
  const id = ui.roomId;
  const room = chat.openRoom;
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    if (!id) return;
    const known = chat.rooms.get(id);
    if (known) {
      void known.open();
      // One came back to it.
      if (known.isMarkedUnread && known.unread === 0) void deeds.markUnread(known, false);
    } else void chat.fetchRoom(id).then((found) => (found ? found.open() : setMissing(true)));
  }, [id, room?.isMember]);
  if (!id && chat.isListed && chat.rooms.size === 0) return html`<${FirstSteps} />`;
  if (!id) {
    return html`<main class="room">
      <div class="empty grow">
        <${Icon} name="talk" />
        <h2>${t.chooseConversation}</h2>
        <p>${t.chooseConversationHint}</p>
        <button type="button" class="button" onClick=${() => ui.ask({ kind: 'new' })}>${t.newConversation}</button>
      </div>
    </main>`;
  }
  if (!room) {
    return html`<main class="room" aria-busy=${!isMissing}>
      <div class="empty grow">
        ${isMissing
          ? html`<h2>${t.noSuchRoom}</h2>
              <button type="button" class="button" onClick=${() => ui.openRoom(null)}>${t.back}</button>`
          : html`<div class="spinner"></div>`}
      </div>
    </main>`;
  }
  return html`<${OpenRoom} room=${room} />`;
}

/** Where somebody begins who is new here. */
function FirstSteps() {
  return html`<main class="room">
    <div class="empty grow">
      <${Icon} name="talk" />
      <h2 dir="auto">${t.welcome(chat.me?.display_name ?? '')}</h2>
      <p>${t.firstSteps}</p>
      <div class="first-steps">
        <button type="button" class="button primary" onClick=${() => ui.ask({ kind: 'new', tab: 'people' })}>${t.findSomebody}</button>
        <button type="button" class="button" onClick=${() => ui.ask({ kind: 'new', tab: 'rooms' })}>${t.lookAtRooms}</button>
        <button type="button" class="button" onClick=${() => ui.ask({ kind: 'new', tab: 'make' })}>${t.makeFirstRoom}</button>
      </div>
    </div>
  </main>`;
}

/** @param {{ room: Room }} props */
function OpenRoom({ room }) {
  useObserved(room, ui);
  const [isOver, setOver] = useState(false);
  const depth = useRef(0);
  // Files may be dropped anywhere on the room.
  const hasFiles = (/** @type {DragEvent} */ event) => (event.dataTransfer?.types.includes('Files') ?? false);
  const drop = {
    onDragEnter: (/** @type {DragEvent} */ event) => {
      if (!hasFiles(event)) return;
      depth.current += 1;
      setOver(true);
    },
    onDragLeave: (/** @type {DragEvent} */ event) => {
      if (!hasFiles(event)) return;
      depth.current -= 1;
      if (depth.current <= 0) setOver(false);
    },
    onDragOver: (/** @type {DragEvent} */ event) => {
      if (hasFiles(event)) event.preventDefault();
    },
    onDrop: (/** @type {DragEvent} */ event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      if (room.isMember) uploads.add(room.id, [...(event.dataTransfer?.files ?? [])]);
    },
  };
  return html`<main class="room" ...${drop} aria-label=${room.title} data-open-room=${room.id}>
    <${RoomHead} room=${room} />
    <${TroubleBar} />
    ${room.isMember
      ? html`<${TimelineView} room=${room} />
          <${Composer} room=${room} place=${room.id} replyTo=${null} />`
      : html`<${Outside} room=${room} />`}
    ${isOver && room.isMember ? html`<div class="drop-hint">${t.dropFiles}</div>` : null}
  </main>`;
}

/** @param {{ room: Room }} props */
function RoomHead({ room }) {
  useObserved(room, chat.people);
  const toggle = (/** @type {any} */ panel) => ui.show(ui.panel?.kind === panel.kind ? null : panel);
  return html`<header class="room-head">
    <${IconButton} icon="arrow_back" label=${t.back} class="back" onClick=${() => ui.openRoom(null)} />
    <h1 class="visually-hidden" dir="auto">${room.title}</h1>
    <button type="button" class="room-title" onClick=${() => toggle({ kind: 'details' })}>
      <${RoomAvatar} room=${room} />
      <span class="grow">
        <strong class="cut" dir="auto">${room.title}</strong>
        <span class="subtitle cut" dir="auto">${subtitle(room)}</span>
        <span class="visually-hidden">${t.details}</span>
      </span>
    </button>
    ${room.isMember
      ? html`<${IconButton}
            icon="search"
            label=${t.searchHere}
            aria-pressed=${ui.panel?.kind === 'search'}
            onClick=${() => toggle({ kind: 'search' })}
          />
          <${IconButton}
            icon="pin"
            label=${t.pinnedMessages}
            class="wide-only"
            aria-pressed=${ui.panel?.kind === 'pins'}
            onClick=${() => toggle({ kind: 'pins' })}
          />
          <${IconButton}
            icon="menu"
            label=${t.moreActions}
            aria-haspopup="menu"
            onClick=${(/** @type {Event} */ event) => openConversationMenu(event, room)}
          />`
      : null}
    <${IconButton}
      icon="info"
      label=${t.details}
      class="wide-only"
      aria-pressed=${ui.panel?.kind === 'details'}
      onClick=${() => toggle({ kind: 'details' })}
    />
  </header>`;
}

/** @param {Room} room */
function subtitle(room) {
  if (room.kind === 'direct') {
    const peer = room.peer ? (chat.people.get(room.peer.id) ?? room.peer) : null;
    return peer ? presenceWords(chat.people.presenceOf(peer.id), peer) : '';
  }
  const about = room.data.description;
  return about ? `${t.members(room.data.member_count)} · ${about}` : t.members(room.data.member_count);
}

/** Says quietly that the connection is away; nothing is lost meanwhile. */
function TroubleBar() {
  useObserved(chat.connection);
  const { state } = chat.connection;
  const [isLong, setLong] = useState(false);
  const isAway = state.phase !== 'online' && state.phase !== 'idle';
  // A break of a moment is not worth a word.
  useEffect(() => {
    setLong(false);
    if (!isAway) return undefined;
    const timer = setTimeout(() => setLong(true), 1_500);
    return () => clearTimeout(timer);
  }, [isAway]);
  if (!isAway || (!isLong && state.phase !== 'stopped')) return null;
  return html`<div class="quiet-bar" role="status">
    <span class="grow">${state.phase === 'stopped' ? t.connectionStopped(state.why?.code ?? 0) : t.connectionAway}</span>
    <button
      type="button"
      class="link-button"
      onClick=${() => (state.phase === 'stopped' ? client.connect() : client.nudge())}
    >
      ${t.tryNow}
    </button>
  </div>`;
}

/** A public room that one has not joined. @param {{ room: Room }} props */
function Outside({ room }) {
  const join = useOnce(async () => {
    const joined = await chat.attempt(client.rest.joinRoom({ room_id: room.id }));
    if (!joined) return;
    room.learn(joined);
    chat.roomsChanged();
  });
  return html`<div class="empty grow">
      <${RoomAvatar} room=${room} size="large" />
      <h2 dir="auto">${room.title}</h2>
      <p dir="auto">${room.data.description}</p>
      <p>${t.members(room.data.member_count)}</p>
    </div>
    <div class="join-bar">
      <span>${t.notJoined}</span>
      <button type="button" class="button primary" onClick=${() => void join()}>${t.joinRoom}</button>
    </div>`;
}
