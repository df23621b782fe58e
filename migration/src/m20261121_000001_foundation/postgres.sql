-- The foundation on PostgreSQL. Columns of the hot tables go from the widest alignment to the narrowest.

-- The life of this database: one row, whose name changes only by `confab epoch bump`.
CREATE TABLE epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO epoch (name) VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 1, 16));

CREATE TABLE users (
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    deactivated_at timestamptz,
    id uuid PRIMARY KEY,
    username text NOT NULL,
    -- Case-folded, compared by bytes, so that a prefix search can use the index.
    username_key text COLLATE "C" NOT NULL UNIQUE,
    email text,
    email_key text COLLATE "C" UNIQUE,
    display_name text NOT NULL,
    avatar_url text,
    -- Absent for the users of an outside issuer.
    password_hash text,
    issuer text,
    subject text,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin', 'service')),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    UNIQUE (issuer, subject)
) WITH (fillfactor = 85);

-- A session is one login; its id is the `sid` of its tokens.
CREATE TABLE sessions (
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    user_agent text,
    ip text
) WITH (fillfactor = 85);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Only hashes; a spent row stays until the session ends, so that its reuse is noticed.
CREATE TABLE refresh_tokens (
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash bytea PRIMARY KEY
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- Single-use tickets for sockets, spent by one DELETE … RETURNING.
CREATE TABLE tickets (
    expires_at timestamptz NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Absent for the token of an outside issuer.
    session_id uuid REFERENCES sessions (id) ON DELETE CASCADE,
    role text NOT NULL,
    ticket_hash bytea PRIMARY KEY
);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- The slow part of a room.
CREATE TABLE rooms (
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    id uuid PRIMARY KEY,
    created_by uuid,
    -- The two people of a direct room, the lower id first.
    direct_low uuid,
    direct_high uuid,
    kind text NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    history text NOT NULL DEFAULT 'all' CHECK (history IN ('all', 'since_join')),
    is_active boolean NOT NULL DEFAULT true,
    name text,
    description text,
    -- Absent when empty. `json`, not `jsonb`: kept as it was sent, as SQLite keeps it.
    metadata json,
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
    last_seq bigint NOT NULL DEFAULT 0,
    last_number bigint NOT NULL DEFAULT 0,
    last_message_at timestamptz,
    member_count bigint NOT NULL DEFAULT 0,
    -- The `seq` of the last change of the slow part, which is its version in caches.
    room_changed_seq bigint NOT NULL DEFAULT 0,
    -- Events up to and with this `seq` were trimmed.
    log_floor_seq bigint NOT NULL DEFAULT 0,
    room_id uuid PRIMARY KEY
) WITH (
    fillfactor = 25,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.2
);

-- The row stays when someone leaves: a rejoin must not clear a mute.
CREATE TABLE members (
    joined_at timestamptz NOT NULL,
    joined_seq bigint NOT NULL,
    visible_from_number bigint NOT NULL DEFAULT 0,
    left_at timestamptz,
    muted_until timestamptz,
    last_read_number bigint NOT NULL DEFAULT 0,
    last_delivered_number bigint NOT NULL DEFAULT 0,
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
    PRIMARY KEY (room_id, user_id)
) WITH (
    -- Marks move often and are in no index.
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX members_by_user ON members (user_id, room_id) WHERE left_at IS NULL;

-- Each index here costs more than the commit: history, `before`, `after` and `around` are ranges of the key.
CREATE TABLE messages (
    seq bigint NOT NULL,
    number bigint NOT NULL,
    updated_seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    deleted_at timestamptz,
    room_id uuid NOT NULL,
    id uuid NOT NULL,
    sender_id uuid NOT NULL,
    -- Six bytes of the room id, ten of a hash of room, sender and `client_id`: narrow, unique by itself (so that
    -- a repeat has one possible plan), and near its neighbours of the same room in the index.
    client_key uuid NOT NULL,
    -- A 128-bit hash of the body as it was sent: a repeat with another body is a conflict.
    body_hash uuid NOT NULL,
    reply_to uuid,
    content_type text NOT NULL,
    client_id text NOT NULL,
    -- Absent in a tombstone.
    content text,
    metadata json,
    PRIMARY KEY (room_id, seq)
) WITH (
    fillfactor = 95,
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05
);
CREATE UNIQUE INDEX messages_by_id ON messages (id);
CREATE UNIQUE INDEX messages_by_client_key ON messages (client_key);

-- What a message said before each edit; erased with the message.
CREATE TABLE message_edits (
    -- The `seq` of the edit that replaced this text.
    replaced_seq bigint NOT NULL,
    edited_at timestamptz NOT NULL,
    room_id uuid NOT NULL,
    message_id uuid NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (room_id, message_id, replaced_seq)
);

-- All durable events but `message_created`, whose row is the message. Never a message text.
CREATE TABLE events (
    seq bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    room_id uuid NOT NULL,
    id uuid NOT NULL,
    actor_id uuid NOT NULL,
    message_id uuid,
    -- Whom it is about.
    user_id uuid,
    event_type text NOT NULL,
    -- Small facts of the type, such as a role or a reason.
    facts json,
    PRIMARY KEY (room_id, seq)
);
-- For the trimming of the log, at next to no cost for a write.
CREATE INDEX events_by_time ON events USING brin (occurred_at);

-- What is committed and not yet confirmed by the broker. `position` grows in commit order within a room.
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- Absent for an account event.
    seq bigint,
    occurred_at timestamptz NOT NULL,
    room_id uuid,
    user_id uuid,
    event_id uuid NOT NULL,
    partition_id smallint NOT NULL,
    event_type text NOT NULL,
    -- The facts of an account event or a control message; a room's event is read from its row.
    facts json,
    correlation_id text,
    traceparent text,
    PRIMARY KEY (partition_id, position)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 20000
);

-- Who works on which part of the outbox; shares the work, never guards the order.
CREATE TABLE outbox_leases (
    expires_at timestamptz NOT NULL,
    partition_id smallint PRIMARY KEY,
    owner text NOT NULL
) WITH (fillfactor = 50);

-- Who is there to share it.
CREATE TABLE outbox_owners (
    expires_at timestamptz NOT NULL,
    owner text PRIMARY KEY
);
