/* Growing arrays in an arena. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/rows.h"

static void test_items_survive_growth(void **state)
{
    (void)state;
    struct arena arena;
    struct rows rows = {0};
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t *item = rows_push(&rows, &arena, sizeof *item);
        assert_non_null(item);
        assert_int_equal(*item, 0);
        *item = i * i;
    }
    assert_int_equal(rows.count, 1000);
    const uint64_t *items = rows.items;
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i * i);
    arena_deinit(&arena);
}

static void test_full_arena(void **state)
{
    (void)state;
    struct arena arena;
    struct rows rows = {0};
    size_t pushed = 0;
    arena_init(&arena, MEM_CORE, 16 * 1024);
    while (rows_push(&rows, &arena, 64) != NULL)
        assert_true(++pushed < 1000);
    assert_int_equal(rows.count, pushed);
    assert_true(pushed >= 8);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_survive_growth),
        cmocka_unit_test(test_full_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
