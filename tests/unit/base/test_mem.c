/* The heap wrapper: counting per area, and failing on demand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"

static void test_counts_by_area(void **state)
{
    (void)state;
    size_t net = mem_bytes(MEM_NET), json = mem_bytes(MEM_JSON);
    void *a = mem_alloc(MEM_NET, 100);
    assert_non_null(a);
    assert_in_range(mem_bytes(MEM_NET) - net, 100, 200);
    assert_int_equal(mem_bytes(MEM_JSON), json);
    void *b = mem_realloc(MEM_NET, a, 10000);
    assert_non_null(b);
    assert_in_range(mem_bytes(MEM_NET) - net, 10000, 10200);
    b = mem_realloc(MEM_NET, b, 10);
    assert_non_null(b);
    assert_in_range(mem_bytes(MEM_NET) - net, 10, 10200);
    mem_free(MEM_NET, b);
    assert_int_equal(mem_bytes(MEM_NET), net);
    mem_free(MEM_NET, NULL);
    assert_int_equal(mem_bytes(MEM_NET), net);
}

static void test_zeroed(void **state)
{
    (void)state;
    static const char zero[300];
    void *all[] = {mem_zalloc(MEM_BASE, 300), mem_array(MEM_BASE, 30, 10), mem_must(MEM_BASE, 300)};
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(all[i]);
        assert_memory_equal(all[i], zero, sizeof zero);
        mem_free(MEM_BASE, all[i]);
    }
}

static void test_overflow(void **state)
{
    (void)state;
    size_t before = mem_bytes(MEM_BASE);
    assert_null(mem_array(MEM_BASE, SIZE_MAX / 2, 3));
    assert_int_equal(mem_bytes(MEM_BASE), before);
}

static void test_strndup(void **state)
{
    (void)state;
    char *copy = mem_strndup(MEM_BASE, "guildhall", 5);
    assert_string_equal(copy, "guild");
    mem_free(MEM_BASE, copy);
    copy = mem_strndup(MEM_BASE, NULL, 0);
    assert_string_equal(copy, "");
    mem_free(MEM_BASE, copy);
}

static void test_fails_when_told(void **state)
{
    (void)state;
    /* 1 = succeeds: two good ones, three failing, good again. */
    static const int expected[] = {1, 1, 0, 0, 0, 1, 1};
    mem_fail_after(2, 3);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        void *p = i % 2 == 0 ? mem_alloc(MEM_BASE, 8) : mem_zalloc(MEM_BASE, 8);
        assert_int_equal(p != NULL, expected[i]);
        mem_free(MEM_BASE, p);
    }
    mem_fail_never();
}

static void test_failed_realloc_keeps_the_block(void **state)
{
    (void)state;
    size_t before = mem_bytes(MEM_BASE);
    char *p = mem_strndup(MEM_BASE, "kept", 4);
    assert_non_null(p);
    mem_fail_after(0, UINT64_MAX);
    assert_null(mem_realloc(MEM_BASE, p, 1 << 20));
    void *must = mem_must(MEM_BASE, 8); /* spared by design */
    mem_fail_never();
    assert_non_null(must);
    assert_string_equal(p, "kept");
    mem_free(MEM_BASE, must);
    mem_free(MEM_BASE, p);
    assert_int_equal(mem_bytes(MEM_BASE), before);
}

static void *allocate_and_free(void *arg)
{
    (void)arg;
    for (size_t i = 1; i < 5000; i++)
        mem_free(MEM_CORE, mem_alloc(MEM_CORE, i % 100 + 1));
    return NULL;
}

static void test_counts_from_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t before = mem_bytes(MEM_CORE);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(mem_bytes(MEM_CORE), before);
}

static void test_limit(void **state)
{
    (void)state;
    /* The allocator may round up. */
    mem_limit(MEM_WIRE, mem_bytes(MEM_WIRE) + 2 * MEM_LARGE_BYTES - 1);
    void *first = mem_alloc(MEM_WIRE, MEM_LARGE_BYTES);
    void *second = mem_alloc(MEM_WIRE, MEM_LARGE_BYTES);
    void *small = mem_alloc(MEM_WIRE, MEM_LARGE_BYTES - 1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(small);
    assert_null(mem_realloc(MEM_WIRE, small, MEM_LARGE_BYTES));
    assert_null(mem_array(MEM_WIRE, 2, MEM_LARGE_BYTES));
    void *elsewhere = mem_alloc(MEM_CORE, MEM_LARGE_BYTES);
    assert_non_null(elsewhere);
    mem_free(MEM_CORE, elsewhere);
    mem_free(MEM_WIRE, first);
    mem_free(MEM_WIRE, small);
    mem_limit(MEM_WIRE, 0);
    second = mem_alloc(MEM_WIRE, 4 * MEM_LARGE_BYTES);
    assert_non_null(second);
    mem_free(MEM_WIRE, second);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MEM_AREA_COUNT; i++) {
        assert_non_null(mem_area_name((enum mem_area)i));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(mem_area_name((enum mem_area)i),
                                    mem_area_name((enum mem_area)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_by_area),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_strndup),
        cmocka_unit_test(test_fails_when_told),
        cmocka_unit_test(test_failed_realloc_keeps_the_block),
        cmocka_unit_test(test_counts_from_threads),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
