/* What SQLite's driver does beyond the contract (contract/test_sql_driver.c): a transaction goes on
 * after an error, so that one closure of a batch may fail alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/store_fixture.h"

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

static void test_a_transaction_goes_on_after_an_error(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_write(f->store, on_errors, f), ERR_OK);
    assert_int_equal(count_items(*state), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_transaction_goes_on_after_an_error,
                                        fixture_setup_open, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
