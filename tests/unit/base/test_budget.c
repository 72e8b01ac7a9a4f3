/* Amounts in a window: what fits, what has leaked, and that keys do not disturb each other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/budget.h"

enum { HOUR_MS = 3600 * 1000 };

static struct budget *budget_of(uint64_t amount_max)
{
    const struct budget_options o = {MEM_API, amount_max, HOUR_MS, 7};
    struct budget *b = budget_new(&o);
    assert_non_null(b);
    return b;
}

static void test_fills(void **state)
{
    (void)state;
    struct budget *b = budget_of(1000);
    assert_true(budget_take(b, 1, 600, 5));
    assert_false(budget_take(b, 1, 401, 5));
    assert_true(budget_take(b, 1, 400, 5));
    assert_true(budget_take(b, 1, 0, 5));
    assert_false(budget_take(b, 1, 1, 5));
    assert_true(budget_take(b, 2, 1000, 5));
    assert_false(budget_take(b, 3, 1001, 5));
    assert_false(budget_take(b, 3, UINT64_MAX, 5));
    assert_true(budget_take(b, 3, 1000, 5));
    budget_free(&b);
    assert_null(b);
    budget_free(&b);
}

static void test_leaks(void **state)
{
    (void)state;
    struct budget *b = budget_of(1000);
    uint64_t now = 1000000;
    assert_true(budget_take(b, 1, 1000, now));
    now += HOUR_MS / 2;
    assert_false(budget_take(b, 1, 501, now));
    assert_true(budget_take(b, 1, 500, now));
    assert_false(budget_take(b, 1, 1, now));
    now += (uint64_t)10 * HOUR_MS;
    assert_true(budget_take(b, 1, 1000, now));
    assert_false(budget_take(b, 1, 1000, now - HOUR_MS)); /* a moment that is over */
    budget_free(&b);
}

/* Who asks each millisecond gets as much as who waits. */
static void test_impatience(void **state)
{
    (void)state;
    struct budget *b = budget_of(3600); /* one a second */
    uint64_t now = 1000000, got = 0;
    assert_true(budget_take(b, 1, 3600, now));
    for (uint64_t ms = 1; ms <= 10000; ms++)
        got += budget_take(b, 1, 1, now + ms);
    assert_int_equal(got, 10);
    budget_free(&b);
}

static void test_large(void **state)
{
    (void)state;
    uint64_t all = UINT64_C(1) << 50;
    struct budget *b = budget_of(all);
    assert_true(budget_take(b, 1, all, 0));
    assert_false(budget_take(b, 1, all / 2, HOUR_MS / 2 - 1));
    assert_true(budget_take(b, 1, all / 2, HOUR_MS / 2 + 1));
    budget_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_leaks),
        cmocka_unit_test(test_impatience),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
