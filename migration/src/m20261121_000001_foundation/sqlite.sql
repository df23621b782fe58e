-- The foundation on SQLite: the same tables. Ids are 16-byte blobs, times milliseconds since 1970 in UTC.

-- The life of this database: one row, whose name changes only by `confab epoch bump`.
CREATE TABLE epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name text NOT NULL,
    started_at integer NOT NULL DEFAULT (unixepoch() * 1000)
);
INSERT INTO epoch (name) VALUES (lower(hex(randomblob(8))));

CREATE TABLE users (
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    last_seen_at integer,
    deactivated_at integer,
    id blob PRIMARY KEY,
    username text NOT NULL,
    -- Case-folded, compared by bytes, so that a prefix search can use the index.
    username_key text NOT NULL UNIQUE,
    email text,
    email_key text UNIQUE,
    display_name text NOT NULL,
    avatar_url text,
    -- Absent for the users of an outside issuer.
    password_hash text,
    issuer text,
    subject text,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin', 'service')),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    UNIQUE (issuer, subject)
);

-- A session is one login; its id is the `sid` of its tokens.
CREATE TABLE sessions (
    created_at integer NOT NULL,
    last_used_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer,
    id blob PRIMARY KEY,
    user_id blob NOT NULL REFERENCES users (id),
    user_agent text,
    ip text
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Only hashes; a spent row stays until the session ends, so that its reuse is noticed.
CREATE TABLE refresh_tokens (
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    spent_at integer,
    session_id blob NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash blob PRIMARY KEY
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- Single-use tickets for sockets, spent by one DELETE … RETURNING.
CREATE TABLE tickets (
    expires_at integer NOT NULL,
    user_id blob NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Absent for the token of an outside issuer.
    session_id blob REFERENCES sessions (id) ON DELETE CASCADE,
    role text NOT NULL,
    ticket_hash blob PRIMARY KEY
) WITHOUT ROWID;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- The slow part of a room.
CREATE TABLE rooms (
    created_at integer NOT NULL,
    updated_at integer NOT NULL,
    deleted_at integer,
    id blob PRIMARY KEY,
    created_by blob,
    -- The two people of a direct room, the lower id first.
    direct_low blob,
    direct_high blob,
    kind text NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    history text NOT NULL DEFAULT 'all' CHECK (history IN ('all', 'since_join')),
    is_active boolean NOT NULL DEFAULT true,
    name text,
    description text,
    -- Absent when empty.
    metadata text,
    external_key text,
    CHECK ((kind = 'direct') = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
    CHECK (direct_low < direct_high)
);
CREATE UNIQUE INDEX rooms_by_external_key ON rooms (external_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX rooms_by_direct_pair ON rooms (direct_low, direct_high) WHERE direct_low IS NOT NULL;
CREATE INDEX rooms_public ON rooms (id) WHERE kind = 'public' AND deleted_at IS NULL;

-- The hot part: one row that each durable event of the room moves. No index but the key and room on every
-- page, so that each move is a heap-only update; vacuumed early, so that its pages stay few.
CREATE TABLE room_heads (
    last_seq integer NOT NULL DEFAULT 0,
    last_number integer NOT NULL DEFAULT 0,
    last_message_at integer,
    member_count integer NOT NULL DEFAULT 0,
    -- The `seq` of the last change of the slow part, which is its version in caches.
    room_changed_seq integer NOT NULL DEFAULT 0,
    -- Events up to and with this `seq` were trimmed.
    log_floor_seq integer NOT NULL DEFAULT 0,
    room_id blob PRIMARY KEY
) WITHOUT ROWID;

-- The row stays when someone leaves: a rejoin must not clear a mute.
CREATE TABLE members (
    joined_at integer NOT NULL,
    joined_seq integer NOT NULL,
    visible_from_number integer NOT NULL DEFAULT 0,
    left_at integer,
    muted_until integer,
    last_read_number integer NOT NULL DEFAULT 0,
    last_delivered_number integer NOT NULL DEFAULT 0,
    room_id blob NOT NULL,
    user_id blob NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user_id, room_id) WHERE left_at IS NULL;

-- Each index here costs more than the commit: history, `before`, `after` and `around` are ranges of the key.
CREATE TABLE messages (
    seq integer NOT NULL,
    number integer NOT NULL,
    updated_seq integer NOT NULL,
    created_at integer NOT NULL,
    edited_at integer,
    deleted_at integer,
    room_id blob NOT NULL,
    id blob NOT NULL,
    sender_id blob NOT NULL,
    -- Six bytes of the room id, ten of a hash of room, sender and `client_id`: narrow, unique by itself (so that
    -- a repeat has one possible plan), and near its neighbours of the same room in the index.
    client_key blob NOT NULL,
    -- A 128-bit hash of the body as it was sent: a repeat with another body is a conflict.
    body_hash blob NOT NULL,
    reply_to blob,
    content_type text NOT NULL,
    client_id text NOT NULL,
    -- Absent in a tombstone.
    content text,
    metadata text,
    PRIMARY KEY (room_id, seq)
);
CREATE UNIQUE INDEX messages_by_id ON messages (id);
CREATE UNIQUE INDEX messages_by_client_key ON messages (client_key);

-- What a message said before each edit; erased with the message.
CREATE TABLE message_edits (
    -- The `seq` of the edit that replaced this text.
    replaced_seq integer NOT NULL,
    edited_at integer NOT NULL,
    room_id blob NOT NULL,
    message_id blob NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (room_id, message_id, replaced_seq)
) WITHOUT ROWID;

-- All durable events but `message_created`, whose row is the message. Never a message text.
CREATE TABLE events (
    seq integer NOT NULL,
    occurred_at integer NOT NULL,
    room_id blob NOT NULL,
    id blob NOT NULL,
    actor_id blob NOT NULL,
    message_id blob,
    -- Whom it is about.
    user_id blob,
    event_type text NOT NULL,
    -- Small facts of the type, such as a role or a reason.
    facts text,
    PRIMARY KEY (room_id, seq)
) WITHOUT ROWID;
-- For the trimming of the log, at next to no cost for a write.
CREATE INDEX events_by_time ON events (occurred_at);

-- What is committed and not yet confirmed by the broker. `position` grows in commit order within a room.
CREATE TABLE outbox (
    position integer PRIMARY KEY AUTOINCREMENT,
    -- Absent for an account event.
    seq integer,
    occurred_at integer NOT NULL,
    room_id blob,
    user_id blob,
    event_id blob NOT NULL,
    partition_id integer NOT NULL,
    event_type text NOT NULL,
    -- The facts of an account event or a control message; a room's event is read from its row.
    facts text,
    correlation_id text,
    traceparent text
);
CREATE INDEX outbox_by_partition ON outbox (partition_id, position);

-- Who works on which part of the outbox; shares the work, never guards the order.
CREATE TABLE outbox_leases (
    expires_at integer NOT NULL,
    partition_id integer PRIMARY KEY,
    owner text NOT NULL
);

-- Who is there to share it.
CREATE TABLE outbox_owners (
    expires_at integer NOT NULL,
    owner text PRIMARY KEY
);
