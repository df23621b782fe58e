-- Conversations on SQLite: the same tables. Ids are 16-byte blobs, times milliseconds since 1970 in UTC.

-- What most messages have none of: NULL costs a message nothing but a bit.
ALTER TABLE messages ADD COLUMN attachments text;
-- Whom and what the text names, and whose words it repeats.
ALTER TABLE messages ADD COLUMN extras text;
-- How often which emoji, kept in step with `reactions` under the room's lock.
ALTER TABLE messages ADD COLUMN reactions text;
ALTER TABLE messages ADD COLUMN reply_count integer;
ALTER TABLE messages ADD COLUMN last_reply_at integer;
ALTER TABLE messages ADD COLUMN pinned_at integer;
-- Who deleted it when that was not the sender, and why.
ALTER TABLE messages ADD COLUMN deleted_by blob;
ALTER TABLE messages ADD COLUMN delete_reason text;
-- Partial, so that a message that is no reply and not pinned pays for neither.
CREATE INDEX messages_by_parent ON messages (reply_to, seq) WHERE reply_to IS NOT NULL;
CREATE INDEX messages_pinned ON messages (room_id, pinned_at) WHERE pinned_at IS NOT NULL;

ALTER TABLE rooms ADD COLUMN avatar_url text;
ALTER TABLE rooms ADD COLUMN slow_mode_seconds integer NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN system_messages boolean NOT NULL DEFAULT false;
ALTER TABLE rooms ADD COLUMN edit_window_seconds integer;

-- A person's own settings of a conversation; nobody else sees them.
ALTER TABLE members ADD COLUMN last_sent_at integer;
ALTER TABLE members ADD COLUMN archived_at integer;
ALTER TABLE members ADD COLUMN pinned_at integer;
ALTER TABLE members ADD COLUMN notifications text;
ALTER TABLE members ADD COLUMN notifications_muted_until integer;

ALTER TABLE users ADD COLUMN status_emoji text;
ALTER TABLE users ADD COLUMN status_text text;
ALTER TABLE users ADD COLUMN status_until integer;
-- Whether others learn what one has read, and when one was last there.
ALTER TABLE users ADD COLUMN shares_read_marks boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN shares_last_seen boolean NOT NULL DEFAULT true;

-- Who reacted with what: one row a person and emoji.
CREATE TABLE reactions (
    created_at integer NOT NULL,
    room_id blob NOT NULL,
    message_id blob NOT NULL,
    user_id blob NOT NULL,
    emoji text NOT NULL,
    PRIMARY KEY (room_id, message_id, emoji, user_id)
) WITHOUT ROWID;

-- Whom messages name; sixteen zero bytes stand for everybody (`@here`).
CREATE TABLE mentions (
    number integer NOT NULL,
    room_id blob NOT NULL,
    user_id blob NOT NULL,
    PRIMARY KEY (room_id, user_id, number)
) WITHOUT ROWID;

CREATE TABLE bans (
    created_at integer NOT NULL,
    room_id blob NOT NULL,
    user_id blob NOT NULL,
    banned_by blob NOT NULL,
    reason text,
    PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;

-- Neither writes to the other directly.
CREATE TABLE blocks (
    created_at integer NOT NULL,
    blocker_id blob NOT NULL,
    blocked_id blob NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
) WITHOUT ROWID;
CREATE INDEX blocks_by_blocked ON blocks (blocked_id, blocker_id);

-- Links by which people come into a room; only the hash of their secret.
CREATE TABLE invitations (
    created_at integer NOT NULL,
    expires_at integer,
    revoked_at integer,
    uses integer NOT NULL DEFAULT 0,
    -- Absent: any number.
    uses_max integer,
    id blob PRIMARY KEY,
    room_id blob NOT NULL,
    created_by blob NOT NULL,
    token_hash blob NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE INDEX invitations_by_room ON invitations (room_id, id);

-- What members told the moderators of.
CREATE TABLE reports (
    created_at integer NOT NULL,
    resolved_at integer,
    room_id blob NOT NULL,
    message_id blob NOT NULL,
    reporter_id blob NOT NULL,
    resolved_by blob,
    reason text NOT NULL,
    PRIMARY KEY (room_id, message_id, reporter_id)
) WITHOUT ROWID;
