/*
 * PostgreSQL's engine: many threads on few connections, deadlocks, the pool's limits and the lock
 * on the worker id. Needs GUILDHALL_TEST_POSTGRES.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/engine_fixture.h"

/* ---- many threads on few streams ---- */

enum { LOAD_THREADS = 16, LOAD_WRITES = 60, LOAD_STREAMS = 4 };

/* Written in on_commit: plain, so that TSan proves that one thread at a time is there. */
static struct {
    uint64_t last_id[LOAD_STREAMS];
    uint64_t position[LOAD_STREAMS];
    unsigned events;
    bool disordered;
} heard;

static void on_load_commit(void *ctx, struct event *const *events, size_t count)
{
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = events[i]->stream.id;
        heard.disordered |= events[i]->position != heard.position[at] + 1;
        heard.disordered |= events[i]->entity_id <= heard.last_id[at];
        heard.position[at] = events[i]->position;
        heard.last_id[at] = events[i]->entity_id;
        heard.events++;
    }
}

struct load {
    struct fixture *f;
    unsigned number;
    unsigned failures;
};

static enum err on_load_write(struct tx *tx, void *ctx)
{
    const unsigned *number = ctx;
    struct stream s = {STREAM_GUILD, *number % LOAD_STREAMS};
    enum err e = tx_lock(tx, s);
    if (e != ERR_OK)
        return e;
    uint64_t id = tx_id(tx);
    e = item_insert(tx, id);
    if (e == ERR_OK)
        e = event_emit(tx, s, id);
    return e == ERR_OK && *number % 7 == 0 ? ERR_MISSING_ACCESS : e;
}

static void *load_thread(void *ctx)
{
    struct load *l = ctx;
    for (unsigned i = 0; i < LOAD_WRITES; i++) {
        unsigned number = l->number * LOAD_WRITES + i;
        enum err e = store_write(l->f->store, on_load_write, &number);
        l->failures += e != (number % 7 == 0 ? ERR_MISSING_ACCESS : ERR_OK);
    }
    return NULL;
}

static void test_positions_and_ids_follow_the_commits(void **state)
{
    static struct load loads[LOAD_THREADS];
    struct fixture *f = fixture_of(state);
    pthread_t threads[LOAD_THREADS];
    f->options.on_commit = on_load_commit;
    fixture_open(f);
    for (unsigned i = 0; i < LOAD_THREADS; i++) {
        loads[i] = (struct load){.f = f, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, load_thread, &loads[i]), 0);
    }
    unsigned written = 0;
    for (unsigned i = 0; i < LOAD_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(loads[i].failures, 0);
    }
    for (unsigned i = 0; i < LOAD_THREADS * LOAD_WRITES; i++)
        written += i % 7 != 0;
    assert_false(heard.disordered);
    assert_int_equal(heard.events, written);
    assert_int_equal(count_items(f), written);
    for (unsigned i = 0; i < LOAD_STREAMS; i++)
        assert_int_equal(count_events(f, (struct stream){STREAM_GUILD, i}), heard.position[i]);
    assert_true(count_backends(*state) <= 8 + 1);
}

/* ---- deadlocks ---- */

struct crossing {
    struct fixture *f;
    struct stream first, second;
    pthread_barrier_t *both; /* have their first lock */
    unsigned runs;
    enum err result;
};

static enum err on_crossing(struct tx *tx, void *ctx)
{
    struct crossing *c = ctx;
    enum err e = tx_lock(tx, c->first);
    if (e == ERR_OK && c->runs++ == 0)
        pthread_barrier_wait(c->both);
    if (e == ERR_OK)
        e = tx_lock(tx, c->second);
    return e == ERR_OK ? event_emit(tx, c->first, 1) : e;
}

static void *crossing_thread(void *ctx)
{
    struct crossing *c = ctx;
    c->result = store_write(c->f->store, on_crossing, c);
    return NULL;
}

static void test_deadlock_is_run_again(void **state)
{
    struct fixture *f = fixture_of(state);
    struct stream a = {STREAM_GUILD, 1}, b = {STREAM_GUILD, 2};
    struct crossing crossings[] = {{.f = f, .first = a, .second = b},
                                   {.f = f, .first = b, .second = a}};
    pthread_barrier_t both;
    pthread_t threads[2];
    fixture_open(f);
    pthread_barrier_init(&both, NULL, 2);
    for (unsigned i = 0; i < 2; i++) {
        crossings[i].both = &both;
        assert_int_equal(pthread_create(&threads[i], NULL, crossing_thread, &crossings[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(crossings[i].result, ERR_OK);
    }
    pthread_barrier_destroy(&both);
    /* One of them is undone; both, if both notice at once. */
    unsigned again = crossings[0].runs + crossings[1].runs - 2;
    assert_true(again >= 1);
    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_RETRIES), again);
    assert_int_equal(count_events(f, a) + count_events(f, b), 2);
}

/* ---- the pool's limits ---- */

static void *gate_thread(void *ctx)
{
    void **both = ctx;
    struct fixture *f = both[0];
    assert_int_equal(store_write(f->store, on_gate, both[1]), ERR_OK);
    return NULL;
}

static void open_gate(struct gate *g, pthread_t thread)
{
    sem_post(&g->opened);
    pthread_join(thread, NULL);
}

static pthread_t hold_writer(struct fixture *f, struct gate *g)
{
    static void *both[2];
    pthread_t thread;
    both[0] = f;
    both[1] = g;
    sem_init(&g->entered, 0, 0);
    sem_init(&g->opened, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, gate_thread, both), 0);
    sem_wait(&g->entered);
    return thread;
}

static void test_waiting_for_a_connection_has_an_end(void **state)
{
    struct fixture *f = fixture_of(state);
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    struct gate g;
    engine_options(f, 2, 100);
    fixture_open(f);
    pthread_t thread = hold_writer(f, &g);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OVERLOADED);
    assert_int_equal(count_items(f), 0); /* a connection was kept for reading */
    assert_true(store_ready(f->store));
    open_gate(&g, thread);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_POOL_WAITS), 1);
}

static void test_frozen_store_finishes_and_then_refuses(void **state)
{
    struct fixture *f = fixture_of(state);
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    fixture_open(f);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    store_freeze(f->store);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_STORE_FROZEN);
    assert_int_equal(count_items(f), 1);
    store_thaw(f->store);
    a.id = 2;
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
}

static void test_old_connection_is_replaced(void **state)
{
    struct fixture *f = fixture_of(state);
    f->options.pool_lifetime_s = 60;
    fixture_open(f);
    uint64_t before = backend_of(f);
    atomic_fetch_add(&f->time.mono_ns, UINT64_C(40) * 1000000000);
    assert_int_equal(backend_of(f), before);
    atomic_fetch_add(&f->time.mono_ns, UINT64_C(40) * 1000000000);
    (void)backend_of(f); /* perhaps once more on the old one, if the keeper has not looked yet */
    assert_int_not_equal(backend_of(f), before);
}

static bool has_three(void *ctx)
{
    return count_backends(ctx) == 3;
}

static void test_minimum_is_kept_open(void **state)
{
    struct fixture *f = fixture_of(state);
    f->options.pool_min = 2;
    fixture_open(f);
    wait_until(has_three, *state);
    /* Idle ones that die are replaced without anybody asking for one. */
    assert_int_equal(terminate_where(*state, "true", 10000), 3);
    atomic_fetch_add(&f->time.mono_ns, UINT64_C(31) * 1000000000);
    wait_until(has_three, *state);
}

static void test_dead_idle_connection_is_not_met(void **state)
{
    struct fixture *f = fixture_of(state);
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    fixture_open(f);
    uint64_t before = backend_of(f);
    assert_int_equal(terminate_where(*state, "true", 10000), 2);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_not_equal(backend_of(f), before);
    assert_int_equal(count_items(f), 1);
}

/* ---- the lock on the worker id ---- */

static enum err open_second(struct fixture *f, unsigned worker_id, struct store **out)
{
    struct store_options o = f->options;
    char path[FIXTURE_PATH + 16];
    snprintf(path, sizeof path, "%.400s/second", f->root);
    o.path = path;
    o.worker_id = worker_id;
    o.pool_acquire_ms = 200;
    o.metrics = NULL;
    o.on_commit = NULL;
    enum err e = store_open(&o, out, f->why, sizeof f->why);
    if (e != ERR_OK)
        fixture_empty(path);
    return e;
}

static void test_second_server_needs_its_own_worker_id(void **state)
{
    struct fixture *f = fixture_of(state);
    struct store *second = NULL;
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    fixture_open(f);
    assert_int_equal(open_second(f, f->options.worker_id, &second), ERR_STORE_LOCKED);
    assert_non_null(strstr(f->why, "worker"));
    assert_int_equal(open_second(f, f->options.worker_id + 1, &second), ERR_OK);
    assert_int_equal(store_write(second, on_add, &a), ERR_OK);
    a.id = 2;
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(a.position, 2);
    char path[FIXTURE_PATH + 16];
    snprintf(path, sizeof path, "%.400s/second", f->root);
    store_close(&second);
    fixture_empty(path);
}

static bool is_locked_out(void *ctx)
{
    struct fixture *f = ctx;
    return store_trouble(f->store) == ERR_STORE_LOCKED;
}

static bool is_ready(void *ctx)
{
    struct fixture *f = ctx;
    return store_ready(f->store);
}

/* The session dies, and somebody takes its lock before the keeper can: no write may pass until it
 * is free again. */
static void test_lost_worker_lock_stops_writes(void **state)
{
    struct engine_fixture *e = *state;
    struct fixture *f = fixture_of(state);
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    char text[ENGINE_QUERY];
    fixture_open(f);
    snprintf(text, sizeof text,
             "SELECT ((classid::bigint << 32) | objid::bigint) FROM pg_locks JOIN pg_stat_activity "
             "USING (pid) WHERE locktype = 'advisory' AND application_name = '%s'",
             f->db.schema);
    int64_t key = ask(e, text);
    assert_int_not_equal(key, -1);
    /* One statement: every connection is ended first (the count is one row, made before the lock is
       asked for), then it waits for the lock, and the server gives it to whoever waits. */
    snprintf(text, sizeof text,
             "SELECT (pg_advisory_lock(%" PRId64 ") IS NOT NULL)::int FROM (SELECT "
             "count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE "
             "application_name = '%s') AS gone WHERE n > 0",
             key, f->db.schema);
    assert_int_equal(ask(e, text), 1);
    wait_until(is_locked_out, f);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_STORE_AWAY);
    assert_int_equal(count_items(f), 0);
    (void)ask(e, "SELECT (pg_advisory_unlock_all() IS NULL)::int");
    wait_until(is_ready, f);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_setup, engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_positions_and_ids_follow_the_commits),
        TEST(test_deadlock_is_run_again),
        TEST(test_waiting_for_a_connection_has_an_end),
        TEST(test_frozen_store_finishes_and_then_refuses),
        TEST(test_old_connection_is_replaced),
        TEST(test_minimum_is_kept_open),
        TEST(test_dead_idle_connection_is_not_met),
        TEST(test_second_server_needs_its_own_worker_id),
        TEST(test_lost_worker_lock_stops_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
