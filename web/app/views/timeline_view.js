// What was said in a room: days, messages, what is unread, and what is on its way.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { ui } from '../model/ui.js';
import { html, useEffect, useMemo, useRef, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { dayKey, dayOf } from '../lib/time.js';
import { VirtualList } from '../lib/virtual_list.js';
import { t } from '../strings/index.js';
import { Icon } from './icons.js';
import { MessageRow, OutgoingRow } from './message.js';
import { Loading } from './requests.js';

/** @import { Message, Outgoing, Room, TimelineItem } from '../types.js' */

/** Messages of one person within so long stand together. */
const TOGETHER_MS = 5 * 60_000;
const CHARS_PER_LINE = 70;

/** The same for a message on its way and once it has come, so that its row stays. @param {string} sender @param {string} clientId */
const keyOf = (sender, clientId) => `${sender}/${clientId}`;

/** @param {Message} message */
function estimateOf(message) {
  const text = message.content ?? '';
  const lines = Math.max(1, Math.ceil(text.length / CHARS_PER_LINE)) + (text.match(/\n/g)?.length ?? 0);
  const image = message.attachments.some((file) => file.content_type.startsWith('image/')) ? 240 : message.attachments.length * 60;
  return 22 + Math.min(lines, 40) * 22 + image + (message.reactions.length > 0 ? 32 : 0) + (message.parent ? 50 : 0);
}

/**
 * @param {Room} room
 * @param {Message[]} messages
 * @param {Outgoing[]} outgoing
 * @returns {TimelineItem[]}
 */
export function itemsOf(room, messages, outgoing) {
  /** @type {TimelineItem[]} */
  const items = [];
  const me = chat.me?.id ?? '';
  if (messages.length > 0 || room.isLoaded) {
    items.push(room.hasOlder ? { key: 'loading', estimate: 48, kind: 'loading' } : { key: 'beginning', estimate: 150, kind: 'beginning' });
  }
  /** @type {Message | null} */
  let before = null;
  let day = '';
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    const messageDay = dayKey(message.created_at);
    let isBroken = before === null;
    if (messageDay !== day) {
      day = messageDay;
      items.push({ key: `day:${day}`, estimate: 46, kind: 'day', day: message.created_at });
      isBroken = true;
    }
    if (room.unreadFrom === message.number) {
      items.push({ key: 'unread', estimate: 38, kind: 'unread' });
      isBroken = true;
    }
    const after = messages[index + 1];
    items.push({
      key: keyOf(message.sender_id, message.client_id),
      estimate: estimateOf(message),
      isAnchor: true,
      kind: 'message',
      message,
      isFirst: isBroken || !areTogether(before, message),
      isLast: !after || !areTogether(message, after),
    });
    before = message;
  }
  if (!room.hasNewer) {
    let isFirst = before?.sender_id !== me;
    for (const one of outgoing) {
      items.push({ key: keyOf(me, one.client_id), estimate: 60, kind: 'outgoing', outgoing: one, isFirst });
      isFirst = false;
    }
  } else {
    items.push({ key: 'loading-newer', estimate: 48, kind: 'loading' });
  }
  return items;
}

/** @param {Message | null} a @param {Message} b */
function areTogether(a, b) {
  return (
    a !== null &&
    a.sender_id === b.sender_id &&
    a.content_type !== 'system' &&
    b.content_type !== 'system' &&
    new Date(b.created_at).getTime() - new Date(a.created_at).getTime() < TOGETHER_MS
  );
}

/** @param {{ room: Room }} props */
export function TimelineView({ room }) {
  useObserved(room, ui, chat.people, chat.connection);
  const list = useRef(/** @type {VirtualList | null} */ (null));
  /** Not known before the list has been laid out. */
  const [isAtEnd, setAtEnd] = useState(/** @type {boolean | null} */ (null));
  const [target, setTarget] = useState(/** @type {{ key: string, nonce: number } | null} */ (null));
  const [foundId, setFound] = useState(/** @type {string | null} */ (null));
  // Where reading had ended is marked as long as the room is open, and is where reading goes on.
  useMemo(() => {
    room.unreadFrom = room.unread > 0 ? room.lastReadNumber + 1 : null;
  }, [room]);
  useEffect(() => () => {
    room.unreadFrom = null;
  }, [room]);
  const { messages } = room;
  const outgoing = client.outgoing(room.id);
  const outgoingKey = outgoing.map((one) => `${one.client_id}${one.state}${one.retry_at}`).join();
  const items = useMemo(
    () => itemsOf(room, messages, outgoing),
    [room, messages, outgoingKey, room.unreadFrom, room.isLoaded],
  );

  // A message that was found, or is quoted.
  const wanted = ui.target;
  useEffect(() => {
    if (!wanted) return undefined;
    let isGone = false;
    void chat.attempt(room.showAround(wanted.seq)).then((message) => {
      if (isGone || !message) return;
      setTarget({ key: keyOf(message.sender_id, message.client_id), nonce: Date.now() });
      setFound(message.id);
      ui.targetShown();
    });
    return () => {
      isGone = true;
    };
  }, [wanted?.nonce]);

  // Seen is what is on the screen of a person who looks at it.
  const isSeen = isAtEnd === true && !room.hasNewer;
  useEffect(() => {
    const look = () => {
      if (isSeen && document.visibilityState === 'visible' && document.hasFocus()) room.markSeen();
    };
    look();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [isSeen, room.lastNumber, room.unread]);

  // What I say is shown at once, wherever I was reading.
  const newest = outgoing[outgoing.length - 1]?.client_id;
  const said = useRef(newest);
  useEffect(() => {
    if (newest && newest !== said.current) {
      if (room.hasNewer) room.showNewest();
      list.current?.toEnd();
    }
    said.current = newest;
  }, [newest]);

  if (room.failure && messages.length === 0) {
    return html`<div class="empty grow">
      <p>${room.failure}</p>
      <button type="button" class="button" onClick=${() => void room.open()}>${t.tryAgain}</button>
    </div>`;
  }
  return html`<div class="timeline-wrap">
    <${VirtualList}
      handle=${list}
      items=${items}
      label=${t.messagesOf(room.title)}
      isBusy=${room.isLoading}
      isEndOpen=${room.hasNewer}
      target=${target}
      startKey=${room.unreadFrom === null || wanted ? null : 'unread'}
      onNearStart=${() => room.loadOlder()}
      onNearEnd=${() => room.loadNewer()}
      onMove=${setAtEnd}
      row=${(/** @type {TimelineItem} */ item) => html`<${TimelineRow} item=${item} room=${room} isFound=${item.kind === 'message' && item.message.id === foundId} />`}
    />
    ${isAtEnd !== false && !room.hasNewer
      ? null
      : html`<button
          type="button"
          class="to-latest"
          onClick=${() => {
            room.showNewest();
            list.current?.toEnd();
          }}
        >
          <${Icon} name="arrow_down" /> ${room.unread > 0 ? t.newMessages(room.unread) : t.toLatest}
        </button>`}
  </div>`;
}

/** @param {{ item: TimelineItem, room: Room, isFound: boolean }} props */
function TimelineRow({ item, room, isFound }) {
  switch (item.kind) {
    case 'day':
      return html`<div class="day"><span>${dayOf(item.day)}</span></div>`;
    case 'unread':
      return html`<div class="unread-line">${t.newFromHere}</div>`;
    case 'loading':
      return html`<${Loading} />`;
    case 'beginning':
      return html`<div class="beginning">
        <h2 dir="auto">${room.title}</h2>
        <p dir="auto">${room.data.history === 'since_join' && room.kind !== 'direct' ? t.historySinceJoin : t.beginningOf(room.kind)}</p>
      </div>`;
    case 'outgoing':
      return html`<${OutgoingRow} outgoing=${item.outgoing} isFirst=${item.isFirst} />`;
    case 'message':
      return html`<${MessageRow} message=${item.message} room=${room} isFirst=${item.isFirst} isLast=${item.isLast} isFound=${isFound} />`;
  }
}
