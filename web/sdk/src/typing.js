// Who types: mine told no oftener than the server passes on, others' ended when they should be.
import { later } from './timing.js';

/** @import { TypingSignal } from './generated/types.js' */
/** @import { Socket } from './socket.js' */

/** The server passes on one in so long. */
const EVERY_MS = 3_000;
/** A signal ends by itself after so long. */
const LASTS_MS = 6_000;
/** A slow network has better things to carry. */
const BUFFERED_BYTES_MAX = 16_384;

export class Typing {
  /** When I last said that I type, by room. @type {Map<string, number>} */
  #mine = new Map();
  /** By room and person. @type {Map<string, Map<string, () => void>>} */
  #others = new Map();
  #changed;

  /** @param {(change: { room_id: string, user_ids: string[] }) => void} changed Who types there now. */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * @param {Socket | null} socket
   * @param {string} room
   * @param {boolean} active
   */
  say(socket, room, active) {
    const now = Date.now();
    const saidAt = this.#mine.get(room) ?? 0;
    if (active ? now - saidAt < EVERY_MS : saidAt === 0) return;
    if (active) this.#mine.set(room, now);
    else this.#mine.delete(room);
    // Missed is missed: it would be old news later.
    if (!socket || socket.waitingFrames > 0 || socket.bufferedBytes > BUFFERED_BYTES_MAX) return;
    if (active || now - saidAt < LASTS_MS) socket.say({ type: 'typing', room_id: room, active });
  }

  /**
   * What I typed is sent; the message itself says so to the others.
   *
   * @param {string} room
   */
  sent(room) {
    this.#mine.delete(room);
  }

  /** @param {TypingSignal} signal */
  heard({ room_id, user_id, active }) {
    if (!active) return this.ended(room_id, user_id);
    const typing = this.#others.get(room_id) ?? new Map();
    this.#others.set(room_id, typing);
    const isNew = !typing.has(user_id);
    typing.get(user_id)?.();
    typing.set(user_id, later(() => this.ended(room_id, user_id), LASTS_MS));
    if (isNew) this.#tell(room_id);
  }

  /**
   * @param {string} room
   * @param {string} user
   */
  ended(room, user) {
    const typing = this.#others.get(room);
    const stop = typing?.get(user);
    if (!typing || !stop) return;
    stop();
    typing.delete(user);
    if (typing.size === 0) this.#others.delete(room);
    this.#tell(room);
  }

  /** @param {string} room */
  in(room) {
    return [...(this.#others.get(room)?.keys() ?? [])];
  }

  /** The connection is gone, and with it the word of who stopped. */
  clear() {
    this.#mine.clear();
    for (const [room, typing] of [...this.#others]) {
      for (const stop of typing.values()) stop();
      this.#others.delete(room);
      this.#tell(room);
    }
  }

  /** @param {string} room */
  #tell(room) {
    this.#changed({ room_id: room, user_ids: this.in(room) });
  }
}
