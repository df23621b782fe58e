// Keeps one socket alive: comes back after a break, at a decent pace, until it is told to stop.
import { Problem } from './problem.js';
import { Socket } from './socket.js';
import { backoff, later } from './timing.js';

/** @import { HelloFrame } from './generated/types.js' */
/** @import { Closed, ConnectionState } from './types/client.js' */
/** @import { ConnectionParts } from './types/parts.js' */

const BACKOFF = { baseMs: 500, capMs: 30_000 };
/** A connection that lived for so long was a success: the next break begins at the shortest wait. */
const STABLE_MS = 5_000;
/** Close codes after which one does not come back. */
const FINAL_CODE = { min: 4500, max: 4999 };
const EXPIRED_CODE = 4006;
/** Invalid token, session revoked. */
const LOGIN_CODES = new Set([4501, 4504]);

export class Connection {
  #address;
  #session;
  #WebSocket;
  #times;
  #on;
  /** @type {Socket | null} */
  #socket = null;
  /** The socket, once it said `hello`. @type {Socket | null} */
  #live = null;
  #wanted = false;
  /** Which attempt is the present one; what an earlier one still does is ignored. */
  #generation = 0;
  #timer = () => {};
  #token = '';
  /** @type {ConnectionState} */
  #state = {
    phase: 'idle', attempt: 0, retryAt: null, why: null, needsLogin: false, roundTripMs: null, connectionId: null,
  };

  /** @param {ConnectionParts} parts */
  constructor({ address, session, WebSocket, times, on }) {
    this.#address = address;
    this.#session = session;
    this.#WebSocket = WebSocket;
    this.#times = times;
    this.#on = on;
  }

  get state() {
    return this.#state;
  }

  /** The socket, while it may be spoken to. */
  get socket() {
    return this.#live;
  }

  /** Connects, and comes back from now on. */
  open() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#change({ attempt: 0, why: null, needsLogin: false });
    void this.#attempt();
  }

  /** A plain goodbye. */
  close() {
    this.#wanted = false;
    this.#generation += 1;
    this.#timer();
    this.#drop((socket) => socket.close());
    this.#change({ phase: 'idle', retryAt: null, connectionId: null });
  }

  /** Drops the connection as a broken network would; it comes back by itself. */
  cut() {
    this.#socket?.cut();
  }

  /** There is reason to believe that the network has changed: try now, or see whether it is still there. */
  nudge() {
    if (!this.#wanted) return;
    if (this.#state.phase === 'waiting') void this.#attempt();
    else this.#live?.probe();
  }

  /**
   * The login has another token.
   *
   * @param {string} token
   */
  async renewed(token) {
    const socket = this.#live;
    if (!socket || token === this.#token) return;
    this.#token = token;
    try {
      await socket.ask({ type: 'auth', token });
    } catch (error) {
      // It runs out with the old token and comes back with the new one; a lost connection does so anyway.
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Ends this connection and does not come back: the login is over. */
  refuse() {
    this.#stop({ code: 4504, reason: 'signed out', reconnectAfterMs: null }, true);
  }

  async #attempt() {
    this.#timer();
    this.#generation += 1;
    const generation = this.#generation;
    this.#change({ phase: 'connecting', retryAt: null });
    let token;
    try {
      token = await this.#session.accessToken();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Problem && error.code === 'unauthenticated') {
        this.#stop({ code: 4501, reason: error.message, reconnectAfterMs: null }, true);
      } else {
        const retryAfterMs = error instanceof Problem ? error.retryAfterMs : null;
        this.#retry({ code: 1006, reason: String(error), reconnectAfterMs: retryAfterMs });
      }
      return;
    }
    if (generation !== this.#generation) return;
    this.#token = token;
    let bornAt = 0;
    const socket = new Socket({
      WebSocket: this.#WebSocket,
      url: this.#address.socket('ws', this.#on.query()),
      protocols: ['confab.v1', `bearer.${token}`],
      times: this.#times,
      on: {
        hello: (hello) => {
          if (generation !== this.#generation) return;
          bornAt = Date.now();
          this.#live = socket;
          this.#change({ phase: 'resuming', connectionId: hello.connection_id });
          void this.#resume(generation, hello, socket);
        },
        frame: (frame) => {
          if (generation === this.#generation) this.#on.frame(frame);
        },
        closed: (closed) => {
          if (generation === this.#generation) this.#lost(closed, bornAt);
        },
        tap: this.#on.tap,
        roundTrip: (roundTripMs) => this.#change({ roundTripMs }),
      },
    });
    this.#socket = socket;
  }

  /**
   * @param {number} generation
   * @param {HelloFrame} hello
   * @param {Socket} socket
   */
  async #resume(generation, hello, socket) {
    try {
      await this.#on.hello(hello, socket);
      if (generation === this.#generation && this.#live === socket) this.#change({ phase: 'online' });
    } catch (error) {
      // Its place in the stream is not known: only a fresh start makes it whole.
      socket.cut(`resume failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  /**
   * @param {Closed} closed
   * @param {number} bornAt When it said `hello`; 0 if never.
   */
  #lost(closed, bornAt) {
    this.#socket = null;
    this.#live = null;
    if (bornAt > 0) this.#on.lost();
    if (closed.code >= FINAL_CODE.min && closed.code <= FINAL_CODE.max) {
      const needsLogin = LOGIN_CODES.has(closed.code);
      this.#stop(closed, needsLogin);
      if (needsLogin) void this.#session.refused();
      return;
    }
    if (bornAt > 0 && Date.now() - bornAt >= STABLE_MS) this.#change({ attempt: 0 });
    if (closed.code === EXPIRED_CODE) {
      // Whether it worked shows at the next attempt.
      void this.#session.renewed(this.#token).catch(() => {}).then(() => this.#retry(closed));
    } else this.#retry(closed);
  }

  /** @param {Closed} closed */
  #retry(closed) {
    if (!this.#wanted) return;
    const { attempt } = this.#state;
    const waitMs = closed.reconnectAfterMs ?? backoff(attempt, BACKOFF);
    this.#timer();
    this.#timer = later(() => void this.#attempt(), waitMs);
    this.#change({
      phase: 'waiting', attempt: attempt + 1, retryAt: Date.now() + waitMs, why: closed, connectionId: null,
    });
  }

  /**
   * @param {Closed} closed
   * @param {boolean} needsLogin
   */
  #stop(closed, needsLogin) {
    this.#wanted = false;
    this.#generation += 1;
    this.#timer();
    this.#drop((socket) => socket.close());
    this.#change({ phase: 'stopped', why: closed, needsLogin, retryAt: null, connectionId: null });
  }

  /** @param {(socket: Socket) => void} end */
  #drop(end) {
    const socket = this.#socket;
    const wasLive = this.#live !== null;
    this.#socket = null;
    this.#live = null;
    if (socket) end(socket);
    if (wasLive) this.#on.lost();
  }

  /** @param {Partial<ConnectionState>} change */
  #change(change) {
    this.#state = { ...this.#state, ...change };
    this.#on.state(this.#state);
  }
}

/**
 * Calls back when there is reason to look whether a connection is still there; does nothing where there is no page.
 *
 * @param {() => void} nudge
 * @param {() => void} lost
 * @returns {() => void} Ends it.
 */
export function watchNetwork(nudge, lost) {
  const { document } = /** @type {any} */ (globalThis);
  if (!document || typeof globalThis.addEventListener !== 'function') return () => {};
  const shown = () => {
    if (document.visibilityState === 'visible') nudge();
  };
  globalThis.addEventListener('online', nudge);
  globalThis.addEventListener('offline', lost);
  // The page comes back out of the browser's cache with its connection gone.
  globalThis.addEventListener('pageshow', nudge);
  document.addEventListener('visibilitychange', shown);
  return () => {
    globalThis.removeEventListener('online', nudge);
    globalThis.removeEventListener('offline', lost);
    globalThis.removeEventListener('pageshow', nudge);
    document.removeEventListener('visibilitychange', shown);
  };
}
