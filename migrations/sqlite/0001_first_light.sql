-- The event log and the store's own books. Entities follow in 0002.

-- Single numbers of the whole database. id_floor: no id at or below it is ever given out again.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, number) VALUES ('id_floor', 0);

-- The last position of each stream; moved in the transaction that appends to the stream.
CREATE TABLE streams (
    stream_kind INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    head INTEGER NOT NULL,
    PRIMARY KEY (stream_kind, stream_id)
) STRICT, WITHOUT ROWID;

-- One small row an event, by reference: text lives in the entities only, so that erasing it there
-- erases it. delta: what cannot be rebuilt. canonical: reserved for signed payloads of federation.
CREATE TABLE event_log (
    stream_kind INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    guild_id INTEGER,
    channel_id INTEGER,
    entity_id INTEGER,
    actor_id INTEGER,
    at_ms INTEGER NOT NULL,
    delta BLOB,
    canonical BLOB,
    PRIMARY KEY (stream_kind, stream_id, position)
) STRICT, WITHOUT ROWID;
