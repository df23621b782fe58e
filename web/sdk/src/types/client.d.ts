// What the client is given, and what it tells of: types alone, which no page has to fetch.
import type { DurableEvent, HelloFrame, Me, Message, Signal, SubscribedFrame } from '../generated/types.js';
import type { ConnectionState } from '../connection.js';
import type { Position } from '../feed.js';
import type { Outgoing, OutboxStore } from '../outbox.js';
import type { Standing } from '../presence.js';
import type { Lock } from '../session.js';
import type { SocketTimes, Tapped } from '../socket.js';
import type { TokenStore } from '../tokens.js';

export type ClientOptions = {
  /** Where the server is, a proxy's path included; relative to the page in a browser. */
  url: string | URL;
  /** Where the login is kept; in memory unless said otherwise (`webTokens()`). */
  tokens?: TokenStore;
  /** Where unsent messages outlive the page (`webOutbox()`); nowhere by default. */
  outbox?: OutboxStore | null;
  /** Access tokens from elsewhere, instead of a login. */
  getToken?: () => Promise<string>;
  /** Where an earlier client was, as its `position` said. */
  position?: Position | null;
  /** Tells that messages of others have arrived; true by default. */
  autoDelivered?: boolean;
  /** The platform's by default; Node 20 has none: give it that of the package `ws`. */
  WebSocket?: any;
  fetch?: typeof globalThis.fetch;
  lock?: Lock;
  times?: Partial<SocketTimes>;
};

export type ClientEvents = {
  /** How the connection is. */
  state: ConnectionState;
  hello: HelloFrame;
  /** What happened in a room; each once, in the room's order. */
  event: DurableEvent;
  /** What may be missed, typing and presence included. */
  signal: Signal;
  /** A room is followed from here on. */
  subscribed: SubscribedFrame;
  /** A room is not followed any more, and why. */
  unsubscribed: { room_id: string; reason: string };
  /** What was missed cannot be had: read the history anew. */
  reset: { room_id: string; last_seq: number };
  /** These of a timeline are new or have changed; none after a reset. */
  messages: { room_id: string; messages: Message[] };
  /** A message of mine is on its way, sent or failed. */
  outgoing: Outgoing;
  /** It is not in the outbox any more: it has come as an event, or was discarded. */
  outgoingRemoved: Outgoing;
  /** Who types in a room now. */
  typing: { room_id: string; user_ids: string[] };
  presence: { user_id: string } & Standing;
  /** My read mark, as the server has it. */
  mark: { room_id: string; number: number; unread: number };
  signedIn: { user: Me };
  signedOut: { reason: 'asked' | 'refused' };
  /** My account changed. */
  user: { user: Me };
  /** Every frame, as it went over the wire. */
  frame: Tapped;
};
