/* The concurrent map of cells: one cell a key whoever asks first, the maximum, and clean-up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/cellmap.h"

struct object {
    struct snapshot snapshot;
};

static _Atomic int live_objects;

static void drop_object(struct snapshot *s)
{
    atomic_fetch_sub(&live_objects, 1);
    mem_free(MEM_VIEWS, s);
}

static struct snapshot *make(void)
{
    struct object *o = mem_must(MEM_VIEWS, sizeof *o);
    snapshot_init(&o->snapshot, drop_object);
    atomic_fetch_add(&live_objects, 1);
    return &o->snapshot;
}

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_VIEWS) == 0 && atomic_load(&live_objects) == 0 ? 0 : -1;
}

static void test_get_and_add(void **state)
{
    (void)state;
    struct cellmap *m = cellmap_new(MEM_VIEWS, 1000, 5);
    assert_non_null(m);
    assert_null(cellmap_get(m, 7));
    struct cell *cell = cellmap_get_or_add(m, 7);
    assert_non_null(cell);
    assert_int_equal(cell->key, 7);
    assert_null(snapshot_cell_get(&cell->snapshot));
    assert_int_equal(atomic_load(&cell->head), 0);
    assert_int_equal(atomic_load(&cell->state), 0);
    /* Growing moves no cell. */
    for (uint64_t key = 8; key < 900; key++)
        assert_non_null(cellmap_get_or_add(m, key));
    assert_ptr_equal(cellmap_get(m, 7), cell);
    assert_ptr_equal(cellmap_get_or_add(m, 7), cell);
    cellmap_free(&m);
    assert_null(m);
    cellmap_free(&m);
}

static void test_free_drops_snapshots(void **state)
{
    (void)state;
    struct cellmap *m = cellmap_new(MEM_VIEWS, 100, 5);
    for (uint64_t key = 1; key <= 50; key++)
        snapshot_cell_set(&cellmap_get_or_add(m, key)->snapshot, make());
    struct snapshot *kept = snapshot_cell_get(&cellmap_get(m, 1)->snapshot);
    assert_int_equal(atomic_load(&live_objects), 50);
    cellmap_free(&m);
    assert_int_equal(atomic_load(&live_objects), 1);
    snapshot_unref(kept);
}

static void test_maximum(void **state)
{
    (void)state;
    struct cellmap *m = cellmap_new(MEM_VIEWS, 10, 5);
    for (uint64_t key = 1; key <= 10; key++)
        assert_non_null(cellmap_get_or_add(m, key));
    for (uint64_t key = 11; key <= 40; key++)
        assert_null(cellmap_get_or_add(m, key));
    assert_null(cellmap_get(m, 11));
    assert_non_null(cellmap_get_or_add(m, 10));
    cellmap_free(&m);
}

/* Whichever allocation fails, nothing is half added, and the place is not lost. */
static void test_short_memory(void **state)
{
    (void)state;
    mem_fail_after(0, 1);
    assert_null(cellmap_new(MEM_VIEWS, 1, 5));
    for (uint64_t n = 0; n < 2; n++) {
        struct cellmap *m = cellmap_new(MEM_VIEWS, 1, 5);
        mem_fail_after(n, 1);
        assert_null(cellmap_get_or_add(m, 3));
        mem_fail_never();
        assert_null(cellmap_get(m, 3));
        assert_non_null(cellmap_get_or_add(m, 3));
        cellmap_free(&m);
    }
}

enum { THREADS = 4, KEYS = 2000, MAXIMUM = 1500 };

struct adder {
    struct cellmap *map;
    struct cell *cells[KEYS];
};

static void *add_all(void *arg)
{
    struct adder *a = arg;
    for (uint64_t key = 1; key <= KEYS; key++) {
        a->cells[key - 1] = cellmap_get_or_add(a->map, key);
        if (a->cells[key - 1] != NULL)
            atomic_fetch_add_explicit(&a->cells[key - 1]->count, 1, memory_order_relaxed);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static struct adder adders[THREADS];
    pthread_t threads[THREADS];
    struct cellmap *m = cellmap_new(MEM_VIEWS, MAXIMUM, 5);
    for (size_t i = 0; i < THREADS; i++) {
        adders[i].map = m;
        assert_int_equal(pthread_create(&threads[i], NULL, add_all, &adders[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    size_t present = 0;
    for (uint64_t key = 1; key <= KEYS; key++) {
        struct cell *cell = cellmap_get(m, key);
        int64_t holders = 0;
        present += cell != NULL;
        for (size_t i = 0; i < THREADS; i++) {
            holders += adders[i].cells[key - 1] != NULL;
            assert_true(adders[i].cells[key - 1] == NULL || adders[i].cells[key - 1] == cell);
        }
        assert_true(cell == NULL || atomic_load(&cell->count) == holders);
    }
    assert_int_equal(present, MAXIMUM);
    cellmap_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_get_and_add, check_memory),
        cmocka_unit_test_teardown(test_free_drops_snapshots, check_memory),
        cmocka_unit_test_teardown(test_maximum, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
        cmocka_unit_test_teardown(test_threads, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
