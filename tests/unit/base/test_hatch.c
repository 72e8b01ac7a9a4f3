/* Tickets through the hatch: every one is served exactly once or not at all, and whoever is sent
 * away knows that nobody has the ticket. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/hatch.h"

enum { ASKERS = 8, TURNS = 2000, SERVERS = 3, LONG_MS = 60000 };

struct sum {
    struct hatch_ticket ticket; /* first */
    int a;
    int times;
};

static void *serve(void *arg)
{
    struct hatch *h = arg;
    while (!hatch_is_shut(h)) {
        struct hatch_ticket *t = hatch_take(h, LONG_MS);
        if (t == NULL)
            continue;
        struct sum *s = (struct sum *)(void *)t;
        s->times++;
        s->a *= 2;
        hatch_serve(h, t);
    }
    return NULL;
}

static _Atomic int served;

static void *ask_often(void *arg)
{
    struct hatch *h = arg;
    for (int i = 1; i <= TURNS; i++) {
        struct sum s = {.a = i};
        if (hatch_ask(h, &s.ticket, LONG_MS) != HATCH_SERVED || s.times != 1 || s.a != 2 * i)
            return h;
        atomic_fetch_add(&served, 1);
    }
    return NULL;
}

static void test_everyone_is_served_once(void **state)
{
    struct hatch *h = hatch_new(MEM_CORE, ASKERS);
    pthread_t askers[ASKERS], servers[SERVERS];
    void *failed;
    (void)state;
    for (int i = 0; i < SERVERS; i++)
        assert_int_equal(pthread_create(&servers[i], NULL, serve, h), 0);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask_often, h), 0);
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(served, ASKERS * TURNS);
    hatch_shut(h);
    for (int i = 0; i < SERVERS; i++)
        pthread_join(servers[i], NULL);
    hatch_free(&h);
    assert_null(h);
}

static void test_nobody_comes(void **state)
{
    struct hatch *h = hatch_new(MEM_CORE, 1);
    struct sum s = {.a = 1};
    (void)state;
    assert_int_equal(hatch_ask(h, &s.ticket, 1), HATCH_LATE);
    assert_false(s.ticket.taken);
    assert_null(hatch_take(h, 1)); /* it was withdrawn */
    assert_int_equal(hatch_idle(h), 0);
    hatch_shut(h);
    assert_int_equal(hatch_ask(h, &s.ticket, LONG_MS), HATCH_SHUT);
    assert_null(hatch_take(h, LONG_MS));
    hatch_free(&h);
}

static void *ask_once(void *arg)
{
    struct sum s = {.a = 1};
    enum hatch_end end;
    do /* the other one may be in the only place for a moment */
        end = hatch_ask(arg, &s.ticket, LONG_MS);
    while (end == HATCH_FULL);
    return end == HATCH_SHUT ? arg : NULL;
}

static void test_full_and_shut(void **state)
{
    struct hatch *h = hatch_new(MEM_CORE, 1);
    struct sum s = {.a = 1};
    pthread_t waiting;
    void *sent_away;
    enum hatch_end end;
    (void)state;
    assert_int_equal(pthread_create(&waiting, NULL, ask_once, h), 0);
    do /* until the other one waits; before that we are late, and try again */
        end = hatch_ask(h, &s.ticket, 0);
    while (end == HATCH_LATE);
    assert_int_equal(end, HATCH_FULL);
    hatch_shut(h);
    pthread_join(waiting, &sent_away);
    assert_ptr_equal(sent_away, h);
    hatch_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everyone_is_served_once),
        cmocka_unit_test(test_nobody_comes),
        cmocka_unit_test(test_full_and_shut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
