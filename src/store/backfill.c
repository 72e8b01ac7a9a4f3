/*
 * Steps of online migrations. A step and its progress are one transaction, and the row of progress
 * is changed first: on PostgreSQL that makes a second caller wait, so that no step runs twice side
 * by side.
 */

#include "store/backfill.h"
#include "store/backfill_priv.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/store_priv.h"

#include <assert.h>

enum { WATCH_MS = 1000 };

struct backfill {
    struct migration_list list;
    /* Set once by whoever found nothing left; relaxed: a late reader only looks once more. */
    _Atomic bool finished;
};

/* ---- one step, inside a transaction ---- */

static enum err mark_started(struct sql_conn *c, const struct migration *m, int64_t now_ms,
                             bool *under_way)
{
    struct sql_stmt *s = sql_query(c, "UPDATE schema_backfills SET started_at_ms = "
                                      "CASE WHEN started_at_ms = 0 THEN $2 ELSE started_at_ms END "
                                      "WHERE version = $1 AND finished_at_ms = 0");
    sql_bind_u64(s, 1, m->version);
    sql_bind_i64(s, 2, now_ms);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *under_way = sql_changes(c) > 0;
    return e;
}

static enum err mark_rows(struct sql_conn *c, const struct migration *m, uint64_t rows)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE schema_backfills SET rows_done = rows_done + $2 WHERE version = $1");
    sql_bind_u64(s, 1, m->version);
    sql_bind_u64(s, 2, rows);
    return sql_run(s);
}

static enum err mark_finished(struct sql_conn *c, const struct migration *m, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE schema_backfills SET finished_at_ms = $2 WHERE version = $1");
    sql_bind_u64(s, 1, m->version);
    sql_bind_i64(s, 2, now_ms);
    return sql_run(s);
}

static enum err change_rows(struct sql_conn *c, const struct migration *m, uint64_t *changed)
{
    enum err e = sql_run(sql_query_text(c, m->statement));
    if (e != ERR_OK)
        return e;
    *changed = sql_changes(c);
    if (*changed <= m->online_rows)
        return ERR_OK;
    log_error(c->log, "store", "an online migration changes more rows at once than it says",
              LOG_S("file", m->name), LOG_U("rows", *changed), LOG_U("limit", m->online_rows));
    return ERR_STORE;
}

/* *rows: changed by this step; 0 when the migration has finished. */
static enum err step(struct sql_conn *c, const struct migration *m, int64_t now_ms, uint64_t *rows)
{
    bool under_way = false;
    uint64_t changed = 0;
    enum err e = mark_started(c, m, now_ms, &under_way);
    if (e == ERR_OK && under_way) {
        e = change_rows(c, m, &changed);
        if (e == ERR_OK)
            e = changed == 0 ? mark_finished(c, m, now_ms) : mark_rows(c, m, changed);
    }
    if (e == ERR_OK)
        *rows = changed;
    return e;
}

/* The oldest one under way among the versions that this program knows: a newer program's are left
 * to it. */
static enum err find_next(struct sql_conn *c, uint64_t known, struct backfill_progress *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT version, rows_done, started_at_ms FROM schema_backfills "
                     "WHERE finished_at_ms = 0 AND version <= $1 ORDER BY version LIMIT 1");
    struct backfill_progress found = {0};
    sql_bind_u64(s, 1, known);
    if (sql_step(s))
        found = (struct backfill_progress){sql_u64(s, 0), sql_u64(s, 1), sql_i64(s, 2)};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = found;
    return e;
}

/* ---- while serving ---- */

struct step_ctx {
    struct backfill *b;
    bool more;
};

static enum err on_step(struct tx *tx, void *ctx)
{
    struct step_ctx *s = ctx;
    struct backfill_progress next;
    uint64_t rows = 0;
    enum err e = find_next(tx_sql(tx), s->b->list.count, &next);
    s->more = e == ERR_OK && next.version != 0;
    if (!s->more)
        return e;
    const struct migration *m = &s->b->list.items[next.version - 1];
    if (m->statement == NULL)
        return ERR_STORE; /* the books say otherwise than the file, which start has checked */
    return step(tx_sql(tx), m, tx_now_ms(tx), &rows);
}

enum err backfill_step(struct store *s, bool *more)
{
    struct backfill *b = s->backfill;
    if (b == NULL || atomic_load_explicit(&b->finished, memory_order_relaxed)) {
        *more = false;
        return ERR_OK;
    }
    struct step_ctx ctx = {.b = b};
    enum err e = store_write(s, on_step, &ctx);
    if (e != ERR_OK)
        return e;
    if (!ctx.more) {
        atomic_store_explicit(&b->finished, true, memory_order_relaxed);
        log_info(s->o.log, "store", "online migrations are finished",
                 LOG_U("version", b->list.count));
    }
    *more = ctx.more;
    return ERR_OK;
}

struct find_ctx {
    uint64_t known;
    struct backfill_progress found;
};

static enum err on_find(struct tx *tx, void *ctx)
{
    struct find_ctx *f = ctx;
    return find_next(tx_sql(tx), f->known, &f->found);
}

enum err backfill_progress(struct store *s, struct backfill_progress *out)
{
    struct find_ctx f = {0};
    enum err e = ERR_OK;
    if (s->backfill != NULL) {
        f.known = s->backfill->list.count;
        e = store_read(s, on_find, &f);
    }
    if (e == ERR_OK)
        *out = f.found;
    return e;
}

/* ---- opening ---- */

enum err backfill_open(struct store *s, const char *migrations_dir, char *why, size_t why_len)
{
    struct find_ctx f = {.known = MIGRATIONS_MAX};
    enum err e = store_read(s, on_find, &f);
    if (e != ERR_OK || f.found.version == 0)
        return e;
    struct backfill *b = mem_zalloc(MEM_STORE, sizeof *b);
    if (b == NULL)
        return ERR_NO_MEMORY;
    e = migration_list_init(&b->list, migrations_dir, store_backend(s), why, why_len);
    if (e != ERR_OK) {
        mem_free(MEM_STORE, b);
        return e;
    }
    s->backfill = b;
    if (f.found.version > b->list.count)
        return ERR_OK; /* a newer program's */
    log_info(s->o.log, "store", "an online migration goes on", LOG_U("version", f.found.version),
             LOG_U("rows_done", f.found.rows_done));
    return ERR_OK;
}

void backfill_close(struct backfill **bp)
{
    struct backfill *b = *bp;
    if (b == NULL)
        return;
    migration_list_deinit(&b->list);
    mem_free(MEM_STORE, b);
    *bp = NULL;
}

/* ---- at start ---- */

static enum err step_in_tx(struct sql_conn *c, const struct migration *m, int64_t now_ms,
                           uint64_t *rows)
{
    enum err e = sql_begin(c, c->driver->begin_write);
    if (e != ERR_OK)
        return e;
    e = c->driver->schema->lift_limits(c);
    if (e == ERR_OK)
        e = step(c, m, now_ms, rows);
    if (e == ERR_OK)
        return sql_commit(c);
    sql_rollback(c);
    return e;
}

static enum err read_done(struct sql_conn *c, const struct migration *m, uint64_t *rows_done)
{
    struct sql_stmt *s = sql_query(c, "SELECT rows_done FROM schema_backfills WHERE version = $1");
    sql_bind_u64(s, 1, m->version);
    *rows_done = sql_step(s) ? sql_u64(s, 0) : 0;
    return sql_done(s);
}

enum err backfill_finish(struct sql_conn *c, const struct migration *m, const struct clock *clock,
                         migrate_watch_fn watch, void *ctx)
{
    uint64_t total = 0;
    uint64_t rows = 1;
    uint64_t said_ms = clock_mono_ms(clock);
    assert(m->statement != NULL);
    enum err e = read_done(c, m, &total);
    while (e == ERR_OK && rows > 0) {
        e = step_in_tx(c, m, clock_wall_ms(clock), &rows);
        total += e == ERR_OK ? rows : 0;
        if (e != ERR_OK || rows == 0 || clock_mono_ms(clock) - said_ms < WATCH_MS)
            continue;
        said_ms = clock_mono_ms(clock);
        if (!watch(ctx, m->name, total))
            e = ERR_STOPPING;
    }
    return e;
}
