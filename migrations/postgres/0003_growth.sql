-- compatible: 2
-- What growing needs. An expanding step: programs that know 0002 only run on it unharmed.

-- Positions up to `trimmed` are no longer in the log.
ALTER TABLE streams ADD COLUMN trimmed BIGINT NOT NULL DEFAULT 0;

-- How far a reader of the log has come, per stream; retention keeps what a reader still needs.
CREATE TABLE log_readers (
    name TEXT COLLATE "C" NOT NULL,
    stream_kind BIGINT NOT NULL,
    stream_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (name, stream_kind, stream_id)
) WITH (fillfactor = 50);
CREATE INDEX log_readers_stream ON log_readers (stream_kind, stream_id);

-- Work that is done in small steps and goes on after a restart: see store/tasks.h. cursor_a, cursor_b:
-- where the step stands; done_rows: progress.
CREATE TABLE tasks (
    id BIGINT NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    subject_id BIGINT NOT NULL,
    step BIGINT NOT NULL,
    cursor_a BIGINT NOT NULL,
    cursor_b BIGINT NOT NULL,
    done_rows BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX tasks_subject ON tasks (kind, subject_id);

-- 1: the guild is being deleted, in steps; it is gone for everybody already.
ALTER TABLE guilds ADD COLUMN deleting SMALLINT NOT NULL DEFAULT 0;
