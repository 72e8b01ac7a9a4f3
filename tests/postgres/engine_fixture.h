#pragma once

/*
 * What the tests of PostgreSQL's engine share: the store's fixture with connections that can be
 * told from those of other tests, and a connection of the test's own to the same database. Static
 * functions, since each test is a program.
 */

#include <inttypes.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <time.h>

#include "contract/store_fixture.h"

enum { ENGINE_URL = 1200, ENGINE_QUERY = 512, ENGINE_PATIENCE_S = 30 };

struct engine_fixture {
    struct fixture base; /* first: the state of cmocka is cast back */
    char url[ENGINE_URL];
    PGconn *admin;
};

static struct fixture *fixture_of(void **state)
{
    return *state;
}

static void engine_options(struct fixture *f, unsigned max, unsigned acquire_ms)
{
    f->options.pool_min = 0;
    f->options.pool_max = max;
    f->options.pool_acquire_ms = acquire_ms;
    f->options.pool_lifetime_s = 1800;
    f->options.pool_check_s = 30;
}

static int engine_setup(void **state)
{
    struct engine_fixture *e = calloc(1, sizeof *e);
    assert_non_null(e);
    assert_non_null(getenv("GUILDHALL_TEST_POSTGRES"));
    fixture_init(&e->base);
    snprintf(e->url, sizeof e->url, "%s&application_name=%s", e->base.db.url, e->base.db.schema);
    e->base.options.url = e->url;
    engine_options(&e->base, 8, 5000);
    e->admin = PQconnectdb(e->base.db.url);
    assert_int_equal(PQstatus(e->admin), CONNECTION_OK);
    *state = e;
    return 0;
}

static int engine_teardown(void **state)
{
    struct engine_fixture *e = *state;
    PQfinish(e->admin);
    return fixture_teardown(state); /* frees it */
}

/* The first column of the first row; -1 if there is none. */
static int64_t ask(struct engine_fixture *e, const char *text)
{
    PGresult *r = PQexec(e->admin, text);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        print_error("%s: %s\n", text, PQerrorMessage(e->admin));
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    int64_t v = PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : -1;
    PQclear(r);
    return v;
}

/* Of those of the store: `which` is a condition on pg_stat_activity. Waits so long for their end.
 */
UNUSED static int64_t terminate_where(struct engine_fixture *e, const char *which, unsigned wait_ms)
{
    char text[ENGINE_QUERY];
    snprintf(text, sizeof text,
             "SELECT count(pg_terminate_backend(pid, %u)) FROM (SELECT pid FROM pg_stat_activity "
             "WHERE application_name = '%s' AND %s) AS ours",
             wait_ms, e->base.db.schema, which);
    return ask(e, text);
}

UNUSED static int64_t count_backends(struct engine_fixture *e)
{
    char text[ENGINE_QUERY];
    snprintf(text, sizeof text,
             "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s'",
             e->base.db.schema);
    return ask(e, text);
}

/* Looks until it is so; a condition that never comes fails the test. */
UNUSED static void wait_until(bool (*so)(void *ctx), void *ctx)
{
    uint64_t until_ms = clock_mono_ms(clock_system()) + ENGINE_PATIENCE_S * 1000;
    struct timespec little = {.tv_nsec = 2000000};
    bool is_so = so(ctx);
    while (!is_so && clock_mono_ms(clock_system()) < until_ms) {
        nanosleep(&little, NULL);
        is_so = so(ctx);
    }
    assert_true(is_so);
}

UNUSED static enum err on_backend(struct tx *tx, void *ctx)
{
    uint64_t *pid = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "SELECT pg_backend_pid()");
    if (sql_step(s))
        *pid = sql_u64(s, 0);
    return sql_done(s);
}

/* Of the connection that reads. */
UNUSED static uint64_t backend_of(struct fixture *f)
{
    uint64_t pid = 0;
    assert_int_equal(store_read(f->store, on_backend, &pid), ERR_OK);
    return pid;
}
