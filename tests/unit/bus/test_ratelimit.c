/*
 * Rate limits with a clock that the test moves: windows, what a peek leaves alone, and the bound on
 * memory when more keys come than there is room for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/mem.h"
#include "bus/ratelimit.h"

enum { WINDOW_MS = 1000, THREADS = 4, TAKES = 5000 };

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return 0;
}

static uint64_t mono_ns(void *ctx)
{
    return *(const uint64_t *)ctx * 1000000;
}

struct rig {
    uint64_t now_ms;
    struct clock clock;
    struct ratelimit *r;
};

static void rig_open(struct rig *g, size_t keys_max)
{
    g->now_ms = 5000;
    g->clock = (struct clock){wall_ms, mono_ns, &g->now_ms};
    g->r = ratelimit_new(keys_max, 1, &g->clock);
    assert_non_null(g->r);
}

static void rig_close(struct rig *g)
{
    ratelimit_free(&g->r);
    assert_null(g->r);
    assert_int_equal(mem_bytes(MEM_API), 0);
}

static void expect(struct ratelimit_verdict v, bool allowed, uint32_t remaining, uint64_t reset_ms)
{
    assert_int_equal(v.allowed, allowed);
    assert_int_equal(v.remaining, remaining);
    assert_int_equal(v.reset_after_ms, reset_ms);
}

static struct ratelimit_verdict take(struct rig *g, uint64_t key)
{
    return ratelimit_take(g->r, key, 3, WINDOW_MS);
}

static struct ratelimit_verdict peek(struct rig *g, uint64_t key)
{
    return ratelimit_peek(g->r, key, 3, WINDOW_MS);
}

/* What happens at a moment, in one window of 3 uses. */
static void test_windows(void **state)
{
    (void)state;
    static const struct {
        uint64_t at_ms;
        bool count; /* take, else peek */
        bool allowed;
        uint32_t remaining;
        uint64_t reset_ms;
    } steps[] = {
        {0, false, true, 3, 1000}, /* nothing used: a window would begin now */
        {0, true, true, 2, 1000},  /* it does */
        {10, true, true, 1, 990},
        {20, false, true, 1, 980}, /* a look does not count */
        {30, false, true, 1, 970},
        {999, true, true, 0, 1},
        {999, true, false, 0, 1}, /* refused, and it stays so */
        {999, false, false, 0, 1},
        {1000, false, true, 3, 1000}, /* over: the end is not part of it */
        {1500, true, true, 2, 1000},  /* the next begins with its first use */
        {9000, true, true, 2, 1000},
    };
    struct rig g;
    rig_open(&g, 64);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        g.now_ms = 5000 + steps[i].at_ms;
        expect(steps[i].count ? take(&g, 7) : peek(&g, 7), steps[i].allowed, steps[i].remaining,
               steps[i].reset_ms);
    }
    rig_close(&g);
}

static void test_keys_are_apart(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 64);
    for (int i = 0; i < 4; i++)
        (void)take(&g, 5);
    assert_false(peek(&g, 5).allowed);
    expect(take(&g, 6), true, 2, WINDOW_MS);
    expect(take(&g, 0), true, 2, WINDOW_MS); /* no key is special */
    expect(take(&g, 0), true, 1, WINDOW_MS);
    assert_int_equal(ratelimit_key("a", 1), ratelimit_key("a", 1));
    assert_int_not_equal(ratelimit_key("a", 1), ratelimit_key("a", 2));
    assert_int_not_equal(ratelimit_key("a", 1), ratelimit_key("b", 1));
    rig_close(&g);
}

/* The first use of a window says what became of the one before. */
static void test_what_was_refused(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 64);
    for (int i = 0; i < 3 + 5; i++)
        assert_int_equal(take(&g, 7).refused_before, 0);
    g.now_ms += WINDOW_MS;
    assert_int_equal(peek(&g, 7).refused_before, 0);
    assert_int_equal(take(&g, 7).refused_before, 5);
    assert_int_equal(take(&g, 7).refused_before, 0);
    g.now_ms += WINDOW_MS;
    assert_int_equal(take(&g, 7).refused_before, 0);
    rig_close(&g);
}

static void test_limit_of_zero(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 64);
    assert_false(ratelimit_take(g.r, 1, 0, WINDOW_MS).allowed);
    rig_close(&g);
}

/* A flood of keys does not grow the memory, and whoever is used all the time stays limited. */
static void test_eviction(void **state)
{
    (void)state;
    enum { KEYS_MAX = 160, FLOOD = 100000 };
    struct rig g;
    rig_open(&g, KEYS_MAX);
    for (int i = 0; i < 3; i++)
        assert_true(take(&g, UINT64_MAX).allowed);
    for (uint64_t key = 1; key <= KEYS_MAX * 10; key++) {
        (void)take(&g, key);
        (void)take(&g, UINT64_MAX);
    }
    size_t full = mem_bytes(MEM_API);
    for (uint64_t key = 1; key <= FLOOD; key++) {
        (void)take(&g, key);
        assert_false(take(&g, UINT64_MAX).allowed);
    }
    assert_true(mem_bytes(MEM_API) <= full);
    rig_close(&g);
}

/* Windows that are over go before one that still counts, though that was used less recently. */
static void test_expired_go_first(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 16); /* two windows a shard */
    const uint64_t day_ms = 24 * 60 * 60 * 1000;
    for (uint64_t key = 1; key <= 4000; key++) {
        uint64_t counted = UINT64_MAX - key;
        assert_true(ratelimit_take(g.r, counted, 1, day_ms).allowed);
        (void)ratelimit_take(g.r, key, 1, WINDOW_MS);
        g.now_ms += WINDOW_MS;
        (void)ratelimit_take(g.r, key + 100000, 1, WINDOW_MS);
        assert_false(ratelimit_peek(g.r, counted, 1, day_ms).allowed);
        g.now_ms += day_ms; /* everything is over */
    }
    rig_close(&g);
}

static void test_no_memory_fails_open(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 64);
    for (uint64_t n = 0; n < 3; n++) {
        mem_fail_after(n, 1);
        struct ratelimit_verdict v = take(&g, 1000 + n);
        mem_fail_never();
        assert_true(v.allowed);
    }
    mem_fail_after(0, 1);
    assert_null(ratelimit_new(1, 1, &g.clock));
    mem_fail_never();
    rig_close(&g);
}

struct taker {
    struct ratelimit *r;
    unsigned allowed;
};

static void *take_many(void *arg)
{
    struct taker *t = arg;
    for (uint64_t i = 0; i < TAKES; i++) {
        t->allowed += ratelimit_take(t->r, 1, TAKES, WINDOW_MS).allowed;
        (void)ratelimit_take(t->r, 2 + i % 500, 10, WINDOW_MS);
        (void)ratelimit_peek(t->r, i, 10, WINDOW_MS);
    }
    return NULL;
}

/* Together, threads get exactly what the limit allows. */
static void test_threads(void **state)
{
    (void)state;
    struct rig g;
    rig_open(&g, 128);
    pthread_t threads[THREADS];
    struct taker takers[THREADS];
    unsigned allowed = 0;
    for (size_t i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){g.r, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        allowed += takers[i].allowed;
    }
    assert_int_equal(allowed, TAKES);
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_keys_are_apart),
        cmocka_unit_test(test_what_was_refused),
        cmocka_unit_test(test_limit_of_zero),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_expired_go_first),
        cmocka_unit_test(test_no_memory_fails_open),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
