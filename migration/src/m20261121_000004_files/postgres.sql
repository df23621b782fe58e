-- Files on PostgreSQL. The bytes are elsewhere; a row is there before the first of them and goes after the last.

CREATE TABLE uploads (
    created_at timestamptz NOT NULL,
    -- When it is to be swept away; absent while a message bears it.
    due_at timestamptz,
    size bigint,
    id uuid PRIMARY KEY,
    -- Whose bytes it shows: its own, or those of the file it is a copy of.
    blob_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    room_id uuid,
    message_id uuid,
    width integer,
    height integer,
    -- `arriving`: not whole yet. `ready`. `doomed`: nobody may read it, its bytes are to be removed.
    state text NOT NULL CHECK (state IN ('arriving', 'ready', 'doomed')),
    filename text NOT NULL,
    content_type text,
    preview text,
    thumbnail_type text,
    CHECK ((room_id IS NULL) = (message_id IS NULL)),
    CHECK (state <> 'ready' OR (content_type IS NOT NULL AND size IS NOT NULL))
) WITH (fillfactor = 85);
CREATE INDEX uploads_due ON uploads (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX uploads_by_message ON uploads (room_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX uploads_by_owner ON uploads (owner_id);
CREATE INDEX uploads_by_blob ON uploads (blob_id);

-- Deleted rooms whose files are still to be given up, a load at a time.
CREATE TABLE rooms_to_empty (
    room_id uuid PRIMARY KEY
);
