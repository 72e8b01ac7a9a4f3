/* SQLite's engine: the writer thread and the pool of readers, on one file of the data folder. */

#include "store/engine.h"
#include "store/migrate.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"

#include <stdio.h>

static enum err open_writer(struct store *s, const struct store_options *o, char *why,
                            size_t why_len)
{
    snprintf(s->db_file, sizeof s->db_file, "%s/guildhall.db", o->path);
    struct sqlite_options sqlite = {.file = s->db_file,
                                    .role = SQLITE_ROLE_WRITER,
                                    .wal_alarm_bytes = o->wal_alarm_bytes,
                                    .clock = o->clock,
                                    .log = o->log};
    enum err e = sqlite_open(&sqlite, &s->writer.sql, why, why_len);
    if (e != ERR_OK)
        return e;
    struct migrate_options m = {.dir = o->migrations_dir, .clock = o->clock, .log = o->log};
    return migrate(s->writer.sql, &m, why, why_len);
}

static enum err open_engine(struct store *s, const struct store_options *o, char *why,
                            size_t why_len)
{
    enum err e = open_writer(s, o, why, why_len);
    if (e == ERR_OK)
        e = store_raise_ids(s, s->writer.sql);
    if (e == ERR_OK)
        e = readers_init(s);
    return e == ERR_OK ? writer_start(s) : e;
}

/* After a proper end nothing needs to be ahead of the clock. */
static void give_lease_back(struct store *s)
{
    struct sql_stmt *q =
        sql_query(s->writer.sql, "UPDATE meta SET number = $1 WHERE name = 'id_floor'");
    sql_bind_u64(q, 1, s->writer.last_id);
    enum err ignored = sql_run(q); /* then the next start is up to a lease ahead */
    (void)ignored;
}

static void close_engine(struct store *s)
{
    writer_stop(s);
    if (s->writer.last_id != 0)
        give_lease_back(s);
    readers_deinit(s);
    sql_conn_close(&s->writer.sql);
}

static enum err connect_reader(struct store *s, struct sql_conn **out)
{
    struct sqlite_options o = {
        .file = s->db_file, .role = SQLITE_ROLE_READER, .clock = s->o.clock, .log = s->o.log};
    return sqlite_open(&o, out, NULL, 0);
}

static enum err trouble(struct store *s)
{
    pthread_mutex_lock(&s->writer.lock);
    bool stopping = s->writer.stopping;
    pthread_mutex_unlock(&s->writer.lock);
    return stopping ? ERR_STOPPING : writer_trouble(s);
}

const struct store_engine sqlite_engine = {
    .name = "sqlite",
    .open = open_engine,
    .close = close_engine,
    .write = writer_submit,
    .read = readers_run,
    .connect = connect_reader,
    .trouble = trouble,
};
