/* The store's promises, seen from store.h only. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/store_batch.h"

static const struct stream guild_1 = {STREAM_GUILD, 1};

/* ---- savepoints ---- */

static enum err on_second_fails(struct tx *tx, void *ctx)
{
    struct batch_turn *t = ctx;
    uint64_t id = t->turn + 10;
    enum err e = item_insert(tx, id);
    if (e == ERR_OK)
        e = event_emit(tx, guild_1, id);
    if (e == ERR_OK && t->turn == 1)
        e = event_emit(tx, (struct stream){STREAM_USER, 2}, id);
    return e == ERR_OK && t->turn == 1 ? ERR_UNKNOWN_CHANNEL : e;
}

static void test_failing_closure_spares_its_neighbours(void **state)
{
    struct fixture *f = *state;
    batch_open(f, 3);
    struct batch_run run = {.store = f->store, .fn = on_second_fails};
    batch_run(&run, 3);

    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_ROLLBACKS), 1);
    assert_int_equal(run.results[0], ERR_OK);
    assert_int_equal(run.results[1], ERR_UNKNOWN_CHANNEL);
    assert_int_equal(run.results[2], ERR_OK);
    assert_int_equal(count_items(f), 2);
    assert_int_equal(count_events(f, guild_1), 2);
    assert_int_equal(count_events(f, (struct stream){STREAM_USER, 2}), 0);
    assert_int_equal(f->announced, 2);
    assert_false(f->out_of_order);
    assert_true(f->seen[10] && !f->seen[11] && f->seen[12]);
}

static enum err on_conflict(struct tx *tx, void *ctx)
{
    (void)ctx;
    enum err e = item_insert(tx, 1);
    return e == ERR_OK ? item_insert(tx, 1) : e;
}

static void test_error_of_the_closure_is_returned(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_write(f->store, on_conflict, NULL), ERR_STORE_CONFLICT);
    assert_int_equal(count_items(f), 0);
    struct add a = {.id = 1, .stream = guild_1};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(a.position, 1);
    assert_true(store_ready(f->store));
}

struct retrying {
    uint64_t first_id;
    unsigned failures;
    unsigned runs;
};

static enum err on_retrying(struct tx *tx, void *ctx)
{
    struct retrying *r = ctx;
    enum err e = event_emit(tx, guild_1, 5);
    if (e == ERR_OK)
        e = item_insert(tx, r->first_id + r->runs);
    r->runs++;
    return e == ERR_OK && r->runs <= r->failures ? ERR_RETRY : e;
}

static void test_retry_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct retrying twice = {.first_id = 10, .failures = 2};
    assert_int_equal(store_write(f->store, on_retrying, &twice), ERR_OK);
    assert_int_equal(twice.runs, 3);
    assert_int_equal(count_items(f), 1);
    assert_int_equal(count_events(f, guild_1), 1);
    struct retrying forever = {.first_id = 20, .failures = 1000};
    assert_int_equal(store_write(f->store, on_retrying, &forever), ERR_RETRY);
    /* SQLite: boldly, then carefully and three times again; PostgreSQL: five times again. */
    assert_int_equal(forever.runs, f->db.server == NULL ? 5 : 6);
    assert_int_equal(count_items(f), 1);
}

static enum err on_too_many_events(struct tx *tx, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < 5000; i++) {
        enum err ignored = event_emit(tx, guild_1, 1);
        (void)ignored;
    }
    return ERR_OK;
}

static void test_overlooked_emit_failure_fails_the_transaction(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_write(f->store, on_too_many_events, NULL), ERR_NO_MEMORY);
    assert_int_equal(f->announced, 0);
    assert_int_equal(count_events(f, guild_1), 0);
}

static enum err on_ephemeral(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct event *e = event_new(EVENT_TYPING_START, guild_1, NULL, 0);
    return e == NULL ? ERR_NO_MEMORY : tx_emit(tx, e);
}

static void test_ephemeral_events_are_announced_without_a_position(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_write(f->store, on_ephemeral, NULL), ERR_OK);
    assert_int_equal(f->announced, 1);
    assert_int_equal(f->heads[STREAM_GUILD][1], 0);
    assert_int_equal(count_events(f, guild_1), 0);
}

/* ---- order ---- */

enum { HAMMER_THREADS = 64, HAMMER_WRITES = 20, HAMMER_STREAMS = 4 };

struct hammer {
    struct fixture *f;
    unsigned number;
    unsigned failures; /* of the test's own checks */
};

struct hammer_write {
    uint64_t id;
    bool fails;
};

static enum err on_hammer(struct tx *tx, void *ctx)
{
    const struct hammer_write *w = ctx;
    struct stream guild = {STREAM_GUILD, w->id % HAMMER_STREAMS};
    struct stream user = {STREAM_USER, w->id % 3};
    enum err e = item_insert(tx, w->id);
    if (e == ERR_OK)
        e = event_emit(tx, guild, w->id);
    if (e == ERR_OK && w->id % 2 == 0)
        e = event_emit(tx, user, w->id);
    return e == ERR_OK && w->fails ? ERR_MISSING_ACCESS : e;
}

static void *hammer_thread(void *ctx)
{
    struct hammer *h = ctx;
    for (unsigned i = 0; i < HAMMER_WRITES; i++) {
        uint64_t id = 1 + h->number * HAMMER_WRITES + i;
        struct hammer_write w = {.id = id, .fails = id % 5 == 0};
        enum err e = store_write(h->f->store, on_hammer, &w);
        h->failures += e != (w.fails ? ERR_MISSING_ACCESS : ERR_OK);
        /* Announced before its writer woke; never, if it failed. */
        h->failures += h->f->seen[id] != (w.fails ? 0 : 1);
    }
    return NULL;
}

static void hammer(struct fixture *f)
{
    static struct hammer hammers[HAMMER_THREADS];
    pthread_t threads[HAMMER_THREADS];
    for (unsigned i = 0; i < HAMMER_THREADS; i++) {
        hammers[i] = (struct hammer){.f = f, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_thread, &hammers[i]), 0);
    }
    for (unsigned i = 0; i < HAMMER_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < HAMMER_THREADS; i++)
        assert_int_equal(hammers[i].failures, 0);
}

static void test_positions_have_no_gaps_under_load(void **state)
{
    struct fixture *f = *state;
    hammer(f);
    unsigned total = HAMMER_THREADS * HAMMER_WRITES;
    uint64_t logged = 0;
    for (uint64_t id = 0; id < HAMMER_STREAMS; id++) {
        uint64_t count = count_events(f, (struct stream){STREAM_GUILD, id});
        assert_int_equal(count, f->heads[STREAM_GUILD][id]);
        logged += count;
    }
    assert_int_equal(logged, total - total / 5);
    for (uint64_t id = 0; id < 3; id++)
        logged += count_events(f, (struct stream){STREAM_USER, id});
    assert_int_equal(logged, f->announced);
    assert_false(f->out_of_order);
    assert_int_equal(count_items(f), total - total / 5);
    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_TRANSACTIONS), total - total / 5);
}

static void test_full_queue_turns_away(void **state)
{
    struct fixture *f = *state;
    batch_open(f, 1);
    struct batch_run run = {.store = f->store, .fn = on_second_fails};
    batch_run(&run, 1); /* ends only if one of two was turned away */
    assert_int_equal(run.next, 1);
    assert_int_equal(count_items(f), 1);
}

/* ---- ids ---- */

struct ids {
    uint64_t first;
    uint64_t last;
};

static enum err on_ids(struct tx *tx, void *ctx)
{
    struct ids *ids = ctx;
    ids->first = tx_id(tx);
    for (int i = 0; i < 5000; i++) {
        uint64_t id = tx_id(tx);
        if (id <= ids->last && i > 0)
            return ERR_STORE;
        ids->last = id;
    }
    return ERR_OK;
}

static void test_ids_rise_through_restarts_and_clock_steps(void **state)
{
    static const int64_t steps_ms[] = {0, -86400000, 1, -1000, 3600000, -7200000};
    struct fixture *f = *state;
    uint64_t last = 0;
    for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
        atomic_fetch_add(&f->time.wall_ms, steps_ms[i]);
        f->options.worker_id = (unsigned)(7 - i); /* falling, so that the worker does not help */
        fixture_open(f);
        struct ids ids = {0};
        assert_int_equal(store_write(f->store, on_ids, &ids), ERR_OK);
        assert_true(ids.first > last);
        assert_true(ids.last > ids.first);
        last = ids.last;
        store_close(&f->store);
    }
}

static enum err on_time(struct tx *tx, void *ctx)
{
    int64_t *now = ctx;
    *now = tx_now_ms(tx);
    return ERR_OK;
}

static void test_transactions_have_wall_time(void **state)
{
    struct fixture *f = *state;
    int64_t now = 0;
    assert_int_equal(store_write(f->store, on_time, &now), ERR_OK);
    assert_int_equal(now, INT64_C(1790000000000));
    atomic_fetch_add(&f->time.wall_ms, 5);
    assert_int_equal(store_read(f->store, on_time, &now), ERR_OK);
    assert_int_equal(now, INT64_C(1790000000005));
}

/* ---- reads ---- */

struct snapshot_test {
    struct fixture *f;
    sem_t write;
    sem_t written;
    uint64_t before;
    uint64_t after;
};

static void *snapshot_writer(void *ctx)
{
    struct snapshot_test *t = ctx;
    struct add a = {.id = 2, .stream = guild_1};
    sem_wait(&t->write);
    enum err e = store_write(t->f->store, on_add, &a);
    sem_post(&t->written);
    assert_int_equal(e, ERR_OK);
    return NULL;
}

static enum err on_snapshot(struct tx *tx, void *ctx)
{
    struct snapshot_test *t = ctx;
    enum err e = on_count_items(tx, &t->before);
    sem_post(&t->write);
    sem_wait(&t->written);
    return e == ERR_OK ? on_count_items(tx, &t->after) : e;
}

static void test_read_sees_one_moment(void **state)
{
    struct fixture *f = *state;
    struct add a = {.id = 1, .stream = guild_1};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    struct snapshot_test t = {.f = f};
    sem_init(&t.write, 0, 0);
    sem_init(&t.written, 0, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, snapshot_writer, &t), 0);
    assert_int_equal(store_read(f->store, on_snapshot, &t), ERR_OK);
    pthread_join(thread, NULL);
    assert_int_equal(t.before, 1);
    assert_int_equal(t.after, 1);
    assert_int_equal(count_items(f), 2);
    sem_destroy(&t.write);
    sem_destroy(&t.written);
}

static enum err on_write_in_read(struct tx *tx, void *ctx)
{
    (void)ctx;
    return item_insert(tx, 1);
}

static void test_read_cannot_write(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_read(f->store, on_write_in_read, NULL), ERR_STORE_READONLY);
    assert_int_equal(count_items(f), 0);
}

static enum err on_endless_read(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                              "SELECT count(*) FROM n");
    return sql_run(s);
}

static void test_long_statement_is_interrupted(void **state)
{
    struct fixture *f = *state;
    atomic_store(&f->time.mono_step_ns, 150 * 1000 * 1000); /* seven looks are beyond the limit */
    assert_int_equal(store_read(f->store, on_endless_read, NULL), ERR_RETRY);
    atomic_store(&f->time.mono_step_ns, 0);
    assert_int_equal(count_items(f), 0); /* the connection goes on */
}

static enum err on_slow_read(struct tx *tx, void *ctx)
{
    struct fixture *f = ctx;
    uint64_t count;
    enum err e = on_count_items(tx, &count);
    atomic_fetch_add(&f->time.mono_ns, UINT64_C(1100) * 1000 * 1000);
    return e == ERR_OK ? on_count_items(tx, &count) : e;
}

static void test_long_transaction_is_interrupted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_read(f->store, on_slow_read, f), ERR_RETRY);
    assert_int_equal(count_items(f), 0);
}

enum { READ_THREADS = 8, READS = 50 };

static void *reading_thread(void *ctx)
{
    struct fixture *f = ctx;
    for (int i = 0; i < READS; i++) {
        uint64_t count = 0;
        if (store_read(f->store, on_count_items, &count) != ERR_OK || count != 1)
            return f;
    }
    return NULL;
}

static void test_readers_share_the_pool(void **state)
{
    struct fixture *f = *state;
    struct add a = {.id = 1, .stream = guild_1};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    pthread_t threads[READ_THREADS];
    for (int i = 0; i < READ_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reading_thread, f), 0);
    void *failed[READ_THREADS];
    for (int i = 0; i < READ_THREADS; i++)
        pthread_join(threads[i], &failed[i]);
    for (int i = 0; i < READ_THREADS; i++)
        assert_null(failed[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
#define CLOSED(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
        CLOSED(test_failing_closure_spares_its_neighbours),
        OPEN(test_error_of_the_closure_is_returned),
        OPEN(test_retry_is_bounded),
        OPEN(test_overlooked_emit_failure_fails_the_transaction),
        OPEN(test_ephemeral_events_are_announced_without_a_position),
        OPEN(test_positions_have_no_gaps_under_load),
        CLOSED(test_full_queue_turns_away),
        CLOSED(test_ids_rise_through_restarts_and_clock_steps),
        OPEN(test_transactions_have_wall_time),
        OPEN(test_read_sees_one_moment),
        OPEN(test_read_cannot_write),
        OPEN(test_long_statement_is_interrupted),
        OPEN(test_long_transaction_is_interrupted),
        OPEN(test_readers_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
