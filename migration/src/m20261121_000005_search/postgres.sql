-- Search on PostgreSQL, with what every PostgreSQL has: no extension.

-- What each message is found by, and nothing to read: no text, no order of words. Filled behind the sends.
CREATE TABLE search_documents (
    seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    room_id uuid NOT NULL,
    -- Of the text: a search reads no more texts than it has room for.
    bytes integer NOT NULL,
    -- Words, their runs of letters, and where, when and by whom it was said.
    terms tsvector NOT NULL,
    PRIMARY KEY (room_id, seq)
) WITH (
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05
);
-- The pending list makes inserts cheap, but each search reads it: short.
CREATE INDEX search_documents_by_terms ON search_documents USING gin (terms)
    WITH (fastupdate = on, gin_pending_list_limit = 1024);

-- The indexer looks for edits and deletions of the last seconds by this index. What is not summarised counts as
-- matching, and would otherwise be read each time until the next vacuum.
ALTER INDEX events_by_time SET (autosummarize = on);
SELECT brin_summarize_new_values('events_by_time');

-- How far each room is indexed.
CREATE TABLE search_rooms (
    indexed_seq bigint NOT NULL,
    -- How far the log was trimmed when the room was last begun from its start: if it is trimmed beyond both,
    -- edits may have been missed.
    floor_seq bigint NOT NULL,
    room_id uuid PRIMARY KEY
) WITH (fillfactor = 50);

-- Who indexes which partition of rooms, and who is there to share them.
CREATE TABLE search_leases (
    expires_at timestamptz NOT NULL,
    partition_id smallint PRIMARY KEY,
    owner text NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE search_owners (
    expires_at timestamptz NOT NULL,
    owner text PRIMARY KEY
);
