-- The event log and the store's own books. Entities follow in 0002.
-- As the file of the same name for SQLite; its INTEGER of 64 bits is BIGINT here. Text is compared by
-- bytes (COLLATE "C") as there, so that order and uniqueness do not depend on the database's locale.
-- Rows that change with every message leave room in their page (fillfactor): the new version of a row
-- stays there and no index has to learn of it.

-- Single numbers of the whole database. id_floor: no id at or below it is ever given out again.
CREATE TABLE meta (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
) WITH (fillfactor = 50);
INSERT INTO meta (name, number) VALUES ('id_floor', 0);

-- The last position of each stream; moved in the transaction that appends to the stream.
CREATE TABLE streams (
    stream_kind BIGINT NOT NULL,
    stream_id BIGINT NOT NULL,
    head BIGINT NOT NULL,
    PRIMARY KEY (stream_kind, stream_id)
) WITH (fillfactor = 50);

-- One small row an event, by reference: text lives in the entities only, so that erasing it there
-- erases it. delta: what cannot be rebuilt. canonical: reserved for signed payloads of federation.
CREATE TABLE event_log (
    stream_kind BIGINT NOT NULL,
    stream_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    guild_id BIGINT,
    channel_id BIGINT,
    entity_id BIGINT,
    actor_id BIGINT,
    at_ms BIGINT NOT NULL,
    delta BYTEA,
    canonical BYTEA,
    PRIMARY KEY (stream_kind, stream_id, position)
);
