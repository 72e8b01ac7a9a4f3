/*
 * Group commit. The difficulty is to let many closures share one commit, and so one fsync, without
 * sharing each other's failures.
 *
 *   BEGIN ─▶ closure ─┬─ ok ────────────────────────────────┐
 *               ▲     ├─ error, nothing changed ────────────┤
 *               │     └─ error after a change ─▶ ROLLBACK, all again, carefully
 *               └──── while closures wait, up to batch_max ◀┘
 *            ─▶ COMMIT ─▶ on_commit(all events)
 *
 * Carefully means: each under a savepoint of its own, which costs as much as two more statements
 * and a copy of every page that it touches; so it is done only when a closure has failed half-way,
 * which is rare because closures check before they change. Closures may run again (store.h).
 *
 * While a backup copies the database (hotcopy.h) all batches are careful: SQLite begins a copy anew
 * when a transaction that has written is rolled back, and savepoints do not do that.
 *
 * If the database ends the transaction by itself (full disk, I/O error, no memory), or COMMIT
 * fails, every closure of the batch that had succeeded gets that error, and no event is published.
 */

#include "store/batch.h"

#include <assert.h>

#include "store/sql_driver.h"

/* ---- one closure ---- */

static void begin_tx(struct store *s, struct tx *tx)
{
    tx->store = s;
    tx->sql = s->writer.sql;
    tx->now_ms = clock_wall_ms(s->o.clock);
    tx->events = &s->writer.events;
    tx->events_before = s->writer.events.count;
    tx->heads = &s->writer.heads;
    tx->last_id = 0;
    tx->leased = 0;
    tx->failed = ERR_OK;
    tx->stream_count = 0; /* and not the array, which would be 2 KiB to clear */
}

static enum err run_fn(struct store *s, struct batch *b, const struct write_job *job)
{
    begin_tx(s, &b->tx);
    enum err e = job->fn(&b->tx, job->ctx);
    assert(s->writer.sql->open == 0 && "sql_done is missing");
    /* A closure may have overlooked these two; then its success is not one. */
    if (e == ERR_OK)
        e = tx_finish(&b->tx);
    return e == ERR_OK ? sql_lost(s->writer.sql) : e;
}

static void note_success(struct batch *b)
{
    if (b->tx.leased > b->leased)
        b->leased = b->tx.leased;
    if (b->tx.last_id > b->last_id)
        b->last_id = b->tx.last_id;
}

/* Drops the closure's events, and with them their positions. */
static void undo_events(struct writer *w, size_t before)
{
    for (size_t i = w->events.count; i > before; i--)
        stream_heads_undo(&w->heads, w->events.items[i - 1]);
    event_list_cut(&w->events, before);
}

static enum err undo_rows(struct sql_conn *c)
{
    enum err e = sql_run(sql_query_text(c, "ROLLBACK TO closure"));
    return e == ERR_OK ? sql_run(sql_query_text(c, "RELEASE closure")) : e;
}

static enum err run_carefully(struct store *s, struct batch *b, const struct write_job *job)
{
    struct sql_conn *c = s->writer.sql;
    size_t events_before = s->writer.events.count;
    enum err e = sql_run(sql_query_text(c, "SAVEPOINT closure"));
    if (e != ERR_OK) {
        b->err = e;
        return e;
    }
    e = run_fn(s, b, job);
    if (e == ERR_OK)
        e = sql_run(sql_query_text(c, "RELEASE closure"));
    if (e == ERR_OK)
        return ERR_OK;
    undo_events(&s->writer, events_before);
    metrics_add(s->o.metrics, METRIC_STORE_ROLLBACKS, 1);
    enum err undone = sql_lost(c) != ERR_OK ? sql_lost(c) : undo_rows(c);
    if (undone != ERR_OK)
        b->err = undone; /* nobody can say what is left of this closure */
    return e;
}

/* *spoiled: it failed and left something behind, so the transaction is of no use any more. */
static enum err run_boldly(struct store *s, struct batch *b, const struct write_job *job,
                           bool *spoiled)
{
    struct sql_conn *c = s->writer.sql;
    uint64_t changes_before = c->driver->total_changes(c);
    size_t events_before = s->writer.events.count;
    enum err e = run_fn(s, b, job);
    if (e == ERR_OK)
        return ERR_OK;
    if (sql_lost(c) != ERR_OK) {
        b->err = sql_lost(c);
        undo_events(&s->writer, events_before);
        return e;
    }
    *spoiled =
        c->driver->total_changes(c) != changes_before || s->writer.events.count != events_before;
    return e;
}

static void run_job(struct store *s, struct batch *b, struct write_job *job, bool *spoiled)
{
    *spoiled = false;
    for (int run = 0; run <= STORE_RETRIES_MAX; run++) {
        job->result = b->careful ? run_carefully(s, b, job) : run_boldly(s, b, job, spoiled);
        if (job->result != ERR_RETRY || b->err != ERR_OK || *spoiled)
            break;
    }
    if (job->result == ERR_OK) {
        b->succeeded++;
        note_success(b);
    }
}

/* ---- one batch ---- */

static void begin(struct store *s, struct batch *b)
{
    b->err = sql_begin(s->writer.sql, s->writer.sql->driver->begin_write);
}

static void start_again(struct store *s, struct batch *b)
{
    sql_rollback(s->writer.sql);
    event_list_cut(&s->writer.events, 0);
    stream_heads_clear(&s->writer.heads);
    b->succeeded = 0;
    b->leased = 0;
    b->last_id = 0;
    b->careful = true;
    begin(s, b);
    LIST_FOREACH (node, &b->jobs) {
        struct write_job *job = LIST_OWNER(node, struct write_job, node);
        bool spoiled;
        if (b->err == ERR_OK)
            run_job(s, b, job, &spoiled);
        else
            job->result = b->err;
    }
}

static bool has_room(const struct store *s, const struct batch *b)
{
    return b->taken < s->o.batch_max && s->writer.events.count < STORE_EVENTS_BATCH_MAX &&
           stream_heads_have_room(&s->writer.heads);
}

static void run_jobs(struct store *s, struct batch *b, struct write_job *(*next)(void *ctx),
                     void *ctx)
{
    struct write_job *job;
    while (has_room(s, b) && (job = next(ctx)) != NULL) {
        bool spoiled = false;
        b->taken++;
        list_push_back(&b->jobs, &job->node);
        if (b->err == ERR_OK)
            run_job(s, b, job, &spoiled);
        else
            job->result = b->err;
        if (spoiled)
            start_again(s, b);
    }
}

static enum err commit(struct store *s, struct batch *b)
{
    uint64_t begun_ns = clock_mono_ns(s->o.clock);
    enum err e = stream_heads_store(&s->writer.heads, s->writer.sql);
    if (e == ERR_OK)
        e = sql_commit(s->writer.sql);
    else
        sql_rollback(s->writer.sql);
    if (e != ERR_OK)
        return e;
    b->tx.leased = b->leased;
    tx_committed(&b->tx);
    if (b->last_id > s->writer.last_id)
        s->writer.last_id = b->last_id;
    uint64_t took_us = (clock_mono_ns(s->o.clock) - begun_ns) / 1000;
    metrics_add(s->o.metrics, METRIC_STORE_COMMITS, 1);
    metrics_add(s->o.metrics, METRIC_STORE_TRANSACTIONS, b->succeeded);
    metrics_observe_us(s->o.metrics, METRIC_STORE_COMMIT_US, took_us);
    return ERR_OK;
}

static void fail_batch(struct store *s, struct batch *b)
{
    event_list_cut(&s->writer.events, 0);
    LIST_FOREACH (node, &b->jobs) {
        struct write_job *job = LIST_OWNER(node, struct write_job, node);
        if (job->result == ERR_OK)
            job->result = b->err;
    }
    log_error(s->o.log, "store", "a batch of transactions failed",
              LOG_S("error", err_info(b->err)->name), LOG_U("transactions", b->taken));
}

static void publish(struct store *s)
{
    struct event_list *l = &s->writer.events;
    if (l->count > 0 && s->o.on_commit != NULL)
        s->o.on_commit(s->o.on_commit_ctx, l->items, l->count);
    event_list_cut(l, 0);
}

void batch_run(struct store *s, struct batch *b, struct write_job *(*next)(void *ctx), void *ctx)
{
    b->taken = b->succeeded = 0;
    b->careful = s->writer.copies > 0;
    b->leased = b->last_id = 0;
    list_init(&b->jobs);
    begin(s, b);
    run_jobs(s, b, next, ctx);
    if (b->err == ERR_OK && b->succeeded > 0)
        b->err = commit(s, b);
    else if (b->err == ERR_OK && s->writer.copies > 0)
        b->err = sql_commit(s->writer.sql); /* of nothing, but no ROLLBACK */
    else
        sql_rollback(s->writer.sql);
    if (b->err != ERR_OK)
        fail_batch(s, b);
    publish(s);
    stream_heads_clear(&s->writer.heads);
}
