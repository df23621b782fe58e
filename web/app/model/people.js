// People that the page has heard of, and how they are.
import { Observable } from '../lib/observable.js';
import { client } from './client.js';

/** @import { User } from '../types.js' */

/** Asked for at once. */
const ASKED_MAX = 4;

export class People extends Observable {
  /** @type {Map<string, User>} */
  #known = new Map();
  /** Whether I have blocked them, of those about whom it was asked. @type {Map<string, boolean>} */
  blocked = new Map();
  /** Not there, or not to be had now. @type {Set<string>} */
  #asked = new Set();
  /** @type {string[]} */
  #wanted = [];
  #running = 0;

  constructor() {
    super();
    client.on('presence', () => this.changed());
  }

  /** @param {string} id */
  get(id) {
    return this.#known.get(id) ?? null;
  }

  /** Also asks the server when it has not been asked yet. @param {string} id */
  want(id) {
    const known = this.#known.get(id);
    if (!known && !this.#asked.has(id)) {
      this.#asked.add(id);
      this.#wanted.push(id);
      this.#next();
    }
    return known ?? null;
  }

  #next() {
    while (this.#running < ASKED_MAX && this.#wanted.length > 0) {
      const id = /** @type {string} */ (this.#wanted.pop());
      this.#running += 1;
      client.rest
        .profile({ user_id: id })
        .then((user) => this.learn([user]))
        // Another look at the message asks again later.
        .catch(() => setTimeout(() => this.#asked.delete(id), 10_000))
        .finally(() => {
          this.#running -= 1;
          this.#next();
        });
    }
  }

  /** @param {(User | null | undefined)[]} users */
  learn(users) {
    let isNews = false;
    for (const user of users) {
      if (!user) continue;
      const known = this.#known.get(user.id);
      if (known && JSON.stringify(known) === JSON.stringify(user)) continue;
      this.#known.set(user.id, { ...known, ...user });
      isNews = true;
    }
    if (isNews) this.changed();
  }

  /** @param {string} id */
  presenceOf(id) {
    return client.presence.of(id) ?? { status: 'offline', last_seen_at: null };
  }

  clear() {
    this.#known.clear();
    this.#asked.clear();
    this.blocked.clear();
    this.changed();
  }
}
