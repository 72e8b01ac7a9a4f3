/* Online migrations: in steps while the store serves, on from where they stood, finished first when
 * a later one needs it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "contract/migrate_fixture.h"
#include "ops/ops_commands.h"
#include "store/backfill.h"

enum { ROWS = 95, STEP_ROWS = 10, STEPS = 10 };

static const char items[] =
    "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, flag SMALLINT NOT NULL DEFAULT 0);\n"
    "INSERT INTO items (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
    "i "
    "< 95) SELECT i FROM n;\n";
static const char flags[] =
    "-- online: 10\n-- compatible: 2\n-- Says of each item that it was seen.\n\n"
    "UPDATE items SET flag = 1 WHERE id IN\n"
    "    (SELECT id FROM items WHERE flag = 0 ORDER BY id LIMIT 10);\n";
static const char needing[] = "-- needs: 3\nCREATE TABLE later (id BIGINT);\n";

static void write_three(struct migrate_fixture *f)
{
    mf_copy_real(f, 1);
    mf_write(f, "0002_items.sql", items);
    mf_write(f, "0003_flags.sql", flags);
}

static uint64_t flagged(struct migrate_fixture *f)
{
    return mf_number(f, "SELECT count(*) FROM items WHERE flag = 1");
}

static struct migration_row third(struct migrate_fixture *f)
{
    size_t count = 0;
    struct migration_row *rows = mf_states(f, &count);
    assert_true(count >= 3 && rows[2].online);
    return rows[2];
}

static bool step(struct migrate_fixture *f)
{
    bool more = false;
    assert_int_equal(backfill_step(f->store, &more), ERR_OK);
    return more;
}

static enum err on_add(struct tx *tx, void *ctx)
{
    const uint64_t *id = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "INSERT INTO items (id) VALUES ($1)");
    sql_bind_u64(s, 1, *id);
    return sql_run(s);
}

static void test_goes_on_after_a_restart(void **state)
{
    struct migrate_fixture *f = *state;
    struct backfill_progress p;
    write_three(f);
    mf_open(f);
    assert_int_equal(flagged(f), 0); /* a start does nothing of it */
    assert_true(third(f).applied_at_ms > 0 && third(f).started_at_ms == 0);
    for (int i = 0; i < 3; i++)
        assert_true(step(f));
    assert_int_equal(flagged(f), 3 * STEP_ROWS);
    uint64_t id = 1000;
    assert_int_equal(store_write(f->store, on_add, &id), ERR_OK); /* others write meanwhile */
    assert_int_equal(backfill_progress(f->store, &p), ERR_OK);
    assert_true(p.version == 3 && p.rows_done == 3 * STEP_ROWS && p.started_at_ms > 0);
    store_close(&f->store);
    mf_open(f);
    int steps = 3;
    while (step(f))
        assert_true(++steps <= STEPS + 2);
    assert_int_equal(flagged(f), ROWS + 1);
    assert_true(third(f).rows_done == ROWS + 1 && third(f).finished_at_ms > 0);
    assert_int_equal(backfill_progress(f->store, &p), ERR_OK);
    assert_int_equal(p.version, 0);
    id = 1001;
    assert_int_equal(store_write(f->store, on_add, &id), ERR_OK);
    assert_false(step(f)); /* finished is finished */
    store_close(&f->store);
    mf_open(f);
    assert_false(step(f));
    assert_int_equal(flagged(f), ROWS + 1);
}

static void *step_to_end(void *ctx)
{
    struct migrate_fixture *f = ctx;
    bool more = true;
    while (more)
        assert_int_equal(backfill_step(f->store, &more), ERR_OK);
    return NULL;
}

static void test_two_callers_count_right(void **state)
{
    struct migrate_fixture *f = *state;
    pthread_t thread;
    write_three(f);
    mf_open(f);
    assert_int_equal(pthread_create(&thread, NULL, step_to_end, f), 0);
    step_to_end(f);
    pthread_join(thread, NULL);
    assert_int_equal(flagged(f), ROWS);
    assert_int_equal(third(f).rows_done, ROWS);
}

static void test_more_rows_than_said(void **state)
{
    struct migrate_fixture *f = *state;
    bool more = true;
    write_three(f);
    mf_write(f, "0003_flags.sql", "-- online: 10\nUPDATE items SET flag = 1 WHERE flag = 0");
    mf_open(f);
    assert_int_equal(backfill_step(f->store, &more), ERR_STORE);
    assert_int_equal(flagged(f), 0);
    assert_int_equal(third(f).rows_done, 0);
}

/* An older program leaves a newer one's steps to it, and that goes on when it is back. */
static void test_older_program_leaves_it_alone(void **state)
{
    struct migrate_fixture *f = *state;
    write_three(f);
    mf_open(f);
    assert_true(step(f));
    store_close(&f->store);
    mf_remove(f, "0003_flags.sql");
    mf_open(f);
    assert_false(step(f));
    assert_int_equal(flagged(f), STEP_ROWS);
    store_close(&f->store);
    mf_write(f, "0003_flags.sql", flags);
    mf_open(f);
    while (step(f))
        ;
    assert_int_equal(third(f).rows_done, ROWS);
}

/* ---- at start, and by command ---- */

static void test_needed_ones_are_finished_first(void **state)
{
    struct migrate_fixture *f = *state;
    write_three(f);
    mf_open(f);
    assert_true(step(f));
    store_close(&f->store);
    mf_write(f, "0004_needing.sql", needing);
    mf_open(f);
    assert_int_equal(flagged(f), ROWS);
    assert_true(third(f).rows_done == ROWS && third(f).finished_at_ms > 0);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM later"), 0);
}

struct watch {
    unsigned calls;
    uint64_t rows_done;
    unsigned stop_at;
};

static bool on_watch(void *ctx, const char *name, uint64_t rows_done)
{
    struct watch *w = ctx;
    assert_string_equal(name, "0003_flags.sql");
    assert_true(rows_done > w->rows_done);
    w->rows_done = rows_done;
    return ++w->calls != w->stop_at;
}

static void test_up_runs_them_and_can_be_stopped(void **state)
{
    struct migrate_fixture *f = *state;
    struct migrate_target t = mf_target(f);
    struct watch w = {.stop_at = 2};
    write_three(f);
    t.o.clock = &f->clock;
    atomic_store(&f->mono_step_ns, UINT64_C(2000000000)); /* each look is two seconds later */
    assert_int_equal(migrate_up(&t, on_watch, &w, f->why, sizeof f->why), ERR_STOPPING);
    assert_int_equal(flagged(f), 2 * STEP_ROWS);
    assert_int_equal(third(f).finished_at_ms, 0);
    w = (struct watch){.stop_at = 0};
    assert_int_equal(migrate_up(&t, on_watch, &w, f->why, sizeof f->why), ERR_OK);
    assert_int_equal(flagged(f), ROWS);
    assert_true(third(f).rows_done == ROWS && third(f).finished_at_ms > 0);
}

/* ---- beside a server ---- */

struct output {
    char text[4096];
    size_t len;
    unsigned looks;
    unsigned stop_at;
};

static void on_output(void *ctx, const char *data, size_t len)
{
    struct output *o = ctx;
    assert_true(o->len + len < sizeof o->text);
    memcpy(o->text + o->len, data, len);
    o->len += len;
}

static bool is_stopped(void *ctx)
{
    struct output *o = ctx;
    return ++o->looks == o->stop_at;
}

static void test_up_beside_a_server(void **state)
{
    struct migrate_fixture *f = *state;
    struct output out = {.stop_at = 4};
    struct ops_io io = {&out, on_output, is_stopped};
    const struct ops_args none = {.word_count = 0};
    write_three(f);
    mf_open(f);
    atomic_store(&f->mono_step_ns, UINT64_C(2000000000));
    struct ops o = {.store = f->store,
                    .data = f->data,
                    .store_url = f->db.url,
                    .serving = true,
                    .clock = &f->clock};
    assert_int_equal(ops_migrate_up(&o, &none, &io), OPS_FAILED);
    assert_non_null(strstr(out.text, "0003: 20 rows\n"));
    assert_non_null(strstr(out.text, "the server goes on with it"));
    assert_int_equal(flagged(f), 3 * STEP_ROWS);
    out = (struct output){.stop_at = 0};
    assert_int_equal(ops_migrate_up(&o, &none, &io), OPS_OK);
    assert_int_equal(flagged(f), ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(t) cmocka_unit_test_setup_teardown(t, mf_setup, mf_teardown)
        CASE(test_goes_on_after_a_restart),
        CASE(test_two_callers_count_right),
        CASE(test_more_rows_than_said),
        CASE(test_older_program_leaves_it_alone),
        CASE(test_needed_ones_are_finished_first),
        CASE(test_up_runs_them_and_can_be_stopped),
        CASE(test_up_beside_a_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
