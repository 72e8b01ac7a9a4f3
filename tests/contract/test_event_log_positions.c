/*
 * Positions, while many threads write: no gap, no repetition, in the order of commits. Who reads
 * `position > last` meanwhile misses nothing, and sees each closure's events whole or not at all.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "store/event_log.h"

enum {
    STREAMS = 4,
    WRITERS = 6,
    CLOSURES = 60, /* of a writer */
    EVENTS_FEW = 5,
    EVENTS_MANY = 300,
    READ_ROWS = 64
};

/* Ascending, as they are locked. */
static const struct stream streams[STREAMS] = {
    {STREAM_GUILD, 11}, {STREAM_GUILD, 12}, {STREAM_DM, 11}, {STREAM_USER, 7}};

/* A row says which closure it is of (entity), and which of how many of its stream (channel, guild).
 */
struct seen {
    uint64_t closure;
    uint64_t index;
    uint64_t count;
};

struct world {
    struct core_fixture *f;
    _Atomic unsigned writing;
    _Atomic uint64_t emitted[STREAMS]; /* by closures that were acknowledged */
};

struct plan {
    uint64_t closure;
    unsigned count[STREAMS];
    bool fails;
    uint64_t last[STREAMS]; /* out */
};

static enum err emit_one(struct tx *tx, const struct plan *p, unsigned s, unsigned index)
{
    struct event *e = event_new(EVENT_MESSAGE_CREATE, streams[s], NULL, 0);
    if (e == NULL)
        return ERR_NO_MEMORY;
    e->entity_id = p->closure;
    e->channel_id = index + 1;
    e->guild_id = p->count[s];
    return tx_emit(tx, e);
}

/* The head is right before, between and after. */
static enum err emit_into(struct tx *tx, struct plan *p, unsigned s)
{
    uint64_t head, now;
    enum err e = tx_stream_head(tx, streams[s], &head);
    for (unsigned i = 0; i < p->count[s] && e == ERR_OK; i++) {
        e = emit_one(tx, p, s, i);
        if (e == ERR_OK)
            e = tx_stream_head(tx, streams[s], &now);
        if (e == ERR_OK && now != ++head)
            e = ERR_INTERNAL;
    }
    p->last[s] = head;
    return e;
}

static enum err carry_out(struct tx *tx, void *ctx)
{
    struct plan *p = ctx;
    enum err e = ERR_OK;
    for (unsigned s = 0; s < STREAMS && e == ERR_OK; s++)
        if (p->count[s] > 0)
            e = tx_lock(tx, streams[s]);
    for (unsigned s = 0; s < STREAMS && e == ERR_OK; s++)
        if (p->count[s] > 0)
            e = emit_into(tx, p, s);
    return e == ERR_OK && p->fails ? ERR_MISSING_ACCESS : e;
}

static uint32_t chance(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % below;
}

struct writer_thread {
    struct world *w;
    unsigned number;
    bool wrong;
};

static void *write_events(void *ctx)
{
    struct writer_thread *t = ctx;
    uint32_t seed = t->number * 7919 + 1;
    for (unsigned n = 0; n < CLOSURES; n++) {
        struct plan p = {.closure = (uint64_t)t->number * 1000 + n + 1,
                         .fails = chance(&seed, 4) == 0};
        bool many = chance(&seed, 20) == 0;
        for (unsigned s = 0; s < STREAMS; s++)
            if (chance(&seed, 2) == 0)
                p.count[s] = 1 + chance(&seed, many ? EVENTS_MANY : EVENTS_FEW);
        enum err e = store_write(t->w->f->store, carry_out, &p);
        t->wrong |= e != (p.fails ? ERR_MISSING_ACCESS : ERR_OK);
        for (unsigned s = 0; s < STREAMS && !p.fails; s++)
            atomic_fetch_add(&t->w->emitted[s], p.count[s]);
    }
    atomic_fetch_sub(&t->w->writing, 1);
    return NULL;
}

/* One reader of one stream. */
struct reader_thread {
    struct world *w;
    unsigned stream;
    uint64_t last;
    struct seen at; /* the closure that the last row was of */
    bool wrong;
    enum err err;
};

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct reader_thread *r = ctx;
    r->wrong |= row->position != r->last + 1;
    r->last = row->position;
    if (r->at.index < r->at.count) { /* in the middle of a closure */
        r->wrong |= row->entity_id != r->at.closure || row->channel_id != r->at.index + 1;
        r->at.index++;
    } else {
        r->wrong |= row->channel_id != 1;
        r->at = (struct seen){row->entity_id, 1, row->guild_id};
    }
    return ERR_OK;
}

struct reading {
    struct reader_thread *r;
    struct reader_thread before; /* the closure may run again */
    uint64_t head;
};

static enum err read_some(struct tx *tx, void *ctx)
{
    struct reading *x = ctx;
    *x->r = x->before;
    enum err e = tx_stream_head(tx, streams[x->r->stream], &x->head);
    if (e == ERR_OK)
        e = event_log_read(tx, streams[x->r->stream], x->r->last, READ_ROWS, on_row, x->r);
    /* All that the head counts can be read at the same moment, and nothing else. */
    if (e == ERR_OK && x->r->last - x->before.last < READ_ROWS)
        x->r->wrong |= x->r->last != x->head;
    return e;
}

/* Follows the stream until nobody writes any more and everything was read. */
static void *follow(void *ctx)
{
    struct reader_thread *r = ctx;
    bool ended = false;
    while (!ended && r->err == ERR_OK) {
        bool over = atomic_load(&r->w->writing) == 0;
        struct reading x = {.r = r, .before = *r};
        r->err = store_read(r->w->f->store, read_some, &x);
        ended = over && r->last == x.head;
    }
    return NULL;
}

static void test_readers_miss_nothing(void **state)
{
    struct world w = {.f = *state, .writing = WRITERS};
    struct writer_thread writers[WRITERS];
    struct reader_thread readers[STREAMS];
    pthread_t threads[WRITERS + STREAMS];
    for (unsigned i = 0; i < STREAMS; i++) {
        readers[i] = (struct reader_thread){.w = &w, .stream = i};
        assert_int_equal(pthread_create(&threads[WRITERS + i], NULL, follow, &readers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer_thread){.w = &w, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_events, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS + STREAMS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < WRITERS; i++)
        assert_false(writers[i].wrong);
    for (unsigned i = 0; i < STREAMS; i++) {
        assert_int_equal(readers[i].err, ERR_OK);
        assert_false(readers[i].wrong);
        assert_true(atomic_load(&w.emitted[i]) > 0);
        assert_int_equal(readers[i].last, atomic_load(&w.emitted[i]));
        assert_int_equal(readers[i].at.index, readers[i].at.count);
    }
}

/* Alone in the world: a closure that fails leaves no trace, and the next one gets its positions. */
static void test_undone_closures_leave_no_gap(void **state)
{
    struct core_fixture *f = *state;
    struct plan p = {.closure = 1, .count = {3, 1, 0, 0}};
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    p.fails = true;
    p.count[2] = 2;
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_MISSING_ACCESS);
    assert_int_equal(p.last[0], 6);
    p = (struct plan){.closure = 2, .count = {1, 0, 1, 0}};
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    assert_int_equal(p.last[0], 4);
    assert_int_equal(p.last[2], 1);
}

/* Events of several streams in one closure, of 4,096 at most; one more undoes all of it. */
static void test_large_closures(void **state)
{
    struct core_fixture *f = *state;
    struct plan p = {.closure = 1, .count = {4000, 96, 0, 0}};
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    assert_int_equal(p.last[0], 4000);
    p.count[1]++;
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_NO_MEMORY);
    p = (struct plan){.closure = 2, .count = {1, 1, 0, 0}};
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    assert_int_equal(p.last[0], 4001);
    assert_int_equal(p.last[1], 97);
}

/* A lock alone moves nothing. */
static enum err lock_only(struct tx *tx, void *ctx)
{
    (void)ctx;
    enum err e = tx_lock(tx, streams[0]);
    return e == ERR_OK ? tx_lock(tx, streams[3]) : e;
}

static void test_locks_take_no_position(void **state)
{
    struct core_fixture *f = *state;
    struct plan p = {.closure = 1, .count = {2, 0, 0, 0}};
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_write(f->store, lock_only, NULL), ERR_OK);
    p.count[3] = 1;
    assert_int_equal(store_write(f->store, carry_out, &p), ERR_OK);
    assert_int_equal(p.last[0], 4);
    assert_int_equal(p.last[3], 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_readers_miss_nothing),
        T(test_undone_closures_leave_no_gap),
        T(test_large_closures),
        T(test_locks_take_no_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
