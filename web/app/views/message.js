// One message, and what one can do with it.
import { chat } from '../model/chat.js';
import { client } from '../model/client.js';
import { deeds } from '../model/deeds.js';
import { ui } from '../model/ui.js';
import { Component, html, useEffect, useState } from '../lib/html.js';
import { useObserved } from '../lib/observable.js';
import { plainText } from '../lib/markdown.js';
import { momentOf, shortly, timeOf } from '../lib/time.js';
import { t } from '../strings/index.js';
import { Attachments } from './attachments.js';
import { Avatar } from './avatar.js';
import { Icon, IconButton } from './icons.js';
import { RichText, isEmojiOnly } from './rich_text.js';

/** @import { MenuItem, Message, Outgoing, Room, RowProps } from '../types.js' */

const QUICK_REACTIONS = ['👍', '❤️', '😂', '🎉'];

/** Renders again only when something of it has changed: a message that changes is another object. @extends {Component<RowProps>} */
export class MessageRow extends Component {
  /** @param {RowProps} next */
  shouldComponentUpdate(next) {
    const now = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (this.props));
    return Object.entries(next).some(([name, value]) => now[name] !== value);
  }

  render() {
    const { message } = this.props;
    if (message.content_type === 'system') {
      return html`<div class="system" data-row tabindex="-1" dir="auto">
        <${RichText} text=${message.content ?? ''} isMarkdown=${false} mentions=${message.mentions} />
      </div>`;
    }
    return html`<${Shown} ...${this.props} />`;
  }
}

/** @param {RowProps} props */
function Shown({ message, room, isFirst, isLast, isFound = false, isInThread = false }) {
  useObserved(room, chat.people);
  const me = chat.me?.id;
  const isMine = message.sender_id === me;
  const sender = chat.people.want(message.sender_id);
  const name = sender?.display_name ?? t.someone;
  const classes = [
    'message',
    isMine ? 'mine' : '',
    message.deleted_at ? 'deleted' : '',
    !isMine && room.namesMe(message) ? 'mentions-me' : '',
    isFound ? 'found' : '',
  ];
  const withName = isFirst && !isMine && (room.kind !== 'direct' || isInThread);
  return html`<div class=${`item ${isFirst ? 'first' : ''} ${isLast ? 'last' : ''}`}>
    <article
      class=${classes.join(' ')}
      data-row
      data-message=${message.id}
      tabindex="-1"
      aria-label=${t.messageLabel(isMine ? t.you : name, timeOf(message.created_at))}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => onRowKey(event, message, room)}
      onContextMenu=${(/** @type {MouseEvent} */ event) => {
        if (!matchMedia('(hover: none)').matches) return;
        event.preventDefault();
        openMessageMenu(event, message, room);
      }}
    >
      ${isMine
        ? null
        : isFirst
          ? html`<${Avatar} user=${sender ?? { id: message.sender_id, display_name: name }} />`
          : html`<span aria-hidden="true"></span>`}
      <div class="message-body">
        ${withName
          ? html`<div class="sender">
              <button type="button" class="cut" dir="auto" tabindex="-1" onClick=${() => ui.show({ kind: 'profile', userId: message.sender_id })}>
                ${name}
              </button>
            </div>`
          : null}
        <div class="bubble-line">
          <${Bubble} message=${message} room=${room} isInThread=${isInThread} />
          ${message.deleted_at ? null : html`<${Actions} message=${message} room=${room} isInThread=${isInThread} />`}
        </div>
        <${Reactions} message=${message} room=${room} />
        ${message.reply_count && !isInThread ? html`<${ThreadLink} message=${message} />` : null}
        <${Meta} message=${message} room=${room} isMine=${isMine} />
      </div>
    </article>
  </div>`;
}

/** @param {{ message: Message, room: Room, isInThread: boolean }} props */
function Bubble({ message, room, isInThread }) {
  if (message.deleted_at) {
    const isByOther = message.deleted_by && message.deleted_by !== message.sender_id;
    return html`<div class="bubble">
      ${isByOther ? t.deletedByModerator : t.deletedMessage}${message.delete_reason ? html`: <span dir="auto">${message.delete_reason}</span>` : null}
    </div>`;
  }
  const text = message.content ?? '';
  const isBig = isEmojiOnly(text) && message.attachments.length === 0 && !message.reply_to;
  return html`<div class=${`bubble ${isBig ? 'big' : ''}`}>
    ${message.forwarded_from
      ? html`<div class="forwarded">
          <${Icon} name="forward" />
          <span dir="auto">${t.forwardedFrom(chat.people.want(message.forwarded_from.sender_id)?.display_name ?? t.someone)}</span>
        </div>`
      : null}
    ${message.reply_to && !isInThread ? html`<${Quote} message=${message} room=${room} />` : null}
    ${text
      ? html`<${RichText} text=${text} isMarkdown=${message.content_type === 'text/markdown'} mentions=${message.mentions} />`
      : null}
    ${message.attachments.length > 0 ? html`<${Attachments} files=${message.attachments} />` : null}
  </div>`;
}

/** What it answers. @param {{ message: Message, room: Room }} props */
function Quote({ message, room }) {
  const parent = message.parent ?? null;
  const known = message.reply_to ? client.timeline(room.id).byId(message.reply_to) : null;
  const senderId = known?.sender_id ?? parent?.sender_id;
  const isGone = known ? known.deleted_at !== null : (parent?.is_deleted ?? false);
  const text = known ? chat.wordsOf(known) : parent?.content ? plainText(parent.content) : parent ? t.filesSent(parent.attachment_count, '') : t.earlierMessage;
  const open = async () => {
    if (known) return ui.openRoom(room.id, known.seq);
    const found = await chat.attempt(client.rest.message({ message_id: /** @type {string} */ (message.reply_to) }));
    if (found) ui.openRoom(room.id, found.seq);
  };
  return html`<button type="button" class="quote" tabindex="-1" onClick=${() => void open()}>
    ${senderId ? html`<strong class="cut" dir="auto">${senderId === chat.me?.id ? t.you : (chat.people.want(senderId)?.display_name ?? t.someone)}</strong>` : null}
    <span dir="auto">${isGone ? t.deletedMessage : text.slice(0, 180)}</span>
  </button>`;
}

/** @param {{ message: Message }} props */
function ThreadLink({ message }) {
  return html`<button type="button" class="thread-link" onClick=${() => ui.show({ kind: 'thread', messageId: message.id })}>
    <${Icon} name="thread" /> ${t.replies(message.reply_count ?? 0)}
    ${message.last_reply_at ? html`<span class="muted small">${shortly(message.last_reply_at)}</span>` : null}
  </button>`;
}

/** @param {{ message: Message, room: Room }} props */
function Reactions({ message, room }) {
  if (message.reactions.length === 0 || message.deleted_at) return null;
  return html`<div class="reactions">
    ${message.reactions.map(
      ({ emoji, count, mine }) => html`<button
        type="button"
        class="reaction"
        key=${emoji}
        aria-pressed=${mine === true}
        aria-label=${t.reactionLabel(emoji, count, mine === true)}
        onClick=${() => void deeds.react(message, emoji, mine !== true)}
        onContextMenu=${(/** @type {Event} */ event) => {
          event.preventDefault();
          ui.ask({ kind: 'reactions', message, room });
        }}
      >
        <span aria-hidden="true">${emoji} ${count}</span>
      </button>`,
    )}
  </div>`;
}

/** @param {{ message: Message, room: Room, isMine: boolean }} props */
function Meta({ message, room, isMine }) {
  const isPinned = message.pinned_at && !message.deleted_at;
  const isSpecial = isPinned || message.edited_at;
  return html`<div class=${`meta ${isSpecial ? '' : 'regular'}`}>
    ${isPinned ? html`<${Icon} name="pin" /><span class="visually-hidden">${t.pinned}</span>` : null}
    ${message.edited_at && !message.deleted_at
      ? html`<button type="button" tabindex="-1" onClick=${() => ui.ask({ kind: 'history', message })}>${t.edited}</button>`
      : null}
    <time datetime=${message.created_at} title=${momentOf(message.created_at)}>${timeOf(message.created_at)}</time>
    ${isMine && !message.deleted_at ? html`<${Progress} message=${message} room=${room} />` : null}
  </div>`;
}

/** @param {{ message: Message, room: Room }} props */
function Progress({ message, room }) {
  const { state, count } = room.progressOf(message);
  const words = t.progress(state, count, room.kind === 'direct');
  return html`<button
    type="button"
    class=${state}
    tabindex="-1"
    title=${words}
    aria-label=${words}
    data-progress=${state}
    onClick=${() => ui.ask({ kind: 'receipts', message, room })}
  >
    <${Icon} name=${state === 'sent' ? 'check' : 'checks'} />
  </button>`;
}

/** @param {{ message: Message, room: Room, isInThread: boolean }} props */
function Actions({ message, room, isInThread }) {
  const isOpen = ui.menu?.opener?.closest(`[data-message="${message.id}"]`) ?? false;
  return html`<div class=${`actions ${isOpen ? 'open' : ''}`}>
    <${IconButton}
      icon="emoji"
      label=${t.react}
      class="small"
      tabindex="-1"
      onClick=${(/** @type {Event} */ event) => ui.openPicker(event, (emoji) => void deeds.react(message, emoji, true))}
    />
    ${isInThread
      ? null
      : html`<${IconButton} icon="reply" label=${t.reply} class="small" tabindex="-1" onClick=${() => reply(message, room)} />
          <${IconButton}
            icon="thread"
            label=${t.openThread}
            class="small"
            tabindex="-1"
            onClick=${() => ui.show({ kind: 'thread', messageId: message.id })}
          />`}
    <${IconButton}
      icon="menu"
      label=${t.moreActions}
      class="small"
      tabindex="-1"
      aria-haspopup="menu"
      onClick=${(/** @type {Event} */ event) => openMessageMenu(event, message, room)}
    />
  </div>`;
}

/** @param {Message} message @param {Room} room */
function reply(message, room) {
  room.composing = { kind: 'reply', message };
  room.changed();
  document.querySelector(/** @type {'textarea'} */ ('.room textarea'))?.focus();
}

/** @param {KeyboardEvent} event @param {Message} message @param {Room} room */
function onRowKey(event, message, room) {
  if (event.target !== event.currentTarget || message.deleted_at) return;
  if (event.key === 'Enter' || event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10')) {
    event.preventDefault();
    openMessageMenu(event, message, room);
  } else if (event.key === 'r' && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    reply(message, room);
  }
}

/** @param {Event} event @param {Message} message @param {Room} room */
function openMessageMenu(event, message, room) {
  const isMine = message.sender_id === chat.me?.id;
  const canModerate = room.isAtLeast('moderator');
  const opener = /** @type {HTMLElement} */ (event.currentTarget);
  /** @type {MenuItem[]} */
  const items = [];
  for (const emoji of QUICK_REACTIONS) {
    const isOn = message.reactions.find((one) => one.emoji === emoji)?.mine === true;
    items.push({ label: emoji, icon: '', act: () => void deeds.react(message, emoji, !isOn) });
  }
  items.push(
    { label: t.otherReaction, icon: 'emoji', act: () => ui.openPicker(/** @type {any} */ ({ currentTarget: opener }), (emoji) => void deeds.react(message, emoji, true)) },
    null,
    { label: t.reply, icon: 'reply', act: () => reply(message, room) },
    { label: t.openThread, icon: 'thread', act: () => ui.show({ kind: 'thread', messageId: message.id }) },
  );
  items.push({ label: t.forward, icon: 'forward', act: () => ui.ask({ kind: 'forward', message }) });
  if (message.content) items.push({ label: t.copyText, icon: 'copy', act: () => void deeds.copy(message.content ?? '') });
  items.push({ label: t.copyLink, icon: 'link', act: () => void deeds.copy(new URL(`#/room/${room.id}/${message.seq}`, location.href).href) });
  if (canModerate || room.kind === 'direct') {
    items.push({
      label: message.pinned_at ? t.unpin : t.pin,
      icon: 'pin',
      act: () => void chat.attempt(client.pin(room.id, message.id, !message.pinned_at)),
    });
  }
  items.push({ label: t.whoReacted, icon: 'info', act: () => ui.ask({ kind: 'reactions', message, room }) });
  if (isMine) {
    items.push({ label: t.whoRead, icon: 'checks', act: () => ui.ask({ kind: 'receipts', message, room }) });
    if (message.content) items.push({ label: t.edit, icon: 'edit', act: () => edit(message, room) });
  } else {
    items.push({ label: t.report, icon: 'flag', act: () => ui.ask({ kind: 'report', message }) });
  }
  if (isMine || canModerate) {
    items.push(null, { label: t.delete, icon: 'trash', isDanger: true, act: () => ui.ask({ kind: 'delete', message, room }) });
  }
  ui.openMenu(/** @type {any} */ ({ currentTarget: opener }), t.messageActions, items);
}

/** @param {Message} message @param {Room} room */
export function edit(message, room) {
  room.composing = { kind: 'edit', message };
  room.changed();
  document.querySelector(/** @type {'textarea'} */ ('.room textarea'))?.focus();
}

/** How long it takes until more is taken. @param {{ until: number }} props */
function Wait({ until }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now < until ? html`<span>${t.waitsForPace(Math.ceil((until - now) / 1_000))}</span>` : null;
}

/** What I said and the server has not told back yet. @param {{ outgoing: Outgoing, isFirst: boolean }} props */
export function OutgoingRow({ outgoing, isFirst }) {
  const { draft, state, problem, client_id } = outgoing;
  const text = draft.content ?? '';
  return html`<div class=${`item last ${isFirst ? 'first' : ''}`}>
    <article
      class=${`message mine ${state === 'failed' ? 'failed' : 'pending'}`}
      data-row
      data-outgoing=${state}
      tabindex="-1"
      aria-label=${t.messageLabel(t.you, timeOf(outgoing.created_at))}
    >
      <div class="message-body">
        <div class=${`bubble ${isEmojiOnly(text) ? 'big' : ''}`}>
          ${text ? html`<${RichText} text=${text} isMarkdown=${draft.content_type === 'text/markdown'} mentions=${[]} />` : null}
          ${draft.attachments?.length ? html`<span class="muted">${t.filesSent(draft.attachments.length, '')}</span>` : null}
        </div>
        <div class="meta">
          ${state === 'failed'
            ? html`<span class="wrong">${t.notSent(problem?.reason ?? '')}</span>
                <button type="button" class="link-button" onClick=${() => client.retry(client_id)}>${t.tryAgain}</button>
                <button type="button" class="link-button" onClick=${() => client.discard(client_id)}>${t.discard}</button>`
            : html`${state === 'pending' && outgoing.retry_at ? html`<${Wait} until=${outgoing.retry_at} />` : null}
                <time datetime=${outgoing.created_at}>${timeOf(outgoing.created_at)}</time>
                <span title=${t.progress(state, 0, true)} data-progress=${state}>
                  <${Icon} name=${state === 'sent' ? 'check' : 'clock'} />
                  <span class="visually-hidden">${t.progress(state, 0, true)}</span>
                </span>`}
        </div>
      </div>
    </article>
  </div>`;
}
