/* The thread for small steps: every row gets its turn, waking makes all due, errors are said once,
 * and stopping waits for the step under way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/upkeep.h"

enum { HOUR_MS = 60 * 60 * 1000 };

struct work {
    sem_t done; /* posted after each step */
    _Atomic int left;
    _Atomic int steps;
    _Atomic int result;
};

static enum err on_step(void *ctx, bool *more)
{
    struct work *w = ctx;
    enum err e = (enum err)atomic_load(&w->result);
    if (atomic_load(&w->left) > 0)
        atomic_fetch_sub(&w->left, 1);
    *more = atomic_load(&w->left) > 0;
    atomic_fetch_add(&w->steps, 1);
    sem_post(&w->done);
    return e;
}

static void work_init(struct work *w, int left)
{
    *w = (struct work){.left = left};
    sem_init(&w->done, 0, 0);
}

static void wait_for(struct work *w, int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(sem_wait(&w->done), 0);
}

static struct upkeep_options options(struct work *w, size_t count, uint64_t period_ms)
{
    struct upkeep_options o = {.thread_name = "test", .step_count = count, .clock = clock_system()};
    for (size_t i = 0; i < count; i++)
        o.steps[i] = (struct upkeep_step){"work", period_ms, on_step, &w[i]};
    return o;
}

static void test_each_gets_its_turn(void **state)
{
    (void)state;
    struct work w[3];
    struct upkeep *u = NULL;
    work_init(&w[0], 1000000); /* much to do: the others are not starved */
    work_init(&w[1], 5);
    work_init(&w[2], 1);
    struct upkeep_options o = options(w, 3, HOUR_MS);
    assert_int_equal(upkeep_start(&o, &u), ERR_OK);
    wait_for(&w[1], 5);
    wait_for(&w[2], 1);
    wait_for(&w[0], 5);
    assert_int_equal(atomic_load(&w[2].steps), 1);
    assert_false(upkeep_is_stopping(u));
    upkeep_stop(&u);
    assert_null(u);
    upkeep_stop(&u);
}

static void test_waking_makes_all_due(void **state)
{
    (void)state;
    struct work w[2];
    struct upkeep *u = NULL;
    work_init(&w[0], 0);
    work_init(&w[1], 0);
    struct upkeep_options o = options(w, 2, HOUR_MS);
    assert_int_equal(upkeep_start(&o, &u), ERR_OK);
    for (int round = 0; round < 3; round++) {
        wait_for(&w[0], 1);
        wait_for(&w[1], 1);
        upkeep_wake(u);
    }
    wait_for(&w[1], 1);
    upkeep_stop(&u);
    assert_int_equal(atomic_load(&w[0].steps), 4);
    assert_int_equal(atomic_load(&w[1].steps), 4);
}

static void test_waking_one(void **state)
{
    (void)state;
    struct work w[2];
    struct upkeep *u = NULL;
    work_init(&w[0], 0);
    work_init(&w[1], 0);
    struct upkeep_options o = options(w, 2, HOUR_MS);
    assert_int_equal(upkeep_start(&o, &u), ERR_OK);
    for (int round = 0; round < 3; round++) {
        wait_for(&w[1], 1);
        upkeep_wake_step(u, 1);
    }
    wait_for(&w[1], 1);
    upkeep_stop(&u);
    assert_int_equal(atomic_load(&w[0].steps), 1);
    assert_int_equal(atomic_load(&w[1].steps), 4);
}

static void test_a_period_passes(void **state)
{
    (void)state;
    struct work w;
    struct upkeep *u = NULL;
    work_init(&w, 0);
    struct upkeep_options o = options(&w, 1, 5);
    assert_int_equal(upkeep_start(&o, &u), ERR_OK);
    wait_for(&w, 4);
    upkeep_stop(&u);
}

static unsigned lines_with(const char *path, const char *words)
{
    char line[1024];
    unsigned count = 0;
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        count += strstr(line, words) != NULL;
    fclose(f);
    return count;
}

static void test_errors_are_said_once(void **state)
{
    (void)state;
    char path[] = "upkeep-test-XXXXXX";
    struct work w;
    struct log log;
    struct upkeep *u = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    log_init(&log, fd, LOG_INFO, LOG_JSON, clock_system());
    work_init(&w, 0);
    atomic_store(&w.result, ERR_STORE_FULL);
    struct upkeep_options o = options(&w, 1, 1);
    o.log = &log;
    assert_int_equal(upkeep_start(&o, &u), ERR_OK);
    wait_for(&w, 5);
    atomic_store(&w.result, ERR_OK);
    wait_for(&w, 5);
    atomic_store(&w.result, ERR_STOPPING); /* of a store that is being closed: no news */
    wait_for(&w, 5);
    upkeep_stop(&u);
    close(fd);
    assert_int_equal(lines_with(path, "a step failed"), 1);
    assert_int_equal(lines_with(path, "STORE_FULL"), 1);
    assert_int_equal(lines_with(path, "works again"), 1);
    assert_int_equal(lines_with(path, "STOPPING"), 0);
    unlink(path);
}

struct long_work {
    struct upkeep *u;
    sem_t begun;
};

static enum err on_long(void *ctx, bool *more)
{
    struct long_work *l = ctx;
    (void)more;
    sem_post(&l->begun);
    while (!upkeep_is_stopping(l->u))
        continue;
    return ERR_STOPPING;
}

static void test_a_long_step_is_told_to_stop(void **state)
{
    (void)state;
    struct long_work l = {0};
    sem_init(&l.begun, 0, 0);
    struct upkeep_options o = {.thread_name = "test",
                               .steps = {{"long", 1, on_long, &l}},
                               .step_count = 1,
                               .clock = clock_system()};
    assert_int_equal(upkeep_start(&o, &l.u), ERR_OK);
    assert_int_equal(sem_wait(&l.begun), 0);
    upkeep_stop(&l.u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_gets_its_turn),
        cmocka_unit_test(test_waking_makes_all_due),
        cmocka_unit_test(test_waking_one),
        cmocka_unit_test(test_a_period_passes),
        cmocka_unit_test(test_errors_are_said_once),
        cmocka_unit_test(test_a_long_step_is_told_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
