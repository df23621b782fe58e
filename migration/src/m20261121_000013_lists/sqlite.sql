-- Lists on SQLite, which does the whole step in one transaction.

-- Who pinned a message; absent for pins from before.
ALTER TABLE messages ADD COLUMN pinned_by blob;

-- The number of the message that bears the file: a room's files are listed by it and hidden from newcomers by it.
ALTER TABLE uploads ADD COLUMN number integer;
CREATE INDEX uploads_by_number ON uploads (room_id, number, id)
    WHERE number IS NOT NULL AND state = 'ready';
CREATE INDEX uploads_by_kind ON uploads (room_id, (
    CASE substr(content_type, 1, 6) WHEN 'image/' THEN 'image' WHEN 'video/' THEN 'video' WHEN 'audio/' THEN 'audio'
    ELSE 'other' END), number, id) WHERE number IS NOT NULL AND state = 'ready';
-- What a process of the version before still writes, to be completed: so too below.
CREATE INDEX uploads_to_complete ON uploads (id) WHERE number IS NULL AND message_id IS NOT NULL;

-- Where and when the message is: mentions are listed over all rooms by their time.
ALTER TABLE mentions ADD COLUMN seq integer;
ALTER TABLE mentions ADD COLUMN said_at integer;
CREATE INDEX mentions_by_time ON mentions (room_id, user_id, said_at, number)
    WHERE said_at IS NOT NULL;
CREATE INDEX mentions_to_complete ON mentions (room_id, number, user_id) WHERE said_at IS NULL;

-- Names in the form in which they are looked for.
ALTER TABLE users ADD COLUMN name_folded text;
ALTER TABLE rooms ADD COLUMN name_folded text;
CREATE INDEX users_to_complete ON users (id) WHERE name_folded IS NULL;
CREATE INDEX rooms_to_complete ON rooms (id) WHERE name_folded IS NULL AND name IS NOT NULL;

-- The few in office are found without walking past all others.
CREATE INDEX members_in_office ON members (room_id, role, user_id)
    WHERE role <> 'member' AND left_at IS NULL;
