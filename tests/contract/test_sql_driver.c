/* The SQL driver's contract, on either backend: values, errors, what is put off, transactions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/sql_fixture.h"

enum { BIG = 1024 * 1024, SENT_MANY = 2000, SENT_BIG = 24 };

static struct sql_conn *conn_of(void **state)
{
    struct sql_fixture *f = *state;
    return f->c;
}

/* ---- values ---- */

static void bind_all_kinds(struct sql_stmt *s)
{
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
    sql_bind_blob(s, 11, SLICE(""));
}

static void test_values(void **state)
{
    struct arena arena;
    arena_init(&arena, MEM_STORE, 4096);
    struct sql_stmt *s =
        sql_query(conn_of(state), "SELECT $7, $1, $2, $3, $4, $5, $6, $8, NULL, $10, $9, $2, $11");
    bind_all_kinds(s);
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
    assert_true(sql_blob(s, 12).data != NULL && sql_blob(s, 12).len == 0);
    assert_false(sql_step(s));
    assert_false(sql_step(s)); /* does not run again */
    arena_deinit(&arena);
    assert_int_equal(sql_done(s), ERR_OK);
}

/* Narrow columns take and give what the wide type of the interface says. */
static void test_narrow_columns(void **state)
{
    static const int64_t levels[] = {0, -1, INT32_MAX, INT32_MIN};
    struct sql_conn *c = conn_of(state);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        struct sql_stmt *s = sql_query(c, "INSERT INTO items (id, flag, level) VALUES ($1, $2, $3) "
                                          "RETURNING level, flag, id, level = $3, flag + 0");
        sql_bind_u64(s, 1, i + 1);
        sql_bind_bool(s, 2, i % 2 == 1);
        sql_bind_i64(s, 3, levels[i]);
        assert_true(sql_step(s));
        assert_int_equal(sql_i64(s, 0), levels[i]);
        assert_int_equal(sql_bool(s, 1), i % 2 == 1);
        assert_int_equal(sql_u64(s, 2), i + 1);
        assert_true(sql_bool(s, 3));
        assert_int_equal(sql_i64(s, 4), i % 2);
        assert_int_equal(sql_done(s), ERR_OK);
    }
}

static void insert_big(struct sql_conn *c, struct slice big)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO items (id, data, name) VALUES (1, $1, $2)");
    sql_bind_blob(s, 1, big);
    sql_bind_text(s, 2, slice_of(big.data + 1, big.len - 1));
    assert_int_equal(sql_run(s), ERR_OK);
}

static void test_large_values(void **state)
{
    struct sql_conn *c = conn_of(state);
    char *bytes = malloc(BIG);
    assert_non_null(bytes);
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (char)('!' + (i * 7 + i / 251) % 90);
    bytes[0] = '\0'; /* of the blob only */
    /* A unique index takes no such key on PostgreSQL. */
    struct slice big = slice_of(bytes, BIG);
    struct slice short_name = slice_of(bytes, 100);
    insert_big(c, short_name);
    struct sql_stmt *s = sql_query(c, "UPDATE items SET data = $1 RETURNING data, name");
    sql_bind_blob(s, 1, big);
    assert_true(sql_step(s));
    assert_true(slice_eq(sql_blob(s, 0), big));
    assert_true(slice_eq(sql_blob(s, 1), slice_of(bytes + 1, 99)));
    assert_int_equal(sql_done(s), ERR_OK);
    free(bytes);
}

static void test_bindings_do_not_leak_into_the_next_use(void **state)
{
    struct sql_conn *c = conn_of(state);
    for (int i = 0; i < 2; i++) {
        struct sql_stmt *s = sql_query(c, "SELECT coalesce($1, 'nothing')");
        if (i == 0)
            sql_bind_text(s, 1, SLICE("something"));
        assert_true(sql_step(s));
        assert_true(slice_eq_cstr(sql_blob(s, 0), i == 0 ? "something" : "nothing"));
        assert_int_equal(sql_done(s), ERR_OK);
    }
}

static uint64_t sum_inside(struct sql_conn *c, uint64_t depth)
{
    uint64_t sum = 0;
    struct sql_stmt *s = sql_query(c, "SELECT id FROM items WHERE id > $1 ORDER BY id");
    sql_bind_u64(s, 1, depth);
    while (sql_step(s)) {
        uint64_t id = sql_u64(s, 0);
        sum += id + sum_inside(c, id);
        assert_int_equal(sql_u64(s, 0), id);
    }
    assert_int_equal(sql_done(s), ERR_OK);
    return sum;
}

static void test_one_text_inside_its_own_loop(void **state)
{
    struct sql_conn *c = conn_of(state);
    write_begin(c);
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(item_send(c, id), ERR_OK);
    for (int run = 0; run < 2; run++)
        assert_int_equal(sum_inside(c, 0), 1 + 2 + 3 + 2 + 3 + 3 + 3);
    assert_int_equal(sql_commit(c), ERR_OK);
}

static void test_changes(void **state)
{
    struct sql_conn *c = conn_of(state);
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(item_add(c, id), ERR_OK);
    assert_int_equal(sql_changes(c), 1);
    struct sql_stmt *s = sql_query(c, "UPDATE items SET flag = $2 WHERE id >= $1");
    sql_bind_u64(s, 1, 2);
    sql_bind_bool(s, 2, true);
    assert_int_equal(sql_run(s), ERR_OK);
    assert_int_equal(sql_changes(c), 2);
    s = sql_query(c, "UPDATE items SET flag = 0 WHERE id > 1000");
    assert_int_equal(sql_run(s), ERR_OK);
    assert_int_equal(sql_changes(c), 0);
    sql_fixture_exec(c, "DELETE FROM items WHERE id = 1; DELETE FROM items");
    assert_int_equal(sql_changes(c), 2);
}

/* ---- errors ---- */

static struct sql_stmt *second_of_id(struct sql_conn *c)
{
    return item_query(c, 1, SLICE("b"), 0);
}

static struct sql_stmt *second_of_name(struct sql_conn *c)
{
    return item_query(c, 2, SLICE("a"), 0);
}

static struct sql_stmt *owner_unknown(struct sql_conn *c)
{
    return item_query(c, 2, SLICE("b"), 99);
}

static struct sql_stmt *null_flag(struct sql_conn *c)
{
    return sql_query(c, "INSERT INTO items (id, flag) VALUES (2, NULL)");
}

static struct sql_stmt *no_such_table(struct sql_conn *c)
{
    return sql_query_text(c, "SELECT nonsense FROM nowhere");
}

static const struct {
    struct sql_stmt *(*query)(struct sql_conn *c);
    enum err expected;
} failures[] = {
    {second_of_id, ERR_STORE_CONFLICT},
    {second_of_name, ERR_STORE_CONFLICT},
    {owner_unknown, ERR_STORE_CONFLICT},
    {null_flag, ERR_STORE}, /* the code's mistake, not a conflict */
    {no_such_table, ERR_STORE},
};
enum { FAILURES = sizeof failures / sizeof failures[0] };

static void test_errors_have_their_class(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(sql_run(item_query(c, 1, SLICE("a"), 0)), ERR_OK);
    for (size_t i = 0; i < FAILURES; i++) {
        write_begin(c);
        assert_int_equal(item_add(c, 50), ERR_OK);
        assert_int_equal(sql_run(failures[i].query(c)), failures[i].expected);
        sql_rollback(c);
        assert_int_equal(items_count(c), 1);
    }
}

/* What is sent may fail later, but never without being noticed, and with its own error. */
static void test_errors_of_sent_statements(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(sql_run(item_query(c, 1, SLICE("a"), 0)), ERR_OK);
    for (size_t i = 0; i < FAILURES; i++) {
        write_begin(c);
        assert_int_equal(item_send(c, 50), ERR_OK);
        enum err sent = sql_send(failures[i].query(c));
        if (sent == ERR_OK)
            assert_int_equal(sql_commit(c), failures[i].expected);
        else
            sql_rollback(c);
        assert_true(sent == ERR_OK || sent == failures[i].expected);
        assert_int_equal(items_count(c), 1);
    }
}

/* The statement that is waited for next brings it. */
static void test_error_of_a_sent_statement_before_the_next(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(sql_run(item_query(c, 1, SLICE("a"), 0)), ERR_OK);
    write_begin(c);
    enum err e = sql_send(second_of_name(c));
    struct sql_stmt *s = sql_query(c, "SELECT count(*) FROM items");
    bool row = sql_step(s);
    enum err done = sql_done(s);
    assert_int_equal(e == ERR_OK ? done : e, ERR_STORE_CONFLICT);
    assert_true(e != ERR_OK || !row);
    sql_rollback(c);
}

static void test_broken_statement_is_harmless(void **state)
{
    struct sql_conn *c = conn_of(state);
    struct sql_stmt *s = sql_query_text(c, "SELECT $1, $2 FROM nowhere");
    sql_bind_u64(s, 1, 5);
    sql_bind_text(s, 2, SLICE("x"));
    assert_false(sql_step(s));
    assert_int_equal(sql_u64(s, 0), 0);
    assert_null(sql_blob(s, 0).data);
    assert_int_equal(sql_done(s), ERR_STORE);
    assert_int_equal(item_add(c, 1), ERR_OK);
}

static void test_full_arena_fails_the_statement(void **state)
{
    struct sql_conn *c = conn_of(state);
    struct arena arena;
    arena_init(&arena, MEM_STORE, 1);
    struct sql_stmt *s = sql_query(c, "SELECT 'text', 7");
    assert_true(sql_step(s));
    assert_null(sql_text(s, 0, &arena).data);
    assert_int_equal(sql_u64(s, 1), 0);
    assert_false(sql_step(s));
    assert_int_equal(sql_done(s), ERR_NO_MEMORY);
    arena_deinit(&arena);
    assert_int_equal(sql_run(sql_query(c, "SELECT 'text', 7")), ERR_OK);
}

static void test_texts_of_several_statements(void **state)
{
    struct sql_conn *c = conn_of(state);
    write_begin(c);
    sql_fixture_exec(c, "INSERT INTO items (id) VALUES (1); INSERT INTO items (id) VALUES (2)");
    assert_int_equal(item_add(c, 3), ERR_OK);
    assert_int_equal(sql_commit(c), ERR_OK);
    assert_int_equal(items_count(c), 3);
    write_begin(c);
    assert_int_equal(item_send(c, 4), ERR_OK);
    assert_int_equal(sql_exec(c, "DELETE FROM items; nonsense"), ERR_STORE);
    sql_rollback(c);
    assert_int_equal(items_count(c), 3);
    assert_int_equal(sql_exec(c, "nonsense"), ERR_STORE);
    assert_int_equal(items_count(c), 3);
}

/* ---- transactions ---- */

static void test_rollback_leaves_nothing(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(item_add(c, 1), ERR_OK);
    for (int i = 0; i < 3; i++) {
        write_begin(c);
        assert_int_equal(item_send(c, 2), ERR_OK);
        if (i == 1)
            assert_int_equal(items_count(c), 2);
        sql_rollback(c);
        sql_rollback(c); /* again is harmless */
    }
    write_begin(c);
    sql_rollback(c);
    assert_int_equal(items_count(c), 1);
}

/* An error that nobody waited for is that transaction's, and not the next one's. */
static void test_errors_end_with_their_transaction(void **state)
{
    struct sql_conn *c = conn_of(state);
    assert_int_equal(sql_run(item_query(c, 1, SLICE("a"), 0)), ERR_OK);
    for (uint64_t i = 2; i < 6; i++) {
        write_begin(c);
        enum err ignored = sql_send(second_of_name(c));
        (void)ignored;
        sql_rollback(c);
        write_begin(c);
        assert_int_equal(item_add(c, i), ERR_OK);
        assert_int_equal(sql_lost(c), ERR_OK);
        assert_int_equal(sql_commit(c), ERR_OK);
        assert_int_equal(items_count(c), i);
    }
}

static void test_many_sent_statements(void **state)
{
    struct sql_conn *c = conn_of(state);
    write_begin(c);
    for (uint64_t i = 1; i <= SENT_MANY; i++)
        assert_int_equal(item_send(c, i), ERR_OK);
    assert_int_equal(items_count(c), SENT_MANY);
    assert_int_equal(sql_commit(c), ERR_OK);
    assert_int_equal(items_count(c), SENT_MANY);
}

/* More than any buffer between the two holds, in both directions. */
static void test_large_sent_statements(void **state)
{
    struct sql_conn *c = conn_of(state);
    char *bytes = calloc(1, BIG);
    assert_non_null(bytes);
    write_begin(c);
    for (uint64_t i = 1; i <= SENT_BIG; i++) {
        struct sql_stmt *s =
            sql_query(c, "INSERT INTO items (id, data) VALUES ($1, $2) RETURNING data");
        sql_bind_u64(s, 1, i);
        sql_bind_blob(s, 2, slice_of(bytes, BIG));
        assert_int_equal(sql_send(s), ERR_OK);
    }
    assert_int_equal(sql_commit(c), ERR_OK);
    assert_int_equal(items_count(c), SENT_BIG);
    free(bytes);
}

static void test_a_read_is_one_moment(void **state)
{
    struct sql_fixture *f = *state;
    struct sql_conn *reader = sql_fixture_reader(f);
    assert_int_equal(item_add(f->c, 1), ERR_OK);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(sql_begin(reader, reader->driver->begin_read), ERR_OK);
        assert_int_equal(items_count(reader), i);
        assert_int_equal(item_add(f->c, i + 1), ERR_OK);
        assert_int_equal(items_count(reader), i);
        sql_rollback(reader);
    }
    sql_conn_close(&reader);
}

static void test_a_read_cannot_write(void **state)
{
    struct sql_fixture *f = *state;
    struct sql_conn *reader = sql_fixture_reader(f);
    assert_int_equal(sql_begin(reader, reader->driver->begin_read), ERR_OK);
    assert_int_equal(item_add(reader, 1), ERR_STORE_READONLY);
    sql_rollback(reader);
    sql_conn_close(&reader);
    assert_int_equal(items_count(f->c), 0);
}

/* ---- deadlines ---- */

static enum err count_for_ever(struct sql_conn *c)
{
    return sql_run(sql_query(c, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                "WHERE i < 2000000000) SELECT count(*) FROM n"));
}

static void test_deadline(void **state)
{
    static const uint64_t ms = 1000000;
    struct sql_fixture *f = *state;
    struct sql_conn *c = sql_fixture_reader(f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sql_begin(c, c->driver->begin_read), ERR_OK);
        c->driver->set_deadline(c, clock_mono_ns(clock_system()) + 50 * ms);
        assert_int_equal(count_for_ever(c), ERR_RETRY); /* stopped in the middle */
        struct sql_stmt *s = sql_query(c, "SELECT count(*) FROM items");
        assert_false(sql_step(s)); /* not begun */
        assert_int_equal(sql_done(s), ERR_RETRY);
        c->driver->set_deadline(c, 0);
        sql_rollback(c);
        assert_int_equal(items_count(c), 0);
    }
    sql_conn_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, sql_fixture_setup, sql_fixture_teardown)
        OPEN(test_values),
        OPEN(test_narrow_columns),
        OPEN(test_large_values),
        OPEN(test_bindings_do_not_leak_into_the_next_use),
        OPEN(test_one_text_inside_its_own_loop),
        OPEN(test_changes),
        OPEN(test_errors_have_their_class),
        OPEN(test_errors_of_sent_statements),
        OPEN(test_error_of_a_sent_statement_before_the_next),
        OPEN(test_broken_statement_is_harmless),
        OPEN(test_full_arena_fails_the_statement),
        OPEN(test_texts_of_several_statements),
        OPEN(test_rollback_leaves_nothing),
        OPEN(test_errors_end_with_their_transaction),
        OPEN(test_many_sent_statements),
        OPEN(test_large_sent_statements),
        OPEN(test_a_read_is_one_moment),
        OPEN(test_a_read_cannot_write),
        OPEN(test_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
