/*
 * Connections to SQLite, and the care of its write-ahead log. Checkpoints are not left to COMMIT,
 * where waiters would pay for them: the hook only notes the size, and the writer calls
 * sqlite_maintain after it has woken everybody.
 */

#include "store/sqlite.h"
#include "store/sqlite_ids.h"
#include "store/sqlite_priv.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

/* WAL file: a header of 32 bytes, then frames of 24 bytes and a page (sqlite.org/fileformat2 §4).
 */
enum { WAL_HEADER_BYTES = 32, WAL_FRAME_BYTES = 24 + 4096 };
enum {
    CHECKPOINT_BYTES = 4 * 1024 * 1024,
    CHECKPOINT_STEP = 1024 * 1024,
    /* From here on wait for the readers, at most BUSY_TIMEOUT_MS: a passive checkpoint never gets
     * to start the log over while some reader is always inside it. */
    RESTART_BYTES = 8 * CHECKPOINT_BYTES,
    /* The writer meets another process's lock (a copy by hand), a reader meets recovery. */
    BUSY_TIMEOUT_MS = 2000,
    EMPTY_TIMEOUT_MS = 20, /* the writer stands still meanwhile */
    PROGRESS_OPS =
        2000, /* some 20 to 50 µs of the virtual machine between two looks at the clock */
    /* FTS5 reads a page of its index with a few of these, and works on it for up to a millisecond.
     */
    PROGRESS_OPS_CLOSELY = 50
};

static struct sqlite_conn *conn_from(void *ctx)
{
    struct sqlite_conn *c = ctx;
    assert(c->magic == SQLITE_CONN_MAGIC);
    return c;
}

static int on_wal(void *ctx, sqlite3 *db, const char *schema, int frames)
{
    (void)db;
    (void)schema;
    conn_from(ctx)->wal_bytes = WAL_HEADER_BYTES + (uint64_t)frames * WAL_FRAME_BYTES;
    return SQLITE_OK;
}

static int on_progress(void *ctx)
{
    return sqlite_expired(conn_from(ctx)) ? 1 : 0; /* not 0: SQLITE_INTERRUPT */
}

void sqlite_watch_closely(struct sql_conn *base, bool closely)
{
    struct sqlite_conn *c = conn_from(base);
    sqlite3_progress_handler(c->db, closely ? PROGRESS_OPS_CLOSELY : PROGRESS_OPS, on_progress, c);
}

uint64_t sqlite_wal_bytes(struct sql_conn *base)
{
    return conn_from(base)->wal_bytes;
}

/* Said once, and again only after the log has been half as small. */
static void watch_wal(struct sqlite_conn *c)
{
    if (c->wal_alarm_bytes == 0)
        return;
    if (!c->wal_alarmed && c->wal_bytes > c->wal_alarm_bytes) {
        c->wal_alarmed = true;
        log_warn(c->base.log, "store", "the write-ahead log is large", LOG_U("bytes", c->wal_bytes),
                 LOG_U("alarm", c->wal_alarm_bytes));
    } else if (c->wal_alarmed && c->wal_bytes < c->wal_alarm_bytes / 2) {
        c->wal_alarmed = false;
    }
}

/* True once per CHECKPOINT_STEP of growth: one that was held up by a reader is not tried again, and
 * not waited for, after every commit. */
static bool checkpoint_due(struct sqlite_conn *c)
{
    if (c->wal_bytes < c->checkpointed)
        c->checkpoint_at = CHECKPOINT_BYTES; /* the log began anew */
    if (c->wal_bytes < c->checkpoint_at)
        return false;
    c->checkpoint_at = c->wal_bytes + CHECKPOINT_STEP;
    c->checkpointed = c->wal_bytes;
    return true;
}

void sqlite_maintain(struct sql_conn *base)
{
    struct sqlite_conn *c = conn_from(base);
    watch_wal(c);
    if (!checkpoint_due(c))
        return;
    int mode = c->wal_bytes < RESTART_BYTES ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, mode, NULL, NULL);
    /* Busy is no failure. Anything else is logged, and the data is safe in the log, which goes on
     * growing until the alarm. */
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        enum err logged = sqlite_error(c, rc, "checkpoint");
        (void)logged;
    }
}

enum err sqlite_empty_wal(struct sql_conn *base)
{
    struct sqlite_conn *c = conn_from(base);
    sqlite3_busy_timeout(c->db, EMPTY_TIMEOUT_MS);
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        return ERR_RETRY;
    return rc == SQLITE_OK ? ERR_OK : sqlite_error(c, rc, "checkpoint");
}

void sqlite_close(struct sql_conn *base)
{
    struct sqlite_conn *c = conn_from(base);
    /* The last connection to close empties and removes the log. */
    int rc = sqlite3_close(c->db);
    assert(rc == SQLITE_OK && "statements are left");
    (void)rc;
    c->magic = 0;
    mem_free(MEM_STORE, c);
}

static enum err set_wal(struct sql_conn *c)
{
    struct sql_stmt *s = sql_query_text(c, "PRAGMA journal_mode=WAL");
    bool is_wal = sql_step(s) && slice_eq_cstr(sql_blob(s, 0), "wal");
    enum err e = sql_done(s);
    return e == ERR_OK && !is_wal ? ERR_IO : e;
}

static enum err set_up_writer(struct sqlite_conn *c)
{
    /* Heeded before the first table is made, and by VACUUM: see space.h. */
    enum err e = sql_exec(&c->base, "PRAGMA auto_vacuum=INCREMENTAL");
    if (e == ERR_OK)
        e = set_wal(&c->base);
    if (e != ERR_OK)
        return e;
    /* Foreign keys: switched on by migrate.c when the schema stands. */
    e = sql_exec(&c->base, "PRAGMA synchronous=FULL; PRAGMA cache_size=-8192;"
                           "PRAGMA journal_size_limit=67108864; PRAGMA mmap_size=0;"
                           "PRAGMA secure_delete=ON"); /* erased is erased: see space_scrub */
    sqlite3_wal_hook(c->db, on_wal, c);                /* also ends automatic checkpoints */
    return e;
}

static enum err set_up_reader(struct sqlite_conn *c)
{
    sqlite3_progress_handler(c->db, PROGRESS_OPS, on_progress, c);
    return sql_exec(&c->base, "PRAGMA query_only=ON; PRAGMA cache_size=-2048; PRAGMA mmap_size=0");
}

/* A file that may only be read is opened all the same, and then every write would fail. */
static bool is_readonly(const struct sqlite_conn *c)
{
    return sqlite3_db_readonly(c->db, "main") == 1;
}

static const char *problem(const struct sqlite_conn *c, enum err e)
{
    if (c->db == NULL)
        return e == ERR_NO_MEMORY ? "no memory" : "the disk does not take what it already holds";
    return is_readonly(c) ? "it is read-only" : sqlite3_errmsg(c->db);
}

/* Counting SQLite's memory takes a lock for every allocation. Refused if SQLite is in use already,
 * which is slower and no worse. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err settle(const struct sqlite_options *o)
{
    int rc = sqlite_settle(o->file);
    if (rc == SQLITE_OK)
        return ERR_OK;
    enum err e = sqlite_disk_error(rc, errno);
    log_error(o->log, "store", "what an earlier process has left cannot be made durable",
              LOG_S("file", o->file), LOG_I("code", rc), LOG_S("reason", err_info(e)->name));
    return e;
}

static enum err not_opened(struct sqlite_conn *c, int rc)
{
    if ((rc & 0xff) != SQLITE_CANTOPEN)
        return sqlite_error(c, rc, "open");
    enum err e = sqlite_disk_error(rc, sqlite3_system_errno(c->db));
    return e == ERR_STORE_IO ? ERR_IO : e; /* a wrong path more often than a bad disk */
}

static enum err open_db(struct sqlite_conn *c, const struct sqlite_options *o)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    bool writer = o->role == SQLITE_ROLE_WRITER;
    bool reader = o->role == SQLITE_ROLE_READER;
    pthread_once(&configured, configure_library);
    enum err e = writer ? settle(o) : ERR_OK;
    if (e != ERR_OK)
        return e;
    /* A reader of a WAL database writes to its shared memory, so READONLY will not do. NOMUTEX: a
     * connection has one thread at a time, by the contract of sql.h. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (reader ? 0 : SQLITE_OPEN_CREATE);
    int rc = sqlite3_open_v2(o->file, &c->db, flags, NULL);
    if (c->db == NULL)
        return ERR_NO_MEMORY;
    if (rc != SQLITE_OK)
        return not_opened(c, rc);
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
    rc = sqlite_ids_register(c->db);
    if (rc != SQLITE_OK)
        return sqlite_error(c, rc, "ids");
    if (writer && is_readonly(c))
        return ERR_IO;
    if (writer)
        return set_up_writer(c);
    return reader ? set_up_reader(c) : ERR_OK;
}

enum err sqlite_open(const struct sqlite_options *o, struct sql_conn **out, char *why,
                     size_t why_len)
{
    struct sqlite_conn *c = mem_zalloc(MEM_STORE, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    sql_conn_init(&c->base, &sqlite_driver, o->log);
    c->magic = SQLITE_CONN_MAGIC;
    c->clock = o->clock;
    c->wal_alarm_bytes = o->wal_alarm_bytes;
    c->checkpoint_at = CHECKPOINT_BYTES;
    enum err e = open_db(c, o);
    if (e == ERR_OK) {
        *out = &c->base;
        return ERR_OK;
    }
    if (why_len > 0)
        snprintf(why, why_len, "%s cannot be used as a database: %s", o->file, problem(c, e));
    struct sql_conn *base = &c->base;
    sql_conn_close(&base);
    return e;
}
