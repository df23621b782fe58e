// What the client is given, what it keeps, and what it tells of: types alone, which no page has to fetch.
import type { DurableEvent, HelloFrame, Me, Message, Signal, SubscribedFrame } from '../generated/types.js';

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

/**
 * - `idle`: not asked to connect.
 * - `connecting`: on its way to `hello`.
 * - `resuming`: connected; what was missed is coming in.
 * - `online`: connected, nothing is missing.
 * - `waiting`: for `retryAt`, then it tries again.
 * - `stopped`: it does not come back by itself; `why` tells.
 */
export type Phase = 'idle' | 'connecting' | 'resuming' | 'online' | 'waiting' | 'stopped';

export type ConnectionState = {
  phase: Phase;
  /** Attempts since it was last online. */
  attempt: number;
  /** When it tries again, in milliseconds since 1970. */
  retryAt: number | null;
  /** How the last connection ended. */
  why: Closed | null;
  /** Stopped because the login is over. */
  needsLogin: boolean;
  /** Of the latest ping. */
  roundTripMs: number | null;
  /** Names it at the server. */
  connectionId: string | null;
};

/** What a client has to remember to lose nothing. */
export type Position = {
  epoch: string;
  /** The latest `seq`, by room. */
  rooms: Record<string, number>;
};

export type Place = {
  /** The latest event that was passed on. */
  seq: number;
  /** Its id, by which the server can tell another life of the database. */
  eventId: string | null;
  /** Events beyond a hole. */
  held: Map<number, DurableEvent>;
  isHealing: boolean;
  /** What is known to be there. */
  upTo: number;
};

/**
 * - `pending`: not known to be at the server; it is sent again, with the same `client_id`, until it is.
 * - `sent`: durable; gone from the outbox once its event has come.
 * - `failed`: refused for good, by `problem`; `retry` or `discard` it.
 */
export type OutgoingState = 'pending' | 'sent' | 'failed';

/** What is to be said; the fields of the `message` frame. */
export type Draft = {
  content?: string;
  reply_to?: string | null;
  /** Ids of uploads. */
  attachments?: string[];
  content_type?: 'text/plain' | 'text/markdown' | 'system';
  metadata?: Record<string, unknown>;
};

export type Outgoing = {
  client_id: string;
  room_id: string;
  draft: Draft;
  state: OutgoingState;
  /** When it was said, by this machine's clock. */
  created_at: string;
  /** Why it failed, or waits for `retry_at`. */
  problem: { code: string, reason: string } | null;
  /** When one that came too soon is sent again, in milliseconds since 1970. */
  retry_at?: number | null;
  /** Once it is sent. */
  message_id: string | null;
  number: number | null;
  seq: number | null;
};

/** Where the outbox outlives the page. */
export type OutboxStore = {
  /** In any order. */
  load: (userId: string) => Outgoing[] | Promise<Outgoing[]>;
  put: (userId: string, outgoing: Outgoing) => void | Promise<void>;
  remove: (userId: string, clientId: string) => void | Promise<void>;
};

export type Standing = {
  /** `online`, `away`, `busy` or `offline`. */
  status: string;
  last_seen_at: string | null;
};

/**
 * The server's closed list, and what only a client can say: `offline` (no answer came), `timeout`, `aborted` (by the
 * caller), `outbox_full`, `stopped` (the client is not connected and does not try to be).
 */
export type ProblemCode = 'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'method_not_allowed' | 'conflict' | 'too_large'
  | 'unsupported_media' | 'rate_limited' | 'internal' | 'unavailable'
  | 'offline' | 'timeout' | 'aborted' | 'outbox_full' | 'stopped';

/** Who calls. */
export type Credentials = {
  /** A token that is good for a moment yet; null for a stranger. */
  accessToken: () => Promise<string | null>;
  /** Another one than the refused; null if there is none. */
  renewed: (refused: string) => Promise<string | null>;
};

/**
 * One after the other, over all tabs. The default is the browser's `navigator.locks`; without one, in turn within this
 * client only, and a store that another one wrote meanwhile is still noticed.
 */
export type Lock = <T>(name: string, act: () => Promise<T>) => Promise<T>;

export type SessionEvents = {
  signedIn: { user: Me };
  signedOut: { reason: 'asked' | 'refused' };
  /** There is another access token. */
  renewed: { token: string };
  /** One's own account changed. */
  user: { user: Me };
};

/** A frame as it went over the wire, for a developer to see. */
export type Tapped = {
  direction: 'in' | 'out';
  /** Milliseconds since 1970. */
  at: number;
  text: string;
};

/** How a connection ended. */
export type Closed = {
  /** The server's, or 1006 when there was no goodbye. */
  code: number;
  reason: string;
  /** What the server asked for. */
  reconnectAfterMs: number | null;
};

/** In milliseconds. */
export type SocketTimes = {
  /** Until `hello`. */
  openMs: number;
  /** Until a reply. */
  replyMs: number;
  /** After so long without a word the connection is dead. */
  silenceMs: number;
  /** The same, when there is reason to doubt: a reply that is not there after so long is one. */
  probeMs: number;
  /** Between pings; null as the server says. */
  pingMs: number | null;
};

/** A login. */
export type Tokens = {
  access_token: string;
  refresh_token: string;
  /** When the access token ends, in milliseconds by this machine's clock. */
  expires_at: number;
  user: Me;
};

export type TokenStore = {
  load: () => Tokens | null | Promise<Tokens | null>;
  /** Null forgets them. */
  save: (tokens: Tokens | null) => void | Promise<void>;
  /** Names what is shared between tabs; their renewals take turns by it. */
  name?: string;
  /** Calls back when another tab saved. */
  watch?: (changed: () => void) => () => void;
};

export type UploadOptions = {
  filename?: string;
  signal?: AbortSignal;
  /** In bytes. */
  onProgress?: (progress: { sent: number, total: number }) => void;
};

export type MarkKind = 'read' | 'delivered';

/** Numbers without a gap that are all known here; `from` is 0 when nothing is older. */
export type Range = { from: number, to: number };
