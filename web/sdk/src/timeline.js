// The messages of one room that are known here, as they are now, in order.

/** @import { DurableEvent, Message, MessagePage } from './generated/types.js' */
/** @import { Range } from './types/client.js' */

/** Events kept to be applied to a page that was read before them. */
const RECENT_MAX = 500;
/** Of a text in the preview of what a reply answers. */
const PREVIEW_CHARS = 200;
/** Messages of a room of which no page was ever asked for: somebody may open it, but need not. */
const UNOPENED_MAX = 400;
/** Messages of a room that was read. */
const OPENED_MAX = 20_000;

export class Timeline {
  /** @type {Map<number, Message>} */
  #messages = new Map();
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** Ascending, apart from each other. @type {Range[]} */
  #ranges = [];
  /** @type {DurableEvent[]} */
  #recent = [];
  #isOpened = false;
  #myId;

  /**
   * @param {string} roomId
   * @param {() => string | null} myId Who looks on.
   */
  constructor(roomId, myId) {
    this.roomId = roomId;
    this.#myId = myId;
    /** The latest number that is known of; not necessarily loaded. */
    this.lastNumber = 0;
  }

  /** Nothing is known: the next page begins anew. */
  clear() {
    this.#messages.clear();
    this.#numbers.clear();
    this.#ranges = [];
    this.#recent = [];
    this.#isOpened = false;
    this.lastNumber = 0;
  }

  /** The latest messages, without a gap to the end; ascending. */
  get newest() {
    const last = this.#ranges.at(-1);
    return last && last.to >= this.lastNumber ? this.#slice(last) : [];
  }

  /**
   * The messages around one, without a gap; ascending; empty when it is not known.
   *
   * @param {number} number
   */
  around(number) {
    const range = this.#rangeOf(number);
    return range ? this.#slice(range) : [];
  }

  /**
   * Whether there are older ones than the run that this number is in.
   *
   * @param {number} number
   */
  hasOlder(number) {
    return (this.#rangeOf(number)?.from ?? number) > 1;
  }

  /**
   * Whether there are newer ones than the run that this number is in.
   *
   * @param {number} number
   */
  hasNewer(number) {
    return (this.#rangeOf(number)?.to ?? 0) < this.lastNumber;
  }

  /** Whether the latest messages are here. */
  get isLoaded() {
    const last = this.#ranges.at(-1);
    return last !== undefined && last.to >= this.lastNumber;
  }

  /** @param {string} messageId */
  byId(messageId) {
    const number = this.#numbers.get(messageId);
    return number === undefined ? null : this.#messages.get(number) ?? null;
  }

  /**
   * A page of the history as it was at its `as_of`.
   *
   * @param {MessagePage} page
   * @param {{ before?: number, after?: number }} [next] To which number it is the neighbour.
   * @returns {Message[]} What it changed.
   */
  merge(page, { before, after } = {}) {
    this.#isOpened = true;
    const changed = page.items.filter((message) => this.#upsert(message, true));
    const numbers = page.items.map((message) => message.number);
    // An empty page says something too: there is nothing beyond its neighbour.
    const isFirst = !page.has_older && after === undefined;
    const lowest = after === undefined ? Math.min(...numbers) : after + 1;
    const to = before === undefined ? Math.max(after ?? 0, ...numbers) : before - 1;
    if (numbers.length > 0 || isFirst) this.#join({ from: isFirst ? 0 : lowest, to });
    this.lastNumber = Math.max(this.lastNumber, to);
    return changed.sort((a, b) => a.number - b.number);
  }

  /**
   * @param {DurableEvent} event In the order of the room.
   * @returns {Message[]} What it changed.
   */
  apply(event) {
    this.#recent.push(event);
    if (this.#recent.length > RECENT_MAX) this.#recent.splice(0, this.#recent.length - RECENT_MAX);
    const changed = this.#effect(event);
    const most = this.#isOpened ? OPENED_MAX : UNOPENED_MAX;
    if (this.#messages.size > most) this.trim(most / 2);
    return changed;
  }

  /**
   * What came after a moment; null when that is longer ago than is remembered.
   *
   * @param {number} seq
   */
  since(seq) {
    const first = this.#recent[0]?.seq;
    if (first === undefined || first > seq + 1) return null;
    return this.#recent.filter((event) => event.seq > seq);
  }

  /**
   * Events that were applied before a page came which is older than they.
   *
   * @param {DurableEvent[]} events
   * @returns {Message[]} What it changed.
   */
  applyAgain(events) {
    return events.flatMap((event) => this.#effect(event));
  }

  /**
   * Forgets all but the latest messages.
   *
   * @param {number} keep
   */
  trim(keep) {
    const last = this.#ranges.at(-1);
    if (!last) return;
    const from = Math.max(last.from, last.to - keep + 1);
    for (const [number, message] of this.#messages) {
      if (number >= from) continue;
      this.#messages.delete(number);
      this.#numbers.delete(message.id);
    }
    this.#ranges = [{ from, to: last.to }];
  }

  /**
   * @param {DurableEvent} event
   * @returns {Message[]}
   */
  #effect(event) {
    switch (event.type) {
      case 'message_created': {
        const { message } = event;
        const isNew = this.#upsert(message, false);
        this.#join({ from: message.number, to: message.number });
        this.lastNumber = Math.max(this.lastNumber, message.number);
        return isNew ? [...this.#answered(message, 1), ...this.#present(message.number)] : [];
      }
      case 'message_updated': {
        const { message } = event;
        const quoting = this.#quoting(message.id, { content: startOf(message.content), is_deleted: false });
        // One that was never shown stays out: its neighbours are not here.
        if (!this.#messages.has(message.number)) return quoting;
        return this.#upsert(message, false) ? [...quoting, ...this.#present(message.number)] : quoting;
      }
      case 'message_deleted': {
        const gone = this.byId(event.message_id);
        const quoting = this.#quoting(event.message_id, { content: null, is_deleted: true });
        const changed = this.#change(event.message_id, event.seq, () => ({
          content: null, attachments: [], mentions: [], reactions: [], metadata: {}, deleted_at: event.occurred_at,
        }));
        return gone && changed.length > 0 ? [...quoting, ...this.#answered(gone, -1), ...changed] : [...quoting, ...changed];
      }
      case 'message_pinned':
        return this.#change(event.message_id, event.seq, () => ({ pinned_at: event.occurred_at, pinned_by: event.actor_id }));
      case 'message_unpinned':
        return this.#change(event.message_id, event.seq, () => ({ pinned_at: undefined, pinned_by: undefined }));
      default:
        return this.#reaction(/** @type {any} */ (event));
    }
  }

  /** @param {{ type: string, seq: number, message_id: string, emoji: string, user_id: string }} event */
  #reaction({ type, seq, message_id, emoji, user_id }) {
    if (type !== 'reaction_added' && type !== 'reaction_removed') return [];
    const isAdded = type === 'reaction_added';
    return this.#change(message_id, seq, (message) => {
      const reactions = /** @type {{ emoji: string, count: number, mine?: boolean }[]} */ (message.reactions).map((one) => ({ ...one }));
      const known = reactions.find((one) => one.emoji === emoji);
      const reaction = known ?? { emoji, count: 0 };
      if (!known) reactions.push(reaction);
      reaction.count += isAdded ? 1 : -1;
      if (user_id === this.#myId()) reaction.mine = isAdded;
      return { reactions: reactions.filter(({ count }) => count > 0) };
    });
  }

  /**
   * @param {string} messageId
   * @param {number} seq
   * @param {(message: Message) => Partial<Message>} change
   * @returns {Message[]}
   */
  #change(messageId, seq, change) {
    const message = this.byId(messageId);
    // It may have come from a page or a replay that was newer than this event.
    if (!message || message.updated_seq >= seq) return [];
    const changed = { ...message, ...change(message), updated_seq: seq };
    this.#messages.set(message.number, changed);
    return [changed];
  }

  /**
   * @param {Message} message
   * @param {boolean} isForMe It says what is mine.
   * @returns {boolean} Whether it was news.
   */
  #upsert(message, isForMe) {
    const known = this.#messages.get(message.number);
    if (known && (isForMe ? known.updated_seq > message.updated_seq : known.updated_seq >= message.updated_seq)) return false;
    this.#messages.set(message.number, isForMe || !known ? message : { ...message, reactions: withMine(message.reactions, known.reactions) });
    this.#numbers.set(message.id, message.number);
    return true;
  }

  /**
   * The parent of a reply that came or went: being answered is no event of its own.
   *
   * @param {Message} reply
   * @param {1 | -1} step
   * @returns {Message[]}
   */
  #answered(reply, step) {
    const parent = reply.reply_to ? this.byId(reply.reply_to) : null;
    if (!parent) return [];
    const changed = {
      ...parent,
      reply_count: Math.max(0, (parent.reply_count ?? 0) + step),
      ...(step > 0 ? { last_reply_at: reply.created_at } : {}),
    };
    this.#messages.set(parent.number, changed);
    return [changed];
  }

  /**
   * The replies that show the beginning of a message which has changed: that is no event of theirs.
   *
   * @param {string} id
   * @param {{ content: string | null, is_deleted: boolean }} now
   * @returns {Message[]}
   */
  #quoting(id, now) {
    /** @type {Message[]} */
    const changed = [];
    for (const [number, { parent, ...reply }] of this.#messages) {
      // What is deleted stays so, whatever an older event says.
      if (parent?.id !== id || parent.is_deleted) continue;
      const present = { ...reply, parent: { ...parent, ...now } };
      this.#messages.set(number, present);
      changed.push(present);
    }
    return changed;
  }

  /** @param {number} number */
  #present(number) {
    const message = this.#messages.get(number);
    return message ? [message] : [];
  }

  /** @param {Range} range */
  #slice({ from, to }) {
    const messages = [];
    for (let number = Math.max(from, 1); number <= to; number += 1) {
      const message = this.#messages.get(number);
      if (message) messages.push(message);
    }
    return messages;
  }

  /** @param {number} number */
  #rangeOf(number) {
    return this.#ranges.find(({ from, to }) => from <= number && number <= to);
  }

  /** @param {Range} added */
  #join(added) {
    let { from, to } = added;
    const apart = this.#ranges.filter((range) => {
      if (range.to + 1 < from || to + 1 < range.from) return true;
      from = Math.min(from, range.from);
      to = Math.max(to, range.to);
      return false;
    });
    this.#ranges = [...apart, { from, to }].sort((a, b) => a.from - b.from);
  }
}

/** As much of a text as a preview has. @param {string | null} text */
const startOf = (text) => text && [...text.slice(0, 2 * PREVIEW_CHARS)].slice(0, PREVIEW_CHARS).join('');

/**
 * Events say nothing about who looks on; what is known of that stays.
 *
 * @param {any[]} reactions
 * @param {any[]} known
 */
function withMine(reactions, known) {
  return reactions.map((reaction) => {
    const mine = known.find(({ emoji }) => emoji === reaction.emoji)?.mine;
    return mine === undefined ? reaction : { ...reaction, mine };
  });
}
