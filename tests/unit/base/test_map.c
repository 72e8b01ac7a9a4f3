/* Maps, mostly against a plain array as the model. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/random.h"

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_CORE) == 0 ? 0 : -1;
}

static void test_empty(void **state)
{
    (void)state;
    struct map m;
    size_t cursor = 0;
    uint64_t key;
    void *value;
    map_init(&m, MEM_CORE, 10, 1);
    assert_null(map_get(&m, 5));
    assert_null(map_remove(&m, 5));
    assert_false(map_next(&m, &cursor, &key, &value));
    map_deinit(&m);
}

static void test_replace_and_maximum(void **state)
{
    (void)state;
    struct map m;
    char a, b;
    map_init(&m, MEM_CORE, 3, 42);
    for (uint64_t key = 1; key <= 3; key++)
        assert_true(map_put(&m, key, &a));
    assert_false(map_put(&m, 4, &a));
    assert_null(map_get(&m, 4));
    assert_true(map_put(&m, 2, &b)); /* replacing is no growth */
    assert_ptr_equal(map_get(&m, 2), &b);
    assert_int_equal(m.count, 3);
    assert_ptr_equal(map_remove(&m, 1), &a);
    assert_true(map_put(&m, 4, &a));
    map_deinit(&m);
}

static void check_iteration(const struct map *m, void *const *model, size_t keys)
{
    size_t cursor = 0, seen = 0, expected = 0;
    uint64_t key;
    void *value;
    while (map_next(m, &cursor, &key, &value)) {
        assert_in_range(key, 1, keys);
        assert_ptr_equal(value, model[key - 1]);
        seen++;
    }
    for (size_t i = 0; i < keys; i++)
        expected += model[i] != NULL;
    assert_int_equal(seen, expected);
    assert_int_equal(m->count, expected);
}

/* Few keys and many steps: runs form, wrap around the end, and are closed again. */
static void test_against_model(void **state)
{
    (void)state;
    enum { KEYS = 60, STEPS = 20000 };
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct map m;
        struct random_seeded random;
        char storage[16];
        void *model[KEYS] = {NULL};
        map_init(&m, MEM_CORE, KEYS, seed);
        random_seeded_init(&random, seed);
        for (size_t i = 0; i < STEPS; i++) {
            uint64_t key = random_seeded_next(&random) % KEYS + 1;
            void *value = &storage[random_seeded_next(&random) % sizeof storage];
            switch (random_seeded_next(&random) % 3) {
            case 0:
                assert_true(map_put(&m, key, value));
                model[key - 1] = value;
                break;
            case 1:
                assert_ptr_equal(map_remove(&m, key), model[key - 1]);
                model[key - 1] = NULL;
                break;
            default:
                assert_ptr_equal(map_get(&m, key), model[key - 1]);
            }
            if (i % 500 == 0)
                check_iteration(&m, model, KEYS);
        }
        check_iteration(&m, model, KEYS);
        map_deinit(&m);
    }
}

static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct map m;
    static char storage[COUNT];
    map_init(&m, MEM_CORE, COUNT, 99);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(map_put(&m, (i + 1) << 22, &storage[i]));
    for (uint64_t i = 0; i < COUNT; i++)
        assert_ptr_equal(map_get(&m, (i + 1) << 22), &storage[i]);
    assert_null(map_get(&m, 1));
    map_deinit(&m);
}

static void test_short_memory(void **state)
{
    (void)state;
    struct map m;
    char a;
    uint64_t stored = 0;
    map_init(&m, MEM_CORE, 1000, 7);
    mem_fail_after(0, 1);
    assert_false(map_put(&m, 1, &a));
    assert_int_equal(m.count, 0);
    mem_fail_after(1, UINT64_MAX);
    while (map_put(&m, stored + 1, &a))
        stored++;
    assert_in_range(stored, 1, 999);
    assert_int_equal(m.count, stored);
    for (uint64_t key = 1; key <= stored; key++)
        assert_ptr_equal(map_get(&m, key), &a);
    mem_fail_never();
    assert_true(map_put(&m, stored + 1, &a));
    map_deinit(&m);
}

static void test_hash_depends_on_the_seed(void **state)
{
    (void)state;
    unsigned differ = 0;
    for (uint64_t key = 1; key <= 64; key++)
        differ += (map_hash(1, key) & 0xff) != (map_hash(2, key) & 0xff);
    assert_true(differ > 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_empty, check_memory),
        cmocka_unit_test_teardown(test_replace_and_maximum, check_memory),
        cmocka_unit_test_teardown(test_against_model, check_memory),
        cmocka_unit_test_teardown(test_many, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
        cmocka_unit_test(test_hash_depends_on_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
