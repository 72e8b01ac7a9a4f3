/* Lists of ids in one column. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/id_list.h"

static void test_round_trip(void **state)
{
    (void)state;
    static const uint64_t ids[] = {0, 1, UINT64_C(0x0102030405060708), UINT64_MAX};
    struct arena arena;
    struct slice packed;
    uint64_t *got;
    size_t count;
    arena_init(&arena, MEM_CORE, 4096);
    assert_int_equal(id_list_pack(ids, 4, &arena, &packed), ERR_OK);
    assert_int_equal(packed.len, 32);
    assert_memory_equal(packed.data + 16, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(id_list_unpack(packed, &arena, &got, &count), ERR_OK);
    assert_int_equal(count, 4);
    assert_memory_equal(got, ids, sizeof ids);
    arena_deinit(&arena);
}

static void test_nothing(void **state)
{
    (void)state;
    struct arena arena;
    struct slice packed = SLICE("something");
    uint64_t one = 1, *got = &one;
    size_t count = 9;
    arena_init(&arena, MEM_CORE, 4096);
    assert_int_equal(id_list_pack(&one, 0, &arena, &packed), ERR_OK);
    assert_null(packed.data);
    assert_int_equal(id_list_unpack(packed, &arena, &got, &count), ERR_OK);
    assert_null(got);
    assert_int_equal(count, 0);
    /* Bytes that are no whole id are none. */
    assert_int_equal(id_list_unpack(SLICE("12345678abc"), &arena, &got, &count), ERR_OK);
    assert_int_equal(count, 1);
    arena_deinit(&arena);
}

static void test_no_memory(void **state)
{
    (void)state;
    static uint64_t ids[100];
    struct arena arena;
    struct slice packed;
    arena_init(&arena, MEM_CORE, 64);
    assert_int_equal(id_list_pack(ids, 100, &arena, &packed), ERR_NO_MEMORY);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
