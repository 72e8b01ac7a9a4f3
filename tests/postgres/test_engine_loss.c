/*
 * PostgreSQL's engine when connections break: backends that are terminated under load, a connection
 * that is cut in the middle of a COMMIT (through a proxy of the test's own), a server that crashes
 * and comes back. Needs GUILDHALL_TEST_POSTGRES.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/cutting_proxy.h"
#include "postgres/engine_fixture.h"

/* ---- what was announced ---- */

enum { IDS_MAX = 16384 };

static _Atomic unsigned announced[IDS_MAX]; /* by item */

static void on_loss_commit(void *ctx, struct event *const *events, size_t count)
{
    (void)ctx;
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&announced[events[i]->entity_id], 1);
}

static unsigned count_announced(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < IDS_MAX; i++) {
        assert_true(announced[i] <= 1);
        count += announced[i];
    }
    return count;
}

static bool all_announced(void *ctx)
{
    return count_announced() == count_items(ctx);
}

static void open_with(struct fixture *f)
{
    for (unsigned i = 0; i < IDS_MAX; i++)
        atomic_store(&announced[i], 0);
    f->options.on_commit = on_loss_commit;
    fixture_open(f);
}

static bool is_back(void *ctx)
{
    struct fixture *f = ctx;
    return store_ready(f->store);
}

/* ---- backends that are terminated under load ---- */

enum { LOSS_THREADS = 12, LOSS_WRITES = 250, LOSS_STREAMS = 3, LOSS_TERMINATED = 40 };

struct loser {
    struct fixture *f;
    unsigned number;
    bool acknowledged[LOSS_WRITES];
    unsigned surprises;
};

static _Atomic unsigned losers_running;

static uint64_t loss_id(unsigned thread, unsigned write)
{
    return 1 + (uint64_t)thread * LOSS_WRITES + write;
}

static void *loser_thread(void *ctx)
{
    struct loser *l = ctx;
    for (unsigned i = 0; i < LOSS_WRITES; i++) {
        uint64_t id = loss_id(l->number, i);
        struct add a = {.id = id, .stream = {STREAM_GUILD, id % LOSS_STREAMS}};
        enum err e = store_write(l->f->store, on_add, &a);
        l->acknowledged[i] = e == ERR_OK;
        /* CONFLICT would be a write that was done twice. */
        l->surprises += e != ERR_OK && e != ERR_STORE_AWAY && e != ERR_RETRY;
        if (e == ERR_OK)
            l->surprises += atomic_load(&announced[id]) != 1;
    }
    atomic_fetch_sub(&losers_running, 1);
    return NULL;
}

static enum err on_find_item(struct tx *tx, void *ctx)
{
    uint64_t *id = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT id FROM items WHERE id = $1");
    sql_bind_u64(s, 1, *id);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

static unsigned count_missing(struct fixture *f, const struct loser *l)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < LOSS_WRITES; i++) {
        uint64_t id = loss_id(l->number, i);
        enum err e = store_read(f->store, on_find_item, &id);
        assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
        missing += l->acknowledged[i] && e != ERR_OK;
    }
    return missing;
}

static void terminate_some(struct engine_fixture *e)
{
    struct timespec little = {.tv_nsec = 5000000};
    for (unsigned i = 0; i < LOSS_TERMINATED && atomic_load(&losers_running) > 0; i++) {
        (void)terminate_where(e, "random() < 0.2", 0);
        nanosleep(&little, NULL);
    }
}

static void test_terminated_backends_lose_nothing(void **state)
{
    static struct loser losers[LOSS_THREADS];
    struct fixture *f = fixture_of(state);
    pthread_t threads[LOSS_THREADS];
    open_with(f);
    atomic_store(&losers_running, LOSS_THREADS);
    for (unsigned i = 0; i < LOSS_THREADS; i++) {
        memset(&losers[i], 0, sizeof losers[i]);
        losers[i].f = f;
        losers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, loser_thread, &losers[i]), 0);
    }
    terminate_some(*state);
    for (unsigned i = 0; i < LOSS_THREADS; i++)
        pthread_join(threads[i], NULL);
    /* The last one may have met the keeper while it connected. */
    wait_until(is_back, f);
    uint64_t logged = 0;
    for (unsigned i = 0; i < LOSS_THREADS; i++) {
        assert_int_equal(losers[i].surprises, 0);
        assert_int_equal(count_missing(f, &losers[i]), 0);
    }
    for (unsigned i = 0; i < LOSS_STREAMS; i++)
        logged += count_events(f, (struct stream){STREAM_GUILD, i});
    assert_int_equal(logged, count_items(f));
    assert_true(metrics_get(f->metrics, METRIC_STORE_POOL_LOST) > 0);
    wait_until(all_announced, f);
}

/* ---- a connection that is cut in the middle of a COMMIT ---- */

struct cut {
    struct add add;
    struct proxy *proxy;
    enum cut_where where;
    unsigned runs;
};

/* What the client sends next is the end of the transaction. */
static enum err on_add_and_cut(struct tx *tx, void *ctx)
{
    struct cut *c = ctx;
    enum err e = on_add(tx, &c->add);
    if (c->runs++ == 0)
        proxy_cut_next(c->proxy, c->where);
    return e;
}

static void open_through(struct engine_fixture *e, struct proxy *p)
{
    proxy_start(p, e->base.db.url);
    snprintf(e->url, sizeof e->url, "%s&application_name=%s", p->url, e->base.db.schema);
    char *options = strstr(e->base.db.url, "options=");
    assert_non_null(options);
    snprintf(e->url + strlen(e->url), sizeof e->url - strlen(e->url), "&%s", options);
    open_with(&e->base);
}

static void test_commit_that_never_arrived_is_run_again(void **state)
{
    struct engine_fixture *e = *state;
    struct proxy p;
    open_through(e, &p);
    struct cut c = {
        .add = {.id = 1, .stream = {STREAM_GUILD, 1}}, .proxy = &p, .where = CUT_BEFORE};
    assert_int_equal(store_write(e->base.store, on_add_and_cut, &c), ERR_OK);
    assert_int_equal(c.runs, 2);
    assert_int_equal(c.add.position, 1);
    assert_int_equal(count_items(&e->base), 1);
    assert_int_equal(count_announced(), 1);
    store_close(&e->base.store);
    proxy_stop(&p);
}

static void test_commit_without_an_answer_is_found_out(void **state)
{
    struct engine_fixture *e = *state;
    struct proxy p;
    open_through(e, &p);
    struct cut c = {
        .add = {.id = 1, .stream = {STREAM_GUILD, 1}}, .proxy = &p, .where = CUT_ANSWER};
    assert_int_equal(store_write(e->base.store, on_add_and_cut, &c), ERR_OK);
    assert_int_equal(c.runs, 1);
    assert_int_equal(count_items(&e->base), 1);
    assert_int_equal(count_events(&e->base, c.add.stream), 1);
    assert_int_equal(count_announced(), 1);
    store_close(&e->base.store);
    proxy_stop(&p);
}

static bool is_announced(void *ctx)
{
    (void)ctx;
    return count_announced() == 1;
}

/* And nobody can be asked, for longer than a caller has patience. */
static void test_commit_of_unknown_fate_is_announced_later(void **state)
{
    struct engine_fixture *e = *state;
    struct proxy p;
    e->base.options.pool_acquire_ms = 300;
    open_through(e, &p);
    struct cut c = {
        .add = {.id = 1, .stream = {STREAM_GUILD, 1}}, .proxy = &p, .where = CUT_ANSWER_AND_CLOSE};
    assert_int_equal(store_write(e->base.store, on_add_and_cut, &c), ERR_STORE_AWAY);
    assert_int_equal(c.runs, 1);
    assert_int_equal(count_announced(), 0);
    proxy_admit(&p);
    wait_until(is_announced, NULL);
    assert_int_equal(count_items(&e->base), 1);
    store_close(&e->base.store);
    proxy_stop(&p);
}

/* ---- a server that crashes and comes back ---- */

static void server_do(const char *what, const char *folder)
{
    char text[FIXTURE_PATH * 3];
    snprintf(text, sizeof text, "%s/scripts/postgres %s %s >/dev/null", GUILDHALL_SOURCE_DIR, what,
             folder);
    assert_int_equal(system(text), 0);
}

/* Where scripts/test removes what a test has left. */
static void server_folder(char *out, size_t len)
{
    const char *parent = getenv("GUILDHALL_TEST_POSTGRES_FOLDER");
    char cwd[FIXTURE_PATH];
    if (parent == NULL)
        parent = getcwd(cwd, sizeof cwd);
    assert_non_null(parent);
    snprintf(out, len, "%s/engine-%ld", parent, (long)getpid());
}

static void read_url(const char *folder, char *out, size_t len)
{
    char path[FIXTURE_PATH * 2];
    snprintf(path, sizeof path, "%s/url", folder);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(out, (int)len, file));
    fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

static bool is_away(void *ctx)
{
    struct fixture *f = ctx;
    return store_trouble(f->store) == ERR_STORE_AWAY;
}

static void test_crashed_server_is_away_at_once_and_comes_back(void **state)
{
    struct engine_fixture *e = *state;
    struct fixture *f = &e->base;
    char folder[FIXTURE_PATH];
    server_folder(folder, sizeof folder);
    server_do("start", folder);
    read_url(folder, e->url, sizeof e->url);
    f->options.pool_acquire_ms = 20000;
    open_with(f);
    struct add a = {.id = 1, .stream = {STREAM_GUILD, 1}};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);

    server_do("crash", folder);
    a.id = 2;
    assert_int_equal(store_write(f->store, on_add, &a), ERR_STORE_AWAY);
    wait_until(is_away, f);
    uint64_t begun_ms = clock_mono_ms(clock_system()), count;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(store_write(f->store, on_add, &a), ERR_STORE_AWAY);
        assert_int_equal(store_read(f->store, on_count_items, &count), ERR_STORE_AWAY);
    }
    assert_true(clock_mono_ms(clock_system()) - begun_ms < 5000); /* not 200 times 20 s */

    server_do("start", folder);
    wait_until(is_back, f);
    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_POOL_RECONNECTS), 1);
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(a.position, 2);
    assert_int_equal(count_items(f), 2);
    store_close(&f->store);
    server_do("stop", folder);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_setup, engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_terminated_backends_lose_nothing),
        TEST(test_commit_that_never_arrived_is_run_again),
        TEST(test_commit_without_an_answer_is_found_out),
        TEST(test_commit_of_unknown_fate_is_announced_later),
        TEST(test_crashed_server_is_away_at_once_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
