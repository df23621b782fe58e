// A login: signing in, renewing its tokens in time and once, signing out.
import { Emitter } from './emitter.js';
import { Problem } from './problem.js';
import { backoff, later, pause } from './timing.js';

/** @import { AccessTokens, LogInBody, Me, RegisterBody } from './generated/types.js' */
/** @import { Lock, SessionEvents, Tokens } from './types/client.js' */
/** @import { SessionParts } from './types/parts.js' */

/** Renewed so long before its end, or after half of its life if that is later. */
const EARLY_MS = 90_000;
/** A token with less life than this is not used for a request. */
const MARGIN_MS = 5_000;
/** Between renewals that fail. */
const AGAIN = { baseMs: 1_000, capMs: 15_000 };

/** @type {Lock} */
const browserLock = (name, act) => {
  const locks = globalThis.navigator?.locks;
  return locks ? /** @type {any} */ (locks.request(name, act)) : act();
};

/** @extends {Emitter<SessionEvents>} */
export class Session extends Emitter {
  #isLeaving = false;
  #rest;
  #store;
  #lock;
  /** @type {Tokens | null} */
  #tokens = null;
  /** @type {Promise<string> | null} */
  #renewing = null;
  #timer = () => {};
  /** Renewals that failed since the last that did not. */
  #failures = 0;
  #unwatch = () => {};
  #getToken;

  /** @param {SessionParts} parts */
  constructor({ rest, store, lock = browserLock, getToken }) {
    super();
    this.#rest = rest;
    this.#store = store;
    this.#lock = lock;
    this.#getToken = getToken;
  }

  /** Who is signed in; null for nobody. */
  get user() {
    return this.#tokens?.user ?? null;
  }

  /** Takes up the login that the store holds; null when there is none. */
  async restore() {
    this.#unwatch();
    this.#unwatch = this.#store.watch?.(() => void this.#adoptStored()) ?? this.#unwatch;
    await this.#adoptStored();
    return this.user;
  }

  /** @param {LogInBody} body */
  async logIn(body) {
    return this.#begin(await this.#rest.logIn({ body }));
  }

  /** @param {RegisterBody} body */
  async register(body) {
    return this.#begin(await this.#rest.register({ body }));
  }

  /**
   * Ends the login here and, when it can be reached, at the server.
   *
   * @param {(refreshToken: string) => Promise<unknown>} tell
   */
  async logOut(tell) {
    const tokens = this.#tokens;
    if (!tokens) return;
    try {
      await this.accessToken();
      await tell(this.#tokens?.refresh_token ?? tokens.refresh_token);
    } catch {
      // It ends by itself in time; here it ends now.
    }
    await this.#end('asked');
  }

  /**
   * Ends the login by a deed after which the server takes it no more; what it then says of it is no news.
   *
   * @param {() => Promise<unknown>} deed
   */
  async leave(deed) {
    this.#isLeaving = true;
    try {
      await deed();
      await this.#end('asked');
    } finally {
      this.#isLeaving = false;
    }
  }

  /**
   * A token that is good for a moment yet.
   *
   * @returns {Promise<string>}
   */
  async accessToken() {
    if (this.#getToken) return this.#getToken();
    if (!this.#tokens) throw new Problem('unauthenticated', 'nobody is signed in');
    if (this.#tokens.expires_at - Date.now() > MARGIN_MS) return this.#tokens.access_token;
    return this.renew();
  }

  /**
   * Another token than the one that was refused.
   *
   * @param {string} refused
   */
  async renewed(refused) {
    if (this.#getToken) {
      const token = await this.#getToken();
      return token === refused ? null : token;
    }
    if (!this.#tokens) return null;
    return this.#tokens.access_token === refused ? this.renew() : this.#tokens.access_token;
  }

  /**
   * A new pair, once however many ask.
   *
   * @returns {Promise<string>}
   */
  renew() {
    if (this.#getToken) {
      return this.#getToken().then((token) => {
        this.emit('renewed', { token });
        return token;
      });
    }
    this.#renewing ??= this.#renewInTurn().finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  /** The network may be back: a renewal that failed is tried again at once. */
  nudge() {
    if (this.#failures > 0) void this.renew().catch(() => {});
  }

  /** The server said that the login is over. */
  async refused() {
    await this.#end('refused');
  }

  /** @param {Me} user As it is now. */
  async changed(user) {
    const tokens = this.#tokens;
    if (!tokens || tokens.user.id !== user.id || JSON.stringify(tokens.user) === JSON.stringify(user)) return;
    this.#tokens = { ...tokens, user };
    this.emit('user', { user });
    await this.#lock(this.#turn(tokens), async () => {
      const stored = await this.#store.load();
      // Another tab's newer pair must not be overwritten.
      if (this.#tokens && stored?.refresh_token === this.#tokens.refresh_token) await this.#store.save(this.#tokens);
    });
  }

  /** Stops the timers; the login stays in the store. */
  close() {
    this.#timer();
    this.#unwatch();
  }

  /** @returns {Promise<string>} */
  async #renewInTurn() {
    const before = this.#tokens;
    if (!before) throw new Problem('unauthenticated', 'nobody is signed in');
    return this.#lock(this.#turn(before), async () => {
      if (await this.#isAdopted(before)) return this.#present().access_token;
      const spent = this.#present();
      let answer;
      try {
        answer = await this.#refresh(spent);
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'unauthenticated') {
          this.#again(error);
          throw error;
        }
        // Another tab may have spent it just before us.
        if (await this.#isAdopted(spent)) return this.#present().access_token;
        if (this.#tokens?.refresh_token === spent.refresh_token) await this.#end('refused');
        throw error;
      }
      if (this.#tokens?.refresh_token !== spent.refresh_token) throw new Problem('unauthenticated', 'the login ended meanwhile');
      await this.#keep(tokensOf(answer));
      this.emit('renewed', { token: answer.access_token });
      return answer.access_token;
    });
  }

  /** @param {Tokens} tokens */
  #turn(tokens) {
    return `confab.renew.${this.#store.name ?? tokens.user.id}`;
  }

  #present() {
    if (!this.#tokens) throw new Problem('unauthenticated', 'nobody is signed in');
    return this.#tokens;
  }

  /**
   * A lost answer is asked for again at once: the server takes a spent token for a few seconds yet, and later holds it
   * for stolen.
   *
   * @param {Tokens} tokens
   */
  async #refresh(tokens) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#rest.refresh({ body: { refresh_token: tokens.refresh_token } }, { timeoutMs: 4_000 });
      } catch (error) {
        if (attempt >= 2 || !(error instanceof Problem) || (error.code !== 'offline' && error.code !== 'timeout')) throw error;
        await pause(backoff(attempt, { baseMs: 300, capMs: 1_000 }));
      }
    }
  }

  /**
   * Its answer may be lost, and a spent token is taken only for so long: soon again, and not all at once.
   *
   * @param {unknown} error
   */
  #again(error) {
    this.#timer();
    const waitMs = (error instanceof Problem ? error.retryAfterMs : null) ?? 500 + backoff(this.#failures, AGAIN);
    this.#failures += 1;
    this.#timer = later(() => void this.renew().catch(() => {}), waitMs);
  }

  /**
   * Whether another tab has renewed; its pair is ours then.
   *
   * @param {Tokens} before
   */
  async #isAdopted(before) {
    const stored = await this.#store.load();
    if (!stored || stored.refresh_token === before.refresh_token || stored.user.id !== before.user.id) return false;
    if (this.#tokens?.refresh_token === stored.refresh_token) return true;
    if (stored.expires_at - Date.now() <= MARGIN_MS) {
      // Its access token is old too: go on with its refresh token.
      this.#set(stored);
      return false;
    }
    this.#set(stored);
    this.emit('renewed', { token: stored.access_token });
    return true;
  }

  async #adoptStored() {
    const stored = await this.#store.load();
    const before = this.#tokens;
    if (stored?.refresh_token === before?.refresh_token) return;
    this.#set(stored);
    if (!stored) this.emit('signedOut', { reason: 'asked' });
    else if (before?.user.id === stored.user.id) this.emit('renewed', { token: stored.access_token });
    else {
      if (before) this.emit('signedOut', { reason: 'asked' });
      this.emit('signedIn', { user: stored.user });
    }
  }

  /** @param {AccessTokens} answer */
  async #begin(answer) {
    await this.#keep(tokensOf(answer));
    this.emit('signedIn', { user: answer.user });
    return answer.user;
  }

  /** @param {'asked' | 'refused'} reason */
  async #end(reason) {
    const ended = this.#tokens;
    if (!ended) return;
    this.#set(null);
    const stored = await this.#store.load();
    if (stored?.user.id === ended.user.id) await this.#store.save(null);
    this.emit('signedOut', { reason: this.#isLeaving ? 'asked' : reason });
  }

  /** @param {Tokens} tokens */
  async #keep(tokens) {
    this.#set(tokens);
    await this.#store.save(tokens);
  }

  /** @param {Tokens | null} tokens */
  #set(tokens) {
    this.#tokens = tokens;
    this.#failures = 0;
    this.#timer();
    if (!tokens) return;
    const lifeMs = tokens.expires_at - Date.now();
    const waitMs = Math.max(lifeMs - EARLY_MS, lifeMs / 2, 0);
    // A failure that matters shows at the next request, which renews too.
    this.#timer = later(() => void this.renew().catch(() => {}), waitMs + 1_000);
  }
}

/**
 * @param {AccessTokens} answer
 * @returns {Tokens}
 */
function tokensOf({ access_token, refresh_token, expires_in, user }) {
  return { access_token, refresh_token, expires_at: Date.now() + expires_in * 1000, user };
}
