// Generated from docs/openapi.json and docs/asyncapi.json by `npm run generate`. Do not edit.

/** What a login answers. */
export type AccessTokens = {
  /** For every request. */
  access_token: string;
  /** How long the access token lives, in seconds. */
  expires_in: number;
  /** To be spent once for the next pair. */
  refresh_token: string;
  /** Always `Bearer`. */
  token_type: string;
  /** Whose. */
  user: Me;
};

/** One person, or up to 100 in `members`. */
export type AddMembersBody = {
  /** Who, by the host product's own id; for its service, instead of `user_id`. */
  external_id?: string | null;
  /** Several at once; not with `user_id`. */
  members?: NewMember[] | null;
  /** `member` (default), `moderator` or `admin`; below one's own; only with one person. */
  role?: string | null;
  /** Who; not with `members`. */
  user_id?: string | null;
};

/** A key of the host product's backend, without its secret. */
export type ApiKey = {
  /** When it was made. */
  created_at: string;
  /** Who made it; null when an operator did. */
  created_by: string | null;
  /** When it ends; never, when null. */
  expires_at: string | null;
  /** Its id. */
  id: string;
  /** When it was last used, to the minute. */
  last_used_at: string | null;
  /** What it is for. */
  name: string;
  /** What the key begins with. */
  prefix: string;
  /** What it opens. */
  scopes: string[];
  /** The service account that its bearer is. */
  user_id: string;
};

/** The moment of a room at which a page was read: joining the stream from there leaves no hole. */
export type AsOf = {
  /** The life of the database. */
  epoch: string;
  /** The room's latest `seq` in the same snapshot. */
  seq: number;
};

/** A file of a message. */
export type Attachment = {
  /** Its sniffed type. */
  content_type: string;
  /** As it was named. */
  filename: string;
  /** Pixels; null where it is no picture. */
  height: number | null;
  /** The upload. */
  id: string;
  /** A placeholder to show before the picture is there (a blurhash); null where it is no picture. */
  preview: string | null;
  /** Bytes. */
  size: number;
  /** Where to fetch its thumbnail; null where there is none. */
  thumbnail_url: string | null;
  /** Where to fetch it: a path, with Bearer or a signature of `POST /media/sign`. */
  url: string;
  /** Pixels; null where it is no picture. */
  width: number | null;
};

/** Somebody who may not come into a room. */
export type Ban = {
  /** By whom. */
  banned_by: string;
  /** Since when. */
  created_at: string;
  /** Why; everybody in the room may have read it. */
  reason: string | null;
  /** Their profile. */
  user: User;
  /** Who. */
  user_id: string;
};

/** Why. */
export type BanBody = {
  /** For everybody in the room to read; absent keeps what was said before. */
  reason?: string | null;
};

/** Somebody whom one does not want to hear from directly. */
export type Block = {
  /** Since when. */
  created_at: string;
  /** Their profile. */
  user: User;
  /** Who. */
  user_id: string;
};

/** What this server can do and what its bounds are. */
export type Capabilities = {
  /** What there is; what comes later is added here. `demo`: this empty database would be filled by `POST /demo`. */
  features: string[];
  /** The bounds. */
  limits: CapabilityLimits;
  /** Always `confab`. */
  name: string;
  /** The version of the socket protocol. */
  protocol: number;
  /** The version of the server. */
  version: string;
};

/** The bounds of this server, all of them settings or fixed in the protocol. */
export type CapabilityLimits = {
  /** Longest life of an API key that ends by itself, in days. */
  api_key_days_max: number;
  /** Most files of one message. */
  attachments_max: number;
  /** Most people that one person blocks. */
  blocks_max: number;
  /** Largest request body, in bytes. */
  body_bytes_max: number;
  /** Every budget that is shared by all nodes, by the name in the headers `RateLimit` and `RateLimit-Policy`. */
  budgets: Record<string, CapabilityRate>;
  /** Longest `client_id`, in characters. */
  client_id_chars_max: number;
  /** Live connections of one person. */
  connections_per_user_max: number;
  /** Longest message, in bytes. */
  content_bytes_max: number;
  /** Longest message, in characters. */
  content_chars_max: number;
  /** Longest description of a room, in characters. */
  description_chars_max: number;
  /** Sends of one person over all direct rooms. */
  direct_sends: CapabilityRate;
  /** Longest time for edits that has an end, in seconds. */
  edit_window_seconds_max: number;
  /** Longest emoji, in bytes. */
  emoji_bytes_max: number;
  /** Longest key of a room, and longest outside id of a person, in characters. */
  external_key_chars_max: number;
  /** Largest file, in bytes. */
  file_bytes_max: number;
  /** Types that may be uploaded, such as `image/*`; empty: all that are not denied. */
  file_types_allowed: string[];
  /** Types that may not. */
  file_types_denied: string[];
  /** What one person's files may take up together, in bytes; 0: no bound. */
  files_quota_bytes: number;
  /** Largest frame, in bytes. */
  frame_bytes_max: number;
  /** Frames of one connection. */
  frames: CapabilityRate;
  /** Frames of one connection that are worked on at once. */
  frames_in_flight_max: number;
  /** `@here` names everybody in rooms of at most so many. */
  here_members_max: number;
  /** Largest picture (JPEG, PNG, GIF, WebP), in bytes. */
  image_bytes_max: number;
  /** Most pixels of such a picture. */
  image_pixels_max: number;
  /** For how many seconds a link may open. */
  invitation_seconds: CapabilityRange;
  /** For how many it does when nothing is said. */
  invitation_seconds_default: number;
  /** How many people a link may be for, when it is said how many. */
  invitation_uses: CapabilityRange;
  /** Most links into one room that still open. */
  invitations_live_max: number;
  /** Most links that are found in one message. */
  links_max: number;
  /** How long a signed link opens its file at most. */
  media_link_seconds_max: number;
  /** Most members named at once. */
  members_at_once_max: number;
  /** Most people that one message names. */
  mentions_max: number;
  /** Largest metadata of a message or room, in bytes. */
  metadata_bytes_max: number;
  /** Deepest metadata. */
  metadata_depth_max: number;
  /** Longest name of a room or person, in characters. */
  name_chars_max: number;
  /** Most items in a page. */
  page_items_max: number;
  /** How long a password is, in characters. */
  password_chars: CapabilityRange;
  /** Most pinned messages of one room. */
  pins_max: number;
  /** Rooms with more members get no presence signals, only queries. */
  presence_signal_members_max: number;
  /** Longest preview of a message that is replied to, in characters. */
  preview_chars_max: number;
  /** Most different reactions to one message. */
  reaction_kinds_max: number;
  /** Conversations that `POST /me/read` reads at once. */
  read_at_once_max: number;
  /** Longest reason of a deletion, ban or report, in characters. */
  reason_chars_max: number;
  /** Missed events of one connection that are replayed. */
  replay_events_per_connection_max: number;
  /** Missed events of one room that are replayed. */
  replay_events_per_room_max: number;
  /** Largest room, in members. */
  room_members_max: number;
  /** Sends of one person over all other rooms. */
  room_sends: CapabilityRate;
  /** Rooms that one connection follows. */
  rooms_per_connection_max: number;
  /** Most messages that one page of a search looks at. */
  search_candidates_max: number;
  /** Most answers in a page of a search. */
  search_hits_max: number;
  /** Longest query of a search, in characters. */
  search_query_chars_max: number;
  /** Searches in messages of one person; each page is one. */
  searches: CapabilityRate;
  /** Most files whose links are signed at once. */
  signed_at_once_max: number;
  /** Slowest pace of a room: seconds between two messages of one member. */
  slow_mode_seconds_max: number;
  /** Longest status of a person, in characters. */
  status_chars_max: number;
  /** A file that no message bears by then, and that is no picture of a person or room, is removed. */
  unattached_files_keep_seconds: number;
  /** Uploads of one person. */
  uploads: CapabilityRate;
  /** Longest address of a picture, in bytes. */
  url_bytes_max: number;
  /** How long a username is, in characters. */
  username_chars: CapabilityRange;
  /** Most people that the host product names at once. */
  users_at_once_max: number;
};

/** From the least that is taken to the most. */
export type CapabilityRange = {
  /** The most. */
  max: number;
  /** The least. */
  min: number;
};

/** A budget of attempts; the whole window may be spent at once. */
export type CapabilityRate = {
  /** Attempts in a window; 0: no limit. */
  limit: number;
  /** The window. */
  window_seconds: number;
};

/** A change of password. */
export type ChangePasswordBody = {
  /** The present one. */
  current_password: string;
  /** Any characters but U+0000. */
  new_password: string;
};

/** Somebody's new standing. */
export type ChangeRoleBody = {
  /** `admin`, `moderator` or `member`, below one's own; `owner` hands the room on. */
  role: string;
};

/** A room in one's own list. */
export type Conversation = {
  /** When something happened last: the last message, or one's joining when that is later. */
  active_at: string;
  /** Received up to this message number. */
  last_delivered_number: number;
  last_message: Message | null;
  /** Read up to this message number. */
  last_read_number: number;
  /** Whether one marked it unread, to come back to it: until one reads or says something there. */
  marked_unread: boolean;
  /** Those among them that name one, or everybody (`@here`). */
  mention_count: number;
  peer: Peer | null;
  /** The room, with what is unread in it. */
  room: RoomForViewer;
  /** What one set for oneself. */
  settings: ConversationSettings;
  /** Messages not read yet. */
  unread: number;
};

/** What a person set for themselves in a room. Nobody else sees it. */
export type ConversationSettings = {
  /** Put away. It comes back with the next message, unless it is muted. */
  archived: boolean;
  /** Until when one wants to be told of nothing. */
  muted_until: string | null;
  /** `all`, `mentions` or `none`. */
  notifications: string;
  /** At the top of the list. */
  pinned: boolean;
};

/** A key to be made. */
export type CreateApiKeyBody = {
  /** Seconds until it ends; never, when absent. */
  expires_in?: number | null;
  /** What it is for. */
  name: string;
  /** What it opens: `read`, `rooms`, `members`, `messages`, `users`, `tokens`. */
  scopes: string[];
  /** Username of the service account that its bearer is; made when there is none. */
  service: string;
};

/** A room to be made. */
export type CreateRoomBody = {
  /** A picture: an http(s) URL. One that was uploaded is set by `PUT /rooms/{room_id}/avatar`. */
  avatar_url?: string | null;
  /** What it is for. */
  description?: string | null;
  /** For how many seconds after sending a message may be edited; absent: always. */
  edit_window_seconds?: number | null;
  /** How much a newcomer may read: `all` (default) or `since_join`. */
  history?: string | null;
  /** `public` or `private`. */
  kind: string;
  /** Further members from the start. */
  member_ids?: string[];
  /** The host product's own data: an object of at most 4 KiB and 8 levels. */
  metadata?: Record<string, unknown> | null;
  /** One line, without bidirectional control characters. */
  name: string;
  /** Who may send: `members` (default), or `moderators` and above alone, as for announcements. */
  posting?: string | null;
  /** Seconds between two messages of one member; 0 (default) is off. */
  slow_mode_seconds?: number | null;
  /** Whether what happens (joined, left, renamed …) is also told by messages of type `system`; false by default. */
  system_messages?: boolean | null;
};

/** What somebody says of themselves beside their presence. */
export type CustomStatus = {
  /** Exactly one emoji. */
  emoji: string | null;
  /** At most 100 characters. */
  text: string | null;
  /** When it ends by itself: hide it from then on. */
  until: string | null;
};

/** The password, once more. */
export type DeactivateMeBody = {
  /** The present one. */
  password: string;
};

/** Who there is now. */
export type DemoCast = {
  /** The people, to log in as. */
  people: DemoLogin[];
};

/** Somebody of the demo. */
export type DemoLogin = {
  /** What others read. */
  display_name: string;
  /** To log in with. */
  password: string;
  /** To log in with. */
  username: string;
};

/** A new text. */
export type EditMessageBody = {
  /** At most 32 KiB of UTF-8; no control characters but newline and tab. Empty only where there are files. */
  content: string;
};

/** A durable event: `type` names it, the other fields depend on it. */
export type Event = EventBody & {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
};

/** What happened. */
export type EventBody = {
  /** As it is now: a tombstone where it was deleted since. */
  message: Message;
  type: "message_created";
} | {
  /** As it is now. */
  message: Message;
  type: "message_updated";
} | {
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  type: "message_deleted";
} | {
  /** With what. */
  emoji: string;
  /** Which message. */
  message_id: string;
  /** Its number. */
  number: number;
  type: "reaction_added";
  /** Who. */
  user_id: string;
} | {
  /** What. */
  emoji: string;
  /** Which message. */
  message_id: string;
  /** Its number. */
  number: number;
  type: "reaction_removed";
  /** Whose. */
  user_id: string;
} | {
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  type: "message_pinned";
} | {
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  type: "message_unpinned";
} | {
  /** Why, for everybody in the room to read. */
  reason: string | null;
  type: "user_banned";
  /** Who. */
  user_id: string;
} | {
  type: "user_unbanned";
  /** Who. */
  user_id: string;
} | {
  /** As what. */
  role: string;
  type: "user_joined";
  user: User | null;
  /** Who. */
  user_id: string;
} | {
  /** `left`, `removed` or `banned`. */
  reason: string;
  type: "user_left";
  /** Who. */
  user_id: string;
} | {
  /** Until when they may not send. */
  muted_until: string | null;
  /** Their role now. */
  role: string;
  type: "member_updated";
  /** Whose. */
  user_id: string;
} | {
  /** As it is now. */
  room: Room;
  type: "room_created";
} | {
  /** As it is now. */
  room: Room;
  type: "room_updated";
} | {
  type: "room_deleted";
};

/** One field that was refused. */
export type FieldProblem = {
  /** Path of the field in the body. */
  field: string;
  /** What is wrong and what would be right. */
  reason: string;
};

/** What a message said before an edit. */
export type FormerText = {
  /** The text. */
  content: string;
  /** When it was replaced. */
  replaced_at: string;
  /** The event that replaced it. */
  replaced_seq: number;
  /** When it was sent, or edited to be so. */
  written_at: string;
};

/** Where to forward a message. */
export type ForwardMessageBody = {
  /** One's own id of the new message, of visible ASCII: a repeat is the same message. */
  client_id?: string | null;
  /** The room to say it in. */
  room_id: string;
};

/** Where a forwarded message came from. */
export type ForwardedFrom = {
  /** When. */
  created_at: string;
  /** The message as it was first said. */
  message_id: string;
  /** Who said it. */
  sender_id: string;
};

/** Those who were found. */
export type FoundUsers = {
  /** In the order asked for; unknown ones are left out. */
  items: HostUser[];
};

/** What kind of login. */
export type HandOutTokensBody = {
  /** What the person's list of sessions shows. */
  device?: string | null;
  /**
   * Whether the person's client gets a refresh token and renews by itself. Otherwise (the default) the login
   * ends with its access token, and the client asks the host product again.
   */
  renewable?: boolean;
};

/** An event before the viewer's time: only its place is told, so that `seq` stays whole. */
export type HiddenEvent = {
  /** Where. */
  room_id: string;
  /** Its place in the room. */
  seq: number;
  /** Always `hidden`. */
  type: "hidden";
};

/**
 * A stretch of a message's `content` that answers, in UTF-16 code units, as JavaScript's `slice` counts. It is a
 * place, never markup: escape the text, then mark it.
 */
export type Highlight = {
  /** The unit after its last. */
  end: number;
  /** Its first unit. */
  start: number;
};

/** One of the host product's people, as its backend sees them. */
export type HostUser = User & {
  /** Since when the account is shut. */
  deactivated_at: string | null;
  /** Shown to themselves and the host product only. */
  email: string | null;
  /** The host product's own id; null for people whom it did not bring. */
  external_id: string | null;
};

/** A link by which people come into a room; its secret is not told again. */
export type Invitation = {
  /** When. */
  created_at: string;
  /** Who made it. */
  created_by: string;
  /** When it ends by itself. */
  expires_at: string | null;
  /** Which. */
  id: string;
  /** People whom it lets in; null: any number. */
  max_uses: number | null;
  /** When it was taken back. */
  revoked_at: string | null;
  /** Where to. */
  room_id: string;
  /** People whom it has let in. */
  uses: number;
};

/** What somebody sees of a room before they accept. */
export type InvitationPreview = {
  /** Its picture. */
  avatar_url: string | null;
  /** What the room is for. */
  description: string | null;
  /** When the link ends by itself. */
  expires_at: string | null;
  /** Whether one is in already. */
  is_member: boolean;
  /** `public` or `private`. */
  kind: string;
  /** People in it now. */
  member_count: number;
  /** The room's name. */
  name: string | null;
  /** Where it leads. */
  room_id: string;
};

/** For how long, and for how many. */
export type InviteBody = {
  /** Seconds until it ends; a week when absent. */
  expires_in?: number | null;
  /** People whom it lets in; any number when absent. */
  max_uses?: number | null;
};

/** The room as it is made, should there be none. */
export type KeepRoomBody = {
  /** A picture: an http(s) URL. One that was uploaded is set by `PUT /rooms/{room_id}/avatar`. */
  avatar_url?: string | null;
  /** What it is for. */
  description?: string | null;
  /** For how many seconds after sending a message may be edited; absent: always. */
  edit_window_seconds?: number | null;
  /** How much a newcomer may read: `all` (default) or `since_join`. */
  history?: string | null;
  /** `private` (default) or `public`. */
  kind?: string | null;
  /** Members from the start, by the host product's own ids; at most 100 with the others. */
  member_external_ids?: string[];
  /** Members from the start. */
  member_ids?: string[];
  /** The host product's own data: an object of at most 4 KiB and 8 levels. */
  metadata?: Record<string, unknown> | null;
  /** One line, without bidirectional control characters. */
  name: string;
  /** Who may send: `members` (default), or `moderators` and above alone, as for announcements. */
  posting?: string | null;
  /** Seconds between two messages of one member; 0 (default) is off. */
  slow_mode_seconds?: number | null;
  /** Whether what happens is also told by messages of type `system`; false by default. */
  system_messages?: boolean | null;
};

/** What the host product knows of somebody; an absent field keeps. */
export type KeepUserBody = {
  /** An http(s) URL; null clears. The path of a picture that they uploaded is taken only where it is the present one. */
  avatar_url?: string | null;
  /** What others read; the username when there is none yet. Cannot be cleared. */
  display_name?: string | null;
  /** Unique; null clears. */
  email?: string | null;
  /** Unique; made from the outside id when there is none yet. Cannot be cleared. */
  username?: string | null;
};

/** Up to 100 users. */
export type KeepUsersBody = {
  /** Each as in a request of its own. */
  users: KeepUsersEntryBody[];
};

/** One of many. */
export type KeepUsersEntryBody = {
  /** As for one. */
  avatar_url?: string | null;
  /** As for one. */
  display_name?: string | null;
  /** As for one. */
  email?: string | null;
  /** The host product's own id. */
  external_id: string;
  /** As for one. */
  username?: string | null;
};

/** What came of one of many. */
export type KeptUser = {
  /** The code of the refusal. */
  code: string | null;
  /** What was wrong. */
  detail: string | null;
  /** Each wrong field. */
  errors: FieldProblem[];
  /** Which. */
  external_id: string;
  /** As of a request of its own: 201 made, 200 found, or why not. */
  status: number;
  user: HostUser | null;
};

/** What came of each, in the order of the request. */
export type KeptUsers = {
  /** One a user. */
  items: KeptUser[];
};

/** An entry of a room's log: an event (nested or flat, as asked for) or `hidden`. */
export type LogEntry = Event | unknown | HiddenEvent;

/** A login. */
export type LogInBody = {
  /** Its password. */
  password: string;
  /** A username or e-mail address. */
  username: string;
};

/** A run of a room's log. */
export type LogPage = {
  /** The life of the database. */
  epoch: string;
  /** Whether the log goes on after the last item. */
  has_more: boolean;
  /** Ascending from `after_seq + 1`; empty with `reset`. */
  items: LogEntry[];
  /** The room's latest `seq`. */
  last_seq: number;
  /** The run cannot be given whole: read history and begin anew at `last_seq`. */
  reset: boolean;
};

/** Whom to look up, up to 100 together. */
export type LookUpUsersBody = {
  /** By the host product's own ids. */
  external_ids?: string[];
  /** By ours. */
  user_ids?: string[];
};

/** Where one's own mark stands. */
export type Mark = {
  /** Read up to this message number. */
  number: number;
  /** Messages after it. */
  unread: number;
};

/** Up to where one has read. */
export type MarkReadBody = {
  /** The number of the last message read. */
  number: number;
};

/** One's own account. */
export type Me = User & {
  /** Shown to oneself only. */
  email: string | null;
  /** Whether others learn when one was last there. */
  shares_last_seen: boolean;
  /** Whether others learn what one has read; who does not share it is not told of others' either. */
  shares_read_marks: boolean;
};

/** A member of a room. */
export type Member = {
  /** When they (last) joined. */
  joined_at: string;
  /** Until when they may not send. */
  muted_until: string | null;
  /** `owner`, `admin`, `moderator` or `member`. */
  role: string;
  /** Their profile. */
  user: User;
  /** Who. */
  user_id: string;
};

/** A message that names one, or everybody in a room of one's own (`@here`). */
export type Mention = {
  /** The message as it is now. */
  message: Message;
  /** The room it is in. */
  room_id: string;
  /** Whether it is beyond one's read mark in that room. */
  unread: boolean;
};

/** A message as it is now. */
export type Message = MessageExtras & {
  /** Files. */
  attachments: Attachment[];
  /** The sender's own id of it; the message id when none was given. */
  client_id: string;
  /** The text; null once deleted. */
  content: string | null;
  /** `text/plain`, `text/markdown` or `system`. */
  content_type: string;
  /** When it was sent. */
  created_at: string;
  /** When it was deleted. */
  deleted_at: string | null;
  /** When its text last changed. */
  edited_at: string | null;
  /** Its id; also the id of the event that made it. */
  id: string;
  /** People it names. */
  mentions: string[];
  /** The host product's own data. */
  metadata: Record<string, unknown>;
  /** Counts messages of the room. */
  number: number;
  /** How often which emoji. */
  reactions: ReactionCount[];
  /** The message it answers. */
  reply_to: string | null;
  /** Where it was said. */
  room_id: string;
  /** Who said it. */
  sender_id: string;
  /** The event that made it. */
  seq: number;
  /** Its latest change: a client keeps the message with the larger. */
  updated_seq: number;
};

/** What came with a message, and what became of it; each is absent where there is none. */
export type MessageExtras = {
  /** Why a moderator deleted it. */
  delete_reason?: string;
  /** Who deleted it, when that was not its sender. */
  deleted_by?: string;
  /** Whose words it repeats. */
  forwarded_from?: ForwardedFrom;
  /** When it was last answered. Absent in events. */
  last_reply_at?: string;
  /** Addresses in its text, in order; at most 20. The server never fetches them. */
  links?: string[];
  /** True when it has `@here`: meant for everybody in the room. */
  mentions_here?: boolean;
  /**
   * The message it answers, as it is now. In rooms with `history: "since_join"`, where not every viewer may
   * see that one, over REST alone, and to those who may.
   */
  parent?: MessagePreview;
  /** When it was pinned. */
  pinned_at?: string;
  /** Who pinned it; absent too for pins made before this was kept. */
  pinned_by?: string;
  /**
   * Messages that answer it and are not deleted. Absent in events: a client adds those that come after the
   * `as_of` of its page.
   */
  reply_count?: number;
};

/** A page of a room's messages. */
export type MessagePage = {
  /** The moment of the page. */
  as_of: AsOf;
  /** Whether there is a next page in the same direction. */
  has_more: boolean;
  /** Whether there are messages newer than the page. */
  has_newer: boolean;
  /** Whether there are messages older than the page. */
  has_older: boolean;
  /** At most `limit` messages. */
  items: Message[];
  /** To be given as `cursor` for the next page in the same direction; null at the end. */
  next_cursor: string | null;
};

/** A message as its replies show it. */
export type MessagePreview = {
  /** How many files it has. */
  attachment_count: number;
  /** The first 200 characters of its text now; null once deleted. */
  content: string | null;
  /** Which. */
  id: string;
  /** Whether only its tombstone is left. */
  is_deleted: boolean;
  /** Its number in the room. */
  number: number;
  /** Who said it. */
  sender_id: string;
};

/** Somebody whose client has a message. */
export type MessageReceipt = {
  /** Whether they have read it; null where they or the viewer share no read marks. */
  read: boolean | null;
  /** Their profile. */
  user: User;
  /** Who. */
  user_id: string;
};

/** How far a message has come, and a page of those who have it. */
export type MessageReceipts = {
  /** The moment of the page. */
  as_of: AsOf;
  /** Those whose client has it. */
  delivered_count: number;
  /** Whether there is a next page. */
  has_more: boolean;
  /** Those whose client has it, by user id. */
  items: MessageReceipt[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
  /** Those who have read it and share that; null for a viewer who shares no read marks. */
  read_count: number | null;
  /** Members for whom it was meant: there when it was said and now, but its sender. */
  recipient_count: number;
};

/** Somebody who may not speak in a room for a while. */
export type Mute = {
  /** Until when; the last moment of the year 9999 means until further notice. */
  muted_until: string;
  /** Who. */
  user_id: string;
};

/** Until when. */
export type MuteBody = {
  /** A moment in the future; absent: until further notice. */
  until?: string | null;
};

/** A new key, with its secret: shown this once. */
export type NewApiKey = ApiKey & {
  /** What its bearer shows, as `X-API-Key` or `Authorization: Bearer`. Only its hash is kept. */
  key: string;
};

/** A new link, with its secret, which is told this once. */
export type NewInvitation = Invitation & {
  /** For `POST /invitations/{token}/accept`; 256 random bits. */
  token: string;
};

/** Somebody to be added. */
export type NewMember = {
  /** Who, by the host product's own id; for its service, instead of `user_id`. */
  external_id?: string | null;
  /** `member` (default), `moderator` or `admin`; below one's own. */
  role?: string | null;
  /** Who. */
  user_id?: string | null;
};

/** The other person of a direct room. */
export type OpenDirectRoomBody = {
  /** Anybody but oneself. */
  user_id: string;
};

/** A page of a list. */
export type Page_ApiKey = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: ApiKey[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Ban = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Ban[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Block = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Block[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Conversation = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Conversation[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_FormerText = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: FormerText[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Invitation = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Invitation[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Member = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Member[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Mention = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Mention[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Report = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Report[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_RoomForViewer = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: RoomForViewer[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_SearchHit = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: SearchHit[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_Session = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Session[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list. */
export type Page_User = {
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: User[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** The other person of a direct room. */
export type Peer = {
  presence: Presence | null;
  /** Their profile. */
  user: User;
};

/** Nothing to say: an empty object. A page of another origin cannot send it unasked. */
export type PlayDemoBody = Record<string, unknown>;

/** Somebody's presence over all their devices. */
export type Presence = {
  custom_status: CustomStatus | null;
  /** When they were last connected; null where they do not share it. */
  last_seen_at: string | null;
  /** `online`, `away`, `busy` or `offline`. */
  status: string;
  /** Who. */
  user_id: string;
};

/** A problem, as `application/problem+json` (RFC 9457). */
export type Problem = {
  /**
   * One of the closed list: `invalid`, `unauthenticated`, `forbidden`, `not_found`, `method_not_allowed`,
   * `conflict`, `too_large`, `unsupported_media`, `rate_limited`, `internal`, `unavailable`.
   */
  code: string;
  /** What is wrong this time, for a developer to read. */
  detail: string;
  /** The fields that were refused, with `invalid` of status 422. */
  errors?: FieldProblem[];
  /** To be named when asking for help. */
  request_id: string;
  /** When a further attempt can succeed, in milliseconds, with `rate_limited` and `unavailable`. */
  retry_after_ms?: number | null;
  /** The HTTP status. */
  status: number;
  /** The same for every problem of a kind. */
  title: string;
  /** A name for this kind of problem, as a URI; not necessarily a page. */
  type: string;
};

/** One person's reaction. */
export type Reaction = {
  /** When. */
  created_at: string;
  /** With what. */
  emoji: string;
  /** Their profile. */
  user: User;
  /** Who. */
  user_id: string;
};

/** How often one emoji. */
export type ReactionCount = {
  /** By how many people. */
  count: number;
  /** Which. */
  emoji: string;
  /** Whether the viewer is one of them. Over REST alone: what goes to everybody is the same for everybody. */
  mine?: boolean;
};

/** Where one member's marks stand. */
export type Receipt = {
  /** Received up to this message number. */
  last_delivered_number: number;
  /** Read up to this message number; null where they or the viewer share no read marks. */
  last_read_number: number | null;
  /** Whose. */
  user_id: string;
};

/** A refresh token. */
export type RefreshTokenBody = {
  /** As it was given by the last login or refresh. */
  refresh_token: string;
};

/** A registration. */
export type RegisterBody = {
  /** What others read; the username when absent. */
  display_name?: string | null;
  /** Unique; shown to oneself only. */
  email?: string | null;
  /** Any characters but U+0000. */
  password: string;
  /** ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit; unique, whatever its case. */
  username: string;
};

/** Whom to remove, up to 100 together. */
export type RemoveMembersBody = {
  /** By the host product's own ids; for its service. */
  external_ids?: string[];
  /** By our ids. */
  user_ids?: string[];
};

/** Who was removed. */
export type RemovedMembers = {
  /** Those who were in the room. */
  removed: string[];
};

/** A message that somebody told the moderators of. Never its text: who may read it finds it by its id. */
export type Report = {
  /** When. */
  created_at: string;
  /** Which message. */
  message_id: string;
  /** Why. */
  reason: string;
  /** Who told. */
  reporter_id: string;
  /** When a moderator was done with it. */
  resolved_at: string | null;
  /** Who that was. */
  resolved_by: string | null;
  /** Where. */
  room_id: string;
  /** Who said it. */
  sender_id: string | null;
};

/** Why. */
export type ReportBody = {
  /** For the moderators to read. */
  reason: string;
};

/** A room, the same for every viewer. */
export type Room = {
  /** A picture: an http(s) URL, or a path of this server that needs no token. */
  avatar_url: string | null;
  /** When it was made. */
  created_at: string;
  /** Who made it. */
  created_by: string | null;
  /** What it is for. */
  description: string | null;
  /** For how many seconds after sending a message may be edited; null: always. */
  edit_window_seconds: number | null;
  /** The host product's own key. */
  external_key: string | null;
  /** `all` or `since_join`. */
  history: string;
  /** Its id. */
  id: string;
  /** False once it is closed. */
  is_active: boolean;
  /** `public`, `private` or `direct`. */
  kind: string;
  /** When the latest message was written. */
  last_message_at: string | null;
  /** Number of the latest message. */
  last_number: number;
  /** Number of the latest durable event. */
  last_seq: number;
  /** The host product's own data. */
  metadata: Record<string, unknown>;
  /** Null for direct rooms. */
  name: string | null;
  /** Who may send: `members`, or `moderators` and above. */
  posting: string;
  /** Seconds between two messages of one member; 0 is off. Moderators and above are free of it. */
  slow_mode_seconds: number;
  /** Whether joining, leaving and renaming are also told by messages of type `system`. */
  system_messages: boolean;
  /** When it was last edited. */
  updated_at: string;
};

/** A file of a room, with the message that bears it. */
export type RoomFile = Attachment & {
  /** When that message was sent. */
  created_at: string;
  /** The message that bears it. */
  message_id: string;
  /** That message's number in the room. */
  number: number;
  /** Who sent that message. */
  sender: User;
  /** That message's `seq`: `around` it the room's pages show the message. */
  seq: number;
};

/** A room as one viewer sees it over REST. */
export type RoomForViewer = Room & {
  /** People in it now. */
  member_count: number;
  /** `owner`, `admin`, `moderator` or `member`; null for who is not in it. */
  my_role: string | null;
  /** Messages the viewer has not read; 0 for who is not in it. */
  unread: number;
};

/** A page of a list of one room. */
export type RoomPage_Member = {
  /** The moment of the page, or one just before it. */
  as_of: AsOf;
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Member[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list of one room. */
export type RoomPage_Message = {
  /** The moment of the page, or one just before it. */
  as_of: AsOf;
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Message[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list of one room. */
export type RoomPage_Reaction = {
  /** The moment of the page, or one just before it. */
  as_of: AsOf;
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Reaction[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list of one room. */
export type RoomPage_Receipt = {
  /** The moment of the page, or one just before it. */
  as_of: AsOf;
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: Receipt[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** A page of a list of one room. */
export type RoomPage_RoomFile = {
  /** The moment of the page, or one just before it. */
  as_of: AsOf;
  /** Whether there is a next page. */
  has_more: boolean;
  /** At most `limit` items. */
  items: RoomFile[];
  /** To be given as `cursor` for the next page; null at the end. */
  next_cursor: string | null;
};

/** Who is active in a room now. */
export type RoomPresence = {
  /** At most `limit` of them. */
  items: Presence[];
  /** How many. */
  present_count: number;
};

/** A message that answers a search. */
export type SearchHit = {
  /**
   * How closely it answers, in the word it answers least closely: `exact` (whole words), `part` (part of a word)
   * or `similar` (one letter wrong).
   */
  closeness: string;
  /** Where: ascending, apart from each other, at most 64. Empty when only a file's name answers. */
  highlights: Highlight[];
  /** The message as it is now. */
  message: Message;
};

/** A message to be sent. */
export type SendMessageBody = {
  /** Uploads of yours that no message bears yet, in the order they are to be shown; at most 10. */
  attachments?: string[] | null;
  /** One's own id of the message, of visible ASCII: a repeat with the same body is the same message. */
  client_id?: string | null;
  /** At most 32 KiB of UTF-8; no control characters but newline and tab. May be left out beside attachments. */
  content?: string | null;
  /** `text/plain` (default) or `text/markdown`. */
  content_type?: string | null;
  /** The host product's own data: an object of at most 4 KiB and 8 levels. */
  metadata?: Record<string, unknown> | null;
  /** The message it answers, of the same room; also one that is deleted. */
  reply_to?: string | null;
};

/** One of one's own logins. */
export type Session = {
  /** When it began. */
  created_at: string;
  /** Whether it is the one that asks. */
  current: boolean;
  /** When it ends unless renewed. */
  expires_at: string;
  /** Its id. */
  id: string;
  /** The client's address at login. */
  ip: string | null;
  /** The service that logged one in on behalf of the host product. */
  issued_by: string | null;
  /** When its tokens were last renewed. */
  last_used_at: string;
  /** The client's `User-Agent`. */
  user_agent: string | null;
};

/** An upload that is to be a picture. */
export type SetAvatarBody = {
  /** Your own, a JPEG, PNG, GIF or WebP picture that no message bears and that is nobody's picture yet. */
  upload_id: string;
};

/** Files to be opened by a link. */
export type SignMediaBody = {
  /** Uploads. */
  ids: string[];
};

/** A link that opens one file for minutes, for as long as whom it was made for may read it. */
export type SignedMedia = {
  /** From then on the links open nothing. */
  expires_at: string;
  /** The upload. */
  id: string;
  /** Opens its thumbnail; null where there is none. */
  thumbnail_url: string | null;
  /** Opens the file without a token. Links made within some minutes are equal, so that caches hold. */
  url: string;
};

/** Links to files. */
export type SignedMediaList = {
  /** One for each file that you may read, in the order asked; others are left out. */
  items: SignedMedia[];
};

/** How a process is. */
export type Status = {
  /** `ok`. */
  status: string;
};

/** What one says of oneself: an emoji, a text, or both. */
export type StatusBody = {
  /** Exactly one emoji. */
  emoji?: string | null;
  /** On one line. */
  text?: string | null;
  /** When it ends by itself, in the future. */
  until?: string | null;
};

/** A single-use ticket for a socket. */
export type Ticket = {
  /** How long it waits to be redeemed, in seconds. */
  expires_in: number;
  /** For `/ws?ticket=…` or `/stream?ticket=…`. */
  ticket: string;
};

/** What is unread in all of one's rooms. */
export type Unread = UnreadCounts & {
  /** In those that are. */
  muted: UnreadCounts;
};

/** What is unread in a number of rooms. */
export type UnreadCounts = {
  /** Those among them that name one, or everybody (`@here`). */
  mentions: number;
  /** Rooms with any, and rooms that one marked unread. */
  rooms: number;
  /** Messages. */
  unread: number;
};

/** New settings of a conversation; an absent field keeps. */
export type UpdateConversationBody = {
  /** Put away. It comes back with the next message, unless it is muted. */
  archived?: boolean | null;
  /**
   * Marked unread, to come back to it: until one reads (`/rooms/{room_id}/read`, any number) or says something
   * there. The read mark itself never moves back.
   */
  marked_unread?: boolean | null;
  /** Until when to be told of nothing; null ends it. */
  muted_until?: string | null;
  /** `all`, `mentions` or `none`. */
  notifications?: string | null;
  /** At the top of the list. */
  pinned?: boolean | null;
};

/** New values of one's profile; an absent field keeps. */
export type UpdateProfileBody = {
  /**
   * An http(s) URL; null clears. A picture that was uploaded is set by `PUT /me/avatar`, and its path is taken here
   * only where it is the present one.
   */
  avatar_url?: string | null;
  /** What others read; cannot be cleared. */
  display_name?: string | null;
  /** Unique; null clears. */
  email?: string | null;
  /** Whether others learn when one was last there. */
  shares_last_seen?: boolean | null;
  /** Whether others learn what one has read; who does not share it is not told of others' either. */
  shares_read_marks?: boolean | null;
  status?: StatusBody | null;
};

/** New values of a room; an absent field keeps. */
export type UpdateRoomBody = {
  /**
   * An http(s) URL; null clears. A picture that was uploaded is set by `PUT /rooms/{room_id}/avatar`, and its path is
   * taken here only where it is the present one.
   */
  avatar_url?: string | null;
  /** Null clears. */
  description?: string | null;
  /** For how many seconds after sending a message may be edited; null: always. */
  edit_window_seconds?: number | null;
  /** Replaces the whole object; null leaves `{}`. */
  metadata?: Record<string, unknown> | null;
  /** Cannot be cleared. */
  name?: string | null;
  /** Who may send: `members`, or `moderators` and above alone; null lets every member. */
  posting?: string | null;
  /** Seconds between two messages of one member; 0 and null switch it off. */
  slow_mode_seconds?: number | null;
  /** Whether what happens is also told by messages of type `system`. */
  system_messages?: boolean | null;
};

/** A file to be uploaded. */
export type UploadBody = {
  /** The file, with its name. Its type is found out from its bytes. */
  file: string;
};

/** An account as others see it. */
export type User = {
  /** A picture: an http(s) URL, or a path of this server that needs no token. */
  avatar_url: string | null;
  /** When it was made. */
  created_at: string;
  /** What others read. */
  display_name: string;
  /** Its id. */
  id: string;
  /** When it was last connected; null where it is not the viewer's to know. */
  last_seen_at: string | null;
  /** `user`, `admin` or `service`. */
  role: string;
  status: CustomStatus | null;
  /** Unique, whatever its case. */
  username: string;
};

/** Tokens of one of the host product's people. */
export type UserTokens = {
  /** For the person's client: every request, and sockets. */
  access_token: string;
  /** How long the access token lives, in seconds. */
  expires_in: number;
  /** For the person's client to renew by itself; null unless `renewable`. */
  refresh_token: string | null;
  /** The login, which the person finds among their sessions. */
  session_id: string;
  /** Always `Bearer`. */
  token_type: string;
  /** Whose. */
  user_id: string;
};

/** Who I am: as the first frame, or later to renew. Another person's token closes with 4501. */
export type AuthFrame = {
  /** Borne by the reply. */
  ref?: string;
  /** An access token. */
  token: string;
  type: "auth";
};

/** Delete a message: my own, or as a moderator. */
export type DeleteFrame = {
  /** Which message. */
  message_id: string;
  /** A moderator's, for everybody to read on the tombstone. */
  reason?: string;
  /** Borne by the reply. */
  ref?: string;
  type: "delete";
};

/** My client has received up to a message. */
export type DeliveredFrame = {
  /** Up to which message number. */
  number: number;
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "delivered";
};

/** Change what I said. The former text goes to the message's history. */
export type EditFrame = {
  /** Empty only where there are files. */
  content: string;
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  type: "edit";
};

/** Say in one room what was said in another. Answered like `message`. */
export type ForwardFrame = {
  /** Makes the forward repeatable; visible ASCII. */
  client_id?: string;
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "forward";
};

/** Say something. The `ack` says that it is durable. `@username` of members, `@here` and links are found in the text. */
export type MessageFrame = {
  attachments?: string[];
  /** Makes the send repeatable; visible ASCII. */
  client_id?: string;
  content: string;
  /** `system` is for service accounts. */
  content_type?: "text/plain" | "text/markdown" | "system";
  /** At most 4 KiB and 8 levels. */
  metadata?: Record<string, unknown>;
  /** Borne by the reply. */
  ref?: string;
  /** The message it answers, of the same room. The event shows it as `parent`. */
  reply_to?: string | null;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "message";
};

/** Pin a message in its room. At most 100 a room. */
export type PinFrame = {
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  type: "pin";
};

/** Are you there? Answered by `pong`. */
export type PingFrame = {
  /** Borne by the reply. */
  ref?: string;
  type: "ping";
};

/** How I am here. */
export type PresenceFrame = {
  /** Borne by the reply. */
  ref?: string;
  status: "online" | "away" | "busy";
  type: "presence";
};

/** React to a message. Reacting twice changes nothing. */
export type ReactFrame = {
  /** Exactly one emoji, with or without variation selectors. */
  emoji: string;
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  type: "react";
};

/** I have read up to a message. */
export type ReadFrame = {
  /** Up to which message number. */
  number: number;
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "read";
};

/** Follow these rooms from where I was, and the rest from their heads (or not at all). */
export type ResumeFrame = {
  /** The life of the database, from `hello`. */
  epoch: string;
  /** Borne by the reply. */
  ref?: string;
  rest?: "head" | "none";
  /** By room id: the last `seq` seen, or `{seq, event_id}` for an exact check. */
  rooms: Record<string, number | {
    event_id?: string;
    /** The last `seq` seen. */
    seq: number;
  }>;
  type: "resume";
};

/** Follow a room, from its head or from after a `seq`. */
export type SubscribeFrame = {
  /** The last `seq` seen. */
  after_seq?: number;
  /** The life of the database, from `hello`. */
  epoch?: string;
  /** The event held for `after_seq`. */
  event_id?: string;
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "subscribe";
};

/** I type, or stopped. Told to others at most once in 3 s; ends by itself after 6 s. */
export type TypingFrame = {
  active?: boolean;
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "typing";
};

/** Pin it no longer. */
export type UnpinFrame = {
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  type: "unpin";
};

/** Take my reaction back. */
export type UnreactFrame = {
  /** Exactly one emoji, with or without variation selectors. */
  emoji: string;
  /** Which message. */
  message_id: string;
  /** Borne by the reply. */
  ref?: string;
  type: "unreact";
};

/** Follow a room no longer. */
export type UnsubscribeFrame = {
  /** Borne by the reply. */
  ref?: string;
  /** Which room; may be left out on `/ws/{room_id}`. */
  room_id?: string;
  type: "unsubscribe";
};

/** Somebody's standing changed. */
export type MemberUpdatedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** Until when they may not send. */
  muted_until?: string | null;
  /** When it was committed. */
  occurred_at: string;
  /** Their role now. */
  role: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "member_updated";
  /** Whose. */
  user_id: string;
};

/** Somebody said something. */
export type MessageCreatedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** As it is now: a tombstone where it was deleted since. */
  message: Message;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "message_created";
};

/** A message was deleted; its text is gone. */
export type MessageDeletedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "message_deleted";
};

/** A message was pinned. */
export type MessagePinnedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "message_pinned";
};

/** A message is pinned no longer. */
export type MessageUnpinnedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** Which. */
  message_id: string;
  /** Its number. */
  number: number;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "message_unpinned";
};

/** Somebody changed what they said. */
export type MessageUpdatedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** As it is now. */
  message: Message;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "message_updated";
};

/** Somebody reacted to a message. */
export type ReactionAddedEvent = {
  /** Who did it. */
  actor_id: string;
  /** With what. */
  emoji: string;
  /** Stable over every replay. */
  event_id: string;
  /** Which message. */
  message_id: string;
  /** Its number. */
  number: number;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "reaction_added";
  /** Who. */
  user_id: string;
};

/** Somebody took a reaction back. */
export type ReactionRemovedEvent = {
  /** Who did it. */
  actor_id: string;
  /** What. */
  emoji: string;
  /** Stable over every replay. */
  event_id: string;
  /** Which message. */
  message_id: string;
  /** Its number. */
  number: number;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "reaction_removed";
  /** Whose. */
  user_id: string;
};

/** The room was made. */
export type RoomCreatedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** As it is now. */
  room: Room;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "room_created";
};

/** The room is gone. */
export type RoomDeletedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "room_deleted";
};

/** The room was edited. */
export type RoomUpdatedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** As it is now. */
  room: Room;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "room_updated";
};

/** Somebody may not come back. */
export type UserBannedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** Why, for everybody in the room to read. */
  reason?: string | null;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "user_banned";
  /** Who. */
  user_id: string;
};

/** Somebody came in. */
export type UserJoinedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** As what. */
  role: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "user_joined";
  user?: User | null;
  /** Who. */
  user_id: string;
};

/** Somebody went, or was put out. */
export type UserLeftEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** `left`, `removed` or `banned`. */
  reason: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "user_left";
  /** Who. */
  user_id: string;
};

/** Somebody may come back. */
export type UserUnbannedEvent = {
  /** Who did it. */
  actor_id: string;
  /** Stable over every replay. */
  event_id: string;
  /** When it was committed. */
  occurred_at: string;
  /** Where it happened. */
  room_id: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  seq: number;
  type: "user_unbanned";
  /** Who. */
  user_id: string;
};

/** It is done. */
export type AckFrame = {
  /** When the message was written. */
  created_at?: string | null;
  /** The message was there before: this attempt created nothing. */
  duplicate?: boolean | null;
  /** When the renewed token ends. */
  expires_at?: string | null;
  /** What was sent, edited or deleted. */
  message_id?: string | null;
  /** The message's number. */
  number?: number | null;
  /** The frame's own. */
  ref?: string | null;
  /** The event's place in the room. */
  seq?: number | null;
  type: "ack";
  /** Messages not read yet, after a mark. */
  unread?: number | null;
};

/** It is not done. */
export type ErrorFrame = {
  /** One of the closed list. */
  code: string;
  /** The fields that are wrong. */
  errors?: FieldProblem[];
  /** For a developer to read. */
  reason: string;
  /** The frame's own. */
  ref?: string | null;
  /** When to try again. */
  retry_after_ms?: number | null;
  /** The room it is about, of a `subscribe` or `resume`. */
  room_id?: string | null;
  type: "error";
};

/** The first word. */
export type HelloFrame = {
  /** Names this connection, e.g. when asking for help. */
  connection_id: string;
  /** The life of the database, for `resume`. */
  epoch: string;
  /** How often the server pings, in milliseconds. */
  heartbeat_interval_ms: number;
  limits: {
    /** Largest frame. */
    frame_bytes_max: number;
    /** Frames being worked on at once. */
    frames_in_flight_max: number;
    /** Frames in a window. */
    frames_per_window: number;
    /** The window. */
    frames_window_ms: number;
    /** Rooms that one connection follows. */
    rooms_max: number;
  } & Record<string, unknown>;
  /** Version of this protocol. */
  protocol: number;
  /** The person has more rooms than a connection follows; the most recently active are. */
  rooms_truncated?: boolean;
  /** The server's time. */
  server_time: string;
  type: "hello";
  /** Who the server takes the client for. */
  user: Me;
};

/** The answer to `ping`. */
export type PongFrame = {
  /** The frame's own. */
  ref?: string | null;
  /** The server's time. */
  server_time: string;
  type: "pong";
};

/** The server stops. */
export type ServerClosingFrame = {
  /** When to come back, different for each connection. */
  reconnect_after_ms: number;
  type: "server_closing";
};

/** The room is followed from here on; what was missed came before this. */
export type SubscribedFrame = {
  /** The viewer's read mark. */
  last_read_number: number;
  /** The latest event's place: the next live one is one more. */
  last_seq: number;
  /** The viewer's role. */
  my_role: string;
  /** People active in the room now. */
  present_count: number;
  /** The frame's own. */
  ref?: string | null;
  /** What was missed is not all here: read the history. */
  reset: boolean;
  /** Which room. */
  room_id: string;
  type: "subscribed";
  /** Messages after it. */
  unread: number;
};

/** Renew with an `auth` frame. */
export type TokenExpiringFrame = {
  /** When it ends. */
  expires_at: string;
  type: "token_expiring";
};

/** The last word of a room. */
export type UnsubscribedFrame = {
  /** `requested`, `left`, `removed`, `banned` or `room_deleted`. */
  reason: string;
  /** The frame's own, when the client asked. */
  ref?: string | null;
  /** Which room. */
  room_id: string;
  type: "unsubscribed";
};

/** One blocked somebody, or no longer, on whatever device; to one's own connections alone. */
export type BlockUpdatedSignal = {
  /** Begun or ended. */
  blocked: boolean;
  type: "block_updated";
  /** Whom. */
  user_id: string;
};

/**
 * One's own mark or settings in a room changed, on whatever device; to one's own connections alone. Only
 * what changed is there.
 */
export type ConversationUpdatedSignal = {
  /** One's read mark. */
  last_read_number?: number;
  /** Whether one marked it unread. */
  marked_unread?: boolean;
  /** Where. */
  room_id: string;
  /** One's settings. */
  settings?: ConversationSettings;
  type: "conversation_updated";
  /** Messages not read yet. */
  unread?: number;
};

/** Somebody's client has received up to a number. */
export type DeliveredSignal = {
  /** Up to which message. */
  number: number;
  /** Where. */
  room_id: string;
  type: "delivered";
  /** Who. */
  user_id: string;
};

/** Somebody has read up to a number. */
export type ReadSignal = {
  /** Up to which message. */
  number: number;
  /** Where. */
  room_id: string;
  type: "read";
  /** Who. */
  user_id: string;
};

/** Somebody types, or stopped; ends by itself after 6 s. */
export type TypingSignal = {
  /** Begun or ended. */
  active: boolean;
  /** Where. */
  room_id: string;
  type: "typing";
  /** Who. */
  user_id: string;
};

/** Somebody has had no session for 10 s. */
export type UserOfflineSignal = {
  /** When they were last connected. */
  last_seen_at?: string | null;
  /** `offline`. */
  status: string;
  type: "user_offline";
  /** Who. */
  user_id: string;
};

/** Somebody is there, or has another status. */
export type UserOnlineSignal = {
  /** When they were last connected. */
  last_seen_at?: string | null;
  /** `online`, `away` or `busy`. */
  status: string;
  type: "user_online";
  /** Who. */
  user_id: string;
};

/** Somebody says something else of themselves. */
export type UserStatusSignal = {
  status?: CustomStatus | null;
  type: "user_status";
  /** Who. */
  user_id: string;
};

/** Somebody has another name or picture. */
export type UserUpdatedSignal = {
  /** Their picture. */
  avatar_url?: string | null;
  /** What others read. */
  display_name: string;
  type: "user_updated";
  /** Who. */
  user_id: string;
  /** Their username. */
  username: string;
};

/** What a client says. */
export type ClientFrame =
  | AuthFrame
  | DeleteFrame
  | DeliveredFrame
  | EditFrame
  | ForwardFrame
  | MessageFrame
  | PinFrame
  | PingFrame
  | PresenceFrame
  | ReactFrame
  | ReadFrame
  | ResumeFrame
  | SubscribeFrame
  | TypingFrame
  | UnpinFrame
  | UnreactFrame
  | UnsubscribeFrame;

/** What happened in a room: it has a `seq` and is never missed. */
export type DurableEvent =
  | HiddenEvent
  | MemberUpdatedEvent
  | MessageCreatedEvent
  | MessageDeletedEvent
  | MessagePinnedEvent
  | MessageUnpinnedEvent
  | MessageUpdatedEvent
  | ReactionAddedEvent
  | ReactionRemovedEvent
  | RoomCreatedEvent
  | RoomDeletedEvent
  | RoomUpdatedEvent
  | UserBannedEvent
  | UserJoinedEvent
  | UserLeftEvent
  | UserUnbannedEvent;

/** What may be missed. */
export type Signal =
  | BlockUpdatedSignal
  | ConversationUpdatedSignal
  | DeliveredSignal
  | ReadSignal
  | TypingSignal
  | UserOfflineSignal
  | UserOnlineSignal
  | UserStatusSignal
  | UserUpdatedSignal;

/** What the server says. */
export type ServerFrame =
  | AckFrame
  | ErrorFrame
  | HelloFrame
  | PongFrame
  | ServerClosingFrame
  | SubscribedFrame
  | TokenExpiringFrame
  | UnsubscribedFrame
  | DurableEvent
  | Signal;

/** How one call is made. */
export type CallOptions = {
  /** Ends the call. */
  signal?: AbortSignal;
  /** How long the answer may take, in milliseconds. */
  timeoutMs?: number;
  /** Further headers, such as `Idempotency-Key`. */
  headers?: Record<string, string>;
};

/** Every operation of the OpenAPI document that speaks JSON, by its name there. */
export interface Rest {
  /**
   * Accept an invitation: `POST /invitations/{token}/accept`.
   *
   * One is in, as a member. Who is in already stays as they are, and no use of the link is spent; of two who want the
   * last use at once, one gets it. 404 alike for a link that never was, has ended, was taken back or is used up; 403
   * for who is banned.
   */
  acceptInvitation(input: {
    /** The secret of the link. */
    token: string;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Add members: `POST /rooms/{room_id}/members`.
   *
   * For the room's admins and owner. Who is in already stays as they are.
   */
  addMembers(input: {
    /** The room. */
    room_id: string;
    body: AddMembersBody;
  }, options?: CallOptions): Promise<Page_Member>;

  /**
   * React to a message: `PUT /messages/{message_id}/reactions/{emoji}`.
   *
   * Any emoji, one per person and emoji; at most 50 different ones on a message. Reacting twice changes
   * nothing.
   */
  addReaction(input: {
    /** The message. */
    message_id: string;
    /** Exactly one emoji, percent-encoded, with or without variation selectors. */
    emoji: string;
  }, options?: CallOptions): Promise<Message>;

  /**
   * AsyncAPI document: `GET /asyncapi.json`.
   *
   * The frames of the sockets and the events on RabbitMQ, AsyncAPI 3.
   */
  asyncapiDocument(input?: {}, options?: CallOptions): Promise<unknown>;

  /**
   * Ban somebody: `PUT /rooms/{room_id}/bans/{user_id}`.
   *
   * Puts them out if they are in, and keeps them out: they neither join, nor are added, nor come by invitation.
   * For the room's admins and owner, of who ranks below; also of people who are not members. A repeat changes
   * nothing but a reason that differs.
   */
  banUser(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
    body: BanBody | null;
  }, options?: CallOptions): Promise<Ban>;

  /**
   * Block somebody: `PUT /me/blocks/{user_id}`.
   *
   * No direct messages either way, and in the direct room neither sees the other type, read or come online. What
   * was said stays readable; rooms with others are as before. They are not told: they learn only that they cannot
   * write, as to somebody whose account is shut. At most 1,000 people.
   */
  blockUser(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Capabilities: `GET /capabilities`.
   *
   * Limits, features and versions.
   */
  capabilities(input?: {}, options?: CallOptions): Promise<Capabilities>;

  /**
   * Change my password: `PUT /me/password`.
   *
   * Ends all other sessions.
   */
  changePassword(input: {
    body: ChangePasswordBody;
  }, options?: CallOptions): Promise<void>;

  /**
   * Change a role: `PATCH /rooms/{room_id}/members/{user_id}`.
   *
   * Of somebody who ranks below. The owner hands the room on by `owner`, and becomes an admin. So may the host
   * product; a room that has an owner keeps one.
   */
  changeRole(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
    body: ChangeRoleBody;
  }, options?: CallOptions): Promise<Member>;

  /** Remove my picture: `DELETE /me/avatar`. */
  clearMyAvatar(input?: {}, options?: CallOptions): Promise<Me>;

  /**
   * Remove a room's picture: `DELETE /rooms/{room_id}/avatar`.
   *
   * For its admins and owner.
   */
  clearRoomAvatar(input: {
    /** The room. */
    room_id: string;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Make an API key: `POST /api-keys`.
   *
   * For administrators. The key is told this once; only its hash is kept.
   */
  createApiKey(input: {
    body: CreateApiKeyBody;
  }, options?: CallOptions): Promise<NewApiKey>;

  /**
   * Make a room: `POST /rooms`.
   *
   * A public or private one, with its maker as the owner.
   */
  createRoom(input: {
    body: CreateRoomBody;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Deactivate an account: `POST /users/{user_id}/deactivate`.
   *
   * Its logins end and its sockets close; its memberships stay, and its name on its messages. For
   * administrators, and for the host product's service with people.
   */
  deactivate(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<HostUser>;

  /**
   * Deactivate my account: `POST /me/deactivate`.
   *
   * All sessions and sockets end, and nobody logs in any more. Memberships stay, and so do one's words, under one's
   * name; an administrator can open the account again. For people with a password: the accounts of others are kept
   * where they come from, and administrators are shut by another.
   */
  deactivateMe(input: {
    body: DeactivateMeBody;
  }, options?: CallOptions): Promise<void>;

  /**
   * Delete a message: `DELETE /messages/{message_id}`.
   *
   * One's own, or as a moderator; a tombstone stays. Deleting twice changes nothing.
   */
  deleteMessage(input: {
    /** The message. */
    message_id: string;
    /**
     * A moderator's reason, for everybody in the room to read on the tombstone. Of one's own message it is
     * not kept.
     */
    reason?: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * End a room: `DELETE /rooms/{room_id}`.
   *
   * Gone at once for everybody. For its owner.
   */
  deleteRoom(input: {
    /** The room. */
    room_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Edit a message: `PATCH /messages/{message_id}`.
   *
   * One's own, within the room's `edit_window_seconds`. Whom and what it names is found anew; the former text
   * goes to the history. A change to the same text changes nothing.
   */
  editMessage(input: {
    /** The message. */
    message_id: string;
    body: EditMessageBody;
  }, options?: CallOptions): Promise<Message>;

  /**
   * End a user's logins: `DELETE /users/{user_id}/tokens`.
   *
   * All of them, whoever began them; their sockets close. For the host product's service.
   */
  endSessions(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Forward a message: `POST /messages/{message_id}/forward`.
   *
   * Read by the rights of its own room, sent by those of the other. The new message bears the text as it is
   * now, its files, and `forwarded_from` with the first origin, but not the room it came from. A deleted message
   * and one of the system are `conflict`.
   */
  forwardMessage(input: {
    /** The message. */
    message_id: string;
    body: ForwardMessageBody;
  }, options?: CallOptions): Promise<Message>;

  /**
   * Log a user in: `POST /users/{user_id}/tokens`.
   *
   * Tokens for one of the host product's people, of a login of its own that names the service and can be ended
   * like any other. Not for administrators or services. For the host product's service.
   */
  handOutTokens(input: {
    /** The person. */
    user_id: string;
    body: HandOutTokensBody;
  }, options?: CallOptions): Promise<UserTokens>;

  /**
   * Log a user in by outside id: `POST /users/by-external-id/{external_id}/tokens`.
   *
   * As by id. For the host product's service.
   */
  handOutTokensByExternalId(input: {
    /** The host product's own id, percent-encoded; at most 200 characters. */
    external_id: string;
    body: HandOutTokensBody;
  }, options?: CallOptions): Promise<UserTokens>;

  /**
   * Liveness: `GET /health`.
   *
   * The process answers. Knows no dependency.
   */
  health(input?: {}, options?: CallOptions): Promise<Status>;

  /**
   * Make an invitation: `POST /rooms/{room_id}/invitations`.
   *
   * A link by which anybody who bears it comes into the room, as a member. Its secret is told this once. It stays
   * good whatever becomes of its maker. At most 100 live ones a room. For admins and the owner of a public or
   * private room; never for direct ones.
   */
  invite(input: {
    /** The room. */
    room_id: string;
    body: InviteBody | null;
  }, options?: CallOptions): Promise<NewInvitation>;

  /**
   * Get a ticket: `POST /auth/ticket`.
   *
   * A single-use ticket for opening a socket or stream where no header can be set: `/ws?ticket=…`.
   */
  issueTicket(input?: {}, options?: CallOptions): Promise<Ticket>;

  /**
   * Join a room: `POST /rooms/{room_id}/join`.
   *
   * A public one. Joining twice changes nothing.
   */
  joinRoom(input: {
    /** The room. */
    room_id: string;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Public keys: `GET /.well-known/jwks.json`.
   *
   * The keys that our access tokens are signed with, as a JWK set; empty when the key is symmetric.
   */
  jwks(input?: {}, options?: CallOptions): Promise<unknown>;

  /**
   * Keep a room by key: `PUT /rooms/by-key/{external_key}`.
   *
   * The one room of the host product's key, made when there is none; one that is there stays as it is. For the
   * host product's service, which is no member of it.
   */
  keepRoom(input: {
    /** The host product's own key, percent-encoded; at most 200 characters. */
    external_key: string;
    body: KeepRoomBody;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Keep a user: `PUT /users/by-external-id/{external_id}`.
   *
   * Makes the host product's user of that outside id, or changes what differs. Repeating it changes nothing. A
   * deactivated user stays so. For the host product's service.
   */
  keepUser(input: {
    /** The host product's own id, percent-encoded; at most 200 characters. */
    external_id: string;
    body: KeepUserBody;
  }, options?: CallOptions): Promise<HostUser>;

  /**
   * Keep many users: `POST /users/batch`.
   *
   * Up to 100 at once, each as in a request of its own: one that is refused hinders no other. For the host
   * product's service.
   */
  keepUsers(input: {
    body: KeepUsersBody;
  }, options?: CallOptions): Promise<KeptUsers>;

  /**
   * Leave a room: `POST /rooms/{room_id}/leave`.
   *
   * An owner who leaves hands on to the longest-serving of the highest role; the last one out closes the room.
   */
  leaveRoom(input: {
    /** The room. */
    room_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * List all reports: `GET /reports`.
   *
   * Of all rooms, by message, the newest first. For site admins and the host product. Ids and reasons, never texts.
   */
  listAllReports(input?: {
    /** Those that a moderator was done with; the open ones by default. */
    resolved?: boolean;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Report>;

  /**
   * List API keys: `GET /api-keys`.
   *
   * Those that were not taken back, oldest first. For administrators.
   */
  listApiKeys(input?: {
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_ApiKey>;

  /**
   * List bans: `GET /rooms/{room_id}/bans`.
   *
   * Who may not come into the room, by whom, when and why. For the room's moderators and above.
   */
  listBans(input: {
    /** The room. */
    room_id: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Ban>;

  /**
   * List blocks: `GET /me/blocks`.
   *
   * Whom one has blocked. Nobody else sees it.
   */
  listBlocks(input?: {
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Block>;

  /**
   * My conversations: `GET /conversations`.
   *
   * The rooms one is in: pinned ones first, then by last activity. What moves up between two pages may be listed
   * on neither, and is told on sockets.
   */
  listConversations(input?: {
    /** Those that are put away, instead of the others. */
    archived?: boolean;
    /** Only those with unread messages or marked unread; `false`: only the others. */
    unread?: boolean;
    /** Only of this kind: `public`, `private` or `direct`. */
    kind?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Conversation>;

  /**
   * Files of a room: `GET /rooms/{room_id}/files`.
   *
   * The files of its messages, the newest message's first. Those of deleted messages are gone, and those from before
   * one's time are not listed where history is that since joining.
   */
  listFiles(input: {
    /** The room. */
    room_id: string;
    /** `image`, `video`, `audio`, or `other` for what is none of these; all when absent. */
    kind?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<RoomPage_RoomFile>;

  /**
   * List invitations: `GET /rooms/{room_id}/invitations`.
   *
   * All links of the room, newest first, also those that have ended; without their secrets. For its admins and
   * owner.
   */
  listInvitations(input: {
    /** The room. */
    room_id: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Invitation>;

  /**
   * List members: `GET /rooms/{room_id}/members`.
   *
   * By user id; all of them, or those of a name or role.
   */
  listMembers(input: {
    /** The room. */
    room_id: string;
    /**
     * The beginning of a word of the username or display name, in any case and with any accents; what a client
     * asks to complete an `@`.
     */
    query?: string;
    /** `owner`, `admin`, `moderator` or `member`. */
    role?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<RoomPage_Member>;

  /**
   * My mentions: `GET /me/mentions`.
   *
   * Messages that name one, or everybody (`@here`), in the rooms one is in now, the newest first over all rooms.
   */
  listMentions(input?: {
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Mention>;

  /**
   * Read messages: `GET /rooms/{room_id}/messages`.
   *
   * Newest first, or oldest first with `after` and `around`. `as_of` is the moment of the page: a stream
   * joined from there leaves no hole.
   */
  listMessages(input: {
    /** The room. */
    room_id: string;
    /** Messages before this `seq`, newest first. */
    before?: number;
    /** Messages after this `seq`, oldest first. */
    after?: number;
    /** Messages around this `seq`, oldest first. */
    around?: number;
    /** `next_cursor` of the page before: goes on in its direction. Opaque, and good for this room only. */
    cursor?: string;
    /** Most items in a page. */
    limit?: number;
  }, options?: CallOptions): Promise<MessagePage>;

  /**
   * Pinned messages: `GET /rooms/{room_id}/pins`.
   *
   * The newest pin first.
   */
  listPins(input: {
    /** The room. */
    room_id: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<RoomPage_Message>;

  /**
   * Who is in the room now: `GET /rooms/{room_id}/presence`.
   *
   * People active in a room, as of the last heartbeat.
   */
  listPresence(input: {
    /** The room. */
    room_id: string;
    /** Most people named; all are counted. */
    limit?: number;
  }, options?: CallOptions): Promise<RoomPresence>;

  /**
   * Who reacted: `GET /messages/{message_id}/reactions`.
   *
   * By emoji, then by person.
   */
  listReactions(input: {
    /** The message. */
    message_id: string;
    /** Only those with this emoji. */
    emoji?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<RoomPage_Reaction>;

  /**
   * Receipts: `GET /rooms/{room_id}/receipts`.
   *
   * Up to which message each member has read and received. What somebody does not share is null.
   */
  listReceipts(input: {
    /** The room. */
    room_id: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<RoomPage_Receipt>;

  /**
   * Read a thread: `GET /messages/{message_id}/replies`.
   *
   * What answers the message directly, oldest first, tombstones too.
   */
  listReplies(input: {
    /** The message. */
    message_id: string;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
    /** Most items in a page. */
    limit?: number;
  }, options?: CallOptions): Promise<RoomPage_Message>;

  /**
   * List a room's reports: `GET /rooms/{room_id}/reports`.
   *
   * By message, the newest first. For the room's moderators and above.
   */
  listReports(input: {
    /** The room. */
    room_id: string;
    /** Those that a moderator was done with; the open ones by default. */
    resolved?: boolean;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_Report>;

  /**
   * List rooms: `GET /rooms`.
   *
   * Public rooms and one's own, newest first.
   */
  listRooms(input?: {
    /** Part of the name, in any case and with any accents. */
    query?: string;
    /** `public`, `private` or `direct`. */
    kind?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_RoomForViewer>;

  /**
   * List schemas: `GET /schemas`.
   *
   * Paths of the JSON Schemas of events and frames.
   */
  listSchemas(input?: {}, options?: CallOptions): Promise<unknown>;

  /**
   * My sessions: `GET /me/sessions`.
   *
   * Live logins, latest first; at most 100, on one page.
   */
  listSessions(input?: {}, options?: CallOptions): Promise<Page_Session>;

  /**
   * Log in: `POST /auth/login`.
   *
   * Begins a session. A wrong name and a wrong password are answered alike.
   */
  logIn(input: {
    body: LogInBody;
  }, options?: CallOptions): Promise<AccessTokens>;

  /**
   * Log out: `POST /auth/logout`.
   *
   * Ends the session of a refresh token, its sockets included. A token that is gone already is no failure.
   */
  logOut(input: {
    body: RefreshTokenBody;
  }, options?: CallOptions): Promise<void>;

  /**
   * Look up users: `POST /users/lookup`.
   *
   * Many at once, from the host product's ids to ours and back. For the host product's service.
   */
  lookUpUsers(input: {
    body: LookUpUsersBody;
  }, options?: CallOptions): Promise<FoundUsers>;

  /**
   * Mark everything as read: `POST /me/read`.
   *
   * In all conversations, muted and archived ones too, as if each were read to its end; in at most 1,000 at once: the
   * answer says what is left.
   */
  markAllRead(input?: {}, options?: CallOptions): Promise<Unread>;

  /**
   * Mark as received: `POST /rooms/{room_id}/delivered`.
   *
   * By the client's word: what a socket only sent is not received. Never moves back, nor beyond the last message.
   */
  markDelivered(input: {
    /** The room. */
    room_id: string;
    body: MarkReadBody;
  }, options?: CallOptions): Promise<Mark>;

  /**
   * Mark as read: `POST /rooms/{room_id}/read`.
   *
   * Never moves back, nor beyond the last message.
   */
  markRead(input: {
    /** The room. */
    room_id: string;
    body: MarkReadBody;
  }, options?: CallOptions): Promise<Mark>;

  /** My account: `GET /me`. */
  me(input?: {}, options?: CallOptions): Promise<Me>;

  /** A message: `GET /messages/{message_id}`. */
  message(input: {
    /** The message. */
    message_id: string;
  }, options?: CallOptions): Promise<Message>;

  /**
   * Read the history of a message: `GET /messages/{message_id}/history`.
   *
   * Its former texts, oldest first; the present one is the message itself. Who may read the message may read
   * it. Deleting the message erases it.
   */
  messageHistory(input: {
    /** The message. */
    message_id: string;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
    /** Most items in a page. */
    limit?: number;
  }, options?: CallOptions): Promise<Page_FormerText>;

  /**
   * Receipts of a message: `GET /messages/{message_id}/receipts`.
   *
   * How far it has come: to how many, read by how many, and who. Of the members who were there when it was said.
   */
  messageReceipts(input: {
    /** The message. */
    message_id: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<MessageReceipts>;

  /**
   * Mute a member: `PUT /rooms/{room_id}/mutes/{user_id}`.
   *
   * They send, edit, react, pin and type no more, and still read. It ends by itself at `until`; leaving and
   * coming back does not end it. For the room's moderators and above, of who ranks below.
   */
  muteMember(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
    body: MuteBody | null;
  }, options?: CallOptions): Promise<Mute>;

  /**
   * Open a direct room: `POST /rooms/direct`.
   *
   * The one room of two people, made when there is none.
   */
  openDirectRoom(input: {
    body: OpenDirectRoomBody;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * OpenAPI document: `GET /openapi.json`.
   *
   * This document, OpenAPI 3.1.
   */
  openapiDocument(input?: {}, options?: CallOptions): Promise<unknown>;

  /**
   * Pin a message: `PUT /rooms/{room_id}/pins/{message_id}`.
   *
   * As a moderator, or in a direct room; at most 100 a room. Pinning twice changes nothing; deleting a message
   * unpins it.
   */
  pinMessage(input: {
    /** The room. */
    room_id: string;
    /** The message. */
    message_id: string;
  }, options?: CallOptions): Promise<Message>;

  /**
   * Play the demo: `POST /demo`.
   *
   * Makes a few people and rooms with talk in several languages. Only on the all-in-one with nothing but embedded
   * parts, on a loopback address, while there is no room and `DEMO` is not switched off; `GET /capabilities` lists
   * the feature `demo` as long as it is so.
   */
  playDemo(input: {
    body: PlayDemoBody;
  }, options?: CallOptions): Promise<DemoCast>;

  /**
   * Preview an invitation: `GET /invitations/{token}`.
   *
   * What one would come into. 404 alike for a link that never was, has ended, was taken back or is used up; 403 for
   * who is banned.
   */
  previewInvitation(input: {
    /** The secret of the link. */
    token: string;
  }, options?: CallOptions): Promise<InvitationPreview>;

  /**
   * A profile: `GET /users/{user_id}`.
   *
   * With `last_seen_at` for people who share a room.
   */
  profile(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<User>;

  /**
   * Reactivate an account: `POST /users/{user_id}/reactivate`.
   *
   * All is as it was, but for its logins. For administrators, and for the host product's service with people.
   */
  reactivate(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<HostUser>;

  /**
   * Readiness: `GET /ready`.
   *
   * Whether new work is welcome; the details are on the admin port.
   */
  ready(input?: {}, options?: CallOptions): Promise<Status>;

  /**
   * Renew tokens: `POST /auth/refresh`.
   *
   * Spends a refresh token for the next pair. A token that is spent again ends its session: somebody has a
   * copy.
   */
  refresh(input: {
    body: RefreshTokenBody;
  }, options?: CallOptions): Promise<AccessTokens>;

  /**
   * Register: `POST /auth/register`.
   *
   * Makes an account and logs it in.
   */
  register(input: {
    body: RegisterBody;
  }, options?: CallOptions): Promise<AccessTokens>;

  /**
   * Remove a member: `DELETE /rooms/{room_id}/members/{user_id}`.
   *
   * Somebody who ranks below. Who is out already stays out.
   */
  removeMember(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Remove several members: `POST /rooms/{room_id}/members/remove`.
   *
   * In the order given, our ids first, each in a change of its own. It ends at the first whom one may not remove.
   */
  removeMembers(input: {
    /** The room. */
    room_id: string;
    body: RemoveMembersBody;
  }, options?: CallOptions): Promise<RemovedMembers>;

  /**
   * Take a reaction back: `DELETE /messages/{message_id}/reactions/{emoji}`.
   *
   * One's own. What was never there is taken back already.
   */
  removeReaction(input: {
    /** The message. */
    message_id: string;
    /** Exactly one emoji, percent-encoded, with or without variation selectors. */
    emoji: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Report a message: `POST /messages/{message_id}/report`.
   *
   * Tells the room's moderators, and those in office, of somebody else's message. Once a person and message: a second
   * time changes nothing. Its sender is not told.
   */
  reportMessage(input: {
    /** The message. */
    message_id: string;
    body: ReportBody;
  }, options?: CallOptions): Promise<void>;

  /**
   * Resolve reports: `DELETE /rooms/{room_id}/reports/{message_id}`.
   *
   * Is done with all that was told of a message. For the room's moderators and above. Twice changes nothing.
   */
  resolveReports(input: {
    /** The room. */
    room_id: string;
    /** The message. */
    message_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Revoke an API key: `DELETE /api-keys/{api_key_id}`.
   *
   * What it opened is shut at once. For administrators.
   */
  revokeApiKey(input: {
    /** The key. */
    api_key_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Take an invitation back: `DELETE /rooms/{room_id}/invitations/{invitation_id}`.
   *
   * Who came in by it stays. Twice changes nothing.
   */
  revokeInvitation(input: {
    /** The room. */
    room_id: string;
    /** The link. */
    invitation_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * End my other sessions: `DELETE /me/sessions`.
   *
   * All but the one that asks; their tokens and sockets end with them.
   */
  revokeOtherSessions(input?: {}, options?: CallOptions): Promise<void>;

  /**
   * End a session: `DELETE /me/sessions/{session_id}`.
   *
   * Its tokens and sockets end with it.
   */
  revokeSession(input: {
    /** The login. */
    session_id: string;
  }, options?: CallOptions): Promise<void>;

  /** A room: `GET /rooms/{room_id}`. */
  room(input: {
    /** The room. */
    room_id: string;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * A room by key: `GET /rooms/by-key/{external_key}`.
   *
   * For whoever may see it; to anybody else there is none.
   */
  roomByKey(input: {
    /** The host product's own key, percent-encoded; at most 200 characters. */
    external_key: string;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Read the log: `GET /rooms/{room_id}/events`.
   *
   * Ascending and whole, or `reset`. An event before the viewer's time is `hidden`, so that `seq` stays whole.
   */
  roomLog(input: {
    /** The room. */
    room_id: string;
    /** Events after this `seq`. */
    after_seq?: number;
    /** The life of the database that `after_seq` is of; another one is answered by `reset`. */
    epoch?: string;
    /** Most items in a page. */
    limit?: number;
    /**
     * `nested` (default): as on the sockets. `flat`: as on RabbitMQ, but without `correlation_id`, which an
     * event bears on its way out only.
     */
    form?: string;
  }, options?: CallOptions): Promise<LogPage>;

  /** A schema: `GET /schemas/{name}`. */
  schema(input: {
    /** As `/schemas` lists it, with its slashes. */
    name: string;
  }, options?: CallOptions): Promise<unknown>;

  /**
   * Search all my rooms: `GET /search`.
   *
   * In the rooms one belongs to now, from where one may see; a service: in all rooms. Best answers first. What was
   * said less than a second ago may not be found yet; what was deleted or edited away is never found.
   */
  searchMessages(input: {
    /**
     * Words in any order; each is found whole, as part of a word from three letters on, at the beginning of one with
     * two. `"Quotes"` hold a phrase together. There is no other syntax.
     */
    q: string;
    /** Only of this person. */
    from?: string;
    /** Only sent at this moment or later (RFC 3339). */
    since?: string;
    /** Only sent before this moment (RFC 3339). */
    until?: string;
    /** `file`: only messages with files. */
    has?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this search only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_SearchHit>;

  /**
   * Search a room: `GET /rooms/{room_id}/search`.
   *
   * As `GET /search`, in one room.
   */
  searchRoom(input: {
    /** The room. */
    room_id: string;
    /**
     * Words in any order; each is found whole, as part of a word from three letters on, at the beginning of one with
     * two. `"Quotes"` hold a phrase together. There is no other syntax.
     */
    q: string;
    /** Only of this person. */
    from?: string;
    /** Only sent at this moment or later (RFC 3339). */
    since?: string;
    /** Only sent before this moment (RFC 3339). */
    until?: string;
    /** `file`: only messages with files. */
    has?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this search only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_SearchHit>;

  /** Search people: `GET /users`. */
  searchUsers(input?: {
    /** Part of a username or display name, in any case and with any accents; all open accounts when absent. */
    query?: string;
    /** Most items in a page. */
    limit?: number;
    /** `next_cursor` of the page before. Opaque, and good for this list only. */
    cursor?: string;
  }, options?: CallOptions): Promise<Page_User>;

  /**
   * Send a message: `POST /rooms/{room_id}/messages`.
   *
   * Answered after the commit. `client_id` or the header `Idempotency-Key` (both: equal) makes it
   * repeatable, for ever: after `internal` and `unavailable` the outcome is unknown, so repeat with the same
   * one. `@username` of members, `@here` and links are found in the text.
   */
  sendMessage(input: {
    /** The room. */
    room_id: string;
    body: SendMessageBody;
  }, options?: CallOptions): Promise<Message>;

  /**
   * Set my picture: `PUT /me/avatar`.
   *
   * An upload of your own becomes your picture: `avatar_url` is then `/avatars/{upload_id}`, which everybody may fetch.
   * The picture that was is removed, if it was uploaded. The present one once more changes nothing.
   */
  setMyAvatar(input: {
    body: SetAvatarBody;
  }, options?: CallOptions): Promise<Me>;

  /**
   * Set a room's picture: `PUT /rooms/{room_id}/avatar`.
   *
   * For its admins and owner: an upload of your own becomes the picture of the room. `avatar_url` is then
   * `/avatars/{upload_id}`, which everybody may fetch. The picture that was is removed, if it was uploaded. The present
   * one once more changes nothing.
   */
  setRoomAvatar(input: {
    /** The room. */
    room_id: string;
    body: SetAvatarBody;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /**
   * Sign links: `POST /media/sign`.
   *
   * For `<img>`, `<video>` and downloads, which cannot send a token. A link opens one file, for minutes, and
   * only while you may read that file.
   */
  signMedia(input: {
    body: SignMediaBody;
  }, options?: CallOptions): Promise<SignedMediaList>;

  /**
   * Lift a ban: `DELETE /rooms/{room_id}/bans/{user_id}`.
   *
   * They may come back, but are not brought back. Who is not banned stays so.
   */
  unbanUser(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Take a block back: `DELETE /me/blocks/{user_id}`.
   *
   * Who is not blocked stays so.
   */
  unblockUser(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * Lift a mute: `DELETE /rooms/{room_id}/mutes/{user_id}`.
   *
   * Who is not muted stays so.
   */
  unmuteMember(input: {
    /** The room. */
    room_id: string;
    /** The member. */
    user_id: string;
  }, options?: CallOptions): Promise<void>;

  /** Unpin a message: `DELETE /rooms/{room_id}/pins/{message_id}`. */
  unpinMessage(input: {
    /** The room. */
    room_id: string;
    /** The message. */
    message_id: string;
  }, options?: CallOptions): Promise<void>;

  /**
   * What is unread: `GET /me/unread`.
   *
   * Over all rooms one is in; muted and archived ones apart.
   */
  unread(input?: {}, options?: CallOptions): Promise<Unread>;

  /**
   * Change a conversation for myself: `PATCH /conversations/{room_id}`.
   *
   * Archive, pin, mute, mark as unread. Nobody else is told; one's own sockets are, by `conversation_updated`.
   */
  updateConversation(input: {
    /** The room. */
    room_id: string;
    body: UpdateConversationBody;
  }, options?: CallOptions): Promise<Conversation>;

  /** Change my profile: `PATCH /me`. */
  updateProfile(input: {
    body: UpdateProfileBody;
  }, options?: CallOptions): Promise<Me>;

  /**
   * Edit a room: `PATCH /rooms/{room_id}`.
   *
   * For its admins and owner.
   */
  updateRoom(input: {
    /** The room. */
    room_id: string;
    body: UpdateRoomBody;
  }, options?: CallOptions): Promise<RoomForViewer>;

  /** A user by outside id: `GET /users/by-external-id/{external_id}`. */
  userByExternalId(input: {
    /** The host product's own id, percent-encoded; at most 200 characters. */
    external_id: string;
  }, options?: CallOptions): Promise<HostUser>;

  /**
   * Somebody's presence: `GET /users/{user_id}/presence`.
   *
   * For people who share a room with them.
   */
  userPresence(input: {
    /** The person. */
    user_id: string;
  }, options?: CallOptions): Promise<Presence>;
}
