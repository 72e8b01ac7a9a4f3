/*
 * What only PostgreSQL's driver does: errors of several connections, lost connections, round trips,
 * what is said about a URL. Needs GUILDHALL_TEST_POSTGRES.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "contract/sql_fixture.h"
#include "store/postgres_priv.h"

static int setup(void **state)
{
    assert_non_null(getenv("GUILDHALL_TEST_POSTGRES"));
    return sql_fixture_setup(state);
}

static struct sql_conn *conn_of(void **state)
{
    struct sql_fixture *f = *state;
    return f->c;
}

static uint64_t waits_of(struct sql_conn *c)
{
    return postgres_conn_of(c)->waits;
}

/* ---- one connection ends another ---- */

static uint64_t backend_of(struct sql_conn *c)
{
    struct sql_stmt *s = sql_query_text(c, "SELECT pg_backend_pid()");
    assert_true(sql_step(s));
    uint64_t pid = sql_u64(s, 0);
    assert_int_equal(sql_done(s), ERR_OK);
    return pid;
}

static void terminate(struct sql_fixture *f, uint64_t pid)
{
    struct sql_conn *other = sql_fixture_reader(f);
    struct sql_stmt *s = sql_query_text(other, "SELECT pg_terminate_backend($1::int, 10000)");
    sql_bind_u64(s, 1, pid);
    assert_true(sql_step(s) && sql_bool(s, 0));
    assert_int_equal(sql_done(s), ERR_OK);
    sql_conn_close(&other);
}

/* Where in a transaction the connection is lost. */
enum moment { IDLE, BEGUN, WRITTEN, READ, COMMITTING };

static void go_to(struct sql_conn *c, enum moment m)
{
    if (m >= BEGUN)
        write_begin(c);
    if (m >= WRITTEN)
        assert_int_equal(item_send(c, 1), ERR_OK);
    if (m >= READ)
        assert_int_equal(items_count(c), 1);
}

static void expect_away(struct sql_conn *c, enum moment m)
{
    if (m == COMMITTING)
        assert_int_equal(sql_commit(c), ERR_STORE_AWAY);
    else
        assert_int_equal(item_add(c, 2), ERR_STORE_AWAY);
    assert_true(postgres_broken(c));
    if (m != IDLE && m != COMMITTING) {
        assert_int_equal(sql_lost(c), ERR_STORE_AWAY);
        assert_int_equal(item_send(c, 3), ERR_STORE_AWAY);
        assert_int_equal(sql_commit(c), ERR_STORE_AWAY);
    }
    sql_rollback(c);
    assert_int_equal(item_add(c, 2), ERR_STORE_AWAY);
    assert_int_equal(sql_exec(c, "SELECT 1"), ERR_STORE_AWAY);
    assert_int_equal(sql_begin(c, c->driver->begin_write), ERR_STORE_AWAY);
    assert_int_equal(postgres_ping(c), ERR_STORE_AWAY);
    assert_false(postgres_idle_check(c));
}

static void test_a_lost_connection(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    for (enum moment m = IDLE; m <= COMMITTING; m++) {
        struct sql_conn *c = sql_fixture_postgres(f, &o);
        uint64_t pid = backend_of(c);
        go_to(c, m);
        terminate(f, pid);
        expect_away(c, m);
        sql_conn_close(&c);
        assert_int_equal(items_count(f->c), 0);
    }
}

static void test_idle_check(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    struct sql_conn *c = sql_fixture_postgres(f, &o);
    assert_true(postgres_idle_check(c));
    assert_int_equal(postgres_ping(c), ERR_OK);
    assert_int_equal(sql_begin(c, c->driver->begin_read), ERR_OK);
    assert_int_equal(items_count(c), 0);
    sql_rollback(c);
    assert_true(postgres_idle_check(c));
    terminate(f, backend_of(c));
    uint64_t waits = waits_of(c);
    assert_false(postgres_idle_check(c));
    assert_true(postgres_broken(c));
    assert_int_equal(waits_of(c), waits);
    sql_conn_close(&c);
}

/* ---- retries ---- */

static enum err touch(struct sql_conn *c, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "UPDATE items SET level = 1 WHERE id = $1");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}

struct second {
    struct sql_conn *c;
    enum err e;
};

static void *touch_one(void *ctx)
{
    struct second *s = ctx;
    s->e = touch(s->c, 1);
    return NULL;
}

static void wait_for_a_waiter(struct sql_conn *c, uint64_t pid)
{
    bool waiting = false;
    while (!waiting) {
        struct sql_stmt *s =
            sql_query_text(c, "SELECT count(*) FROM pg_locks WHERE pid = $1::int AND NOT granted");
        sql_bind_u64(s, 1, pid);
        waiting = sql_step(s) && sql_u64(s, 0) > 0;
        assert_int_equal(sql_done(s), ERR_OK);
    }
}

static void end(struct sql_conn *c, enum err e)
{
    if (e == ERR_OK)
        assert_int_equal(sql_commit(c), ERR_OK);
    else
        sql_rollback(c);
}

static void test_deadlock(void **state)
{
    struct sql_fixture *f = *state;
    struct sql_conn *a = f->c, *b = sql_fixture_reader(f);
    assert_int_equal(item_add(a, 1), ERR_OK);
    assert_int_equal(item_add(a, 2), ERR_OK);
    write_begin(a);
    write_begin(b);
    assert_int_equal(touch(a, 1), ERR_OK);
    assert_int_equal(touch(b, 2), ERR_OK);
    struct second second = {.c = b};
    pthread_t thread;
    uint64_t pid = (uint64_t)PQbackendPID(postgres_conn_of(b)->pg);
    assert_int_equal(pthread_create(&thread, NULL, touch_one, &second), 0);
    wait_for_a_waiter(a, pid);
    enum err e = touch(a, 2);
    pthread_join(thread, NULL);
    assert_true((e == ERR_RETRY && second.e == ERR_OK) || (e == ERR_OK && second.e == ERR_RETRY));
    end(a, e);
    end(b, second.e);
    assert_int_equal(touch(e == ERR_RETRY ? a : b, 2), ERR_OK); /* as good as new */
    sql_conn_close(&b);
}

static void test_server_side_limits(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    o.lock_ms = 50;
    o.statement_ms = 300;
    struct sql_conn *c = sql_fixture_postgres(f, &o);
    assert_int_equal(item_add(f->c, 1), ERR_OK);
    write_begin(f->c);
    assert_int_equal(touch(f->c, 1), ERR_OK);
    write_begin(c);
    assert_int_equal(touch(c, 1), ERR_RETRY);
    sql_rollback(c);
    write_begin(c);
    assert_int_equal(sql_run(sql_query_text(c, "SELECT pg_sleep(60)")), ERR_RETRY);
    sql_rollback(c);
    assert_int_equal(sql_commit(f->c), ERR_OK);
    assert_int_equal(touch(c, 1), ERR_OK);
    sql_conn_close(&c);
}

/* The server ends who holds locks and does nothing. */
static void test_idle_in_a_transaction(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    o.idle_tx_ms = 50;
    struct sql_conn *c = sql_fixture_postgres(f, &o);
    write_begin(c);
    assert_int_equal(item_add(c, 1), ERR_OK);
    bool gone = false;
    while (!gone) {
        struct sql_stmt *s =
            sql_query_text(f->c, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int");
        sql_bind_u64(s, 1, (uint64_t)PQbackendPID(postgres_conn_of(c)->pg));
        gone = sql_step(s) && sql_u64(s, 0) == 0;
        assert_int_equal(sql_done(s), ERR_OK);
    }
    assert_int_equal(sql_commit(c), ERR_STORE_AWAY);
    sql_conn_close(&c);
    assert_int_equal(items_count(f->c), 0);
}

/* A server that says nothing for longer than a statement may take is gone, unless its limits were
 * lifted for this transaction. */
static void test_silence(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    struct sql_conn *c = sql_fixture_postgres(f, &o);
    postgres_conn_of(c)->silence_ms = 50;
    write_begin(c);
    postgres_wait_long(c);
    assert_int_equal(sql_run(sql_query_text(c, "SELECT pg_sleep(0.3)")), ERR_OK);
    assert_int_equal(sql_commit(c), ERR_OK);
    sql_fixture_exec(c, "SELECT pg_sleep(0.3)");
    write_begin(c);
    assert_int_equal(sql_run(sql_query_text(c, "SELECT pg_sleep(0.3)")), ERR_STORE_AWAY);
    assert_true(postgres_broken(c));
    sql_rollback(c);
    sql_conn_close(&c);
}

/* ---- the end of a transaction ---- */

/* As if the driver had overlooked an error: COMMIT is answered with success and the tag ROLLBACK.
 */
static void test_commit_of_a_failed_transaction(void **state)
{
    struct sql_conn *c = conn_of(state);
    write_begin(c);
    assert_int_equal(item_add(c, 1), ERR_OK);
    assert_int_equal(item_add(c, 1), ERR_STORE_CONFLICT);
    c->lost = ERR_OK;
    postgres_conn_of(c)->failed = ERR_OK;
    assert_int_equal(sql_commit(c), ERR_STORE);
    assert_int_equal(items_count(c), 0);
}

static void test_first_error_is_the_transactions(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(item_add(c, 1), ERR_OK);
    write_begin(c);
    assert_int_equal(item_send(c, 1), ERR_OK);
    assert_int_equal(item_send(c, 2), ERR_OK);
    assert_int_equal(sql_send(sql_query_text(c, "SELECT nonsense")), ERR_OK);
    assert_int_equal(item_add(c, 3), ERR_STORE_CONFLICT);
    assert_int_equal(sql_lost(c), ERR_STORE_CONFLICT);
    assert_int_equal(sql_run(sql_query_text(c, "SELECT nonsense")), ERR_STORE_CONFLICT);
    assert_int_equal(sql_commit(c), ERR_STORE_CONFLICT);
    assert_int_equal(items_count(c), 1);
    /* What was skipped, its PREPARE included, works afterwards. */
    assert_int_equal(item_add(c, 2), ERR_OK);
}

/* ---- round trips ---- */

static void test_round_trips(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(item_add(c, 1), ERR_OK);
    uint64_t waits = waits_of(c);
    write_begin(c);
    assert_int_equal(waits_of(c), waits);
    assert_int_equal(touch(c, 1), ERR_OK);
    assert_int_equal(waits_of(c), waits + 1); /* BEGIN and the first statement */
    for (uint64_t id = 2; id < 10; id++)
        assert_int_equal(item_send(c, id), ERR_OK);
    assert_int_equal(waits_of(c), waits + 1);
    assert_int_equal(sql_commit(c), ERR_OK);
    assert_int_equal(waits_of(c), waits + 2); /* the rest and COMMIT */
    assert_int_equal(sql_begin(c, c->driver->begin_read), ERR_OK);
    assert_int_equal(items_count(c), 9);
    sql_rollback(c);
    assert_int_equal(waits_of(c), waits + 3); /* a read of one statement */
    assert_int_equal(sql_begin(c, c->driver->begin_read), ERR_OK);
    sql_rollback(c);
    assert_int_equal(waits_of(c), waits + 3);
}

/* ---- what is said ---- */

static struct sql_conn *open_logged(struct sql_fixture *f, struct log *log, int *fd)
{
    struct postgres_options o = sql_fixture_options(f);
    *fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(*fd >= 0);
    log_init(log, *fd, LOG_DEBUG, LOG_TEXT, clock_system());
    o.log = log;
    return sql_fixture_postgres(f, &o);
}

static void read_log(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
}

static void test_log_tells_no_contents(void **state)
{
    struct sql_fixture *f = *state;
    struct log log;
    int fd;
    char text[8192];
    struct sql_conn *c = open_logged(f, &log, &fd);
    postgres_describe(c);
    assert_int_equal(sql_run(item_query(c, 1, SLICE("sesame"), 0)), ERR_OK);
    assert_int_equal(sql_run(item_query(c, 2, SLICE("sesame"), 0)), ERR_STORE_CONFLICT);
    assert_int_equal(sql_run(item_query(c, 2, SLICE("open\0sesame"), 0)), ERR_STORE);
    struct sql_stmt *s = sql_query_text(c, "SELECT $1::bigint");
    sql_bind_text(s, 1, SLICE("sesame"));
    assert_int_equal(sql_run(s), ERR_STORE);
    assert_int_equal(sql_run(sql_query_text(c, "SELECT 1 FROM nowhere")), ERR_STORE);
    sql_conn_close(&c);
    read_log(fd, text, sizeof text);
    assert_non_null(strstr(text, "connected to PostgreSQL"));
    assert_non_null(strstr(text, "42P01"));
    assert_non_null(strstr(text, "nowhere"));
    assert_non_null(strstr(text, "22P02"));
    assert_null(strstr(text, "sesame"));
}

static const struct {
    const char *url;
    enum err expected;
    const char *said;
} urls[] = {
    {"postgres://u:se%zzsame@127.0.0.1/d", ERR_STORE, "percent-encoded"},
    {"postgres://u:ses@me@127.0.0.1/d", ERR_STORE, "percent-encoded"},
    {"postgres://u:sesame/x@127.0.0.1/d", ERR_STORE, "percent-encoded"},
    {"postgres://u:sesame@127.0.0.1:sesame/d", ERR_STORE, "percent-encoded"},
    {"postgres://u:sesame@127.0.0.1/d?sesame", ERR_STORE, "percent-encoded"},
    {"host=127.0.0.1 password=sesame", ERR_STORE, "percent-encoded"},
    {"mysql://u:sesame@127.0.0.1/d", ERR_STORE, "percent-encoded"},
    {"", ERR_STORE, "percent-encoded"},
    {"postgres://u:sesame@127.0.0.1:1/d", ERR_STORE_AWAY, "refused"},
    {"postgres://u:sesame@%2Fnowhere/d", ERR_STORE_AWAY, "No such file"},
    {"postgres://u:sesame@no-host.invalid/d", ERR_STORE_AWAY, "no-host.invalid"},
};

static void test_urls(void **state)
{
    struct sql_fixture *f = *state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct postgres_options o = sql_fixture_options(f);
        struct sql_conn *c = NULL;
        char why[512] = "";
        o.url = urls[i].url;
        assert_int_equal(postgres_open(&o, &c, why, sizeof why), urls[i].expected);
        assert_null(c);
        assert_non_null(strstr(why, urls[i].said));
        assert_null(strstr(why, "sesame"));
        assert_null(strstr(why, "ses@me"));
        assert_null(strchr(why, '\n'));
    }
}

/* The server answers, and refuses: there is no use in asking again. */
static void test_refusal(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    struct sql_conn *c = NULL;
    char url[SQL_FIXTURE_TEXT], why[512] = "";
    /* Of several values the last one counts. */
    snprintf(url, sizeof url, "%s%cdbname=no_such_database", f->url,
             strchr(f->url, '?') != NULL ? '&' : '?');
    o.url = url;
    assert_int_equal(postgres_open(&o, &c, why, sizeof why), ERR_STORE);
    assert_non_null(strstr(why, "no_such_database"));
}

/* ---- the server's settings ---- */

static void test_set_up(void **state)
{
    static const struct {
        const char *text;
        const char *value;
    } settings[] = {
        {"SELECT current_setting('statement_timeout')", "20s"},
        {"SELECT current_setting('lock_timeout')", "10s"},
        {"SELECT current_setting('synchronous_commit')", "on"},
        {"SELECT current_setting('client_encoding')", "UTF8"},
        {"SELECT current_setting('application_name')", "guildhall"},
        {"SELECT current_setting('jit')", "off"},
    };
    struct sql_conn *c = conn_of(state);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct sql_stmt *s = sql_query_text(c, settings[i].text);
        assert_true(sql_step(s));
        assert_true(slice_eq_cstr(sql_blob(s, 0), settings[i].value));
        assert_int_equal(sql_done(s), ERR_OK);
    }
}

static void test_no_memory_anywhere(void **state)
{
    struct sql_fixture *f = *state;
    struct postgres_options o = sql_fixture_options(f);
    bool opened = false;
    for (uint64_t n = 0; !opened; n++) {
        struct sql_conn *c = NULL;
        mem_fail_after(n, 1);
        enum err e = postgres_open(&o, &c, NULL, 0);
        mem_fail_never();
        opened = e == ERR_OK;
        assert_true(opened || e == ERR_NO_MEMORY);
        sql_conn_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, setup, sql_fixture_teardown)
        OPEN(test_a_lost_connection),
        OPEN(test_idle_check),
        OPEN(test_deadlock),
        OPEN(test_server_side_limits),
        OPEN(test_idle_in_a_transaction),
        OPEN(test_silence),
        OPEN(test_commit_of_a_failed_transaction),
        OPEN(test_first_error_is_the_transactions),
        OPEN(test_round_trips),
        OPEN(test_log_tells_no_contents),
        OPEN(test_urls),
        OPEN(test_refusal),
        OPEN(test_set_up),
        OPEN(test_no_memory_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
