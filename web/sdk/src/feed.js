// The rooms' events in order: drops what was seen, fills holes from the log, resumes after a break.
import { Problem } from './problem.js';
import { backoff, pause } from './timing.js';

/** @import { DurableEvent, HelloFrame, ServerFrame, SubscribedFrame, UnsubscribedFrame, ErrorFrame } from './generated/types.js' */
/** @import { Socket } from './socket.js' */
/** @import { Place, Position } from './types/client.js' */
/** @import { FeedParts } from './types/parts.js' */

/** Events held beyond a hole; past that they are read from the log again. */
const HELD_MAX = 2_000;
const LOG_PAGE = 100;
/** Of the log in one go; more is a reset. */
const LOG_PAGES_MAX = 100;
const HEAL_ATTEMPTS = 5;

export class Feed {
  #rest;
  #on;
  /** @type {string | null} */
  #epoch = null;
  /** @type {Map<string, Place>} */
  #places = new Map();
  /** Rooms that are followed beside those the server chose. @type {Set<string>} */
  #asked = new Set();
  /** Rooms whose place was lost; their history is to be read anew. @type {Set<string>} */
  #lost = new Set();

  /** @param {FeedParts} parts */
  constructor({ rest, on }) {
    this.#rest = rest;
    this.#on = on;
  }

  /** @returns {Position | null} */
  get position() {
    if (this.#epoch === null) return null;
    return { epoch: this.#epoch, rooms: Object.fromEntries([...this.#places].map(([room, place]) => [room, place.seq])) };
  }

  /** @param {string} room */
  seqOf(room) {
    return this.#places.get(room)?.seq ?? null;
  }

  get epoch() {
    return this.#epoch;
  }

  /**
   * Takes up where an earlier client was.
   *
   * @param {Position | null} position
   */
  restore(position) {
    this.#epoch = position?.epoch ?? null;
    this.#places = new Map(Object.entries(position?.rooms ?? {}).map(([room, seq]) => [room, place(seq)]));
    this.#asked.clear();
    this.#lost.clear();
  }

  /** Whether there is anything to resume. */
  get isBegun() {
    return this.#epoch !== null;
  }

  /**
   * @param {HelloFrame} hello
   * @param {Socket} socket
   */
  async resume(hello, socket) {
    if (this.#epoch === null) {
      this.#epoch = hello.epoch;
      return;
    }
    // New ones: what heals the old ones notices, and ends. The server replays what they lacked.
    for (const [room, { seq, eventId }] of this.#places) this.#places.set(room, place(seq, eventId));
    try {
      for (const frame of this.#resumeFrames(this.#epoch, hello.limits.frame_bytes_max)) await socket.ask(frame, 0);
    } catch (error) {
      if (error instanceof Problem && error.isFinal) this.#forget();
      throw error;
    }
    // If it is another one, the server has answered `reset` for each room.
    this.#epoch = hello.epoch;
    for (const room of this.#asked) {
      if (!this.#places.has(room)) socket.say({ type: 'subscribe', room_id: room, ref: `follow ${room.slice(0, 8)}` });
    }
  }

  /** The server does not understand where we were: the next attempt begins at the heads. */
  #forget() {
    for (const room of this.#places.keys()) this.#lost.add(room);
    this.#places.clear();
    this.#epoch = null;
  }

  /**
   * One frame, or as many as the server's size takes.
   *
   * @param {string} epoch
   * @param {number} bytesMax
   */
  #resumeFrames(epoch, bytesMax) {
    const all = [...this.#places];
    // An entry with its event id takes at most 130 bytes of ASCII.
    const each = Math.max(1, Math.floor((bytesMax - 1_000) / 130));
    const frames = [];
    for (let from = 0; from === 0 || from < all.length; from += each) {
      const rooms = Object.fromEntries(all.slice(from, from + each)
        .map(([room, { seq, eventId }]) => [room, eventId === null ? seq : { seq, event_id: eventId }]));
      const isLast = from + each >= all.length;
      frames.push({ type: /** @type {const} */ ('resume'), epoch, rooms, rest: isLast ? /** @type {const} */ ('head') : /** @type {const} */ ('none') });
    }
    return frames;
  }

  /**
   * Follows a room that the server did not choose by itself, one beyond its limit of rooms.
   *
   * @param {string} room
   * @param {Socket | null} socket
   */
  follow(room, socket) {
    this.#asked.add(room);
    if (this.#places.has(room)) return;
    socket?.say({ type: 'subscribe', room_id: room, ref: `follow ${room.slice(0, 8)}` });
  }

  /**
   * Takes what belongs to the stream of a room.
   *
   * @param {ServerFrame} frame
   * @returns {boolean} Whether it did.
   */
  take(frame) {
    if (isDurable(frame)) this.#event(frame);
    else if (frame.type === 'subscribed') this.#subscribed(frame);
    else if (frame.type === 'unsubscribed') this.#unsubscribed(frame);
    else if (frame.type === 'error' && frame.room_id) this.#refused(frame);
    else return false;
    return true;
  }

  /** @param {DurableEvent} event */
  #event(event) {
    const placed = this.#places.get(event.room_id);
    if (!placed) {
      // The first of a room that is new to us.
      const begun = place(event.seq - 1);
      this.#places.set(event.room_id, begun);
      this.#accept(begun, event);
      return;
    }
    if (event.seq <= placed.seq) return;
    if (event.seq === placed.seq + 1 && !placed.isHealing) {
      this.#accept(placed, event);
      this.#release(placed);
      return;
    }
    if (placed.held.size < HELD_MAX) placed.held.set(event.seq, event);
    placed.upTo = Math.max(placed.upTo, event.seq);
    void this.#heal(event.room_id, placed);
  }

  /**
   * @param {Place} placed
   * @param {DurableEvent} event
   */
  #accept(placed, event) {
    placed.seq = event.seq;
    placed.eventId = 'event_id' in event ? event.event_id : null;
    this.#on.event(event);
  }

  /** @param {Place} placed */
  #release(placed) {
    for (let next = placed.held.get(placed.seq + 1); next; next = placed.held.get(placed.seq + 1)) {
      placed.held.delete(next.seq);
      this.#accept(placed, next);
    }
  }

  /** @param {SubscribedFrame} frame */
  #subscribed(frame) {
    const placed = this.#places.get(frame.room_id);
    if (!placed) {
      this.#places.set(frame.room_id, place(frame.last_seq));
      if (this.#lost.delete(frame.room_id)) this.#on.reset(frame);
    } else if (frame.reset) this.#reset(frame.room_id, placed, frame.last_seq);
    else if (placed.seq < frame.last_seq) void this.#heal(frame.room_id, placed, frame.last_seq);
    this.#on.subscribed(frame);
  }

  /** @param {UnsubscribedFrame} frame */
  #unsubscribed(frame) {
    this.#places.delete(frame.room_id);
    this.#asked.delete(frame.room_id);
    this.#on.unsubscribed(frame);
  }

  /** @param {ErrorFrame} frame */
  #refused(frame) {
    const room = frame.room_id ?? '';
    // A passing trouble leaves the place as it is: the next break resumes from there.
    if (!Problem.fromFrame(frame).isFinal || !this.#places.delete(room)) return;
    this.#asked.delete(room);
    this.#on.unsubscribed({ room_id: room, reason: frame.code });
  }

  /**
   * @param {string} room
   * @param {Place} placed
   * @param {number} lastSeq
   */
  #reset(room, placed, lastSeq) {
    placed.seq = lastSeq;
    placed.eventId = null;
    placed.upTo = 0;
    for (const seq of placed.held.keys()) if (seq <= lastSeq) placed.held.delete(seq);
    this.#on.reset({ room_id: room, last_seq: lastSeq });
    this.#release(placed);
  }

  /**
   * Reads what lies between from the log.
   *
   * @param {string} room
   * @param {Place} placed
   * @param {number} [upTo]
   */
  async #heal(room, placed, upTo = 0) {
    placed.upTo = Math.max(placed.upTo, upTo);
    if (placed.isHealing) return;
    placed.isHealing = true;
    let failures = 0;
    let pages = 0;
    const isLacking = () => this.#places.get(room) === placed && (placed.seq < placed.upTo || placed.held.size > 0);
    while (isLacking()) {
      try {
        const page = await this.#rest.roomLog({ room_id: room, after_seq: placed.seq, epoch: this.#epoch ?? undefined, limit: LOG_PAGE });
        if (!isLacking()) break;
        pages += 1;
        if (page.reset || page.epoch !== this.#epoch || pages > LOG_PAGES_MAX) {
          this.#reset(room, placed, page.last_seq);
          continue;
        }
        for (const entry of page.items) {
          const event = /** @type {DurableEvent} */ (entry);
          if (event.seq === placed.seq + 1) this.#accept(placed, event);
          placed.held.delete(event.seq);
        }
        this.#release(placed);
        for (const seq of placed.held.keys()) if (seq <= placed.seq) placed.held.delete(seq);
        // Nothing more is there, and what is held is older than the log's life.
        if (page.items.length === 0 && page.last_seq <= placed.seq) {
          placed.upTo = 0;
          placed.held.clear();
        }
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        failures += 1;
        // The next break, or the next event, tries again; a room that is gone says so by itself.
        if (error.isFinal || failures >= HEAL_ATTEMPTS) break;
        await pause(error.retryAfterMs ?? backoff(failures, { baseMs: 200, capMs: 5_000 }));
      }
    }
    placed.isHealing = false;
  }

  /**
   * What happened in a room between a page of its history and now.
   *
   * @param {string} room
   * @param {number} afterSeq
   * @returns {Promise<DurableEvent[] | null>} Null when the log does not reach back so far.
   */
  async since(room, afterSeq) {
    /** @type {DurableEvent[]} */
    const events = [];
    for (let page = 0; page < LOG_PAGES_MAX; page += 1) {
      const { items, has_more, reset } = await this.#rest.roomLog({
        room_id: room, after_seq: events.at(-1)?.seq ?? afterSeq, epoch: this.#epoch ?? undefined, limit: LOG_PAGE,
      });
      if (reset) return null;
      events.push(.../** @type {DurableEvent[]} */ (items));
      if (!has_more) return events;
    }
    return null;
  }
}

/**
 * @param {number} seq
 * @param {string | null} eventId
 * @returns {Place}
 */
const place = (seq, eventId = null) => ({ seq, eventId, held: new Map(), isHealing: false, upTo: 0 });

/**
 * Also one of a type that this version does not know.
 *
 * @param {ServerFrame} frame
 * @returns {frame is DurableEvent}
 */
function isDurable(frame) {
  return 'room_id' in frame && 'seq' in frame && typeof frame.seq === 'number'
    && ('event_id' in frame || frame.type === 'hidden');
}
