-- Search on SQLite: the same terms, in a full-text table that keeps no text.

CREATE TABLE search_documents (
    -- Grows as messages are indexed: the newest are found first.
    position integer PRIMARY KEY AUTOINCREMENT,
    seq integer NOT NULL,
    created_at integer NOT NULL,
    room_id blob NOT NULL,
    -- Of the text: a search reads no more texts than it has room for.
    bytes integer NOT NULL,
    UNIQUE (room_id, seq)
);

-- Its rowid is the position. Terms come ready, parted by spaces: the tokenizer only has to keep them whole.
CREATE VIRTUAL TABLE search_terms USING fts5 (
    terms, content = '', contentless_delete = 1, detail = 'none', tokenize = "ascii tokenchars '~<>@%#!'"
);

-- How far each room is indexed.
CREATE TABLE search_rooms (
    indexed_seq integer NOT NULL,
    -- How far the log was trimmed when the room was last begun from its start: if it is trimmed beyond both,
    -- edits may have been missed.
    floor_seq integer NOT NULL,
    room_id blob PRIMARY KEY
) WITHOUT ROWID;

-- Who indexes which partition of rooms, and who is there to share them.
CREATE TABLE search_leases (
    expires_at integer NOT NULL,
    partition_id integer PRIMARY KEY,
    owner text NOT NULL
);
CREATE TABLE search_owners (
    expires_at integer NOT NULL,
    owner text PRIMARY KEY
);
