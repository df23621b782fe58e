// Pages of history, brought into the timelines without losing what happened meanwhile.
import { Problem } from './problem.js';
import { Timeline } from './timeline.js';

/** @import { DurableEvent, Message, MessagePage } from './generated/types.js' */
/** @import { HistoryParts } from './types/parts.js' */

const PAGE = 50;
/** Pages that are older than the log reaches; then it is given up. */
const ATTEMPTS = 3;

export class History {
  #rest;
  #feed;
  #myId;
  #on;
  /** @type {Map<string, Timeline>} */
  #timelines = new Map();
  /** @type {Map<string, Promise<Message[]>>} */
  #loading = new Map();

  /** @param {HistoryParts} parts */
  constructor({ rest, feed, myId, on }) {
    this.#rest = rest;
    this.#feed = feed;
    this.#myId = myId;
    this.#on = on;
  }

  /** @param {string} roomId */
  timeline(roomId) {
    let timeline = this.#timelines.get(roomId);
    if (!timeline) {
      timeline = new Timeline(roomId, this.#myId);
      this.#timelines.set(roomId, timeline);
    }
    return timeline;
  }

  /**
   * The latest messages.
   *
   * @param {string} roomId
   * @param {number} [limit] 1–100.
   * @returns {Promise<Message[]>} Those of the page, ascending.
   */
  newest(roomId, limit = PAGE) {
    return this.#load(roomId, { limit });
  }

  /**
   * The messages before one that is known.
   *
   * @param {string} roomId
   * @param {Message} before
   * @param {number} [limit]
   */
  older(roomId, before, limit = PAGE) {
    return this.#load(roomId, { before: before.seq, limit }, { before: before.number });
  }

  /**
   * The messages after one that is known.
   *
   * @param {string} roomId
   * @param {Message} after
   * @param {number} [limit]
   */
  newer(roomId, after, limit = PAGE) {
    return this.#load(roomId, { after: after.seq, limit }, { after: after.number });
  }

  /**
   * The messages around one, found by a search say.
   *
   * @param {string} roomId
   * @param {number} seq
   * @param {number} [limit]
   */
  around(roomId, seq, limit = PAGE) {
    return this.#load(roomId, { around: seq, limit });
  }

  /**
   * @param {DurableEvent} event
   * @returns {Message[]} What it changed.
   */
  apply(event) {
    return this.timeline(event.room_id).apply(event);
  }

  /**
   * What is known has a hole that cannot be filled.
   *
   * @param {string} roomId
   */
  reset(roomId) {
    if (!this.#timelines.has(roomId)) return;
    this.timeline(roomId).clear();
    this.#on.changed(roomId, []);
  }

  /** @param {string} roomId */
  forget(roomId) {
    this.#timelines.delete(roomId);
  }

  clear() {
    this.#timelines.clear();
  }

  /**
   * The same page once, however many ask.
   *
   * @param {string} roomId
   * @param {{ limit: number, before?: number, after?: number, around?: number }} where By `seq`.
   * @param {{ before?: number, after?: number }} [next] By number.
   * @returns {Promise<Message[]>}
   */
  #load(roomId, where, next) {
    const key = `${roomId} ${JSON.stringify(where)}`;
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = this.#read(roomId, where, next).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  /**
   * @param {string} roomId
   * @param {{ limit: number, before?: number, after?: number, around?: number }} where
   * @param {{ before?: number, after?: number }} [next]
   */
  async #read(roomId, where, next) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const timeline = this.timeline(roomId);
      const page = await this.#rest.listMessages({ room_id: roomId, ...where });
      const later = await this.#since(roomId, timeline, page);
      // A reset came in between, or the log does not reach back to the page: read it again.
      if (later === null || this.#timelines.get(roomId) !== timeline) continue;
      const changed = timeline.merge(page, next);
      const again = timeline.applyAgain(later);
      for (const message of page.items) this.#on.message(message);
      this.#on.changed(roomId, [...changed, ...again]);
      return [...page.items].sort((a, b) => a.number - b.number);
    }
    throw new Problem('unavailable', 'the room changes faster than it can be read');
  }

  /**
   * What happened between the page and where the stream is.
   *
   * @param {string} roomId
   * @param {Timeline} timeline
   * @param {MessagePage} page
   * @returns {Promise<DurableEvent[] | null>}
   */
  async #since(roomId, timeline, page) {
    const { seq, epoch } = page.as_of;
    const at = this.#feed.seqOf(roomId);
    // Not followed: the page is all there is. Of another life: the stream is about to say so.
    if (at === null || at <= seq || (this.#feed.epoch !== null && this.#feed.epoch !== epoch)) return [];
    return timeline.since(seq) ?? this.#feed.since(roomId, seq);
  }
}
