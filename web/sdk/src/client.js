// The client: one object that an application talks to.
import { Address } from './address.js';
import { Connection, watchNetwork } from './connection.js';
import { Emitter } from './emitter.js';
import { Feed } from './feed.js';
import { History } from './history.js';
import { Marks } from './marks.js';
import { Outbox } from './outbox.js';
import { Presence } from './presence.js';
import { Problem } from './problem.js';
import { authorized, createRest } from './rest.js';
import { Session } from './session.js';
import { memoryTokens } from './tokens.js';
import { Typing } from './typing.js';
import { upload } from './upload.js';

/** @import { AckFrame, ClientFrame, DurableEvent, HelloFrame, LogInBody, Me, Message, RegisterBody, Rest, ServerFrame, Signal, UserUpdatedSignal } from './generated/types.js' */
/** @import { ClientEvents, ClientOptions, ConnectionState, Draft, SocketTimes, UploadOptions } from './types/client.js' */

/** @type {SocketTimes} */
const TIMES = { openMs: 15_000, replyMs: 15_000, silenceMs: 60_000, probeMs: 5_000, pingMs: null };

/** @extends {Emitter<ClientEvents>} */
export class ConfabClient extends Emitter {
  #address;
  #fetch;
  #session;
  #connection;
  #feed;
  #outbox;
  #marks;
  #typing;
  #presence;
  #history;
  #credentials;
  #autoDelivered;
  #unwatch;

  /** @param {ClientOptions} options */
  constructor(options) {
    super();
    const { tokens = memoryTokens(), outbox = null, getToken, lock, autoDelivered = true } = options;
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('this platform has no WebSocket: pass one, such as that of the package ws');
    this.#address = new Address(options.url);
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#autoDelivered = autoDelivered;
    const credentials = {
      accessToken: () => this.#session.accessToken(),
      renewed: (/** @type {string} */ refused) => this.#session.renewed(refused),
    };
    this.#credentials = credentials;
    /** REST, by the names of the OpenAPI document: `rest.createRoom({ body: { … } })`. @type {Rest} */
    this.rest = createRest({ address: this.#address, fetch: this.#fetch, credentials });
    this.#session = new Session({ rest: this.rest, store: tokens, lock, getToken });
    this.#connection = new Connection({
      address: this.#address,
      session: this.#session,
      WebSocket,
      times: { ...TIMES, ...options.times },
      on: {
        state: (state) => this.emit('state', state),
        query: () => /** @type {Record<string, string>} */ (this.#feed.isBegun ? { subscribe: 'none' } : {}),
        hello: (hello, socket) => this.#hello(hello, socket),
        frame: (frame) => this.#frame(frame),
        lost: () => this.#lost(),
        tap: (frame) => this.emit('frame', frame),
      },
    });
    this.#feed = new Feed({
      rest: this.rest,
      on: {
        event: (event) => this.#event(event),
        subscribed: (room) => {
          this.#outbox.passed(room.room_id, this.#feed.seqOf(room.room_id) ?? 0);
          this.emit('subscribed', room);
        },
        unsubscribed: ({ room_id, reason }) => {
          this.#outbox.roomGone(room_id);
          this.#marks.forget(room_id);
          this.#history.forget(room_id);
          this.emit('unsubscribed', { room_id, reason });
        },
        reset: (room) => {
          this.#outbox.passed(room.room_id, room.last_seq);
          this.#history.reset(room.room_id);
          this.emit('reset', { room_id: room.room_id, last_seq: room.last_seq });
        },
      },
    });
    if (options.position) this.#feed.restore(options.position);
    this.#outbox = new Outbox({
      store: outbox,
      on: {
        changed: (outgoing) => this.emit('outgoing', outgoing),
        removed: (outgoing) => this.emit('outgoingRemoved', outgoing),
        unauthenticated: () => this.#session.renew(),
      },
    });
    this.#marks = new Marks({ read: (mark) => this.emit('mark', mark) });
    this.#typing = new Typing((change) => this.emit('typing', change));
    this.#presence = new Presence((change) => this.emit('presence', change));
    this.#history = new History({
      rest: this.rest,
      feed: this.#feed,
      myId: () => this.user?.id ?? null,
      on: {
        changed: (room_id, messages) => this.emit('messages', { room_id, messages }),
        message: (message) => this.#arrived(message),
      },
    });
    this.#session.on('renewed', ({ token }) => void this.#connection.renewed(token));
    this.#session.on('user', (change) => this.emit('user', change));
    this.#session.on('signedIn', ({ user }) => void this.#signedIn(user));
    this.#session.on('signedOut', ({ reason }) => this.#signedOut(reason));
    // The server may be on this very machine: what is cut comes back at once then.
    this.#unwatch = watchNetwork(() => this.nudge(), () => this.cut());
  }

  // ---- The login ----

  /** Who is signed in; null for nobody. */
  get user() {
    return this.#session.user ?? this.#helloUser;
  }

  /** @type {Me | null} */
  #helloUser = null;

  /** Takes up the login that the token store holds; null when there is none. */
  async restore() {
    return this.#session.restore();
  }

  /** @param {LogInBody} body */
  logIn(body) {
    return this.#session.logIn(body);
  }

  /** @param {RegisterBody} body */
  register(body) {
    return this.#session.register(body);
  }

  /** Ends the login, here and at the server; what was not sent is lost. */
  logOut() {
    return this.#session.logOut((refresh_token) => this.rest.logOut({ body: { refresh_token } }));
  }

  /** Shuts my own account: nobody signs in to it any more until an administrator opens it. @param {string} password */
  deactivate(password) {
    return this.#session.leave(() => this.rest.deactivateMe({ body: { password } }));
  }

  /** Gets another pair of tokens now; it is done in time by itself. */
  async renewTokens() {
    await this.#session.renew();
  }

  /**
   * Changes my profile.
   *
   * @param {Parameters<Rest['updateProfile']>[0]['body']} body
   */
  async updateProfile(body) {
    const user = await this.rest.updateProfile({ body });
    await this.#session.changed(user);
    return user;
  }

  /** Makes a file my picture; null leaves none. @param {Blob | null} file */
  async setPicture(file) {
    const user = file ? await this.rest.setMyAvatar({ body: { upload_id: (await this.upload(file)).id } }) : await this.rest.clearMyAvatar();
    await this.#session.changed(user);
    return user;
  }

  // ---- The connection ----

  /** @returns {ConnectionState} */
  get state() {
    return this.#connection.state;
  }

  /** Where this client is in the rooms' events, for the `position` of a later one. */
  get position() {
    return this.#feed.position;
  }

  /**
   * The latest `seq` of a room that was seen; null if it is not followed.
   *
   * @param {string} roomId
   */
  seqOf(roomId) {
    return this.#feed.seqOf(roomId);
  }

  /** Connects, and comes back after every break, until `disconnect` or a final refusal. */
  connect() {
    this.#connection.open();
  }

  /** Leaves; what is not sent waits for the next `connect`. */
  disconnect() {
    this.#connection.close();
  }

  /** Leaves for good: no timer and no listener stays behind. */
  close() {
    this.#connection.close();
    this.#session.close();
    this.#marks.clear();
    this.#typing.clear();
    this.#unwatch();
  }

  /** Drops the connection as a broken network would; it comes back by itself. */
  cut() {
    this.#connection.cut();
  }

  /** Looks whether the connection is still there, or tries at once if it waits to. */
  nudge() {
    this.#session.nudge();
    this.#connection.nudge();
  }

  /**
   * Says something over the socket and waits for the reply.
   *
   * @param {ClientFrame} frame
   * @returns {Promise<AckFrame>} Rejects with `offline` at once when there is no connection.
   */
  async ask(frame) {
    const { socket } = this.#connection;
    if (!socket) throw new Problem('offline', 'there is no connection');
    return socket.ask(frame);
  }

  /**
   * Follows a room beyond the server's limit of rooms that it follows by itself.
   *
   * @param {string} roomId
   */
  follow(roomId) {
    this.#feed.follow(roomId, this.#connection.socket);
  }

  // ---- Messages ----

  /**
   * Sends, now or when there is a connection again; see the event `outgoing`.
   *
   * @param {string} roomId
   * @param {Draft} draft
   */
  send(roomId, draft) {
    this.#typing.sent(roomId);
    return this.#outbox.send(roomId, draft);
  }

  /**
   * Mine that have not come back as events yet.
   *
   * @param {string} [roomId]
   */
  outgoing(roomId) {
    return this.#outbox.list(roomId);
  }

  /**
   * Once the server has it.
   *
   * @param {string} clientId
   */
  settled(clientId) {
    return this.#outbox.settled(clientId);
  }

  /**
   * Tries a failed one again.
   *
   * @param {string} clientId
   */
  retry(clientId) {
    return this.#outbox.retry(clientId);
  }

  /**
   * Forgets one that is not sent.
   *
   * @param {string} clientId
   */
  discard(clientId) {
    this.#outbox.discard(clientId);
  }

  /**
   * @param {string} messageId
   * @param {string} content
   */
  edit(messageId, content) {
    return this.ask({ type: 'edit', message_id: messageId, content });
  }

  /** @param {string} messageId */
  delete(messageId) {
    return this.ask({ type: 'delete', message_id: messageId });
  }

  /**
   * @param {string} messageId
   * @param {string} emoji
   * @param {boolean} [isOn] False takes it back.
   */
  react(messageId, emoji, isOn = true) {
    return this.ask(/** @type {any} */ ({ type: isOn ? 'react' : 'unreact', message_id: messageId, emoji }));
  }

  /**
   * @param {string} roomId
   * @param {string} messageId
   * @param {boolean} [isOn] False takes it down.
   */
  pin(roomId, messageId, isOn = true) {
    return this.ask(/** @type {any} */ ({ type: isOn ? 'pin' : 'unpin', room_id: roomId, message_id: messageId }));
  }

  /**
   * The messages of a room that are known here; kept up to date.
   *
   * @param {string} roomId
   */
  timeline(roomId) {
    return this.#history.timeline(roomId);
  }

  /** Reads pages of the history into the timelines. */
  get history() {
    return this.#history;
  }

  /**
   * @param {Blob} file
   * @param {UploadOptions} [options]
   */
  upload(file, options = {}) {
    const url = this.#address.http('uploads');
    return authorized(this.#credentials, (token) => upload({ fetch: this.#fetch, url, token, file, options }));
  }

  /**
   * A file, such as an attachment's `url`. One that is elsewhere, as a picture of a person may be, is asked for without
   * the login.
   *
   * @param {string} path
   * @returns {Promise<Blob>}
   */
  download(path) {
    const url = this.resolve(path);
    return authorized(this.#address.isOwn(url) ? this.#credentials : null, async (token) => {
      /** @type {Record<string, string>} */
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      let response;
      try {
        response = await this.#fetch(url, { headers, credentials: 'omit' });
      } catch (error) {
        throw new Problem('offline', 'the server was not reached', { cause: error });
      }
      if (!response.ok) throw await Problem.fromResponse(response);
      return response.blob();
    });
  }

  /**
   * The address of what the server names by a path, such as an attachment's `url`.
   *
   * @param {string} path
   */
  resolve(path) {
    return /^https?:/i.test(path) ? path : this.#address.http(path);
  }

  // ---- Marks and signals ----

  /**
   * I have read up to a message. Told together with what follows shortly, and again after a break.
   *
   * @param {string} roomId
   * @param {number} number
   */
  markRead(roomId, number) {
    this.#marks.set('read', roomId, number);
  }

  /**
   * I type, or stopped. To be called at each key.
   *
   * @param {string} roomId
   * @param {boolean} [active]
   */
  typing(roomId, active = true) {
    this.#typing.say(this.#connection.socket, roomId, active);
  }

  /**
   * Who types in a room now.
   *
   * @param {string} roomId
   */
  typists(roomId) {
    return this.#typing.in(roomId);
  }

  /**
   * How I am here; said again after each break.
   *
   * @param {'online' | 'away' | 'busy'} status
   */
  setStatus(status) {
    this.#presence.say(this.#connection.socket, status);
  }

  /** What is known of others' presence. */
  get presence() {
    return this.#presence;
  }

  // ---- Inside ----

  /**
   * @param {HelloFrame} hello
   * @param {import('./socket.js').Socket} socket
   */
  async #hello(hello, socket) {
    this.#helloUser = hello.user;
    this.emit('hello', hello);
    void this.#session.changed(hello.user);
    await this.#outbox.open(hello.user.id);
    this.#presence.connected(socket);
    this.#outbox.connected(socket);
    this.#marks.connected(socket);
    await this.#feed.resume(hello, socket);
  }

  #lost() {
    this.#outbox.connected(null);
    this.#marks.connected(null);
    this.#typing.clear();
  }

  /** @param {ServerFrame} frame */
  #frame(frame) {
    if (this.#feed.take(frame)) return;
    switch (frame.type) {
      case 'token_expiring':
        void this.#session.renew().catch(() => {});
        return;
      case 'typing':
        if (frame.user_id !== this.user?.id) this.#typing.heard(frame);
        break;
      case 'user_online':
      case 'user_offline':
        this.#presence.heard(frame);
        break;
      case 'user_updated':
        this.#renamed(frame);
        break;
      case 'server_closing':
      case 'error':
        return;
      default:
    }
    this.emit('signal', /** @type {Signal} */ (frame));
  }

  /** On another device, when it is about me. @param {UserUpdatedSignal} signal */
  #renamed({ user_id, username, display_name, avatar_url }) {
    const { user } = this;
    if (user?.id === user_id) void this.#session.changed({ ...user, username, display_name, avatar_url: avatar_url ?? null });
  }

  /** @param {DurableEvent} event */
  #event(event) {
    if (event.type === 'message_created') {
      const { message } = event;
      this.#typing.ended(event.room_id, message.sender_id);
      this.#arrived(message);
    }
    const messages = this.#history.apply(event);
    this.emit('event', event);
    if (messages.length > 0) this.emit('messages', { room_id: event.room_id, messages });
  }

  /** @param {Message} message Of a page, or just said. */
  #arrived(message) {
    this.#outbox.seen(message);
    const isLatest = message.number >= this.#history.timeline(message.room_id).lastNumber;
    if (this.#autoDelivered && isLatest && message.sender_id !== this.user?.id) this.#marks.set('delivered', message.room_id, message.number);
  }

  /** @param {Me} user */
  async #signedIn(user) {
    await this.#outbox.open(user.id);
    this.emit('signedIn', { user });
  }

  /** @param {'asked' | 'refused'} reason */
  #signedOut(reason) {
    if (reason === 'asked') {
      for (const { client_id } of this.#outbox.list()) this.#outbox.discard(client_id);
      this.#connection.close();
    } else this.#connection.refuse();
    this.#helloUser = null;
    void this.#outbox.open(null);
    this.#marks.clear();
    this.#history.clear();
    this.#presence.clear();
    this.#feed.restore(null);
    this.emit('signedOut', { reason });
  }
}
