// One WebSocket connection: its handshake, its replies, its signs of life, and the pace the server asks for.
import { Problem } from './problem.js';
import { later } from './timing.js';

/** @import { AckFrame, ClientFrame, HelloFrame, PongFrame, ServerFrame } from './generated/types.js' */
/** @import { SocketParts } from './types/parts.js' */

/** Frames that wait for the server's pace. */
const WAITING_MAX = 1_000;
/** Of the server's budget of frames, so that a burst on the way does not exceed it. */
const PACE = 0.75;

export class Socket {
  #socket;
  #times;
  #on;
  /** @type {Map<string, { resolve: (reply: any) => void, reject: (problem: Problem) => void, timer: () => void }>} */
  #replies = new Map();
  /** @type {{ text: string, dropped: (problem: Problem) => void }[]} */
  #waiting = [];
  #waitingTimer = () => {};
  #refs = 0;
  #heardAt = Date.now();
  #frameEachMs = 0;
  #frameWindowMs = 0;
  #budgetFullAt = 0;
  #isOpen = false;
  #isClosed = false;
  /** @type {number | null} */
  #reconnectAfterMs = null;
  /** @type {Array<() => void>} */
  #timers = [];

  /** @param {SocketParts} parts */
  constructor({ WebSocket, url, protocols, times, on }) {
    this.#times = times;
    this.#on = on;
    this.#socket = new WebSocket(url, protocols);
    this.#socket.onmessage = ({ data }) => this.#heard(data);
    this.#socket.onclose = ({ code, reason }) => this.#ended(code, reason);
    this.#socket.onerror = () => {};
    this.#timers.push(later(() => this.cut('no hello in time'), times.openMs));
  }

  /** Bytes that the network has not taken yet. */
  get bufferedBytes() {
    return this.#socket.bufferedAmount;
  }

  /** Frames that wait for the server's pace. */
  get waitingFrames() {
    return this.#waiting.length;
  }

  /**
   * Says something that has no reply.
   *
   * @param {ClientFrame} frame
   */
  say(frame) {
    this.#send(JSON.stringify(frame), () => {});
  }

  /**
   * Says something and waits for its reply. Rejects with the server's problem, or with `timeout` or `offline`, after
   * which it is unknown whether it was done.
   *
   * @param {ClientFrame} frame
   * @param {number} [timeoutMs] 0 for none but the connection's end.
   * @returns {Promise<AckFrame>}
   */
  ask(frame, timeoutMs = this.#times.replyMs) {
    if (this.#isClosed) return Promise.reject(new Problem('offline', 'the connection is closed'));
    this.#refs += 1;
    const ref = String(this.#refs);
    return new Promise((resolve, reject) => {
      const askedAt = Date.now();
      const doubt = later(() => {
        if (this.#heardAt <= askedAt) this.probe();
      }, this.#times.probeMs);
      const failed = (/** @type {Problem} */ problem) => {
        this.#replies.get(ref)?.timer();
        this.#replies.delete(ref);
        reject(problem);
      };
      const end = timeoutMs === 0 ? () => {} : later(() => failed(new Problem('timeout', `no reply within ${timeoutMs} ms`)), timeoutMs);
      const timer = () => {
        doubt();
        end();
      };
      this.#replies.set(ref, { resolve, reject: failed, timer });
      this.#send(JSON.stringify({ ref, ...frame }), failed);
    });
  }

  /** Asks for a sign of life at once; the connection is cut when there is none soon. */
  probe() {
    if (this.#isOpen && !this.#isClosed) this.#ping(this.#times.probeMs);
  }

  /** A plain goodbye. */
  close() {
    if (this.#isClosed) return;
    this.#socket.close(1000);
    this.#ended(1000, 'we left');
  }

  /**
   * Ends it at once, without waiting for the other side, which may not be there any more.
   *
   * @param {string} [reason]
   */
  cut(reason = 'cut') {
    if (this.#isClosed) return;
    const socket = /** @type {any} */ (this.#socket);
    // The npm package can; a browser can only ask nicely, and is not listened to any more.
    if (typeof socket.terminate === 'function') socket.terminate();
    else socket.close();
    this.#ended(1006, reason);
  }

  /** @param {unknown} data */
  #heard(data) {
    if (this.#isClosed || typeof data !== 'string') return;
    this.#heardAt = Date.now();
    this.#on.tap({ direction: 'in', at: this.#heardAt, text: data });
    /** @type {ServerFrame} */
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === 'hello') this.#opened(frame);
    else if (frame.type === 'ack' || frame.type === 'pong') this.#replied(frame.ref, frame);
    else if (frame.type === 'error' && frame.ref && !frame.room_id && this.#replies.has(frame.ref)) {
      this.#replies.get(frame.ref)?.reject(Problem.fromFrame(frame));
    } else {
      if (frame.type === 'server_closing') this.#reconnectAfterMs = frame.reconnect_after_ms;
      this.#on.frame(frame);
    }
  }

  /** @param {HelloFrame} hello */
  #opened(hello) {
    this.#isOpen = true;
    for (const stop of this.#timers.splice(0)) stop();
    const { frames_per_window, frames_window_ms } = hello.limits;
    // 0 is no limit.
    this.#frameEachMs = frames_per_window === 0 ? 0 : frames_window_ms / frames_per_window;
    this.#frameWindowMs = frames_window_ms * PACE;
    const pingMs = this.#times.pingMs ?? hello.heartbeat_interval_ms;
    const pings = setInterval(() => this.#ping(Math.min(this.#times.silenceMs, 2 * this.#times.probeMs)), pingMs);
    /** @type {any} */ (pings).unref?.();
    this.#timers.push(() => clearInterval(pings));
    this.#watchSilence();
    this.#on.hello(hello);
  }

  #watchSilence() {
    const leftMs = this.#heardAt + this.#times.silenceMs - Date.now();
    if (leftMs <= 0) this.cut(`nothing heard for ${this.#times.silenceMs} ms`);
    else this.#timers[1] = later(() => this.#watchSilence(), leftMs + 1);
  }

  /** @param {number} patienceMs */
  #ping(patienceMs) {
    this.#refs += 1;
    const ref = String(this.#refs);
    const askedAt = Date.now();
    const answered = (/** @type {PongFrame} */ _) => this.#on.roundTrip(Date.now() - askedAt);
    const failed = () => {
      // Other words are a sign of life as well.
      if (this.#heardAt <= askedAt) this.cut(`no pong within ${patienceMs} ms`);
    };
    const timer = later(() => {
      this.#replies.delete(ref);
      failed();
    }, patienceMs);
    this.#replies.set(ref, { resolve: answered, reject: () => timer(), timer });
    // Past those that wait for their turn: it is there to measure the way, not the queue.
    this.#spend(Date.now());
    this.#put(JSON.stringify({ type: 'ping', ref }));
  }

  /**
   * @param {string | null | undefined} ref
   * @param {AckFrame | PongFrame} frame
   */
  #replied(ref, frame) {
    const reply = this.#replies.get(ref ?? '');
    if (!reply) return;
    this.#replies.delete(ref ?? '');
    reply.timer();
    reply.resolve(frame);
  }

  /**
   * Now, or when the server's budget allows.
   *
   * @param {string} text
   * @param {(problem: Problem) => void} dropped
   */
  #send(text, dropped) {
    if (this.#isClosed) return dropped(new Problem('offline', 'the connection is closed'));
    if (this.#waiting.length >= WAITING_MAX) return dropped(new Problem('rate_limited', 'too many frames wait'));
    this.#waiting.push({ text, dropped });
    if (this.#waiting.length === 1) this.#flush();
  }

  #flush() {
    this.#waitingTimer();
    while (this.#waiting.length > 0) {
      const now = Date.now();
      const waitMs = Math.max(this.#budgetFullAt, now) + this.#frameEachMs - now - this.#frameWindowMs;
      if (this.#frameEachMs > 0 && waitMs > 0) {
        this.#waitingTimer = later(() => this.#flush(), waitMs);
        return;
      }
      this.#spend(now);
      this.#put(/** @type {{ text: string }} */ (this.#waiting.shift()).text);
    }
  }

  /** @param {number} now */
  #spend(now) {
    this.#budgetFullAt = Math.max(this.#budgetFullAt, now) + this.#frameEachMs;
  }

  /** @param {string} text */
  #put(text) {
    if (this.#isClosed) return;
    this.#on.tap({ direction: 'out', at: Date.now(), text });
    this.#socket.send(text);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #ended(code, reason) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waitingTimer();
    for (const stop of this.#timers) stop();
    const problem = new Problem('offline', 'the connection ended before the reply');
    this.#waiting.length = 0;
    for (const { reject } of [...this.#replies.values()]) reject(problem);
    this.#replies.clear();
    this.#on.closed({ code, reason, reconnectAfterMs: this.#reconnectAfterMs });
  }
}
