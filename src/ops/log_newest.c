/*
 * The newest rows of all streams. There is no index by time, since every event would pay for it:
 * each stream is looked at once for the time of its newest row, a page of streams a read. The
 * newest N rows are in the N streams whose newest rows are newest, and in each only as far back as
 * a row can still be among them.
 */

#include "ops/log_priv.h"

#include "base/mem.h"

enum { WALK_STREAMS = 500, BACK_ROWS = 64 };

/* The streams in question, the newest first. */
struct candidates {
    struct stream_row *items;
    size_t count;
    size_t max;
};

struct search {
    struct store *store;
    const struct ops_io *io;
    bool (*heads)(void *ctx, struct stream stream, uint64_t head);
    void *ctx;
    struct candidates streams;
    struct stream_row page[WALK_STREAMS];
    unsigned page_count;
    struct stream cursor;
    /* One stream, read backwards. */
    struct stream stream;
    uint64_t before;
    unsigned back_max;
    struct log_rows back;
};

static void consider(struct candidates *c, const struct stream_row *row)
{
    size_t at = c->count;
    if (row->newest_at_ms == 0)
        return;
    if (at == c->max && c->items[at - 1].newest_at_ms >= row->newest_at_ms)
        return;
    if (at == c->max)
        at--;
    else
        c->count++;
    for (; at > 0 && c->items[at - 1].newest_at_ms < row->newest_at_ms; at--)
        c->items[at] = c->items[at - 1];
    c->items[at] = *row;
}

static enum err on_stream(void *ctx, const struct stream_row *row)
{
    struct search *s = ctx;
    s->page[s->page_count++] = *row;
    return ERR_OK;
}

static enum err read_streams(struct tx *tx, void *ctx)
{
    struct search *s = ctx;
    unsigned count;
    s->page_count = 0;
    return event_log_streams(tx, s->cursor, WALK_STREAMS, on_stream, s, &count);
}

static enum err find_streams(struct search *s)
{
    do {
        if (log_stopped(s->io))
            return ERR_STOPPING;
        enum err e = store_read(s->store, read_streams, s);
        if (e != ERR_OK)
            return e;
        for (unsigned i = 0; i < s->page_count; i++) {
            consider(&s->streams, &s->page[i]);
            s->cursor = s->page[i].stream;
            if (s->heads != NULL && !s->heads(s->ctx, s->cursor, s->page[i].head))
                return ERR_NO_MEMORY;
        }
    } while (s->page_count == WALK_STREAMS);
    return ERR_OK;
}

static enum err on_back(void *ctx, const struct event_row *row)
{
    struct log_rows *r = ctx;
    struct event_row *kept = &r->items[r->count++];
    *kept = *row;
    kept->delta = LOG_NONE;
    return ERR_OK;
}

static enum err read_back(struct tx *tx, void *ctx)
{
    struct search *s = ctx;
    s->back.count = 0;
    return event_log_read_back(tx, s->stream, s->before, s->back_max, on_back, &s->back);
}

/* Into the rows kept, in place of the oldest; false if it is older than all of them. */
static bool keep(struct log_rows *out, const struct event_row *row)
{
    size_t oldest = 0;
    if (out->count < out->max) {
        out->items[out->count++] = *row;
        return true;
    }
    for (size_t i = 1; i < out->count; i++)
        if (log_rows_compare(&out->items[i], &out->items[oldest]) < 0)
            oldest = i;
    if (log_rows_compare(&out->items[oldest], row) >= 0)
        return false;
    out->items[oldest] = *row;
    return true;
}

static enum err read_stream(struct search *s, struct log_rows *out)
{
    bool more = true;
    while (more) {
        s->back_max = out->max < BACK_ROWS ? (unsigned)out->max : BACK_ROWS;
        enum err e = log_stopped(s->io) ? ERR_STOPPING : store_read(s->store, read_back, s);
        if (e != ERR_OK)
            return e;
        bool kept = true;
        for (size_t i = 0; i < s->back.count && kept; i++) {
            s->before = s->back.items[i].position;
            kept = keep(out, &s->back.items[i]);
        }
        more = kept && s->back.count == s->back_max;
    }
    return ERR_OK;
}

static enum err newest_of_all(struct search *s, struct log_rows *out)
{
    enum err e = find_streams(s);
    for (size_t i = 0; i < s->streams.count && e == ERR_OK; i++) {
        s->stream = s->streams.items[i].stream;
        s->before = s->streams.items[i].head + 1;
        e = read_stream(s, out);
    }
    return e;
}

struct head_read {
    struct stream stream;
    uint64_t head;
};

static enum err read_head(struct tx *tx, void *ctx)
{
    struct head_read *h = ctx;
    return tx_stream_head(tx, h->stream, &h->head);
}

static enum err newest_of_one(struct search *s, struct stream one, struct log_rows *out)
{
    struct head_read h = {.stream = one};
    enum err e = store_read(s->store, read_head, &h);
    if (e == ERR_OK && s->heads != NULL && !s->heads(s->ctx, one, h.head))
        e = ERR_NO_MEMORY;
    s->stream = one;
    s->before = h.head + 1;
    while (e == ERR_OK && out->count < out->max) {
        size_t left = out->max - out->count;
        s->back_max = left < BACK_ROWS ? (unsigned)left : BACK_ROWS;
        e = log_stopped(s->io) ? ERR_STOPPING : store_read(s->store, read_back, s);
        for (size_t i = 0; e == ERR_OK && i < s->back.count; i++)
            out->items[out->count++] = s->back.items[i];
        if (e != ERR_OK || s->back.count < s->back_max)
            break;
        s->before = s->back.items[s->back.count - 1].position;
    }
    return e;
}

/* A clock that stepped leaves the rows of one stream in their order. */
static void reverse(struct log_rows *r)
{
    for (size_t i = 0, k = r->count; i + 1 < k; i++) {
        struct event_row row = r->items[i];
        r->items[i] = r->items[--k];
        r->items[k] = row;
    }
}

enum err log_newest(struct store *store, struct stream one, const struct ops_io *io,
                    bool (*heads)(void *ctx, struct stream stream, uint64_t head), void *ctx,
                    struct log_rows *out)
{
    struct search *s = mem_zalloc(MEM_CORE, sizeof *s);
    enum err e = ERR_NO_MEMORY;
    if (s == NULL)
        return e;
    *s = (struct search){.store = store, .io = io, .heads = heads, .ctx = ctx};
    s->streams.max = out->max;
    s->streams.items = mem_array(MEM_CORE, out->max, sizeof *s->streams.items);
    if (s->streams.items != NULL && log_rows_init(&s->back, BACK_ROWS))
        e = one.kind != 0 ? newest_of_one(s, one, out) : newest_of_all(s, out);
    log_rows_deinit(&s->back);
    mem_free(MEM_CORE, s->streams.items);
    mem_free(MEM_CORE, s);
    if (e == ERR_OK && one.kind != 0)
        reverse(out);
    else if (e == ERR_OK)
        log_rows_sort(out);
    return e;
}
