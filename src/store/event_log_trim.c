/*
 * Trimming. Rows go from the old end of a stream only, so that what is left has no gaps, and
 * streams.trimmed moves in the same transaction: a reader that asks for what is gone is told so
 * (LOG_TRIMMED). Looking for streams with something to trim is a read; only those cost a write.
 *
 * The stream is not locked (tx_lock) meanwhile: rows below the newest never change, and two
 * trimmers at once remove the same rows. On PostgreSQL the update of `trimmed` comes last, so that
 * whoever appends to the stream waits for the commit only.
 */

#include "store/event_log_trim.h"

#include <string.h>

#include "store/event_log.h"
#include "store/log_readers.h"
#include "store/store_priv.h"

enum {
    WALK_STREAMS = 100, /* looked at in one step */
    TRIM_ROWS = 256,    /* removed in one step: about a millisecond */
    READER_NAME_MAX = 64
};

struct look {
    struct stream cursor;
    int64_t before_ms;
    struct stream before_due; /* the stream before it, for the cursor */
    struct stream due;        /* kind 0: none of the page */
    struct stream last;
    unsigned count;
};

/* A stream whose oldest row is missing is looked at more closely, too. */
static bool is_due(const struct look *l, const struct stream_row *row)
{
    return row->oldest_at_ms < l->before_ms && row->head > row->trimmed + 1;
}

static enum err on_stream(void *ctx, const struct stream_row *row)
{
    struct look *l = ctx;
    if (l->due.kind != 0)
        return ERR_OK;
    if (is_due(l, row))
        l->due = row->stream;
    else
        l->before_due = row->stream;
    l->last = row->stream;
    return ERR_OK;
}

static enum err look(struct tx *tx, void *ctx)
{
    struct look *l = ctx;
    l->due = (struct stream){0};
    l->before_due = l->last = l->cursor;
    return event_log_streams(tx, l->cursor, WALK_STREAMS, on_stream, l, &l->count);
}

struct trim {
    struct stream stream;
    int64_t before_ms;
    uint64_t removed;
    bool rest; /* TRIM_ROWS were old: there may be more */
    /* A reader that loses rows by this. */
    unsigned readers;
    char reader[READER_NAME_MAX];
    uint64_t reader_position;
};

/* The last of the old rows at the beginning of the stream, at most TRIM_ROWS of them; `after` if
 * there is none. A clock that stepped may have made a row older than one before it: that one waits.
 */
static enum err find_cut(struct tx *tx, struct trim *t, uint64_t after, uint64_t head,
                         uint64_t *cut)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT position, at_ms FROM event_log WHERE stream_kind = $1 AND "
                    "stream_id = $2 AND position > $3 AND position < $4 ORDER BY position "
                    "LIMIT $5");
    sql_bind_u64(s, 1, t->stream.kind);
    sql_bind_u64(s, 2, t->stream.id);
    sql_bind_u64(s, 3, after);
    sql_bind_u64(s, 4, head);
    sql_bind_u64(s, 5, TRIM_ROWS);
    uint64_t last = after;
    unsigned old = 0;
    while (sql_step(s) && sql_i64(s, 1) < t->before_ms) {
        last = sql_u64(s, 0);
        old++;
    }
    t->rest = old == TRIM_ROWS;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *cut = last;
    return e;
}

static void on_given_up(void *ctx, struct slice name, uint64_t position)
{
    struct trim *t = ctx;
    size_t len = name.len < READER_NAME_MAX - 1 ? name.len : READER_NAME_MAX - 1;
    if (t->readers++ > 0)
        return;
    memcpy(t->reader, name.data, len);
    t->reader[len] = '\0';
    t->reader_position = position;
}

static enum err remove_rows(struct tx *tx, struct trim *t, uint64_t after, uint64_t cut)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "DELETE FROM event_log WHERE stream_kind = $1 AND stream_id = $2 AND "
                              "position > $3 AND position <= $4");
    sql_bind_u64(s, 1, t->stream.kind);
    sql_bind_u64(s, 2, t->stream.id);
    sql_bind_u64(s, 3, after);
    sql_bind_u64(s, 4, cut);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    t->removed = sql_changes(tx_sql(tx));
    s = sql_query(tx_sql(tx), "UPDATE streams SET trimmed = $3 WHERE stream_kind = $1 AND "
                              "stream_id = $2 AND trimmed < $3");
    sql_bind_u64(s, 1, t->stream.kind);
    sql_bind_u64(s, 2, t->stream.id);
    sql_bind_u64(s, 3, cut);
    return sql_send(s);
}

static enum err trim(struct tx *tx, void *ctx)
{
    struct trim *t = ctx;
    uint64_t trimmed, head, needed, cut = 0;
    t->removed = 0;
    t->readers = 0;
    t->rest = false;
    enum err e = event_log_bounds(tx, t->stream, &trimmed, &head);
    if (e == ERR_OK)
        e = find_cut(tx, t, trimmed, head, &cut);
    if (e == ERR_OK)
        e = log_readers_least(tx, t->stream, t->before_ms, &needed);
    if (e != ERR_OK)
        return e;
    if (needed < cut) {
        cut = needed;
        t->rest = false;
    }
    if (cut <= trimmed)
        return ERR_OK;
    e = log_readers_idle(tx, t->stream, trimmed, cut, t->before_ms, on_given_up, t);
    return e == ERR_OK ? remove_rows(tx, t, trimmed, cut) : e;
}

/* After the commit: a closure may run again. */
static void tell(struct store *s, const struct trim *t)
{
    if (s->o.metrics != NULL)
        metrics_add(s->o.metrics, METRIC_EVENTS_TRIMMED, (int64_t)t->removed);
    if (t->readers > 0)
        log_warn(s->o.log, "store", "a reader of the event log stood still and is given up",
                 LOG_S("reader", t->reader), LOG_U("readers", t->readers),
                 LOG_U("stream_kind", t->stream.kind), LOG_U("stream_id", t->stream.id),
                 LOG_U("position", t->reader_position));
}

enum err event_log_trim_step(struct store *s, uint64_t keep_ms, struct stream *cursor, bool *more)
{
    int64_t now_ms = clock_wall_ms(s->o.clock);
    if (keep_ms == 0 || keep_ms >= (uint64_t)now_ms) {
        *more = false;
        return ERR_OK;
    }
    struct look l = {.cursor = *cursor, .before_ms = now_ms - (int64_t)keep_ms};
    enum err e = store_read(s, look, &l);
    if (e != ERR_OK)
        return e;
    if (l.due.kind == 0) {
        *more = l.count == WALK_STREAMS;
        *cursor = *more ? l.last : (struct stream){0};
        return ERR_OK;
    }
    struct trim t = {.stream = l.due, .before_ms = l.before_ms};
    e = store_write(s, trim, &t);
    if (e != ERR_OK)
        return e;
    tell(s, &t);
    *cursor = t.rest ? l.before_due : l.due;
    *more = true;
    return ERR_OK;
}
