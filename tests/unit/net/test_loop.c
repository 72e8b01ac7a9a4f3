/* Tasks, wakes, hooks and timers of a loop, with real threads. */

#include "net_fixture.h"

#include "base/list.h"

static struct loop *start_loop(void)
{
    struct loop *l = NULL;
    struct loop_options o = {.index = 3, .clock = clock_system()};
    assert_int_equal(loop_new(&o, &l), ERR_OK);
    assert_int_equal(loop_start(l), ERR_OK);
    return l;
}

static void stop_loop(struct loop *l)
{
    loop_stop(l);
    loop_join(&l);
    assert_null(l);
    assert_int_equal(mem_bytes(MEM_NET), 0);
}

/* ---- posting from many threads keeps each poster's order ---- */

enum { POSTERS = 8, POSTS = 5000 };

struct post {
    struct task task;
    struct poster *poster;
    unsigned number;
};

struct poster {
    pthread_t thread;
    struct loop *loop;
    sem_t *done;
    struct post posts[POSTS];
    unsigned seen; /* loop thread */
    bool in_order;
};

static void on_post(struct task *t, struct loop *l)
{
    struct post *p = (struct post *)(void *)t;
    assert_true(loop_is_current(l));
    p->poster->in_order = p->poster->in_order && p->number == p->poster->seen;
    if (++p->poster->seen == POSTS)
        sem_post(p->poster->done);
}

static void *run_poster(void *arg)
{
    struct poster *p = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        p->posts[i] = (struct post){.task = {.run = on_post}, .poster = p, .number = i};
        loop_post(p->loop, &p->posts[i].task);
    }
    return NULL;
}

static void test_posts_keep_their_order(void **state)
{
    (void)state;
    static struct poster posters[POSTERS];
    sem_t done;
    sem_init(&done, 0, 0);
    struct loop *l = start_loop();
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i].loop = l;
        posters[i].done = &done;
        posters[i].in_order = true;
        assert_int_equal(pthread_create(&posters[i].thread, NULL, run_poster, &posters[i]), 0);
    }
    for (unsigned i = 0; i < POSTERS; i++)
        fixture_await(&done);
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_true(posters[i].in_order);
    }
    stop_loop(l);
    sem_destroy(&done);
}

/* ---- stop runs what was posted before ---- */

struct counted {
    struct task task;
    unsigned *runs;
};

static void on_counted(struct task *t, struct loop *l)
{
    (void)l;
    ++*((struct counted *)(void *)t)->runs;
}

static void test_stop_runs_earlier_tasks(void **state)
{
    (void)state;
    unsigned runs = 0;
    struct counted tasks[100];
    struct loop *l = start_loop();
    for (unsigned i = 0; i < 100; i++) {
        tasks[i] = (struct counted){.task = {.run = on_counted}, .runs = &runs};
        loop_post(l, &tasks[i].task);
    }
    loop_stop(l);
    loop_join(&l);
    assert_int_equal(runs, 100);
}

static void test_never_started_loop_is_freed(void **state)
{
    (void)state;
    unsigned runs = 0;
    struct counted t = {.task = {.run = on_counted}, .runs = &runs};
    struct loop *l = NULL;
    struct loop_options o = {.clock = clock_system()};
    assert_int_equal(loop_new(&o, &l), ERR_OK);
    loop_post(l, &t.task);
    loop_join(&l);
    assert_int_equal(runs, 1);
    assert_int_equal(mem_bytes(MEM_NET), 0);
}

static void test_new_survives_short_memory(void **state)
{
    (void)state;
    struct loop_options o = {.clock = clock_system()};
    for (uint64_t n = 0; n < 3; n++) {
        struct loop *l = NULL;
        mem_fail_after(n, 1);
        enum err e = loop_new(&o, &l);
        mem_fail_never();
        assert_int_equal(e, ERR_NO_MEMORY);
        assert_null(l);
        assert_int_equal(mem_bytes(MEM_NET), 0);
    }
}

/* ---- wake and turn hooks ---- */

struct hooks {
    _Atomic unsigned queued; /* what a waker leaves for the hook */
    unsigned taken;          /* loop thread */
    unsigned order;          /* loop thread: wake hooks come before turn hooks */
    bool turn_after_wake;
    sem_t all;
};

enum { WAKERS = 4, WAKES = 2000 };

static void on_wake(void *ctx, struct loop *l)
{
    struct hooks *h = ctx;
    (void)l;
    h->taken += atomic_exchange_explicit(&h->queued, 0, memory_order_relaxed);
    h->order = 1;
    if (h->taken == WAKERS * WAKES)
        sem_post(&h->all);
}

static void on_turn(void *ctx, struct loop *l)
{
    struct hooks *h = ctx;
    (void)l;
    if (h->order == 1)
        h->turn_after_wake = true;
    h->order = 2;
}

struct waker {
    pthread_t thread;
    struct loop *loop;
    struct hooks *hooks;
};

static void *run_waker(void *arg)
{
    struct waker *w = arg;
    for (unsigned i = 0; i < WAKES; i++) {
        atomic_fetch_add_explicit(&w->hooks->queued, 1, memory_order_relaxed);
        loop_wake(w->loop);
    }
    return NULL;
}

static void test_no_wake_is_lost(void **state)
{
    (void)state;
    struct hooks h = {0};
    struct waker wakers[WAKERS];
    struct loop *l = NULL;
    struct loop_options o = {.clock = clock_system()};
    sem_init(&h.all, 0, 0);
    assert_int_equal(loop_new(&o, &l), ERR_OK);
    loop_on_wake(l, on_wake, &h);
    loop_on_turn(l, on_turn, &h);
    assert_int_equal(loop_start(l), ERR_OK);
    for (unsigned i = 0; i < WAKERS; i++) {
        wakers[i] = (struct waker){.loop = l, .hooks = &h};
        assert_int_equal(pthread_create(&wakers[i].thread, NULL, run_waker, &wakers[i]), 0);
    }
    fixture_await(&h.all);
    for (unsigned i = 0; i < WAKERS; i++)
        pthread_join(wakers[i].thread, NULL);
    stop_loop(l);
    assert_true(h.turn_after_wake);
    sem_destroy(&h.all);
}

/* ---- timers ---- */

static const uint64_t delays_ms[] = {0, 1, 63, 64, 65, 130, 200, 320, 511, 700};
enum { TIMERS = sizeof delays_ms / sizeof delays_ms[0], TICK_MS = 64 };

struct timed {
    struct timer timer;
    struct timers *all;
    uint64_t started_ms;
    uint64_t fired_ms;
    unsigned fires;
};

struct timers {
    struct task task;
    struct timed timed[TIMERS];
    struct timed stopped; /* never fires */
    struct timed moved;   /* started late, moved early */
    struct timed again;   /* restarts itself twice */
    unsigned fired;
    sem_t done;
    struct loop *loop;
};

static void on_timed(struct timer *t)
{
    struct timed *timed = LIST_OWNER(t, struct timed, timer);
    timed->fired_ms = fixture_now_ms();
    timed->fires++;
    if (timed == &timed->all->again && timed->fires < 3) {
        loop_timer_start(timed->all->loop, t, 10, on_timed);
        return;
    }
    if (++timed->all->fired == TIMERS + 2)
        sem_post(&timed->all->done);
}

static void begin(struct timers *all, struct timed *t, uint64_t delay_ms)
{
    t->all = all;
    t->started_ms = fixture_now_ms();
    loop_timer_start(all->loop, &t->timer, delay_ms, on_timed);
}

static void on_start_timers(struct task *t, struct loop *l)
{
    struct timers *all = (struct timers *)(void *)t;
    all->loop = l;
    /* The longest first: an earlier one must move the alarm. */
    for (unsigned i = TIMERS; i-- > 0;)
        begin(all, &all->timed[i], delays_ms[i]);
    begin(all, &all->stopped, 100);
    begin(all, &all->moved, 3600 * 1000);
    begin(all, &all->again, 10);
    loop_timer_stop(&all->stopped.timer);
    loop_timer_stop(&all->stopped.timer);
    begin(all, &all->moved, 250);
}

static void assert_on_time(const struct timed *t, uint64_t delay_ms)
{
    uint64_t took_ms = t->fired_ms - t->started_ms;
    assert_int_equal(t->fires, 1);
    /* Both clocks are cut to milliseconds. The upper bound is wide: the machine may be busy. */
    assert_true(took_ms + 1 >= delay_ms);
    assert_true(took_ms <= delay_ms + 2000);
}

static void test_timers_fire_in_time(void **state)
{
    (void)state;
    struct timers all = {.task = {.run = on_start_timers}};
    sem_init(&all.done, 0, 0);
    struct loop *l = start_loop();
    loop_post(l, &all.task);
    fixture_await(&all.done);
    stop_loop(l);
    for (unsigned i = 0; i < TIMERS; i++) {
        assert_on_time(&all.timed[i], delays_ms[i]);
        /* Within a tick the wheel promises no order. */
        if (i > 0 && delays_ms[i] > delays_ms[i - 1] + TICK_MS)
            assert_true(all.timed[i].fired_ms >= all.timed[i - 1].fired_ms);
    }
    assert_on_time(&all.moved, 250);
    assert_int_equal(all.stopped.fires, 0);
    assert_int_equal(all.again.fires, 3);
    sem_destroy(&all.done);
}

/* The promise is two ticks at most. One busy moment of the machine may break it, ten cannot. */
static void test_timer_precision(void **state)
{
    (void)state;
    uint64_t best_ms = UINT64_MAX;
    for (int i = 0; i < 10 && best_ms > 128; i++) {
        struct timers all = {.task = {.run = on_start_timers}};
        sem_init(&all.done, 0, 0);
        struct loop *l = start_loop();
        loop_post(l, &all.task);
        fixture_await(&all.done);
        stop_loop(l);
        uint64_t worst_ms = 0;
        for (unsigned k = 0; k < TIMERS; k++) {
            uint64_t late_ms = all.timed[k].fired_ms - all.timed[k].started_ms - delays_ms[k];
            worst_ms = (int64_t)late_ms > (int64_t)worst_ms ? late_ms : worst_ms;
        }
        best_ms = worst_ms < best_ms ? worst_ms : best_ms;
        sem_destroy(&all.done);
    }
    assert_true(best_ms <= 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts_keep_their_order),
        cmocka_unit_test(test_stop_runs_earlier_tasks),
        cmocka_unit_test(test_never_started_loop_is_freed),
        cmocka_unit_test(test_new_survives_short_memory),
        cmocka_unit_test(test_no_wake_is_lost),
        cmocka_unit_test(test_timers_fire_in_time),
        cmocka_unit_test(test_timer_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
