/*
 * What is appended while somebody looks on: the heads of the streams are compared with those known,
 * at a leisurely pace. Commits know nothing of it and pay nothing for it, and what another server
 * appends to the same database is seen as well.
 */

#include "ops/log_priv.h"

#include <time.h>

#include "base/map.h"
#include "base/mem.h"

enum {
    HEADS_MAX = 1 << 22, /* streams, of each kind */
    KINDS = STREAM_INSTANCE + 1,
    WALK_STREAMS = 500,
    PACE_ONE_MS = 200, /* between two looks at one stream */
    PACE_ALL_MS = 1000,
    TICK_MS = 50 /* between two looks whether anybody listens */
};

struct log_heads {
    struct map by_kind[KINDS]; /* id + 1 -> head + 1, both of which are never 0 */
};

struct log_heads *log_heads_new(void)
{
    struct log_heads *h = mem_zalloc(MEM_CORE, sizeof *h);
    for (int i = 0; h != NULL && i < KINDS; i++)
        map_init(&h->by_kind[i], MEM_CORE, HEADS_MAX, 0);
    return h;
}

void log_heads_free(struct log_heads **h)
{
    if (*h == NULL)
        return;
    for (int i = 0; i < KINDS; i++)
        map_deinit(&(*h)->by_kind[i]);
    mem_free(MEM_CORE, *h);
    *h = NULL;
}

static struct map *map_of(struct log_heads *h, struct stream s)
{
    return &h->by_kind[(unsigned)s.kind < KINDS ? (unsigned)s.kind : 0];
}

bool log_heads_note(void *heads, struct stream stream, uint64_t head)
{
    return map_put(map_of(heads, stream), stream.id + 1, (void *)(uintptr_t)(head + 1));
}

static uint64_t known(struct log_heads *h, struct stream stream)
{
    uintptr_t value = (uintptr_t)map_get(map_of(h, stream), stream.id + 1);
    return value == 0 ? 0 : value - 1;
}

struct follow {
    struct store *store;
    struct log_heads *heads;
    bool json;
    const struct ops_io *io;
    struct log_rows *rows;
    struct stream one;
    struct stream cursor;
    struct stream moved[WALK_STREAMS];
    unsigned moved_count;
    unsigned page_count;
    /* The stream that is read. */
    struct stream stream;
    uint64_t after;
    uint64_t head;
    size_t read;
};

static enum err on_head(void *ctx, const struct stream_row *row)
{
    struct follow *f = ctx;
    f->cursor = row->stream;
    if (row->head > known(f->heads, row->stream))
        f->moved[f->moved_count++] = row->stream;
    return ERR_OK;
}

static enum err read_heads(struct tx *tx, void *ctx)
{
    struct follow *f = ctx;
    struct stream begin = f->cursor;
    f->moved_count = 0;
    enum err e = event_log_heads(tx, begin, WALK_STREAMS, on_head, f, &f->page_count);
    if (e != ERR_OK)
        f->cursor = begin;
    return e;
}

static enum err read_one_head(struct tx *tx, void *ctx)
{
    struct follow *f = ctx;
    uint64_t head;
    enum err e = tx_stream_head(tx, f->one, &head);
    f->page_count = 0;
    f->moved[0] = f->one;
    f->moved_count = e == ERR_OK && head > known(f->heads, f->one);
    return e;
}

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct follow *f = ctx;
    struct event_row *kept = &f->rows->items[f->rows->count++];
    *kept = *row;
    kept->delta = LOG_NONE;
    f->after = row->position; /* run again, it goes on from here */
    f->read++;
    return ERR_OK;
}

static enum err read_rows(struct tx *tx, void *ctx)
{
    struct follow *f = ctx;
    size_t room = f->rows->max - f->rows->count;
    uint64_t trimmed;
    f->read = 0;
    enum err e = event_log_bounds(tx, f->stream, &trimmed, &f->head);
    if (e != ERR_OK)
        return e;
    return event_log_read(tx, f->stream, f->after, (unsigned)room, on_row, f);
}

static void print(struct follow *f)
{
    if (f->one.kind == 0)
        log_rows_sort(f->rows);
    log_rows_print(f->rows, f->json, f->io);
    f->rows->count = 0;
}

/* Rows that are gone already are passed over, and said to be. */
static enum err read_moved(struct follow *f, struct stream stream)
{
    f->stream = stream;
    f->after = known(f->heads, stream);
    do {
        if (f->rows->count == f->rows->max)
            print(f);
        enum err e = log_stopped(f->io) ? ERR_STOPPING : store_read(f->store, read_rows, f);
        if (e == ERR_LOG_TRIMMED) {
            f->after = f->head;
            if (!f->json)
                ops_printf(f->io, "Rows of %s:%llu are gone before they were shown.\n",
                           stream_kind_name(stream.kind), (unsigned long long)stream.id);
        } else if (e != ERR_OK) {
            return e;
        }
    } while (f->after < f->head && f->read > 0);
    return log_heads_note(f->heads, stream, f->after) ? ERR_OK : ERR_NO_MEMORY;
}

static enum err look(struct follow *f)
{
    bool all = f->one.kind == 0;
    f->cursor = (struct stream){0};
    do {
        enum err e = log_stopped(f->io) ? ERR_STOPPING
                                        : store_read(f->store, all ? read_heads : read_one_head, f);
        for (unsigned i = 0; i < f->moved_count && e == ERR_OK; i++)
            e = read_moved(f, f->moved[i]);
        if (e != ERR_OK)
            return e;
    } while (f->page_count == WALK_STREAMS);
    print(f);
    return ERR_OK;
}

static void wait_a_while(const struct follow *f)
{
    int left_ms = f->one.kind == 0 ? PACE_ALL_MS : PACE_ONE_MS;
    for (; left_ms > 0 && !log_stopped(f->io); left_ms -= TICK_MS)
        nanosleep(&(struct timespec){.tv_nsec = TICK_MS * 1000000L}, NULL);
}

/* A store that is away may come back while somebody looks on. */
static bool passes(enum err e)
{
    return e == ERR_RETRY || e == ERR_OVERLOADED || e == ERR_STORE_AWAY;
}

enum err log_follow(struct store *s, struct stream one, struct log_heads *h, bool json,
                    const struct ops_io *io, struct log_rows *rows)
{
    struct follow *f = mem_zalloc(MEM_CORE, sizeof *f);
    enum err e = f == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (f != NULL)
        *f = (struct follow){
            .store = s, .heads = h, .json = json, .io = io, .rows = rows, .one = one};
    while ((e == ERR_OK || passes(e)) && !log_stopped(io)) {
        wait_a_while(f);
        e = look(f);
    }
    mem_free(MEM_CORE, f);
    return e;
}
