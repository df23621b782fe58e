// The shapes that the page is made of: types alone, which no page has to fetch.
import type { Message, Report } from '../sdk/src/generated/types.js';
import type { Outgoing } from '../sdk/src/index.js';
import type { VirtualList } from './lib/virtual_list.js';
import type { Room } from './model/room.js';

export type {
  Attachment, Conversation, ConversationSettings, DurableEvent, InvitationPreview, Me, Member, Message, Report, RoomFile, RoomForViewer,
} from '../sdk/src/generated/types.js';
export type { ConnectionState, Outgoing } from '../sdk/src/index.js';
export type { Chat } from './model/chat.js';
export type { Room } from './model/room.js';

/** A part of a text. */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'break' }
  | { type: 'mention'; name: string }
  | { type: 'link'; href: string; children: Inline[] }
  | { type: 'strong' | 'emphasis' | 'strike'; children: Inline[] };

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'heading'; level: number; children: Inline[] }
  | { type: 'code_block'; text: string; language: string }
  | { type: 'quote'; children: Block[] }
  | { type: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { type: 'rule' };

/** A run of `*`, `_` or `~` that may open or close, until it is known to do neither. */
export type Delimiter = { at: number; sign: string; count: number; original: number; opens: boolean; closes: boolean };

/** One of a list of any length. */
export type Item = { key: string; estimate: number; isAnchor?: boolean };

export type ListProps = {
  items: Item[];
  row: (item: any) => any;
  onNearStart?: () => void;
  onNearEnd?: () => void;
  /** Where the reader is now. */
  onMove?: (isAtEnd: boolean, lastSeen: string | null) => void;
  /** Brings an item into sight, once per nonce. */
  target?: { key: string; nonce: number } | null;
  /** Where to begin, when it is there; else at the end. */
  startKey: string | null;
  /** Whether more follows that is not loaded: nothing then sticks to the end. */
  isEndOpen: boolean;
  /** Set to the list itself. */
  handle: { current: VirtualList | null };
  label: string;
  isBusy: boolean;
};

export type TimelineItem = { key: string; estimate: number } & (
  | { isAnchor: boolean; kind: 'message'; message: Message; isFirst: boolean; isLast: boolean }
  | { kind: 'outgoing'; outgoing: Outgoing; isFirst: boolean }
  | { kind: 'day'; day: string }
  | { kind: 'unread' | 'beginning' | 'loading' }
);

export type RowProps = { message: Message; room: Room; isFirst: boolean; isLast: boolean; isFound?: boolean; isInThread?: boolean };

/** A person, as answers and events have them. */
export type User = {
  id: string;
  username: string;
  display_name: string;
  avatar_url?: string | null;
  last_seen_at?: string | null;
  status?: { emoji: string | null; text: string | null; until: string | null } | null;
};

export type Marks = { read: number; delivered: number };

export type Panel =
  | { kind: 'details' | 'pins' | 'files' | 'mentions' }
  | { kind: 'search'; query?: string }
  | { kind: 'thread'; messageId: string }
  | { kind: 'profile'; userId: string };

/** Null is a line. */
export type MenuItem = { label: string; icon: string; act: () => void; isDanger?: boolean } | null;
export type Menu = { at: DOMRect; items: MenuItem[]; label: string; opener: HTMLElement | null };
export type Picker = { at: DOMRect; pick: (emoji: string) => void; opener: HTMLElement | null };
export type Toast = { id: number; text: string; action: { label: string; act: () => void } | null };

/** What the next words are: an answer, or other words for a message. */
export type Composing = { kind: 'reply' | 'edit'; message: Message };
export type Completion = { insert: string; label: string; hint: string; sign: string; user: User | null };
export type Completions = { from: number; to: number; items: Completion[]; chosen: number };
export type Emoji = { sign: string; words: string };

/** A file on its way; `waiting` is for the connection: it goes on by itself. */
export type Upload = {
  id: number;
  file: File;
  name: string;
  /** Of 1. */
  progress: number;
  state: 'sending' | 'waiting' | 'done' | 'failed';
  /** Why, in words. */
  failure: string;
  /** Whether another attempt may end otherwise. */
  canRetry: boolean;
  /** Once it is there. */
  uploadId: string | null;
  preview: string | null;
  ending: AbortController;
};

/** Of a message's text, in units of JavaScript's strings. */
export type Highlight = { start: number; end: number };
/** A message that was reported, with all that was said against it. */
export type Case = { message: Message | null; messageId: string; reports: Report[] };
/** Somebody of a demo. */
export type Login = { username: string; display_name: string; password: string };
/** A frame as it went over the wire. */
export type Frame = { id: number; at: number; direction: 'in' | 'out'; text: string; type: string };
