/* Retention: what goes, what stays, what readers see of it; and the checkpoints of readers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/log_fixture.h"

static const struct stream guild = {STREAM_GUILD, 11};
static const struct stream user = {STREAM_USER, 5};
#define INDEXER SLICE("indexer")

static void test_old_rows_go(void **state)
{
    struct core_fixture *f = *state;
    emit(f, guild, 10);
    pass_days(f, 20);
    emit(f, guild, 5);
    emit(f, user, 3);
    pass_days(f, 20);
    emit(f, guild, 2);
    trim_all(f, 30);
    struct log_look l = look(f, guild);
    assert_int_equal(l.trimmed, 10);
    assert_int_equal(l.head, 17);
    assert_int_equal(l.rows, 7);
    assert_int_equal(look(f, user).trimmed, 0);
}

/* Positions go on after it as if nothing had happened. */
static void test_the_newest_row_stays(void **state)
{
    struct core_fixture *f = *state;
    emit(f, guild, 10);
    emit(f, user, 1);
    pass_days(f, 1000);
    trim_all(f, 30);
    struct log_look l = look(f, guild);
    assert_int_equal(l.trimmed, 9);
    assert_int_equal(l.rows, 1);
    assert_int_equal(look(f, user).rows, 1);
    emit(f, guild, 1);
    l = look(f, guild);
    assert_int_equal(l.head, 11);
    assert_int_equal(l.rows, 2);
}

static void test_for_ever(void **state)
{
    struct core_fixture *f = *state;
    emit(f, guild, 10);
    pass_days(f, 1000);
    assert_int_equal(trim_all(f, 0), 1);
    trim_all(f, 1001);
    trim_all(f, 1000000);
    assert_int_equal(look(f, guild).rows, 10);
}

/* A position that is gone is said to be gone, wherever a reader asks from. */
static void test_reading_what_is_gone(void **state)
{
    static const struct {
        uint64_t after;
        enum err err;
        uint64_t rows;
    } cases[] = {{0, ERR_LOG_TRIMMED, 0}, {8, ERR_LOG_TRIMMED, 0}, {9, ERR_LOG_TRIMMED, 0},
                 {10, ERR_OK, 5},         {14, ERR_OK, 1},         {15, ERR_OK, 0},
                 {99, ERR_OK, 0}};
    struct core_fixture *f = *state;
    struct log_look l;
    emit(f, guild, 10);
    pass_days(f, 31);
    emit(f, guild, 5);
    trim_all(f, 30);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(look_after(f, guild, cases[i].after, &l), cases[i].err);
        assert_int_equal(l.rows, cases[i].rows);
    }
    assert_int_equal(look_after(f, (struct stream){STREAM_DM, 1}, 0, &l), ERR_OK);
}

/* What is missing in the middle is not passed over either. */
static void test_reading_over_a_hole(void **state)
{
    struct core_fixture *f = *state;
    struct log_look l;
    emit(f, guild, 10);
    damage(f, "DELETE FROM event_log WHERE stream_id = 11 AND position = 6");
    assert_int_equal(look_after(f, guild, 0, &l), ERR_LOG_TRIMMED);
    assert_int_equal(l.last, 5);
    assert_int_equal(look_after(f, guild, 6, &l), ERR_OK);
    assert_int_equal(l.rows, 4);
}

/* No step removes much, and a step that finds nothing writes nothing. */
static void test_steps_are_small(void **state)
{
    enum { ROWS = 1500, STREAMS = 250 };
    struct core_fixture *f = *state;
    struct stream cursor = {0};
    bool more = true;
    uint64_t before = ROWS;
    unsigned steps = 0;
    emit(f, guild, ROWS);
    for (uint64_t i = 0; i < STREAMS; i++)
        emit(f, (struct stream){STREAM_USER, 100 + i}, 1);
    pass_days(f, 31);
    for (; more; steps++) {
        assert_int_equal(event_log_trim_step(f->store, UINT64_C(30) * DAY_MS, &cursor, &more),
                         ERR_OK);
        uint64_t rows = look(f, guild).rows;
        assert_true(before - rows <= 300);
        before = rows;
    }
    assert_int_equal(before, 1);
    assert_true(steps <= 12);
    assert_int_equal(trim_all(f, 30), 3);
}

static void test_a_clock_that_stepped(void **state)
{
    struct core_fixture *f = *state;
    emit(f, guild, 2);
    pass_days(f, 40);
    emit(f, guild, 2);
    pass_days(f, -40);
    emit(f, guild, 2);
    pass_days(f, 45);
    trim_all(f, 30);
    struct log_look l = look(f, guild);
    assert_int_equal(l.trimmed, 2);
    assert_int_equal(l.rows, 4);
}

/* ---- checkpoints ---- */

struct save {
    struct slice name;
    struct stream stream;
    uint64_t from;
    uint64_t to;
    uint64_t position; /* out */
};

static enum err on_save(struct tx *tx, void *ctx)
{
    const struct save *s = ctx;
    return log_reader_save(tx, s->name, s->stream, s->from, s->to);
}

static enum err on_get(struct tx *tx, void *ctx)
{
    struct save *s = ctx;
    return log_reader_get(tx, s->name, s->stream, &s->position);
}

static enum err on_drop(struct tx *tx, void *ctx)
{
    const struct save *s = ctx;
    return log_reader_drop(tx, s->name, s->stream);
}

static enum err save(struct core_fixture *f, struct slice name, struct stream s, uint64_t from,
                     uint64_t to)
{
    struct save x = {name, s, from, to, 0};
    return store_write(f->store, on_save, &x);
}

static uint64_t saved(struct core_fixture *f, struct slice name, struct stream s)
{
    struct save x = {name, s, 0, 0, 99};
    assert_int_equal(store_read(f->store, on_get, &x), ERR_OK);
    return x.position;
}

static void test_checkpoints(void **state)
{
    struct core_fixture *f = *state;
    assert_int_equal(saved(f, INDEXER, guild), 0);
    assert_int_equal(save(f, INDEXER, guild, 3, 5), ERR_STORE_CONFLICT);
    assert_int_equal(save(f, INDEXER, guild, 0, 5), ERR_OK);
    assert_int_equal(saved(f, INDEXER, guild), 5);
    assert_int_equal(saved(f, INDEXER, user), 0);
    assert_int_equal(saved(f, SLICE("other"), guild), 0);
    assert_int_equal(save(f, INDEXER, guild, 0, 7), ERR_STORE_CONFLICT);
    assert_int_equal(save(f, INDEXER, guild, 4, 7), ERR_STORE_CONFLICT);
    assert_int_equal(save(f, INDEXER, guild, 5, 7), ERR_OK);
    assert_int_equal(save(f, INDEXER, guild, 7, 7), ERR_OK);
    assert_int_equal(saved(f, INDEXER, guild), 7);
    struct save x = {.name = INDEXER, .stream = guild};
    assert_int_equal(store_write(f->store, on_drop, &x), ERR_OK);
    assert_int_equal(store_write(f->store, on_drop, &x), ERR_OK);
    assert_int_equal(saved(f, INDEXER, guild), 0);
    assert_int_equal(save(f, INDEXER, guild, 0, 0), ERR_OK);
    assert_int_equal(save(f, INDEXER, guild, 0, 1), ERR_OK);
}

static void test_readers_hold_rows_back(void **state)
{
    struct core_fixture *f = *state;
    emit(f, guild, 1000);
    emit(f, user, 10);
    pass_days(f, 40);
    emit(f, guild, 1);
    assert_int_equal(save(f, INDEXER, guild, 0, 6), ERR_OK);
    assert_int_equal(save(f, SLICE("other"), guild, 0, 300), ERR_OK);
    trim_all(f, 30);
    assert_int_equal(look(f, guild).trimmed, 6);
    assert_int_equal(look(f, user).trimmed, 9);
    assert_int_equal(save(f, INDEXER, guild, 6, 1001), ERR_OK);
    trim_all(f, 30);
    assert_int_equal(look(f, guild).trimmed, 300);
    struct save x = {.name = SLICE("other"), .stream = guild};
    assert_int_equal(store_write(f->store, on_drop, &x), ERR_OK);
    trim_all(f, 30);
    assert_int_equal(look(f, guild).trimmed, 1000);
}

/* It is told so when it comes back, from the position where it stood. */
static void test_a_reader_that_stands_still_is_given_up(void **state)
{
    struct core_fixture *f = *state;
    struct log_look l;
    emit(f, guild, 10);
    assert_int_equal(save(f, INDEXER, guild, 0, 4), ERR_OK);
    pass_days(f, 29);
    trim_all(f, 10);
    assert_int_equal(look(f, guild).trimmed, 9);
    emit(f, guild, 1);
    assert_int_equal(saved(f, INDEXER, guild), 4);
    assert_int_equal(look_after(f, guild, 4, &l), ERR_LOG_TRIMMED);
}

/* One that has read everything and is switched off for a while loses nothing that is new. */
static void test_a_reader_of_a_quiet_stream(void **state)
{
    struct core_fixture *f = *state;
    struct log_look l;
    emit(f, guild, 10);
    assert_int_equal(save(f, INDEXER, guild, 0, 10), ERR_OK);
    pass_days(f, 100);
    emit(f, guild, 3);
    trim_all(f, 30);
    assert_int_equal(look(f, guild).trimmed, 10);
    assert_int_equal(look_after(f, guild, saved(f, INDEXER, guild), &l), ERR_OK);
    assert_int_equal(l.rows, 3);
}

/* ---- exactly once ---- */

enum { COPIED = 400, COPY_ROWS = 7 };

/* A reader whose effect is an event of another stream, for each that it reads. */
struct copy {
    uint64_t from;
    uint64_t entities[COPY_ROWS];
    unsigned count;
    uint64_t last;
};

static enum err on_copied(void *ctx, const struct event_row *row)
{
    struct copy *c = ctx;
    c->entities[c->count++] = row->entity_id;
    c->last = row->position;
    return ERR_OK;
}

static enum err copy_some(struct tx *tx, void *ctx)
{
    struct copy *c = ctx;
    c->count = 0;
    enum err e = log_reader_get(tx, INDEXER, guild, &c->from);
    c->last = c->from;
    if (e == ERR_OK)
        e = event_log_read(tx, guild, c->from, COPY_ROWS, on_copied, c);
    for (unsigned i = 0; i < c->count && e == ERR_OK; i++) {
        struct emission x = {user, 1, c->entities[i]};
        e = on_emit(tx, &x);
    }
    return e == ERR_OK && c->count > 0 ? log_reader_save(tx, INDEXER, guild, c->from, c->last) : e;
}

struct copier {
    struct core_fixture *f;
    enum err err;
};

static void *copy_all(void *ctx)
{
    struct copier *x = ctx;
    struct copy c = {.last = 0};
    while (c.last < COPIED && (x->err == ERR_OK || x->err == ERR_STORE_CONFLICT))
        x->err = store_write(x->f->store, copy_some, &c);
    return NULL;
}

static enum err on_in_order(void *ctx, const struct event_row *row)
{
    uint64_t *next = ctx;
    return row->entity_id == (*next)++ ? ERR_OK : ERR_INTERNAL;
}

static enum err check_order(struct tx *tx, void *ctx)
{
    return event_log_read(tx, user, 0, 2 * COPIED, on_in_order, ctx);
}

static void test_two_copies_of_a_reader(void **state)
{
    struct core_fixture *f = *state;
    struct copier copiers[3];
    pthread_t threads[3];
    uint64_t next = 1;
    emit(f, guild, COPIED);
    for (int i = 0; i < 3; i++) {
        copiers[i] = (struct copier){f, ERR_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, copy_all, &copiers[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(look(f, user).rows, COPIED);
    assert_int_equal(store_read(f->store, check_order, &next), ERR_OK);
    assert_int_equal(saved(f, INDEXER, guild), COPIED);
}

/* ---- under load ---- */

enum { LOAD_WRITERS = 4, LOAD_CLOSURES = 150 };

struct load {
    struct core_fixture *f;
    _Atomic unsigned writing;
    _Atomic uint64_t failures;
};

static void *append(void *ctx)
{
    struct load *l = ctx;
    for (int i = 0; i < LOAD_CLOSURES; i++) {
        struct emission x = {i % 3 == 0 ? user : guild, 5, 1};
        if (store_write(l->f->store, on_emit, &x) != ERR_OK)
            atomic_fetch_add(&l->failures, 1);
        atomic_fetch_add(&l->f->wall_ms, DAY_MS / 8);
    }
    atomic_fetch_sub(&l->writing, 1);
    return NULL;
}

/* Whoever trims, at once; everything that is left stays whole all the time. */
static void *trim_on(void *ctx)
{
    struct load *l = ctx;
    struct stream cursor = {0};
    bool more = true;
    while (atomic_load(&l->writing) > 0 || more) {
        struct log_look seen;
        if (event_log_trim_step(l->f->store, DAY_MS, &cursor, &more) != ERR_OK)
            atomic_fetch_add(&l->failures, 1);
        enum err e = look_after(l->f, guild, 0, &seen);
        if (e == ERR_LOG_TRIMMED) /* gone from the beginning: then from there on, unless it moved */
            e = look_after(l->f, guild, seen.trimmed, &seen);
        if (e != ERR_OK && e != ERR_LOG_TRIMMED)
            atomic_fetch_add(&l->failures, 1);
        if (e == ERR_OK && seen.rows > 0 && seen.last != seen.head)
            atomic_fetch_add(&l->failures, 1);
    }
    return NULL;
}

static void test_trimming_under_load(void **state)
{
    struct load l = {.f = *state, .writing = LOAD_WRITERS};
    pthread_t threads[LOAD_WRITERS + 2];
    for (int i = 0; i < LOAD_WRITERS + 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < LOAD_WRITERS ? append : trim_on, &l),
                         0);
    for (int i = 0; i < LOAD_WRITERS + 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&l.failures), 0);
    struct log_look g = look(l.f, guild), u = look(l.f, user);
    assert_int_equal(g.head + u.head, LOAD_WRITERS * LOAD_CLOSURES * 5);
    assert_true(g.trimmed > 0 && u.trimmed > 0);
    pass_days(l.f, 3);
    trim_all(l.f, 1);
    assert_int_equal(look(l.f, guild).rows, 1);
    assert_int_equal(look(l.f, user).rows, 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_old_rows_go),
        T(test_the_newest_row_stays),
        T(test_for_ever),
        T(test_reading_what_is_gone),
        T(test_reading_over_a_hole),
        T(test_steps_are_small),
        T(test_a_clock_that_stepped),
        T(test_checkpoints),
        T(test_readers_hold_rows_back),
        T(test_a_reader_that_stands_still_is_given_up),
        T(test_a_reader_of_a_quiet_stream),
        T(test_two_copies_of_a_reader),
        T(test_trimming_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
