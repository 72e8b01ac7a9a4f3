/* The cache of objects by key: what goes first when bytes or places run out, what never fits, and
 * many threads at once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/map.h"
#include "base/shelf.h"

enum { COUNT_MAX = 8, BYTES_MAX = 1000, THREADS = 4, TURNS = 20000, KEYS = 24 };

struct object {
    struct snapshot snapshot;
    uint64_t key;
};

static _Atomic int live_objects;

static void drop_object(struct snapshot *s)
{
    atomic_fetch_sub(&live_objects, 1);
    mem_free(MEM_VIEWS, s);
}

static struct object *make(uint64_t key)
{
    struct object *o = mem_must(MEM_VIEWS, sizeof *o);
    snapshot_init(&o->snapshot, drop_object);
    o->key = key;
    atomic_fetch_add(&live_objects, 1);
    return o;
}

static void put(struct shelf *s, uint64_t key, size_t bytes)
{
    struct object *o = make(key);
    shelf_put(s, key, &o->snapshot, bytes);
    snapshot_unref(&o->snapshot);
}

static bool has(struct shelf *s, uint64_t key)
{
    struct snapshot *got = shelf_get(s, key);
    if (got != NULL)
        assert_int_equal(((struct object *)(void *)got)->key, key);
    snapshot_unref(got);
    return got != NULL;
}

static struct shelf *open_shelf(void)
{
    struct shelf *s = shelf_new(MEM_VIEWS, COUNT_MAX, BYTES_MAX, 7);
    assert_non_null(s);
    return s;
}

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_VIEWS) == 0 && atomic_load(&live_objects) == 0 ? 0 : -1;
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    struct shelf *s = open_shelf();
    assert_false(has(s, 1));
    put(s, 1, 400);
    put(s, 2, 400);
    assert_true(has(s, 1));
    put(s, 3, 400);
    assert_true(has(s, 1));
    assert_false(has(s, 2));
    assert_true(has(s, 3));
    assert_int_equal(shelf_bytes(s), 800);
    /* One large one takes the place of several. */
    put(s, 4, BYTES_MAX);
    assert_false(has(s, 1));
    assert_false(has(s, 3));
    assert_true(has(s, 4));
    assert_int_equal(shelf_bytes(s), BYTES_MAX);
    shelf_free(&s);
    assert_null(s);
    shelf_free(&s);
}

static void test_count(void **state)
{
    (void)state;
    struct shelf *s = open_shelf();
    for (uint64_t key = 1; key <= COUNT_MAX + 3; key++)
        put(s, key, 1);
    for (uint64_t key = 1; key <= COUNT_MAX + 3; key++)
        assert_int_equal(has(s, key), key > 3);
    assert_int_equal(shelf_bytes(s), COUNT_MAX);
    shelf_free(&s);
}

static void test_replacing(void **state)
{
    (void)state;
    struct shelf *s = open_shelf();
    put(s, 1, 300);
    put(s, 1, 500);
    assert_int_equal(shelf_bytes(s), 500);
    assert_int_equal(atomic_load(&live_objects), 1);
    /* Too large for the whole shelf: not kept, and what was there before is not true any more.
     * The others stay. */
    put(s, 2, 100);
    put(s, 1, BYTES_MAX + 1);
    assert_false(has(s, 1));
    assert_true(has(s, 2));
    assert_int_equal(shelf_bytes(s), 100);
    shelf_free(&s);
}

static void test_in_use_while_dropped(void **state)
{
    (void)state;
    struct shelf *s = open_shelf();
    put(s, 1, 10);
    struct snapshot *mine = shelf_get(s, 1);
    put(s, 2, BYTES_MAX);
    assert_false(has(s, 1));
    assert_int_equal(atomic_load(&live_objects), 2);
    assert_int_equal(((struct object *)(void *)mine)->key, 1);
    snapshot_unref(mine);
    assert_int_equal(atomic_load(&live_objects), 1);
    shelf_free(&s);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 4; n++) {
        struct shelf *s = open_shelf();
        struct object *o = make(1);
        mem_fail_after(n - 1, 1);
        shelf_put(s, 1, &o->snapshot, 10);
        mem_fail_never();
        snapshot_unref(&o->snapshot);
        assert_int_equal(shelf_bytes(s), has(s, 1) ? 10 : 0);
        shelf_free(&s);
    }
}

static void *turns(void *arg)
{
    struct shelf *s = arg;
    for (uint64_t i = 0; i < TURNS; i++) {
        uint64_t key = 1 + map_hash(3, i) % KEYS;
        if (!has(s, key))
            put(s, key, 50 + key * 10);
        assert_true(shelf_bytes(s) <= BYTES_MAX);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct shelf *s = open_shelf();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, turns, s), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    shelf_free(&s);
}

#define TEST(fn) cmocka_unit_test_teardown(fn, check_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_least_recently_used_goes), TEST(test_count),     TEST(test_replacing),
        TEST(test_in_use_while_dropped),     TEST(test_no_memory), TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
