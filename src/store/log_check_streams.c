/*
 * Each stream has all its rows: none is missing between `trimmed` and the head, none is outside.
 * Rows are counted by the database, a page at a time; only where the count is wrong are they looked
 * at.
 */

#include "store/log_check_priv.h"

#include <inttypes.h>

enum { HOLES_TOLD = 8 /* of one page; the rest is counted */ };

#define STREAM_FORMAT "%s:%" PRIu64
#define STREAM_ARGS(s) stream_kind_name((s).kind), (s).id

struct hole {
    uint64_t first;
    uint64_t last;
};

/* What one read found in one page of one stream. */
struct page {
    struct stream stream;
    uint64_t trimmed;
    uint64_t head;
    uint64_t after;
    uint64_t leftover; /* the first row at or below trimmed; 0: none */
    uint64_t beyond;   /* the newest row, if it is above the head; else 0 */
    struct hole holes[HOLES_TOLD];
    unsigned hole_count;
    bool done; /* the stream ends here */
};

struct walk {
    struct page bad[CHECK_OWNERS];
    unsigned bad_count;
    struct page at;   /* where the walk stands */
    struct page next; /* where it stands after this read */
    uint64_t streams;
    bool ended;
};

static enum err next_of(struct tx *tx, struct stream after, bool of_log, struct stream *out)
{
    struct sql_stmt *s = of_log
                             ? sql_query(tx_sql(tx), "SELECT stream_kind, stream_id FROM event_log "
                                                     "WHERE (stream_kind, stream_id) > ($1, $2) "
                                                     "ORDER BY stream_kind, stream_id LIMIT 1")
                             : sql_query(tx_sql(tx), "SELECT stream_kind, stream_id FROM streams "
                                                     "WHERE (stream_kind, stream_id) > ($1, $2) "
                                                     "ORDER BY stream_kind, stream_id LIMIT 1");
    sql_bind_u64(s, 1, after.kind);
    sql_bind_u64(s, 2, after.id);
    struct stream found = {0};
    if (sql_step(s))
        found = (struct stream){(enum stream_kind)sql_u64(s, 0), sql_u64(s, 1)};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = found;
    return e;
}

static bool before(struct stream a, struct stream b)
{
    return a.kind != b.kind ? a.kind < b.kind : a.id < b.id;
}

/* The next stream that has a row of its own, or rows in the log; kind 0: none. */
static enum err next_stream(struct tx *tx, struct stream after, struct stream *out)
{
    struct stream of_log, of_streams;
    enum err e = next_of(tx, after, true, &of_log);
    if (e == ERR_OK)
        e = next_of(tx, after, false, &of_streams);
    if (e != ERR_OK)
        return e;
    bool log_first = of_log.kind != 0 && (of_streams.kind == 0 || before(of_log, of_streams));
    *out = log_first ? of_log : of_streams;
    return ERR_OK;
}

struct span {
    uint64_t count;
    uint64_t first;
    uint64_t last;
};

static enum err measure(struct tx *tx, struct stream stream, uint64_t after, struct span *out)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx),
        "SELECT COUNT(*), MIN(position), MAX(position) FROM (SELECT position FROM event_log "
        "WHERE stream_kind = $1 AND stream_id = $2 AND position > $3 ORDER BY position LIMIT $4) "
        "p");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, after);
    sql_bind_u64(s, 4, CHECK_ROWS);
    struct span span = {0};
    if (sql_step(s))
        span = (struct span){sql_u64(s, 0), sql_u64(s, 1), sql_u64(s, 2)};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = span;
    return e;
}

static void note_hole(struct page *p, uint64_t first, uint64_t last)
{
    if (p->hole_count < HOLES_TOLD)
        p->holes[p->hole_count++] = (struct hole){first, last};
    else
        p->holes[HOLES_TOLD - 1].last = last; /* from there to here some are missing */
}

static enum err find_holes(struct tx *tx, struct page *p, uint64_t last)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT position FROM event_log WHERE stream_kind = $1 AND stream_id = $2 AND "
                    "position > $3 AND position <= $4 ORDER BY position");
    sql_bind_u64(s, 1, p->stream.kind);
    sql_bind_u64(s, 2, p->stream.id);
    sql_bind_u64(s, 3, p->after);
    sql_bind_u64(s, 4, last);
    uint64_t expected = p->after + 1;
    while (sql_step(s)) {
        uint64_t position = sql_u64(s, 0);
        if (position != expected)
            note_hole(p, expected, position - 1);
        expected = position + 1;
    }
    return sql_done(s);
}

/* At the stream's end: its head is its newest row. */
static enum err check_end(struct tx *tx, struct page *p)
{
    uint64_t last;
    enum err e = check_newest_row(tx, p->stream, &last);
    if (e != ERR_OK)
        return e;
    p->done = true;
    p->beyond = last > p->head ? last : 0;
    if (p->after < p->head)
        note_hole(p, p->after + 1, p->head);
    return ERR_OK;
}

static enum err check_page(struct tx *tx, struct page *p)
{
    struct span span;
    p->leftover = p->beyond = 0;
    p->hole_count = 0;
    bool first = p->after == 0;
    enum err e = event_log_bounds(tx, p->stream, &p->trimmed, &p->head);
    if (e == ERR_OK)
        e = measure(tx, p->stream, p->after, &span);
    if (e == ERR_OK && span.count > 0 && span.first <= p->trimmed) {
        p->leftover = first ? span.first : 0; /* told once */
        e = measure(tx, p->stream, p->trimmed, &span);
    }
    if (e != ERR_OK)
        return e;
    if (p->after < p->trimmed)
        p->after = p->trimmed;
    if (span.count > 0 && span.last - p->after != span.count)
        e = find_holes(tx, p, span.last);
    if (span.count > 0)
        p->after = span.last;
    return e == ERR_OK && span.count < CHECK_ROWS ? check_end(tx, p) : e;
}

static bool is_bad(const struct page *p)
{
    return p->leftover != 0 || p->beyond != 0 || p->hole_count > 0;
}

/* Many short streams, or a page of a long one. Runs again from where the walk stood. */
static enum err walk(struct tx *tx, void *ctx)
{
    struct walk *w = ctx;
    struct page at = w->at;
    w->bad_count = 0;
    w->streams = 0;
    w->ended = false;
    for (int i = 0; i < CHECK_OWNERS; i++) {
        if (at.done) {
            struct stream next;
            enum err e = next_stream(tx, at.stream, &next);
            if (e != ERR_OK)
                return e;
            w->ended = next.kind == 0;
            if (w->ended)
                break;
            at = (struct page){.stream = next};
            w->streams++;
        }
        enum err e = check_page(tx, &at);
        if (e != ERR_OK)
            return e;
        if (is_bad(&at))
            w->bad[w->bad_count++] = at;
        if (!at.done)
            break;
    }
    w->next = at;
    return ERR_OK;
}

static enum err tell_head(struct log_check_run *r, const struct page *p)
{
    enum err e = r->repair ? check_raise_head(r, p->stream, p->beyond) : ERR_OK;
    if (e == ERR_OK)
        check_found(r, r->repair, "head",
                    STREAM_FORMAT ": the head is %" PRIu64 ", the newest row is at %" PRIu64,
                    STREAM_ARGS(p->stream), p->head, p->beyond);
    return e;
}

struct leftovers {
    struct stream stream;
    uint64_t first;
    uint64_t removed;
};

static enum err remove_leftovers(struct tx *tx, void *ctx)
{
    struct leftovers *x = ctx;
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "DELETE FROM event_log WHERE stream_kind = $1 AND stream_id = $2 AND "
                    "position IN (SELECT l.position FROM event_log l, streams s WHERE "
                    "s.stream_kind = $1 AND s.stream_id = $2 AND l.stream_kind = $1 AND "
                    "l.stream_id = $2 AND l.position <= s.trimmed ORDER BY l.position LIMIT $3)");
    sql_bind_u64(s, 1, x->stream.kind);
    sql_bind_u64(s, 2, x->stream.id);
    sql_bind_u64(s, 3, CHECK_OWNERS);
    enum err e = sql_run(s);
    x->removed = sql_changes(tx_sql(tx));
    return e;
}

static enum err tell_leftover(struct log_check_run *r, const struct page *p)
{
    struct leftovers x = {.stream = p->stream, .removed = 1};
    enum err e = ERR_OK;
    while (r->repair && x.removed > 0 && e == ERR_OK)
        e = store_write(r->store, remove_leftovers, &x);
    if (e == ERR_OK)
        check_found(r, r->repair, "leftover_rows",
                    STREAM_FORMAT ": trimmed up to %" PRIu64 ", but there are rows from %" PRIu64,
                    STREAM_ARGS(p->stream), p->trimmed, p->leftover);
    return e;
}

static enum err tell(struct log_check_run *r, const struct page *p)
{
    bool deleting = false;
    enum err e = ERR_OK;
    if (p->stream.kind == STREAM_GUILD)
        e = check_guild_deleting(r, p->stream.id, &deleting);
    if (e != ERR_OK || deleting)
        return e;
    if (p->leftover != 0)
        e = tell_leftover(r, p);
    if (e == ERR_OK && p->beyond != 0)
        e = tell_head(r, p);
    for (unsigned i = 0; i < p->hole_count; i++)
        check_found(r, false, "missing_rows",
                    STREAM_FORMAT ": rows are missing from %" PRIu64 " to %" PRIu64,
                    STREAM_ARGS(p->stream), p->holes[i].first, p->holes[i].last);
    return e;
}

static enum err walk_all(struct log_check_run *r, struct walk *w)
{
    *w = (struct walk){.at = {.done = true}};
    while (!w->ended) {
        enum err e = check_read(r, walk, w);
        for (unsigned i = 0; e == ERR_OK && i < w->bad_count; i++)
            e = tell(r, &w->bad[i]);
        if (e != ERR_OK)
            return e;
        w->at = w->next;
        r->looked_at += w->streams;
    }
    return ERR_OK;
}

enum err log_check_streams(struct log_check_run *r)
{
    struct walk *w = mem_alloc(MEM_STORE, sizeof *w);
    if (w == NULL)
        return ERR_NO_MEMORY;
    enum err e = walk_all(r, w);
    mem_free(MEM_STORE, w);
    return e;
}
