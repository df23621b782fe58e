// Everything a signed-in person has: rooms, people, and what happens to them. Views read it; the server decides.
import { plainText } from '../lib/markdown.js';
import { Observable } from '../lib/observable.js';
import { Problem } from '../../sdk/src/index.js';
import { t } from '../strings/index.js';
import { client } from './client.js';
import { Media } from './media.js';
import { notify, showUnread } from './notifications.js';
import { People } from './people.js';
import { Room } from './room.js';
import { ui } from './ui.js';

/** @import { ConnectionState, Conversation, DurableEvent, Me, Message, RoomForViewer } from '../types.js' */

const PAGE = 100;
/** Conversations that are listed; older ones are found by name. */
const CONVERSATIONS_MAX = 1_000;

const { rest } = client;

class Connection extends Observable {
  /** @type {ConnectionState} */
  state = client.state;
}

export class Chat extends Observable {
  /** Until it is known who is here: `starting`. @type {'starting' | 'outside' | 'inside'} */
  phase = 'starting';
  /** @type {Me | null} */
  me = null;
  /** @type {Map<string, Room>} */
  rooms = new Map();
  people = new People();
  media = new Media();
  connection = new Connection();
  /** What the server can do. @type {Record<string, any>} */
  capabilities = {};
  isListed = false;
  /** Rooms on their way here. @type {Map<string, Promise<Room | null>>} */
  #coming = new Map();
  #wasOnline = false;
  /** @type {Promise<void> | null} */
  #listing = null;

  constructor() {
    super();
    client.on('state', (state) => this.#connectionChanged(state));
    client.on('signedIn', ({ user }) => this.#enter(user));
    client.on('signedOut', ({ reason }) => this.#leave(reason));
    client.on('user', ({ user }) => {
      this.me = user;
      this.people.learn([user]);
      this.changed();
    });
    client.on('event', (event) => void this.#event(event));
    client.on('messages', ({ room_id }) => this.rooms.get(room_id)?.timelineChanged());
    client.on('reset', ({ room_id }) => void this.rooms.get(room_id)?.reset());
    client.on('outgoing', ({ room_id }) => this.rooms.get(room_id)?.changed());
    client.on('outgoingRemoved', ({ room_id }) => this.rooms.get(room_id)?.changed());
    client.on('subscribed', ({ room_id, my_role, unread, last_read_number }) => {
      const room = this.rooms.get(room_id);
      // Before the list is here it is about to bring them all, in pages; a room at a time would be a request each.
      if (!room) return void (this.isListed && this.fetchRoom(room_id));
      room.data = { ...room.data, my_role, unread };
      room.readUpTo(last_read_number);
      room.changed();
    });
    client.on('unsubscribed', ({ room_id, reason }) => this.#roomGone(room_id, reason));
    client.on('typing', ({ room_id, user_ids }) => {
      const room = this.rooms.get(room_id);
      if (!room) return;
      room.typists = user_ids;
      room.changed();
      this.changed();
    });
    client.on('mark', ({ room_id, number }) => this.rooms.get(room_id)?.readUpTo(number));
    client.on('signal', (signal) => {
      if (signal.type === 'read' || signal.type === 'delivered') {
        this.rooms.get(signal.room_id)?.mark(signal.user_id, signal.type, signal.number);
      } else this.#heardOfOneself(/** @type {any} */ (signal));
    });
  }

  async start() {
    void client.rest.capabilities().then(
      (capabilities) => {
        this.capabilities = capabilities;
        this.changed();
      },
      () => {},
    );
    const user = await client.restore();
    if (!user && this.phase === 'starting') {
      this.phase = 'outside';
      this.changed();
    }
  }

  /** @param {Me} user */
  #enter(user) {
    this.phase = 'inside';
    this.me = user;
    this.people.learn([user]);
    client.connect();
    void this.loadConversations();
    this.changed();
  }

  /** @param {'asked' | 'refused'} reason */
  #leave(reason) {
    this.phase = 'outside';
    this.me = null;
    this.rooms = new Map();
    this.isListed = false;
    this.#listing = null;
    this.people.clear();
    this.media.clear();
    this.#wasOnline = false;
    ui.show(null);
    ui.ask(null);
    ui.openRoom(null);
    if (reason === 'refused') ui.toast(t.signedOutByServer);
    this.#showUnread();
    this.changed();
  }

  /** @param {ConnectionState} state */
  #connectionChanged(state) {
    const isNewlyOnline = state.phase === 'online' && this.connection.state.phase !== 'online';
    this.connection.state = state;
    this.connection.changed();
    if (!isNewlyOnline) return;
    // What has no events (settings, mentions, other people's marks) may have changed meanwhile.
    if (this.#wasOnline || !this.isListed) void this.loadConversations();
    if (this.#wasOnline) {
      void this.openRoom?.loadMarks().catch(() => {});
    }
    this.#wasOnline = true;
  }

  /** The room that is open. @returns {Room | null} */
  get openRoom() {
    return ui.roomId ? (this.rooms.get(ui.roomId) ?? null) : null;
  }

  /** Messages that name me and that I have not read, in all rooms. */
  get mentions() {
    let count = 0;
    for (const room of this.rooms.values()) count += room.mentions;
    return count;
  }

  loadConversations() {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = null;
    });
    return this.#listing;
  }

  async #list() {
    try {
      await this.#pages((cursor) => rest.listConversations({ limit: PAGE, cursor }));
      await this.#pages((cursor) => rest.listConversations({ limit: PAGE, cursor, archived: true }));
      this.isListed = true;
    } catch (error) {
      if (this.phase === 'inside') this.complain(error);
    }
    this.roomsChanged();
  }

  /** @param {(cursor: string | undefined) => ReturnType<typeof rest.listConversations>} ask */
  async #pages(ask) {
    /** @type {string | undefined} */
    let cursor;
    let count = 0;
    do {
      const page = await ask(cursor);
      for (const item of page.items) this.#learnConversation(item);
      count += page.items.length;
      cursor = page.next_cursor ?? undefined;
      this.roomsChanged();
    } while (cursor && count < CONVERSATIONS_MAX);
  }

  /** @param {Conversation} conversation */
  #learnConversation({ room: data, last_message, mention_count, marked_unread, last_read_number, settings, peer }) {
    const room = this.learnRoom(data);
    if (last_message && last_message.number >= (room.lastMessage?.number ?? 0)) room.lastMessage = last_message;
    room.readUpTo(last_read_number);
    room.mentions = room.unread > 0 ? mention_count : 0;
    room.settings = settings;
    room.isMarkedUnread = marked_unread;
    if (peer) {
      room.peer = peer.user;
      this.people.learn([peer.user]);
      if (peer.presence) client.presence.learn([peer.presence]);
    }
    room.changed();
  }

  /** @param {RoomForViewer} data */
  learnRoom(data) {
    let room = this.rooms.get(data.id);
    if (room) room.learn(data);
    else {
      room = new Room(this, data);
      this.rooms.set(data.id, room);
    }
    return room;
  }

  /** @param {string} id @returns {Promise<Room | null>} */
  fetchRoom(id) {
    let coming = this.#coming.get(id);
    if (!coming) {
      coming = client.rest
        .room({ room_id: id })
        .then(
          (data) => {
            const room = this.learnRoom(data);
            if (room.kind === 'direct' && !room.peer) void room.loadMembers().then(() => this.roomsChanged(), () => {});
            this.roomsChanged();
            return room;
          },
          () => null,
        )
        .finally(() => this.#coming.delete(id));
      this.#coming.set(id, coming);
    }
    return coming;
  }

  /** What another device of mine set, and what others say of themselves. @param {any} signal */
  #heardOfOneself(signal) {
    if (signal.type === 'user_status') {
      const user = this.people.get(signal.user_id);
      if (user) this.people.learn([{ ...user, status: signal.status }]);
    } else if (signal.type === 'user_updated') {
      const { type: _, user_id: id, ...profile } = signal;
      this.people.learn([{ id, ...profile }]);
    } else if (signal.type === 'block_updated') {
      this.people.blocked.set(signal.user_id, signal.blocked);
      this.people.changed();
    } else if (signal.type === 'conversation_updated') {
      const room = this.rooms.get(signal.room_id);
      if (!room) return;
      if (signal.settings) room.settings = signal.settings;
      if (typeof signal.marked_unread === 'boolean') room.isMarkedUnread = signal.marked_unread;
      if (typeof signal.last_read_number === 'number') room.readUpTo(signal.last_read_number);
      room.changed();
      this.roomsChanged();
    }
  }

  /** The list looks different now. */
  roomsChanged() {
    this.#showUnread();
    this.changed();
  }

  #showUnread() {
    let count = 0;
    for (const room of this.rooms.values()) {
      if (room.isListed && !room.isMuted && !room.settings.archived) count += room.unread || Number(room.isMarkedUnread);
    }
    showUnread(count);
  }

  /** @param {DurableEvent} event */
  async #event(event) {
    // What is on its way here may have been read before this happened.
    const known = this.rooms.get(event.room_id) ?? (this.isListed ? await this.fetchRoom(event.room_id) : null);
    if (!known) return;
    known.apply(event);
    if (event.type === 'message_created') this.#heard(known, event.message);
    this.roomsChanged();
  }

  /** @param {Room} room @param {Message} message */
  #heard(room, message) {
    if (message.sender_id === this.me?.id || message.number <= room.lastReadNumber) return;
    const sender = this.people.want(message.sender_id)?.display_name ?? t.someone;
    const text = this.wordsOf(message);
    const isSeen = room.isOpen && document.visibilityState === 'visible';
    if (isSeen) ui.announce(t.saidBy(sender, text));
    const wanted = room.settings.notifications;
    const isWanted = wanted === 'all' ? !room.isMuted : wanted === 'mentions' && room.namesMe(message) && !room.isMuted;
    if (!isWanted || (isSeen && document.hasFocus())) return;
    notify({
      title: room.kind === 'direct' ? sender : t.senderInRoom(sender, room.title),
      body: text,
      tag: room.id,
      open: () => ui.openRoom(room.id),
    });
  }

  /** A message in a line. @param {Message} message */
  wordsOf(message) {
    if (message.deleted_at) return t.deletedMessage;
    if (message.content) return message.content_type === 'text/markdown' ? plainText(message.content) : message.content;
    return message.attachments.length > 0 ? t.filesSent(message.attachments.length, message.attachments[0].filename) : '';
  }

  /** @param {string} roomId @param {string} reason */
  #roomGone(roomId, reason) {
    const room = this.rooms.get(roomId);
    if (!room) return;
    if (room.isOpen && reason !== 'left') ui.toast(t.roomGone(room.title, reason));
    this.rooms.delete(roomId);
    if (ui.roomId === roomId) ui.openRoom(null);
    this.roomsChanged();
  }

  // ---- Troubles ----

  /** What a person may be told about a failure. @param {unknown} error */
  explain(error) {
    if (!(error instanceof Problem)) return t.problems.internal;
    if (error.fields.length > 0) return error.fields.map(({ field, reason }) => t.refusedField(field, reason)).join(' ');
    if (error.code === 'rate_limited') return t.problems.rateLimited(error.retryAfterMs);
    const known = /** @type {Record<string, string>} */ (t.problems.byCode)[error.code];
    return known ?? error.message;
  }

  /** @param {unknown} error */
  complain(error) {
    if (error instanceof Problem && error.code === 'aborted') return;
    ui.toast(this.explain(error));
  }

  /** Does it, and says so when it fails. @template T @param {Promise<T>} deed @returns {Promise<T | undefined>} */
  async attempt(deed) {
    try {
      return await deed;
    } catch (error) {
      this.complain(error);
      return undefined;
    }
  }
}

export const chat = new Chat();
