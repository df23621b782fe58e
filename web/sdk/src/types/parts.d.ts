// What the client gives to its parts: types alone, which no page has to fetch.
import type { Address } from '../address.js';
import type { Feed } from '../feed.js';
import type { DurableEvent, HelloFrame, Message, Rest, ServerFrame, SubscribedFrame } from '../generated/types.js';
import type { Session } from '../session.js';
import type { Socket } from '../socket.js';
import type { Closed, ConnectionState, Credentials, Lock, Outgoing, OutboxStore, SocketTimes, Tapped, TokenStore, UploadOptions } from './client.js';

type SocketMaker = new (url: string, protocols: string[]) => WebSocket;
type Fetch = typeof globalThis.fetch;

export type RestParts = { address: Address; fetch: Fetch; credentials: Credentials };

export type SessionParts = {
  /** Only its open operations are called. */
  rest: Rest;
  store: TokenStore;
  lock?: Lock;
  /** Instead of a login: whence to get a token, of an outside issuer say. */
  getToken?: () => Promise<string>;
};

export type ConnectionParts = {
  address: Address;
  session: Session;
  WebSocket: SocketMaker;
  times: SocketTimes;
  on: {
    state: (state: ConnectionState) => void;
    /** What to ask for in the address, before each attempt. */
    query: () => Record<string, string>;
    /** Takes up what was missed. */
    hello: (hello: HelloFrame, socket: Socket) => Promise<void>;
    frame: (frame: ServerFrame) => void;
    lost: () => void;
    tap: (frame: Tapped) => void;
  };
};

export type SocketParts = {
  WebSocket: SocketMaker;
  url: string;
  protocols: string[];
  times: SocketTimes;
  on: {
    hello: (hello: HelloFrame) => void;
    /** All but replies and `hello`. */
    frame: (frame: ServerFrame) => void;
    /** Once, at the end. */
    closed: (closed: Closed) => void;
    tap: (frame: Tapped) => void;
    roundTrip: (roundTripMs: number) => void;
  };
};

export type FeedParts = {
  rest: Rest;
  on: {
    /** Each once, in the order of its room. */
    event: (event: DurableEvent) => void;
    subscribed: (room: SubscribedFrame) => void;
    unsubscribed: (room: { room_id: string; reason: string }) => void;
    /** What was missed cannot be had. */
    reset: (room: { room_id: string; last_seq: number }) => void;
  };
};

export type HistoryParts = {
  rest: Rest;
  feed: Feed;
  myId: () => string | null;
  on: {
    changed: (roomId: string, messages: Message[]) => void;
    /** Each that a page brought. */
    message: (message: Message) => void;
  };
};

export type OutboxParts = {
  store: OutboxStore | null;
  on: {
    changed: (outgoing: Outgoing) => void;
    removed: (outgoing: Outgoing) => void;
    /** Gets another token. */
    unauthenticated: () => Promise<unknown>;
  };
};

export type UploadParts = { fetch: Fetch; url: string; token: string | null; file: Blob; options: UploadOptions };

export type UploadRequest = {
  url: string;
  headers: Record<string, string>;
  form: FormData;
  signal?: AbortSignal;
  onProgress?: UploadOptions['onProgress'];
};
