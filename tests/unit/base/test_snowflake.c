/* Ids: layout, clocks that stand or step back, floors, and threads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/snowflake.h"

static int64_t fixed_wall(void *ctx)
{
    return *(int64_t *)ctx;
}

static struct clock fixed_clock(int64_t *ms)
{
    return (struct clock){fixed_wall, NULL, ms};
}

static void test_layout(void **state)
{
    (void)state;
    int64_t now = SNOWFLAKE_EPOCH_MS + 1000;
    struct clock clock = fixed_clock(&now);
    struct snowflake_gen g;
    snowflake_init(&g, 5, &clock);
    assert_true(snowflake_next(&g) == (UINT64_C(1000) << 22 | 5 << 12 | 0));
    assert_true(snowflake_next(&g) == (UINT64_C(1000) << 22 | 5 << 12 | 1));
    now++;
    assert_true(snowflake_next(&g) == (UINT64_C(1001) << 22 | 5 << 12 | 0));
    /* The example of Discord's reference. */
    assert_true(snowflake_ms(UINT64_C(175928847299117063)) == INT64_C(1462015105796));
}

static void test_borrows_and_steps_back(void **state)
{
    (void)state;
    int64_t now = SNOWFLAKE_EPOCH_MS + 50;
    struct clock clock = fixed_clock(&now);
    struct snowflake_gen g;
    snowflake_init(&g, SNOWFLAKE_WORKER_MAX, &clock);
    uint64_t last = 0;
    for (int i = 0; i < 10000; i++) {
        if (i == 7000)
            now -= 40;
        uint64_t id = snowflake_next(&g);
        assert_true(id > last);
        assert_true((id >> 12 & 1023) == SNOWFLAKE_WORKER_MAX);
        last = id;
    }
    assert_int_equal(snowflake_ms(last), SNOWFLAKE_EPOCH_MS + 52); /* 4,096 a millisecond */
    now = 0;                                                       /* before the epoch */
    assert_true(snowflake_next(&g) > last);
}

static void test_floor(void **state)
{
    (void)state;
    /* Floors around the generator's own worker (512) and clock (1000). */
    static const uint64_t stamps[] = {0, 1, 999, 1000, 1001, 5000};
    static const uint64_t workers[] = {0, 511, 512, 513, 1023};
    static const uint64_t increments[] = {0, 1, 4094, 4095};
    int64_t now = SNOWFLAKE_EPOCH_MS + 1000;
    struct clock clock = fixed_clock(&now);
    for (size_t i = 0; i < 6 * 5 * 4; i++) {
        uint64_t floor = stamps[i / 20] << 22 | workers[i / 4 % 5] << 12 | increments[i % 4];
        struct snowflake_gen g;
        snowflake_init(&g, 512, &clock);
        snowflake_raise(&g, floor);
        uint64_t id = snowflake_next(&g);
        assert_true(id > floor);
        assert_true((id >> 12 & 1023) == 512);
        /* Not further ahead than the next millisecond after the later of clock and floor. */
        uint64_t latest = stamps[i / 20] > 1000 ? stamps[i / 20] : 1000;
        assert_true(id >> 22 <= latest + 1);
    }
}

/* Raising to one's own last id, as a store does before each message, costs nothing. */
static void test_own_floor_does_not_run_ahead(void **state)
{
    (void)state;
    int64_t now = SNOWFLAKE_EPOCH_MS + 1000;
    struct clock clock = fixed_clock(&now);
    struct snowflake_gen g;
    snowflake_init(&g, 3, &clock);
    uint64_t id = 0;
    for (int i = 0; i < 4096; i++) {
        snowflake_raise(&g, id);
        uint64_t next = snowflake_next(&g);
        assert_true(next > id);
        id = next;
    }
    assert_int_equal(snowflake_ms(id), now);
}

static void test_at(void **state)
{
    (void)state;
    assert_true(snowflake_at(0) == 0);
    assert_true(snowflake_at(INT64_MIN) == 0);
    assert_true(snowflake_at(SNOWFLAKE_EPOCH_MS) == 0);
    assert_true(snowflake_at(SNOWFLAKE_EPOCH_MS + 1) == 1 << 22);
    assert_true(snowflake_at(INT64_MAX) == UINT64_MAX << 22);
    assert_int_equal(snowflake_ms(snowflake_at(INT64_C(1795224225678))), INT64_C(1795224225678));
}

enum { THREADS = 4, PER_THREAD = 20000 };

struct maker {
    struct snowflake_gen *gen;
    uint64_t ids[PER_THREAD];
    bool increasing;
};

static void *make_ids(void *arg)
{
    struct maker *m = arg;
    m->increasing = true;
    for (size_t i = 0; i < PER_THREAD; i++) {
        m->ids[i] = snowflake_next(m->gen);
        if (i > 0 && m->ids[i] <= m->ids[i - 1])
            m->increasing = false;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_threads(void **state)
{
    (void)state;
    static struct maker makers[THREADS];
    static uint64_t all[THREADS * PER_THREAD];
    pthread_t threads[THREADS];
    struct snowflake_gen g;
    snowflake_init(&g, 1, clock_system());
    for (size_t i = 0; i < THREADS; i++) {
        makers[i].gen = &g;
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, &makers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(makers[i].increasing);
        for (size_t k = 0; k < PER_THREAD; k++)
            all[i * PER_THREAD + k] = makers[i].ids[k];
    }
    qsort(all, THREADS * PER_THREAD, sizeof *all, compare_ids);
    for (size_t i = 1; i < THREADS * PER_THREAD; i++)
        assert_true(all[i] != all[i - 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout), cmocka_unit_test(test_borrows_and_steps_back),
        cmocka_unit_test(test_floor),  cmocka_unit_test(test_own_floor_does_not_run_ahead),
        cmocka_unit_test(test_at),     cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
