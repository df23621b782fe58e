-- Conversations on PostgreSQL.

-- What most messages have none of: NULL costs a message nothing but a bit.
ALTER TABLE messages ADD COLUMN attachments json;
-- Whom and what the text names, and whose words it repeats.
ALTER TABLE messages ADD COLUMN extras json;
-- How often which emoji, kept in step with `reactions` under the room's lock.
ALTER TABLE messages ADD COLUMN reactions json;
ALTER TABLE messages ADD COLUMN reply_count bigint;
ALTER TABLE messages ADD COLUMN last_reply_at timestamptz;
ALTER TABLE messages ADD COLUMN pinned_at timestamptz;
-- Who deleted it when that was not the sender, and why.
ALTER TABLE messages ADD COLUMN deleted_by uuid;
ALTER TABLE messages ADD COLUMN delete_reason text;
-- Partial, so that a message that is no reply and not pinned pays for neither.
CREATE INDEX messages_by_parent ON messages (reply_to, seq) WHERE reply_to IS NOT NULL;
CREATE INDEX messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;

ALTER TABLE rooms ADD COLUMN avatar_url text;
ALTER TABLE rooms ADD COLUMN slow_mode_seconds bigint NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN system_messages boolean NOT NULL DEFAULT false;
ALTER TABLE rooms ADD COLUMN edit_window_seconds bigint;

-- A person's own settings of a conversation; nobody else sees them.
ALTER TABLE members ADD COLUMN last_sent_at timestamptz;
ALTER TABLE members ADD COLUMN archived_at timestamptz;
ALTER TABLE members ADD COLUMN pinned_at timestamptz;
ALTER TABLE members ADD COLUMN notifications text;
ALTER TABLE members ADD COLUMN notifications_muted_until timestamptz;

ALTER TABLE users ADD COLUMN status_emoji text;
ALTER TABLE users ADD COLUMN status_text text;
ALTER TABLE users ADD COLUMN status_until timestamptz;
-- Whether others learn what one has read, and when one was last there.
ALTER TABLE users ADD COLUMN shares_read_marks boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN shares_last_seen boolean NOT NULL DEFAULT true;

-- Who reacted with what: one row a person and emoji.
CREATE TABLE reactions (
    created_at timestamptz NOT NULL,
    room_id uuid NOT NULL,
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    emoji text NOT NULL,
    PRIMARY KEY (room_id, message_id, emoji, user_id)
);

-- Whom messages name; the nil UUID stands for everybody (`@here`).
CREATE TABLE mentions (
    number bigint NOT NULL,
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (room_id, user_id, number)
);

CREATE TABLE bans (
    created_at timestamptz NOT NULL,
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    banned_by uuid NOT NULL,
    reason text,
    PRIMARY KEY (room_id, user_id)
);

-- Neither writes to the other directly.
CREATE TABLE blocks (
    created_at timestamptz NOT NULL,
    blocker_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
);
CREATE INDEX blocks_by_blocked ON blocks (blocked_id, blocker_id);

-- Links by which people come into a room; only the hash of their secret.
CREATE TABLE invitations (
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    uses bigint NOT NULL DEFAULT 0,
    -- Absent: any number.
    uses_max bigint,
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL,
    created_by uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE
);
CREATE INDEX invitations_by_room ON invitations (room_id, id);

-- What members told the moderators of.
CREATE TABLE reports (
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    room_id uuid NOT NULL,
    message_id uuid NOT NULL,
    reporter_id uuid NOT NULL,
    resolved_by uuid,
    reason text NOT NULL,
    PRIMARY KEY (room_id, message_id, reporter_id)
);
