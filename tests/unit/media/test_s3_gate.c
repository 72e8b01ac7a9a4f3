/* Who may go to the object store: so many at once; the others wait while anything moves, and are
 * sent away when nothing does or the store has not answered. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "media/s3_gate.h"

enum { INSIDE = 2, LONG_MS = 60000, STUCK_MS = 1000, PROBE_MS = 1000, THREADS = 8, TURNS = 500 };

static _Atomic uint64_t fake_ms = 1000000;

static uint64_t mono_ns(void *ctx)
{
    (void)ctx;
    return atomic_load(&fake_ms) * 1000000;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return (int64_t)atomic_load(&fake_ms);
}

static const struct clock fake = {.mono_ns = mono_ns, .wall_ms = wall_ms};

static struct s3_gate gate_of(uint64_t wait_ms)
{
    struct s3_gate g;
    const struct s3_gate_options o = {.clock = &fake,
                                      .inside_max = INSIDE,
                                      .wait_ms = wait_ms,
                                      .stuck_ms = STUCK_MS,
                                      .probe_ms = PROBE_MS};
    s3_gate_init(&g, &o);
    return g;
}

static void fill(struct s3_gate *g)
{
    for (int i = 0; i < INSIDE; i++)
        assert_true(s3_gate_enter(g));
}

static void test_full(void **state)
{
    (void)state;
    struct s3_gate g = gate_of(1);
    fill(&g);
    assert_false(s3_gate_enter(&g)); /* after its millisecond */
    s3_gate_leave(&g, true);
    assert_true(s3_gate_enter(&g));
    s3_gate_leave(&g, true);
    s3_gate_leave(&g, true);
    s3_gate_deinit(&g);
}

/* Nobody waits for what does not move: this would take a minute. */
static void test_stuck(void **state)
{
    (void)state;
    struct s3_gate g = gate_of(LONG_MS);
    fill(&g);
    atomic_fetch_add(&fake_ms, STUCK_MS);
    assert_false(s3_gate_enter(&g));
    for (int i = 0; i < INSIDE; i++)
        s3_gate_leave(&g, true);
    /* Long ago, but there was nothing that could have moved. */
    atomic_fetch_add(&fake_ms, LONG_MS);
    fill(&g);
    for (int i = 0; i < INSIDE; i++)
        s3_gate_leave(&g, true);
    s3_gate_deinit(&g);
}

static void test_away(void **state)
{
    (void)state;
    struct s3_gate g = gate_of(LONG_MS);
    fill(&g);
    s3_gate_leave(&g, false);
    assert_false(s3_gate_enter(&g)); /* one is inside still, and may bring the news */
    atomic_fetch_add(&fake_ms, PROBE_MS);
    assert_true(s3_gate_enter(&g));
    assert_false(s3_gate_enter(&g));
    s3_gate_leave(&g, false);
    s3_gate_leave(&g, false);
    /* Nobody is inside: one tries at once, no more than one. */
    assert_true(s3_gate_enter(&g));
    assert_false(s3_gate_enter(&g));
    s3_gate_leave(&g, true);
    fill(&g);
    s3_gate_leave(&g, true);
    s3_gate_leave(&g, true);
    s3_gate_deinit(&g);
}

static void *ask(void *arg)
{
    struct s3_gate *g = arg;
    return s3_gate_enter(g) ? g : NULL;
}

/* What waits hears at once that there is room, or that there will be none. */
static void test_waiting(void **state)
{
    (void)state;
    for (int answered = 0; answered <= 1; answered++) {
        struct s3_gate g = gate_of(LONG_MS);
        pthread_t thread;
        void *in = NULL;
        fill(&g);
        assert_int_equal(pthread_create(&thread, NULL, ask, &g), 0);
        for (unsigned waiting = 0; waiting == 0;) {
            pthread_mutex_lock(&g.mutex);
            waiting = g.waiting;
            pthread_mutex_unlock(&g.mutex);
        }
        s3_gate_leave(&g, answered);
        pthread_join(thread, &in);
        assert_int_equal(in != NULL, answered);
        for (int i = 0; i < INSIDE - 1 + answered; i++)
            s3_gate_leave(&g, true);
        s3_gate_deinit(&g);
    }
}

static _Atomic int inside, most;

static void *go_in_and_out(void *arg)
{
    struct s3_gate *g = arg;
    for (int i = 0; i < TURNS; i++) {
        if (!s3_gate_enter(g))
            continue;
        int now = atomic_fetch_add(&inside, 1) + 1;
        for (int before = atomic_load(&most); now > before;)
            if (atomic_compare_exchange_weak(&most, &before, now))
                break;
        atomic_fetch_sub(&inside, 1);
        s3_gate_leave(g, i % 50 != 0);
    }
    return NULL;
}

static void test_many(void **state)
{
    (void)state;
    struct s3_gate g = gate_of(LONG_MS);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, go_in_and_out, &g), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(atomic_load(&most), 1, INSIDE);
    s3_gate_deinit(&g); /* which asserts that nobody is inside */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),    cmocka_unit_test(test_stuck), cmocka_unit_test(test_away),
        cmocka_unit_test(test_waiting), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
