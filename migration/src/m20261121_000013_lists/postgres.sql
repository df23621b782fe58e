-- Lists on PostgreSQL. This step is no single transaction: each statement stands by itself and may run again, so
-- that no table is held longer than a statement takes. What lists read by is indexed while it is empty, and the indexes grow
-- with the batches that fill the columns.

-- Who pinned a message; absent for pins from before.
ALTER TABLE messages ADD COLUMN IF NOT EXISTS pinned_by uuid;

-- The number of the message that bears the file: a room's files are listed by it and hidden from newcomers by it.
ALTER TABLE uploads ADD COLUMN IF NOT EXISTS number bigint;
CREATE INDEX IF NOT EXISTS uploads_by_number ON uploads (room_id, number, id)
    WHERE number IS NOT NULL AND state = 'ready';
CREATE INDEX IF NOT EXISTS uploads_by_kind ON uploads (room_id, (
    CASE substr(content_type, 1, 6) WHEN 'image/' THEN 'image' WHEN 'video/' THEN 'video' WHEN 'audio/' THEN 'audio'
    ELSE 'other' END), number, id) WHERE number IS NOT NULL AND state = 'ready';
-- What a process of the version before still writes, to be completed: so too below.
CREATE INDEX IF NOT EXISTS uploads_to_complete ON uploads (id) WHERE number IS NULL AND message_id IS NOT NULL;

-- Where and when the message is: mentions are listed over all rooms by their time.
ALTER TABLE mentions ADD COLUMN IF NOT EXISTS seq bigint;
ALTER TABLE mentions ADD COLUMN IF NOT EXISTS said_at timestamptz;
CREATE INDEX IF NOT EXISTS mentions_by_time ON mentions (room_id, user_id, said_at, number)
    WHERE said_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS mentions_to_complete ON mentions (room_id, number, user_id) WHERE said_at IS NULL;

-- Names in the form in which they are looked for. The runs of three characters in them are an index of their own kind
-- that needs no extension.
CREATE OR REPLACE FUNCTION name_runs(name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS
    'SELECT ARRAY(SELECT DISTINCT substr(name, i, 3) FROM generate_series(1, length(name) - 2) AS i)';
ALTER TABLE users ADD COLUMN IF NOT EXISTS name_folded text;
ALTER TABLE rooms ADD COLUMN IF NOT EXISTS name_folded text;
CREATE INDEX IF NOT EXISTS users_by_name_run ON users USING gin (name_runs(name_folded));
CREATE INDEX IF NOT EXISTS rooms_by_name_run ON rooms USING gin (name_runs(name_folded));
CREATE INDEX IF NOT EXISTS users_to_complete ON users (id) WHERE name_folded IS NULL;
CREATE INDEX IF NOT EXISTS rooms_to_complete ON rooms (id) WHERE name_folded IS NULL AND name IS NOT NULL;

-- The few in office are found without walking past all others.
CREATE INDEX IF NOT EXISTS members_in_office ON members (room_id, role, user_id)
    WHERE role <> 'member' AND left_at IS NULL;
