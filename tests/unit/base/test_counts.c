/* Counts by key, from several threads: of those who drop the last ones exactly one is told so. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/counts.h"

enum { KEYS = 40, THREADS = 4, ROUNDS = 20000, MANY = 100000 };

static void test_up_and_down(void **state)
{
    (void)state;
    struct counts *c = counts_new(MEM_BASE, MANY, 7);
    assert_non_null(c);
    for (uint64_t key = 1; key <= KEYS; key++) {
        assert_int_equal(counts_get(c, key), 0);
        for (uint64_t i = 0; i < key; i++)
            assert_true(counts_add(c, key));
        assert_int_equal(counts_get(c, key), key);
    }
    for (uint64_t key = 1; key <= KEYS; key++) {
        for (uint64_t left = key; left > 0; left--)
            assert_int_equal(counts_drop(c, key), left - 1);
        assert_int_equal(counts_get(c, key), 0);
    }
    counts_free(&c);
    assert_null(c);
    counts_free(&c);
    assert_int_equal(mem_bytes(MEM_BASE), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    mem_fail_after(0, 1);
    assert_null(counts_new(MEM_BASE, MANY, 7));
    mem_fail_never();
    struct counts *c = counts_new(MEM_BASE, MANY, 7);
    assert_non_null(c);
    mem_fail_after(0, 1);
    assert_false(counts_add(c, 5));
    mem_fail_never();
    assert_int_equal(counts_get(c, 5), 0);
    counts_free(&c);
}

static struct counts *SHARED;
static _Atomic uint64_t FIRST, LAST;

static void *add_and_drop(void *arg)
{
    (void)arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t key = 1 + i % 3;
        assert_true(counts_add(SHARED, key));
        atomic_fetch_add(&FIRST, 1);
        if (counts_drop(SHARED, key) == 0)
            atomic_fetch_add(&LAST, 1);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    SHARED = counts_new(MEM_BASE, MANY, 9);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_drop, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint64_t key = 1; key <= 3; key++)
        assert_int_equal(counts_get(SHARED, key), 0);
    assert_int_equal(atomic_load(&FIRST), THREADS * ROUNDS);
    assert_true(atomic_load(&LAST) >= 3 && atomic_load(&LAST) <= THREADS * ROUNDS);
    /* At the end of it all, one of two. */
    assert_true(counts_add(SHARED, 1) && counts_add(SHARED, 1));
    assert_int_equal(counts_drop(SHARED, 1) + counts_drop(SHARED, 1), 1);
    counts_free(&SHARED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_up_and_down),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
