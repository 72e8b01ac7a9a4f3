/* Space that deleted rows leave behind. The statements are SQLite's own, hence not in sql_texts. */

#include "store/space.h"

#include <stdio.h>
#include <unistd.h>

#include "store/engine.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"

enum {
    STEP_PAGES = 64,
    KEPT_PAGES = 256, /* 1 MiB */
    KEPT_SHARE = 16   /* or this part of the file, if it is more */
};

static bool is_sqlite(const struct store *s)
{
    return s->engine == &sqlite_engine;
}

static enum err pragma(struct sql_conn *c, const char *text, uint64_t *out)
{
    struct sql_stmt *q = sql_query_text(c, text);
    uint64_t value = 0;
    while (sql_step(q))
        value = sql_u64(q, 0);
    enum err e = sql_done(q);
    if (e == ERR_OK)
        *out = value;
    return e;
}

struct pages {
    uint64_t all;
    uint64_t free;
    uint64_t bytes;  /* of one */
    uint64_t vacuum; /* 0: none, 1: full, 2: incremental */
};

static enum err read_pages(struct tx *tx, void *ctx)
{
    struct pages *p = ctx;
    struct sql_conn *c = tx_sql(tx);
    enum err e = pragma(c, "PRAGMA page_count", &p->all);
    if (e == ERR_OK)
        e = pragma(c, "PRAGMA freelist_count", &p->free);
    if (e == ERR_OK)
        e = pragma(c, "PRAGMA page_size", &p->bytes);
    if (e == ERR_OK)
        e = pragma(c, "PRAGMA auto_vacuum", &p->vacuum);
    return e;
}

static enum err read_size(struct tx *tx, void *ctx)
{
    return pragma(tx_sql(tx), "SELECT pg_database_size(current_database())", ctx);
}

enum err space_of(struct store *s, struct space *out)
{
    struct pages p = {0, 0, 0, 0};
    uint64_t size = 0;
    enum err e = is_sqlite(s) ? store_read(s, read_pages, &p) : store_read(s, read_size, &size);
    if (e == ERR_OK)
        *out = (struct space){.bytes = size + p.all * p.bytes,
                              .free_bytes = p.free * p.bytes,
                              .gives_back = p.vacuum == 2};
    return e;
}

static uint64_t surplus(const struct pages *p)
{
    uint64_t kept = p->all / KEPT_SHARE > KEPT_PAGES ? p->all / KEPT_SHARE : KEPT_PAGES;
    return p->free > kept ? p->free - kept : 0;
}

static enum err vacuum_some(struct sql_conn *c, void *ctx)
{
    (void)ctx;
    char text[64];
    snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", STEP_PAGES);
    enum err e = sql_exec(c, text);
    c->driver->maintain(c);
    return e;
}

static enum err empty_wal(struct sql_conn *c, void *ctx)
{
    (void)ctx;
    return sqlite_empty_wal(c);
}

/* The file becomes shorter when the write-ahead log says so to it. */
static enum err shrink_now(struct store *s)
{
    enum err e = store_between(s, empty_wal, NULL);
    return e == ERR_RETRY ? ERR_OK : e; /* some later checkpoint does it */
}

enum err space_give_back(struct store *s, bool *more)
{
    struct pages p = {0, 0, 0, 0};
    *more = false;
    enum err e = is_sqlite(s) ? store_read(s, read_pages, &p) : ERR_OK;
    if (e != ERR_OK || p.vacuum != 2 || surplus(&p) == 0)
        return e;
    e = store_between(s, vacuum_some, NULL);
    *more = e == ERR_OK && surplus(&p) > STEP_PAGES;
    return e == ERR_OK && !*more ? shrink_now(s) : e;
}

enum err space_scrub(struct store *s)
{
    return is_sqlite(s) ? store_between(s, empty_wal, NULL) : ERR_OK;
}

enum err space_vacuum(const char *folder, const struct log *log, char *why, size_t why_len)
{
    char file[STORE_PATH_MAX];
    struct sql_conn *c = NULL;
    snprintf(file, sizeof file, "%s/guildhall.db", folder);
    if (access(file, F_OK) != 0) {
        snprintf(why, why_len, "There is no database in %s.", folder);
        return ERR_IO;
    }
    struct sqlite_options o = {
        .file = file, .role = SQLITE_ROLE_WRITER, .clock = clock_system(), .log = log};
    enum err e = sqlite_open(&o, &c, why, why_len);
    if (e != ERR_OK)
        return e;
    e = sql_exec(c, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM");
    if (e != ERR_OK)
        snprintf(why, why_len, "The database could not be rewritten (%s); it is as it was.",
                 err_info(e)->name);
    sql_conn_close(&c);
    return e;
}
