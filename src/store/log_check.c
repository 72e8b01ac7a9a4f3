/* The table of checks, and what they have in common. */

#include "store/log_check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/log_check_priv.h"
#include "store/store_priv.h"

const struct log_check log_checks[] = {
    {"streams", "streams", log_check_streams},
    {"guilds", "guilds", log_check_guilds},
    {"people", "accounts", log_check_people},
};
const size_t log_check_count = sizeof log_checks / sizeof log_checks[0];

enum err log_check_run(const struct log_check *c, struct log_check_run *r)
{
    assert(r->store != NULL && r->on_finding != NULL);
    r->looked_at = r->findings = r->repaired = 0;
    return c->fn(r);
}

enum err check_read(struct log_check_run *r, store_fn fn, void *ctx)
{
    enum err e = ERR_RETRY;
    for (int i = 0; i < CHECK_TRIES && e == ERR_RETRY; i++) {
        if (r->stopped != NULL && r->stopped(r->ctx))
            return ERR_STOPPING;
        e = store_read(r->store, fn, ctx);
    }
    return e;
}

void check_found(struct log_check_run *r, bool repaired, const char *kind, const char *format, ...)
{
    struct log_finding f = {.kind = kind, .repaired = repaired};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f.text, sizeof f.text, format, args);
    va_end(args);
    r->findings++;
    r->repaired += repaired;
    r->on_finding(r->ctx, &f);
}

struct guild_look {
    uint64_t guild;
    bool deleting;
};

static enum err look_at_guild(struct tx *tx, void *ctx)
{
    struct guild_look *l = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT deleting FROM guilds WHERE id = $1");
    sql_bind_u64(s, 1, l->guild);
    l->deleting = sql_step(s) && sql_bool(s, 0);
    return sql_done(s);
}

enum err check_guild_deleting(struct log_check_run *r, uint64_t guild, bool *deleting)
{
    struct guild_look l = {.guild = guild};
    enum err e = check_read(r, look_at_guild, &l);
    if (e == ERR_OK)
        *deleting = l.deleting;
    return e;
}

/* ---- walking through a stream ---- */

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct log_walk *w = ctx;
    enum err e = w->fn(w, row);
    if (e == ERR_OK) {
        w->after = row->position; /* run again, the page goes on from here */
        w->rows++;
    }
    return e;
}

/* Rows that are missing at the end, or that the head does not count, show only in the head. */
static enum err read_page(struct tx *tx, void *ctx)
{
    struct log_walk *w = ctx;
    uint64_t head;
    w->tx = tx;
    w->rows = 0;
    enum err e = event_log_read(tx, w->stream, w->after, CHECK_ROWS, on_row, w);
    if (e != ERR_OK || w->rows == CHECK_ROWS)
        return e;
    e = tx_stream_head(tx, w->stream, &head);
    return e == ERR_OK && w->after != head ? ERR_LOG_TRIMMED : e;
}

enum err log_walk_run(struct log_walk *w)
{
    do {
        enum err e = check_read(w->run, read_page, w);
        if (e != ERR_OK)
            return e;
    } while (w->rows == CHECK_ROWS);
    return ERR_OK;
}

/* ---- heads ---- */

struct raise {
    struct stream stream;
    uint64_t least;
};

enum err check_newest_row(struct tx *tx, struct stream stream, uint64_t *position)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT position FROM event_log WHERE stream_kind = $1 AND "
                              "stream_id = $2 ORDER BY position DESC LIMIT 1");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    uint64_t found = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *position = found;
    return e;
}

static enum err raise_head(struct tx *tx, void *ctx)
{
    const struct raise *x = ctx;
    uint64_t newest;
    enum err e = tx_lock(tx, x->stream);
    if (e == ERR_OK)
        e = check_newest_row(tx, x->stream, &newest);
    return e == ERR_OK ? tx_raise_head(tx, x->stream, newest > x->least ? newest : x->least) : e;
}

enum err check_raise_head(struct log_check_run *r, struct stream s, uint64_t least)
{
    struct raise x = {s, least};
    return store_write(r->store, raise_head, &x);
}
