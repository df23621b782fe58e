// How others are, as far as it is known; and how I am, said again on each connection.

/** @import { UserOfflineSignal, UserOnlineSignal } from './generated/types.js' */
/** @import { Socket } from './socket.js' */
/** @import { Standing } from './types/client.js' */

export class Presence {
  /** @type {Map<string, Standing>} */
  #others = new Map();
  /** @type {'online' | 'away' | 'busy'} */
  #mine = 'online';
  #changed;

  /** @param {(change: { user_id: string } & Standing) => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * What is known of somebody; null if nothing is.
   *
   * @param {string} userId
   */
  of(userId) {
    return this.#others.get(userId) ?? null;
  }

  /** What I said last. */
  get mine() {
    return this.#mine;
  }

  /**
   * What REST answered: `listPresence`, `userPresence`, a conversation.
   *
   * @param {{ user_id: string, status: string, last_seen_at?: string | null }[]} people
   */
  learn(people) {
    for (const { user_id, status, last_seen_at = null } of people) {
      const known = this.#others.get(user_id);
      if (known?.status === status && known.last_seen_at === last_seen_at) continue;
      this.#others.set(user_id, { status, last_seen_at });
      this.#changed({ user_id, status, last_seen_at });
    }
  }

  /** @param {UserOnlineSignal | UserOfflineSignal} signal */
  heard({ user_id, status, last_seen_at = null }) {
    this.learn([{ user_id, status, last_seen_at }]);
  }

  /**
   * @param {Socket | null} socket
   * @param {'online' | 'away' | 'busy'} status
   */
  say(socket, status) {
    if (status === this.#mine) return;
    this.#mine = status;
    socket?.say({ type: 'presence', status });
  }

  /** @param {Socket} socket */
  connected(socket) {
    if (this.#mine !== 'online') socket.say({ type: 'presence', status: this.#mine });
  }

  clear() {
    this.#others.clear();
    this.#mine = 'online';
  }
}
