// Read and delivered marks: the largest number per room, told at most once in a while, and again after a break.
import { Problem } from './problem.js';
import { later } from './timing.js';

/** @import { Socket } from './socket.js' */
/** @import { MarkKind } from './types/client.js' */

/** Marks that come within this are one. */
const TOGETHER_MS = 400;
const RETRY_MS = 5_000;

export class Marks {
  /** @type {Map<string, { kind: MarkKind, room: string, wanted: number, told: number, timer: (() => void) | null }>} */
  #marks = new Map();
  /** @type {Socket | null} */
  #socket = null;
  #on;

  /**
   * @param {object} on
   * @param {(mark: { room_id: string, number: number, unread: number }) => void} on.read My read mark, as the server has it.
   */
  constructor(on) {
    this.#on = on;
  }

  /**
   * @param {MarkKind} kind
   * @param {string} room
   * @param {number} number Lower ones than before are ignored.
   */
  set(kind, room, number) {
    const key = `${kind} ${room}`;
    const mark = this.#marks.get(key) ?? { kind, room, wanted: 0, told: 0, timer: null };
    this.#marks.set(key, mark);
    if (number <= mark.wanted) return;
    mark.wanted = number;
    this.#schedule(mark, TOGETHER_MS);
  }

  /** @param {Socket | null} socket */
  connected(socket) {
    this.#socket = socket;
    for (const mark of this.#marks.values()) {
      mark.timer?.();
      mark.timer = null;
      if (socket && mark.wanted > mark.told) this.#schedule(mark, TOGETHER_MS);
    }
  }

  /** @param {string} room */
  forget(room) {
    for (const [key, mark] of this.#marks) {
      if (mark.room !== room) continue;
      mark.timer?.();
      this.#marks.delete(key);
    }
  }

  clear() {
    for (const mark of this.#marks.values()) mark.timer?.();
    this.#marks.clear();
  }

  /**
   * @param {{ kind: MarkKind, room: string, wanted: number, told: number, timer: (() => void) | null }} mark
   * @param {number} waitMs
   */
  #schedule(mark, waitMs) {
    mark.timer ??= later(async () => {
      const socket = this.#socket;
      if (!socket) {
        mark.timer = null;
        return;
      }
      const number = mark.wanted;
      let againMs = TOGETHER_MS;
      try {
        const ack = await socket.ask({ type: mark.kind, room_id: mark.room, number });
        mark.told = Math.max(mark.told, number);
        if (mark.kind === 'read') this.#on.read({ room_id: mark.room, number: ack.number ?? number, unread: ack.unread ?? 0 });
      } catch (error) {
        if (error instanceof Problem && error.isFinal) mark.told = Math.max(mark.told, number);
        againMs = error instanceof Problem ? error.retryAfterMs ?? RETRY_MS : RETRY_MS;
      }
      if (socket !== this.#socket) return;
      mark.timer = null;
      if (mark.wanted > mark.told) this.#schedule(mark, againMs);
    }, waitMs);
  }
}
