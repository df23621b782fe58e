// A room as this person sees it: what is known of it, and the run of messages that is shown.
import { Observable } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { client } from './client.js';

/** @import { Chat, DurableEvent, Marks, Member, Message, RoomForViewer, User } from '../types.js' */

const PAGE = 100;
const MEMBERS_PAGE = 100;
/** Members that are read for names and marks; of larger rooms the rest is looked up as needed. */
const MEMBERS_MAX = 500;

const RANKS = { member: 0, moderator: 1, admin: 2, owner: 3 };

export class Room extends Observable {
  /** @type {Message | null} */
  lastMessage = null;
  /** Messages that name me and that I have not read. */
  mentions = 0;
  /** @type {{ archived: boolean, pinned: boolean, notifications: string, muted_until: string | null }} */
  settings = { archived: false, pinned: false, notifications: 'all', muted_until: null };
  /** Marked as unread, to come back to it. */
  isMarkedUnread = false;
  /** @type {User | null} */
  #peer = null;
  /** Others' marks. @type {Map<string, Marks>} */
  marks = new Map();
  /** Once they were asked for. @type {Map<string, Member> | null} */
  members = null;
  /** Grows with each of them that comes, goes or changes. */
  memberChanges = 0;
  /** @type {string[]} */
  typists = [];
  lastReadNumber = 0;
  lastNumber = 0;
  /** The first that was unread when the room was opened. @type {number | null} */
  unreadFrom = null;
  /** A number of the run that is shown; null is the newest run. @type {number | null} */
  viewNumber = null;
  /** What the next words are: an answer, or other words for a message. @type {{ kind: 'reply' | 'edit', message: Message } | null} */
  composing = null;
  isLoading = false;
  /** @type {string | null} */
  failure = null;
  #version = 0;
  #messagesOf = -1;
  /** @type {Message[]} */
  #messages = [];
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {Promise<unknown> | null} */
  #turning = null;

  /** @param {Chat} chat @param {RoomForViewer} data */
  constructor(chat, data) {
    super();
    this.chat = chat;
    this.data = data;
    this.id = data.id;
    this.learn(data);
  }

  /** @param {RoomForViewer} data */
  learn(data) {
    // An answer may be older than what events have told since it was asked for.
    this.data = data.last_seq >= this.data.last_seq ? { ...this.data, ...data } : { ...data, ...this.data };
    this.lastNumber = Math.max(this.lastNumber, data.last_number);
    if (typeof data.unread === 'number') this.lastReadNumber = Math.max(this.lastReadNumber, data.last_number - data.unread);
    this.changed();
  }

  get kind() {
    return this.data.kind;
  }

  get myRole() {
    return this.data.my_role ?? null;
  }

  get isMember() {
    return this.myRole !== null;
  }

  /** The other person of a direct room, as they are called now. */
  get peer() {
    return this.#peer && (this.chat.people.get(this.#peer.id) ?? this.#peer);
  }

  set peer(user) {
    this.#peer = user;
  }

  get title() {
    if (this.kind === 'direct') return this.peer?.display_name ?? t.someone;
    return this.data.name ?? t.unnamedRoom;
  }

  get unread() {
    return this.isMember ? Math.max(0, this.lastNumber - this.lastReadNumber) : 0;
  }

  /** Whether it has a place in the list: a direct room has none with the other person before something is said there. */
  get isListed() {
    const isBegun = this.kind !== 'direct' || this.lastNumber > 0 || this.data.created_by === this.chat.me?.id;
    return this.isMember && (isBegun || this.isOpen);
  }

  get isMuted() {
    const { muted_until, notifications } = this.settings;
    return notifications === 'none' || (muted_until !== null && new Date(muted_until) > new Date());
  }

  get lastActivity() {
    return this.lastMessage?.created_at ?? this.data.last_message_at ?? this.data.created_at;
  }

  /** @param {'member' | 'moderator' | 'admin' | 'owner'} role */
  isAtLeast(role) {
    const mine = /** @type {keyof typeof RANKS | null} */ (this.myRole);
    return mine !== null && RANKS[mine] >= RANKS[role];
  }

  /** Whether I may act on somebody of that role. @param {string} role */
  outranks(role) {
    const mine = /** @type {keyof typeof RANKS | null} */ (this.myRole);
    return mine !== null && RANKS[mine] > RANKS[/** @type {'member'} */ (role)];
  }

  /** When I may write again; null when I may now. */
  get mutedUntil() {
    const until = this.members?.get(this.chat.me?.id ?? '')?.muted_until ?? null;
    return until && new Date(until) > new Date() ? until : null;
  }

  get timeline() {
    return client.timeline(this.id);
  }

  /** The run that is shown, ascending, without a gap. */
  get messages() {
    if (this.#messagesOf !== this.#version) {
      this.#messagesOf = this.#version;
      const shown = this.viewNumber === null ? [] : this.timeline.around(this.viewNumber);
      if (shown.length === 0 || !this.timeline.hasNewer(shown[shown.length - 1].number)) this.viewNumber = null;
      this.#messages = this.viewNumber === null ? this.timeline.newest : shown;
    }
    return this.#messages;
  }

  get hasOlder() {
    const [first] = this.messages;
    return first !== undefined && this.timeline.hasOlder(first.number);
  }

  /** Whether the run that is shown ends before the newest. */
  get hasNewer() {
    // Reading it settles what is shown.
    return this.messages.length > 0 && this.viewNumber !== null;
  }

  get isLoaded() {
    return this.timeline.isLoaded;
  }

  timelineChanged() {
    this.#version += 1;
    this.changed();
  }

  /** Whether the person sees this room now. */
  get isOpen() {
    return this.chat.openRoom === this;
  }

  /** Reads what a view of it needs. @returns {Promise<void>} */
  open() {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open() {
    this.isLoading = true;
    this.failure = null;
    this.changed();
    try {
      if (!this.isMember) return;
      if (!this.timeline.isLoaded) await client.history.newest(this.id, PAGE);
      void this.loadMembers().catch(() => {});
      void this.loadMarks().catch(() => {});
    } catch (error) {
      this.failure = this.chat.explain(error);
    } finally {
      this.isLoading = false;
      this.timelineChanged();
    }
  }

  /** What was missed could not be had: what was shown is read again. */
  async reset() {
    this.#version += 1;
    this.viewNumber = null;
    if (this.isOpen) await this.open();
    else this.changed();
  }

  loadOlder() {
    const [first] = this.messages;
    if (!this.hasOlder) return;
    this.#turn(() => client.history.older(this.id, first, PAGE));
  }

  loadNewer() {
    const last = this.messages[this.messages.length - 1];
    if (!this.hasNewer) return;
    this.#turn(() => client.history.newer(this.id, last, PAGE));
  }

  /** One page at a time. @param {() => Promise<unknown>} load */
  #turn(load) {
    if (this.#turning) return;
    this.#turning = load()
      .catch((error) => this.chat.complain(error))
      .finally(() => {
        this.#turning = null;
        this.timelineChanged();
      });
  }

  /** Shows the run around a place; answers with the message there. @param {number} seq */
  async showAround(seq) {
    await this.open();
    const known = this.messages.find((message) => message.seq === seq);
    if (known) return known;
    const page = await client.history.around(this.id, seq, PAGE);
    const found = page.reduce((best, one) => (Math.abs(one.seq - seq) < Math.abs(best.seq - seq) ? one : best), page[0]);
    if (!found) return null;
    this.viewNumber = found.number;
    this.timelineChanged();
    return found;
  }

  showNewest() {
    this.viewNumber = null;
    this.timelineChanged();
  }

  async loadMembers() {
    /** @type {Map<string, Member>} */
    const members = new Map();
    /** @type {string | undefined} */
    let cursor;
    do {
      /** @type {any} */
      const page = await client.rest.listMembers({ room_id: this.id, limit: MEMBERS_PAGE, cursor });
      for (const member of page.items) members.set(member.user_id, member);
      cursor = page.next_cursor ?? undefined;
    } while (cursor && members.size < MEMBERS_MAX);
    this.members = members;
    this.chat.people.learn([...members.values()].map((member) => member.user));
    if (this.kind === 'direct') {
      const other = [...members.values()].find((member) => member.user_id !== this.chat.me?.id);
      this.peer = other?.user ?? this.peer;
    }
    this.changed();
    const presence = await client.rest.listPresence({ room_id: this.id });
    client.presence.learn(/** @type {any} */ (presence).items);
  }

  async loadMarks() {
    const page = /** @type {any} */ (await client.rest.listReceipts({ room_id: this.id }));
    for (const { user_id, last_read_number, last_delivered_number } of page.items) {
      // Null is of who shares no read marks.
      this.mark(user_id, 'read', last_read_number ?? 0);
      this.mark(user_id, 'delivered', last_delivered_number);
    }
  }

  /** @param {string} userId @param {'read' | 'delivered'} kind @param {number} number */
  mark(userId, kind, number) {
    const marks = this.marks.get(userId) ?? { read: 0, delivered: 0 };
    if (number <= marks[kind]) return;
    marks[kind] = number;
    if (kind === 'read') marks.delivered = Math.max(marks.delivered, number);
    this.marks.set(userId, marks);
    if (userId === this.chat.me?.id && kind === 'read') this.readUpTo(number);
    this.changed();
  }

  /** How far my message has come. @param {Message} message @returns {{ state: 'sent' | 'delivered' | 'read', count: number }} */
  progressOf(message) {
    let [read, delivered] = [0, 0];
    for (const [userId, marks] of this.marks) {
      if (userId === message.sender_id) continue;
      if (marks.read >= message.number) read += 1;
      if (marks.delivered >= message.number) delivered += 1;
    }
    if (read > 0) return { state: 'read', count: read };
    return delivered > 0 ? { state: 'delivered', count: delivered } : { state: 'sent', count: 0 };
  }

  /** I have read so far. @param {number} number */
  readUpTo(number) {
    if (number <= this.lastReadNumber) return;
    this.lastReadNumber = number;
    if (number >= this.lastNumber) this.mentions = 0;
    this.changed();
    this.chat.roomsChanged();
  }

  /** The person sees the newest message. */
  markSeen() {
    if (!this.isMember || this.unread === 0 || this.lastNumber === 0) return;
    this.isMarkedUnread = false;
    client.markRead(this.id, this.lastNumber);
    this.readUpTo(this.lastNumber);
  }

  /** @param {DurableEvent} event */
  apply(event) {
    const me = this.chat.me?.id;
    // What was read of the room may be newer than this event: it is not counted twice.
    const isNews = event.seq > this.data.last_seq;
    if (isNews) this.data = { ...this.data, last_seq: event.seq };
    if (['user_joined', 'user_left', 'member_updated'].includes(event.type)) this.memberChanges += 1;
    switch (event.type) {
      case 'message_created': {
        const { message } = event;
        this.lastNumber = Math.max(this.lastNumber, message.number);
        if (message.sender_id === me) this.isMarkedUnread = false;
        if (!this.lastMessage || message.number >= this.lastMessage.number) this.lastMessage = message;
        this.data = { ...this.data, last_message_at: message.created_at };
        this.mark(message.sender_id, 'read', message.number);
        if (message.sender_id !== me && this.namesMe(message) && message.number > this.lastReadNumber) this.mentions += 1;
        if (this.settings.archived && !this.isMuted) this.settings = { ...this.settings, archived: false };
        break;
      }
      case 'message_updated':
        if (this.lastMessage?.id === event.message.id) this.lastMessage = event.message;
        break;
      case 'message_deleted':
        if (this.lastMessage?.id === event.message_id) {
          this.lastMessage = { ...this.lastMessage, content: null, attachments: [], deleted_at: event.occurred_at };
        }
        break;
      case 'user_joined':
        this.chat.people.learn([event.user]);
        if (isNews) this.data = { ...this.data, member_count: this.data.member_count + 1 };
        if (this.members && event.user) {
          this.members.set(event.user_id, {
            user_id: event.user_id, role: event.role, joined_at: event.occurred_at, muted_until: null, user: event.user,
          });
        }
        break;
      case 'user_left':
        if (isNews) this.data = { ...this.data, member_count: Math.max(0, this.data.member_count - 1) };
        this.members?.delete(event.user_id);
        this.marks.delete(event.user_id);
        break;
      case 'member_updated': {
        const member = this.members?.get(event.user_id);
        if (member) this.members?.set(event.user_id, { ...member, role: event.role, muted_until: event.muted_until ?? null });
        if (event.user_id === me) this.data = { ...this.data, my_role: event.role };
        break;
      }
      case 'room_created':
      case 'room_updated':
        if (isNews) this.data = { ...this.data, ...event.room };
        break;
      default:
    }
    this.changed();
  }

  /** @param {Message} message */
  namesMe(message) {
    return message.mentions.includes(this.chat.me?.id ?? '') || message.mentions_here === true;
  }
}
