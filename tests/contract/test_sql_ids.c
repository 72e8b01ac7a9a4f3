/* ids($1): many ids as one parameter, on either backend. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/repositories.h"
#include "store/id_list.h"

enum { MANY = 5000 };

/* The ids that the statement gives, in their order. */
static size_t read_ids(struct sql_stmt *s, struct slice packed, uint64_t *out, size_t max)
{
    size_t n = 0;
    sql_bind_blob(s, 1, packed);
    while (sql_step(s)) {
        assert_true(n < max);
        out[n++] = sql_u64(s, 0);
    }
    assert_int_equal(sql_done(s), ERR_OK);
    return n;
}

static struct slice packed(const uint64_t *ids, size_t count)
{
    struct slice out;
    assert_int_equal(id_list_pack(ids, count, arena, &out), ERR_OK);
    return out;
}

static size_t ids_of(struct sql_conn *c, struct slice list, uint64_t *out, size_t max)
{
    return read_ids(sql_query(c, "SELECT value FROM ids($1) ORDER BY value"), list, out, max);
}

static enum err values(struct tx *tx, void *ctx)
{
    (void)ctx;
    static const uint64_t given[] = {ID_MAX, 1, ID_LARGE, 0, 1};
    static const uint64_t sorted[] = {0, 1, 1, ID_LARGE, ID_MAX};
    uint64_t got[8];
    struct sql_conn *c = tx_sql(tx);
    assert_int_equal(ids_of(c, packed(given, 5), got, 8), 5);
    assert_memory_equal(got, sorted, sizeof sorted);
    assert_int_equal(ids_of(c, (struct slice){NULL, 0}, got, 8), 0);
    assert_int_equal(ids_of(c, SLICE(""), got, 8), 0);
    /* What is too short for an id is none. */
    assert_int_equal(ids_of(c, SLICE("\0\0\0\0\0\0\0\7\1\2\3"), got, 8), 1);
    assert_int_equal(got[0], 7);
    return ERR_OK;
}

static void test_values(void **state)
{
    in_tx(state, values);
}

static enum err selects_rows(struct tx *tx, void *ctx)
{
    (void)ctx;
    static const uint64_t asked[] = {3, 1, 8, 3};
    uint64_t got[8];
    struct sql_conn *c = tx_sql(tx);
    for (uint64_t id = 1; id <= 4; id++) {
        char name[16];
        snprintf(name, sizeof name, "person%llu", (unsigned long long)id);
        add_user(c, id, name);
    }
    struct sql_stmt *s =
        sql_query(c, "SELECT u.id FROM users u WHERE u.id IN (SELECT value FROM ids($1)) "
                     "ORDER BY u.id");
    assert_int_equal(read_ids(s, packed(asked, 4), got, 8), 2); /* each row once */
    assert_int_equal(got[0], 1);
    assert_int_equal(got[1], 3);
    return ERR_OK;
}

static void test_selects_rows(void **state)
{
    in_tx(state, selects_rows);
}

static enum err many(struct tx *tx, void *ctx)
{
    (void)ctx;
    uint64_t *ids = arena_array(arena, MANY, sizeof *ids);
    uint64_t *got = arena_array(arena, MANY, sizeof *got);
    assert_true(ids != NULL && got != NULL);
    for (size_t i = 0; i < MANY; i++)
        ids[i] = MANY - i;
    assert_int_equal(ids_of(tx_sql(tx), packed(ids, MANY), got, MANY), MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(got[i], i + 1);
    return ERR_OK;
}

/* Longer than any page, and the same statement twice in one transaction. */
static void test_many(void **state)
{
    in_tx(state, many);
    in_tx(state, many);
}

/* Two uses at once: each has its own list. */
static enum err nested(struct tx *tx, void *ctx)
{
    (void)ctx;
    static const uint64_t outer[] = {1, 2};
    static const uint64_t inner[] = {10, 20, 30};
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT a.value * 100 + b.value FROM ids($1) a, ids($2) b "
                              "ORDER BY a.value, b.value");
    uint64_t got[8];
    sql_bind_blob(s, 2, packed(inner, 3));
    assert_int_equal(read_ids(s, packed(outer, 2), got, 8), 6);
    assert_int_equal(got[0], 110);
    assert_int_equal(got[5], 230);
    return ERR_OK;
}

static void test_nested(void **state)
{
    in_tx(state, nested);
}

static enum err read_values(struct tx *tx, void *ctx)
{
    return values(tx, ctx);
}

/* Readers have it too. */
static void test_readers(void **state)
{
    struct core_fixture *f = *state;
    arena = &f->arena;
    assert_int_equal(store_read(f->store, read_values, NULL), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, cf_setup, cf_teardown)
        OPEN(test_values), OPEN(test_selects_rows), OPEN(test_many),
        OPEN(test_nested), OPEN(test_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
