/* Arenas: alignment, the maximum, reset, and short memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/random.h"

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_API) == 0 ? 0 : -1;
}

static void test_aligned_and_apart(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    struct arena a;
    struct random_seeded random;
    unsigned char *blocks[COUNT];
    size_t sizes[COUNT];
    arena_init(&a, MEM_API, 1 << 20);
    random_seeded_init(&random, 1);
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = random_seeded_next(&random) % 700;
        blocks[i] = arena_alloc(&a, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], i % 251);
    arena_deinit(&a);
}

/* However it is used, neither what is handed out nor the heap behind it passes the maximum. */
static void test_maximum(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 100, 1000, 5000, 40000, 99999};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arena a;
        size_t total = 0;
        arena_init(&a, MEM_API, 100000);
        while (arena_alloc(&a, sizes[i]) != NULL)
            total += sizes[i];
        assert_true(total > 0 && total <= 100000);
        assert_true(a.used <= a.max);
        assert_true(mem_bytes(MEM_API) <= 100000 + 1024);
        arena_deinit(&a);
    }
}

/* Mixed sizes leave gaps at the ends of blocks, which count too. */
static void test_maximum_with_waste(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct arena a;
        struct random_seeded random;
        arena_init(&a, MEM_API, 100000);
        random_seeded_init(&random, seed);
        for (int i = 0; i < 400; i++) {
            size_t size = random_seeded_next(&random) % 20 == 0 ? 20000 : 200;
            void *p = arena_alloc(&a, size);
            assert_true(a.used <= a.max);
            assert_true(p == NULL || mem_bytes(MEM_API) <= 100000 + 1024);
        }
        arena_deinit(&a);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEM_API, 1000);
    assert_null(arena_alloc(&a, 1001));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_int_equal(mem_bytes(MEM_API), 0);
    assert_non_null(arena_alloc(&a, 900));
    arena_deinit(&a);
}

static void test_reset_keeps_one_block(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEM_API, 1 << 20);
    arena_reset(&a);
    void *first = arena_alloc(&a, 16);
    size_t one_block = mem_bytes(MEM_API);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&a, 3000));
    assert_true(mem_bytes(MEM_API) > one_block);
    arena_reset(&a);
    assert_int_equal(mem_bytes(MEM_API), one_block);
    assert_int_equal(a.used, 0);
    assert_ptr_equal(arena_alloc(&a, 16), first);
    arena_deinit(&a);
    assert_int_equal(a.used, 0);
}

/* Whose fault it is: the limit's, or the heap's. */
static void test_why_it_is_short(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEM_API, 10000);
    mem_fail_after(0, 1);
    assert_null(arena_alloc(&a, 100));
    mem_fail_never();
    assert_int_equal(arena_short(&a), ERR_NO_MEMORY);
    assert_null(arena_alloc(&a, 10001));
    assert_int_equal(arena_short(&a), ERR_ENTITY_TOO_LARGE);
    arena_reset(&a);
    assert_int_equal(arena_short(&a), ERR_NO_MEMORY);
    while (arena_alloc(&a, 3000) != NULL)
        ;
    assert_int_equal(arena_short(&a), ERR_ENTITY_TOO_LARGE);
    arena_deinit(&a);
}

static void test_zeroed(void **state)
{
    (void)state;
    static const char zero[64];
    struct arena a;
    arena_init(&a, MEM_API, 100000);
    void *dirty = arena_alloc(&a, 256);
    assert_non_null(dirty);
    memset(dirty, 0xff, 256);
    arena_reset(&a);
    void *p = arena_zalloc(&a, 64);
    void *q = arena_array(&a, 8, 8);
    assert_memory_equal(p, zero, 64);
    assert_memory_equal(q, zero, 64);
    arena_deinit(&a);
}

static void test_text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEM_API, 8192);
    struct slice s = arena_dup(&a, SLICE("text"));
    assert_true(slice_eq_cstr(s, "text"));
    assert_int_equal(s.data[s.len], '\0');
    s = arena_dup(&a, (struct slice){NULL, 0});
    assert_non_null(s.data);
    assert_int_equal(s.len, 0);
    assert_string_equal(arena_printf(&a, "%s-%d", "a", 7), "a-7");
    assert_null(arena_printf(&a, "%9000d", 1));
    assert_null(arena_dup(&a, (struct slice){"", SIZE_MAX}).data);
    arena_deinit(&a);
}

static void test_short_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEM_API, 1 << 20);
    mem_fail_after(1, 1);
    assert_non_null(arena_alloc(&a, 100));
    assert_null(arena_alloc(&a, 8000));
    assert_non_null(arena_alloc(&a, 100)); /* the block that it has still serves */
    assert_non_null(arena_alloc(&a, 8000));
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_aligned_and_apart, check_memory),
        cmocka_unit_test_teardown(test_maximum, check_memory),
        cmocka_unit_test_teardown(test_maximum_with_waste, check_memory),
        cmocka_unit_test_teardown(test_too_large, check_memory),
        cmocka_unit_test_teardown(test_reset_keeps_one_block, check_memory),
        cmocka_unit_test_teardown(test_why_it_is_short, check_memory),
        cmocka_unit_test_teardown(test_zeroed, check_memory),
        cmocka_unit_test_teardown(test_text, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
