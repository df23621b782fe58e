// What was said and is not acknowledged yet: kept, in order per room, until the server has it or refuses it for good.
import { Problem } from './problem.js';
import { backoff, later } from './timing.js';
import { storageOfPage } from './tokens.js';

/** @import { Message } from './generated/types.js' */
/** @import { Socket } from './socket.js' */
/** @import { Draft, OutboxStore, Outgoing, OutgoingState } from './types/client.js' */
/** @import { OutboxParts } from './types/parts.js' */

/** Messages that may wait, over all rooms. */
export const OUTBOX_MAX = 500;
const BACKOFF = { baseMs: 500, capMs: 30_000 };

export class Outbox {
  #store;
  #on;
  /** @type {string | null} */
  #userId = null;
  /** @type {Map<string, Outgoing>} By client id, in the order they were said. */
  #all = new Map();
  /** Rooms that have one on its way, or wait before another attempt. @type {Map<string, () => void>} */
  #busy = new Map();
  /** @type {Map<string, { resolve: (outgoing: Outgoing) => void, reject: (problem: Problem) => void }[]>} */
  #waiting = new Map();
  /** @type {Map<string, number>} */
  #attempts = new Map();
  /** @type {Socket | null} */
  #socket = null;

  /** @param {OutboxParts} parts */
  constructor({ store, on }) {
    this.#store = store;
    this.#on = on;
  }

  /**
   * Takes over what this person had not got rid of.
   *
   * @param {string | null} userId
   */
  async open(userId) {
    if (userId === this.#userId) return;
    this.#userId = userId;
    this.#all.clear();
    for (const stop of this.#busy.values()) stop();
    this.#busy.clear();
    for (const clientId of [...this.#waiting.keys()]) this.#settle(clientId, null, new Problem('stopped', 'signed out'));
    if (userId === null || !this.#store) return;
    const stored = await this.#store.load(userId);
    if (userId !== this.#userId) return;
    for (const { client_id, state } of stored) if (state === 'sent') void this.#store.remove(userId, client_id);
    const kept = stored.filter(({ state }) => state !== 'sent');
    kept.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    const said = [...this.#all];
    this.#all = new Map([...kept.slice(0, OUTBOX_MAX).map((one) => /** @type {const} */ ([one.client_id, one])), ...said]);
    for (const outgoing of kept) this.#on.changed(outgoing);
    this.#pump();
  }

  /**
   * What has not come back as an event yet, in the order it was said.
   *
   * @param {string} [room]
   * @returns {Outgoing[]}
   */
  list(room) {
    return [...this.#all.values()].filter((outgoing) => room === undefined || outgoing.room_id === room);
  }

  /**
   * @param {string} room
   * @param {Draft} draft
   * @returns {Outgoing}
   */
  send(room, draft) {
    if (this.#userId === null) throw new Problem('unauthenticated', 'nobody is signed in');
    if (this.#all.size >= OUTBOX_MAX) throw new Problem('outbox_full', `${OUTBOX_MAX} messages wait already`);
    const outgoing = {
      client_id: uniqueId(),
      room_id: room,
      draft,
      state: /** @type {OutgoingState} */ ('pending'),
      created_at: new Date().toISOString(),
      problem: null,
      message_id: null,
      number: null,
      seq: null,
    };
    this.#put(outgoing);
    this.#pump(room);
    return outgoing;
  }

  /**
   * Once the server has it.
   *
   * @param {string} clientId
   * @returns {Promise<Outgoing>} Rejects with the problem when it is refused for good.
   */
  settled(clientId) {
    const outgoing = this.#all.get(clientId);
    if (!outgoing) return Promise.reject(new Problem('not_found', 'no such message in the outbox'));
    if (outgoing.state === 'sent') return Promise.resolve(outgoing);
    if (outgoing.state === 'failed') return Promise.reject(problemOf(outgoing));
    return new Promise((resolve, reject) => {
      this.#waiting.set(clientId, [...(this.#waiting.get(clientId) ?? []), { resolve, reject }]);
    });
  }

  /**
   * Tries a failed one again, as the latest of its room.
   *
   * @param {string} clientId
   * @returns {Outgoing | null}
   */
  retry(clientId) {
    const failed = this.#all.get(clientId);
    if (failed?.state !== 'failed') return null;
    this.#remove(failed);
    // Its id is of another message then.
    const isTaken = failed.problem?.code === 'conflict';
    const outgoing = {
      ...failed,
      client_id: isTaken ? uniqueId() : failed.client_id,
      created_at: new Date().toISOString(),
      state: /** @type {OutgoingState} */ ('pending'),
      problem: null,
    };
    this.#put(outgoing);
    this.#pump(outgoing.room_id);
    return outgoing;
  }

  /**
   * Forgets one that failed, or that waits while there is no connection.
   *
   * @param {string} clientId
   */
  discard(clientId) {
    const outgoing = this.#all.get(clientId);
    if (!outgoing || outgoing.state === 'sent') return;
    this.#remove(outgoing);
    this.#settle(clientId, null, new Problem('aborted', 'discarded'));
  }

  /**
   * There is a connection, or none any more.
   *
   * @param {Socket | null} socket
   */
  connected(socket) {
    this.#socket = socket;
    for (const stop of this.#busy.values()) stop();
    this.#busy.clear();
    if (socket) this.#pump();
  }

  /**
   * A message as the server has it: if it is ours, it has arrived.
   *
   * @param {Message} message
   */
  seen(message) {
    const outgoing = this.#all.get(message.client_id);
    if (!outgoing || outgoing.room_id !== message.room_id || message.sender_id !== this.#userId) return;
    this.#remove(outgoing);
    const sent = { ...outgoing, ...placeOf(message.id, message.number, message.seq), state: /** @type {OutgoingState} */ ('sent'), problem: null };
    this.#settle(message.client_id, sent, null);
  }

  /**
   * Everything of the room up to here was seen, or never will be as an event.
   *
   * @param {string} room
   * @param {number} seq
   */
  passed(room, seq) {
    for (const outgoing of this.list(room)) {
      if (outgoing.state === 'sent' && (outgoing.seq ?? 0) <= seq) this.#remove(outgoing);
    }
  }

  /**
   * A room is gone: what was for it has no place.
   *
   * @param {string} room
   */
  roomGone(room) {
    for (const outgoing of this.list(room)) {
      if (outgoing.state === 'sent') this.#remove(outgoing);
      else this.#fail(outgoing, new Problem('not_found', 'not a member of this room any more'));
    }
  }

  /** @param {string} [only] */
  #pump(only) {
    const rooms = only === undefined ? new Set(this.list().map((outgoing) => outgoing.room_id)) : [only];
    for (const room of rooms) {
      if (this.#socket && !this.#busy.has(room)) {
        const next = this.list(room).find((outgoing) => outgoing.state === 'pending');
        if (next) void this.#attempt(next, this.#socket);
      }
    }
  }

  /**
   * One at a time in a room: a later one must not overtake an earlier one that has to be repeated.
   *
   * @param {Outgoing} outgoing
   * @param {Socket} socket
   */
  async #attempt(outgoing, socket) {
    const { client_id, room_id, draft } = outgoing;
    this.#busy.set(room_id, () => {});
    let waitMs = 0;
    try {
      const ack = await socket.ask({ type: 'message', room_id, client_id, .../** @type {any} */ (draft) });
      if (this.#all.get(client_id) === outgoing) {
        const sent = { ...outgoing, ...placeOf(ack.message_id, ack.number, ack.seq), state: /** @type {OutgoingState} */ ('sent'), problem: null };
        this.#put(sent);
        this.#settle(client_id, sent, null);
      }
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('internal', String(error));
      if (socket === this.#socket && this.#all.get(client_id) === outgoing) {
        if (problem.isFinal) this.#fail(outgoing, problem);
        else {
          waitMs = this.#waitAfter(client_id, problem);
          if (problem.code === 'rate_limited') {
            this.#put({ ...outgoing, problem: { code: problem.code, reason: problem.message }, retry_at: Date.now() + waitMs });
          }
        }
      }
    }
    // Of an earlier connection: the next one has begun anew.
    if (socket !== this.#socket) return;
    if (waitMs === 0) {
      this.#busy.delete(room_id);
      this.#pump(room_id);
      return;
    }
    this.#busy.set(room_id, later(() => {
      this.#busy.delete(room_id);
      this.#pump(room_id);
    }, waitMs));
  }

  /**
   * @param {string} clientId
   * @param {Problem} problem
   */
  #waitAfter(clientId, problem) {
    if (problem.code === 'unauthenticated') void this.#on.unauthenticated().catch(() => {});
    const attempt = this.#attempts.get(clientId) ?? 0;
    this.#attempts.set(clientId, attempt + 1);
    return Math.max(1, problem.retryAfterMs ?? backoff(attempt, BACKOFF));
  }

  /**
   * @param {Outgoing} outgoing
   * @param {Problem} problem
   */
  #fail(outgoing, problem) {
    const failed = { ...outgoing, state: /** @type {OutgoingState} */ ('failed'), problem: { code: problem.code, reason: problem.message } };
    this.#put(failed);
    this.#settle(outgoing.client_id, null, problem);
  }

  /** @param {Outgoing} outgoing */
  #put(outgoing) {
    this.#all.set(outgoing.client_id, outgoing);
    if (this.#userId !== null) void this.#store?.put(this.#userId, outgoing);
    this.#on.changed(outgoing);
  }

  /** @param {Outgoing} outgoing */
  #remove(outgoing) {
    this.#all.delete(outgoing.client_id);
    if (this.#userId !== null) void this.#store?.remove(this.#userId, outgoing.client_id);
    this.#on.removed(outgoing);
  }

  /**
   * @param {string} clientId
   * @param {Outgoing | null} outgoing
   * @param {Problem | null} problem
   */
  #settle(clientId, outgoing, problem) {
    this.#attempts.delete(clientId);
    for (const { resolve, reject } of this.#waiting.get(clientId) ?? []) {
      if (outgoing) resolve(outgoing);
      else reject(problem ?? new Problem('internal', 'it was not sent'));
    }
    this.#waiting.delete(clientId);
  }
}

/**
 * @param {string | null | undefined} message_id
 * @param {number | null | undefined} number
 * @param {number | null | undefined} seq
 */
const placeOf = (message_id, number, seq) => ({ message_id: message_id ?? null, number: number ?? null, seq: seq ?? null });

/** @param {Outgoing} outgoing */
const problemOf = ({ problem }) => new Problem(problem?.code ?? 'internal', problem?.reason ?? 'it was refused');

/**
 * In a browser's `localStorage`: an entry a message, so that tabs do not overwrite each other's. Two tabs may both send
 * what one of them left; the server takes it once.
 *
 * @param {Storage} [storage]
 * @param {string} [prefix]
 * @returns {OutboxStore}
 */
export function webOutbox(storage = storageOfPage('webOutbox'), prefix = 'confab.outbox') {
  const key = (/** @type {string} */ userId, /** @type {string} */ clientId) => `${prefix}.${userId}.${clientId}`;
  return {
    load: (userId) => Object.keys(storage).filter((name) => name.startsWith(key(userId, ''))).flatMap((name) => {
      try {
        return [JSON.parse(storage.getItem(name) ?? '')];
      } catch {
        storage.removeItem(name);
        return [];
      }
    }),
    put: (userId, outgoing) => {
      try {
        storage.setItem(key(userId, outgoing.client_id), JSON.stringify(outgoing));
      } catch {
        // Full: it is sent all the same, it only does not outlive the page.
      }
    },
    remove: (userId, clientId) => storage.removeItem(key(userId, clientId)),
  };
}

/**
 * Unique, of visible ASCII. Not `crypto.randomUUID`: pages that were not loaded over HTTPS do not have it.
 *
 * @returns {string} 128 random bits.
 */
export function uniqueId() {
  const bytes = new Uint8Array(16);
  if (globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(bytes);
  else for (const place of bytes.keys()) bytes[place] = Math.floor(Math.random() * 256);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
