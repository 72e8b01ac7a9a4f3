/* The SQL driver: values through and back, sticky errors, the statement cache. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/store_fixture.h"

/* Each test is a closure that returns ERR_OK; the assertions inside speak for themselves. */
static void in_write(void **state, store_fn fn)
{
    struct fixture *f = *state;
    assert_int_equal(store_write(f->store, fn, f), ERR_OK);
}

static enum err on_values(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct arena arena;
    arena_init(&arena, MEM_STORE, 4096);
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT $7, $1, $2, $3, $4, $5, $6, $8, NULL, $10, $9, $2");
    sql_bind_u64(s, 1, UINT64_MAX);
    sql_bind_i64(s, 2, INT64_MIN);
    sql_bind_id_or_null(s, 3, 0);
    sql_bind_id_or_null(s, 4, 42);
    sql_bind_text(s, 5, SLICE("h\xc3\xa9"));
    sql_bind_text(s, 6, (struct slice){NULL, 0});
    sql_bind_text(s, 7, SLICE(""));
    sql_bind_blob(s, 8, SLICE("\0\xff"));
    sql_bind_bool(s, 9, true);
    sql_bind_bool(s, 10, false);
    assert_true(sql_step(s));
    struct slice empty = sql_text(s, 0, &arena);
    assert_true(empty.data != NULL && empty.len == 0);
    assert_true(sql_u64(s, 1) == UINT64_MAX);
    assert_true(sql_i64(s, 2) == INT64_MIN);
    assert_null(sql_blob(s, 3).data);
    assert_int_equal(sql_u64(s, 3), 0);
    assert_int_equal(sql_u64(s, 4), 42);
    assert_true(slice_eq_cstr(sql_text(s, 5, &arena), "h\xc3\xa9"));
    assert_null(sql_text(s, 6, &arena).data);
    assert_true(slice_eq(sql_blob(s, 7), SLICE("\0\xff")));
    assert_int_equal(sql_i64(s, 8), 0);
    assert_false(sql_bool(s, 9));
    assert_true(sql_bool(s, 10));
    assert_true(sql_i64(s, 11) == INT64_MIN);
    assert_false(sql_step(s));
    assert_false(sql_step(s)); /* does not run again */
    arena_deinit(&arena);
    return sql_done(s);
}

static void test_values(void **state)
{
    in_write(state, on_values);
}

static enum err insert(struct tx *tx, uint64_t id, struct slice name, uint64_t owner)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "INSERT INTO items (id, name, owner) VALUES ($1, $2, $3)");
    sql_bind_u64(s, 1, id);
    sql_bind_text(s, 2, name);
    sql_bind_id_or_null(s, 3, owner);
    return sql_run(s);
}

static enum err on_errors(struct tx *tx, void *ctx)
{
    (void)ctx;
    assert_int_equal(insert(tx, 1, SLICE("a"), 0), ERR_OK);
    assert_int_equal(insert(tx, 1, SLICE("b"), 0), ERR_STORE_CONFLICT);
    assert_int_equal(insert(tx, 2, SLICE("a"), 0), ERR_STORE_CONFLICT);
    assert_int_equal(insert(tx, 2, SLICE("b"), 99), ERR_STORE_CONFLICT); /* foreign key */
    assert_int_equal(insert(tx, 2, SLICE("b"), 1), ERR_OK);
    assert_int_equal(sql_run(sql_query(tx_sql(tx), "INSERT INTO items (flag) VALUES (NULL)")),
                     ERR_STORE); /* NOT NULL is the code's mistake, not a conflict */
    assert_int_equal(sql_run(sql_query(tx_sql(tx), "SELECT nonsense FROM nowhere")), ERR_STORE);
    assert_int_equal(sql_exec(tx_sql(tx), "nonsense"), ERR_STORE);
    return ERR_OK;
}

static void test_errors(void **state)
{
    in_write(state, on_errors);
    assert_int_equal(count_items(*state), 2);
}

static enum err on_broken(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT $1 FROM nowhere");
    sql_bind_u64(s, 1, 5); /* harmless */
    sql_bind_text(s, 2, SLICE("x"));
    assert_false(sql_step(s));
    assert_int_equal(sql_u64(s, 0), 0);
    assert_null(sql_blob(s, 0).data);
    assert_int_equal(sql_done(s), ERR_STORE);
    return ERR_OK;
}

static void test_broken_statement_is_harmless(void **state)
{
    in_write(state, on_broken);
}

static enum err on_small_arena(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct arena arena;
    arena_init(&arena, MEM_STORE, 1);
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT 'text', 7");
    assert_true(sql_step(s));
    assert_null(sql_text(s, 0, &arena).data);
    assert_int_equal(sql_u64(s, 1), 0);
    assert_false(sql_step(s));
    assert_int_equal(sql_done(s), ERR_NO_MEMORY);
    arena_deinit(&arena);
    /* The error does not stick to the next use of the same text. */
    assert_int_equal(sql_run(sql_query(tx_sql(tx), "SELECT 'text', 7")), ERR_OK);
    return ERR_OK;
}

static void test_full_arena_fails_the_statement(void **state)
{
    in_write(state, on_small_arena);
}

static enum err sum_inside(struct tx *tx, uint64_t depth, uint64_t *sum)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT id FROM items WHERE id > $1 ORDER BY id");
    sql_bind_u64(s, 1, depth);
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        *sum += sql_u64(s, 0);
        e = sum_inside(tx, sql_u64(s, 0), sum);
    }
    enum err done = sql_done(s);
    return e == ERR_OK ? done : e;
}

static enum err on_nested(struct tx *tx, void *ctx)
{
    (void)ctx;
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(item_insert(tx, id), ERR_OK);
    for (int run = 0; run < 2; run++) {
        uint64_t sum = 0;
        assert_int_equal(sum_inside(tx, 0, &sum), ERR_OK);
        assert_int_equal(sum, 1 + 2 + 3 + 2 + 3 + 3 + 3);
    }
    return ERR_OK;
}

static void test_one_text_inside_its_own_loop(void **state)
{
    in_write(state, on_nested);
}

static enum err on_changes(struct tx *tx, void *ctx)
{
    (void)ctx;
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(item_insert(tx, id), ERR_OK);
    struct sql_stmt *s = sql_query(tx_sql(tx), "UPDATE items SET flag = $2 WHERE id >= $1");
    sql_bind_u64(s, 1, 2);
    sql_bind_bool(s, 2, true);
    assert_int_equal(sql_run(s), ERR_OK);
    assert_int_equal(sql_changes(tx_sql(tx)), 2);
    assert_int_equal(sql_exec(tx_sql(tx), "DELETE FROM items WHERE id = 1; DELETE FROM items"),
                     ERR_OK);
    assert_int_equal(sql_changes(tx_sql(tx)), 2);
    return ERR_OK;
}

static void test_changes(void **state)
{
    in_write(state, on_changes);
}

static enum err on_rebind(struct tx *tx, void *ctx)
{
    (void)ctx;
    assert_int_equal(insert(tx, 1, SLICE("a"), 0), ERR_OK);
    /* The same statement with nothing bound: the last use's values are gone. */
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT coalesce($1, 'nothing')");
    sql_bind_text(s, 1, SLICE("something"));
    assert_int_equal(sql_run(s), ERR_OK);
    s = sql_query(tx_sql(tx), "SELECT coalesce($1, 'nothing')");
    assert_true(sql_step(s));
    assert_true(slice_eq_cstr(sql_blob(s, 0), "nothing"));
    return sql_done(s);
}

static void test_bindings_do_not_leak_into_the_next_use(void **state)
{
    in_write(state, on_rebind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
        OPEN(test_values),
        OPEN(test_errors),
        OPEN(test_broken_statement_is_harmless),
        OPEN(test_full_arena_fails_the_statement),
        OPEN(test_one_text_inside_its_own_loop),
        OPEN(test_changes),
        OPEN(test_bindings_do_not_leak_into_the_next_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
