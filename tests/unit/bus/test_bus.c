/*
 * The bus: order, overflow that is told once and survived, references that balance, and four
 * threads at once (the thread sanitizer's view of it).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "bus/bus.h"

enum {
    PUBLISHERS = 2,
    SUBSCRIBERS = 2,
    EVENTS_EACH = 20000,
    BATCH = 5,
    RING_SMALL = 64, /* so that the threads lose some */
    WAIT_S = 10,
};

static struct event *event_of(uint64_t publisher, uint64_t position)
{
    struct event *e =
        event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, publisher}, NULL, 0);
    assert_non_null(e);
    e->position = position;
    return e;
}

/* Publishes positions first to last of stream 1, in one call. */
static void publish(struct bus *b, uint64_t first, uint64_t last)
{
    struct event *events[32] = {NULL};
    size_t n = 0;
    for (uint64_t p = first; p <= last; p++)
        events[n++] = event_of(1, p);
    bus_publish(b, events, n);
    while (n > 0)
        event_unref(&events[--n]);
}

static void expect(struct bus_queue *q, size_t max, uint64_t first, uint64_t last, bool expect_lost)
{
    struct event *events[32];
    bool lost = !expect_lost;
    size_t n = bus_take(q, events, max, &lost);
    assert_int_equal(n, last < first ? 0 : last - first + 1);
    assert_int_equal(lost, expect_lost);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(events[i]->position, first + i);
        event_unref(&events[i]);
    }
}

static void count_wake(void *ctx)
{
    (*(unsigned *)ctx)++;
}

static void done(struct bus **b)
{
    bus_free(b);
    assert_null(*b);
    assert_int_equal(mem_bytes(MEM_EVENTS), 0);
}

static void test_order_and_portions(void **state)
{
    (void)state;
    struct bus *b = bus_new(NULL);
    assert_non_null(b);
    unsigned wakes[2] = {0, 0};
    struct bus_queue *q = bus_subscribe(b, 8, count_wake, &wakes[0]);
    struct bus_queue *other = bus_subscribe(b, 8, count_wake, &wakes[1]);
    publish(b, 1, 3);
    publish(b, 4, 6);
    assert_int_equal(wakes[0], 1); /* it was not empty in between */
    expect(q, 4, 1, 4, false);
    publish(b, 7, 10); /* around the end of the ring */
    assert_int_equal(wakes[0], 1);
    expect(q, 32, 5, 10, false);
    expect(q, 32, 1, 0, false);
    publish(b, 11, 11);
    assert_int_equal(wakes[0], 2);
    expect(q, 32, 11, 11, false);
    /* Each has its own queue: this one overran, the first did not. */
    expect(other, 32, 1, 8, true);
    assert_int_equal(wakes[1], 1);
    done(&b);
}

/* What fits is delivered, then the loss is told, once; between the two nothing newer slips in. */
static void test_overflow(void **state)
{
    (void)state;
    struct bus *b = bus_new(NULL);
    unsigned wakes = 0;
    struct bus_queue *q = bus_subscribe(b, 4, count_wake, &wakes);
    publish(b, 1, 6);
    expect(q, 2, 1, 2, false);
    publish(b, 7, 7); /* there is room, but it would come before the loss was told */
    expect(q, 2, 3, 4, true);
    expect(q, 2, 1, 0, false);
    publish(b, 8, 9);
    assert_int_equal(wakes, 2);
    expect(q, 4, 8, 9, false);
    done(&b);
}

static void test_exactly_full_loses_nothing(void **state)
{
    (void)state;
    struct bus *b = bus_new(NULL);
    struct bus_queue *q = bus_subscribe(b, 4, NULL, NULL);
    publish(b, 1, 4);
    expect(q, 4, 1, 4, false);
    publish(b, 5, 8);
    publish(b, 9, 9);
    expect(q, 4, 5, 8, true);
    done(&b);
}

/* One reference a subscriber; the freed bus gives back what nobody took. */
static void test_references(void **state)
{
    (void)state;
    struct bus *b = bus_new(NULL);
    struct bus_queue *q = bus_subscribe(b, 4, NULL, NULL);
    assert_non_null(bus_subscribe(b, 4, NULL, NULL));
    struct event *e = event_of(1, 1);
    bus_publish(b, &e, 1);
    assert_int_equal(e->refs, 3);
    bus_publish(b, NULL, 0);
    expect(q, 4, 1, 1, false);
    assert_int_equal(e->refs, 2);
    bus_free(&b);
    assert_int_equal(e->refs, 1);
    event_unref(&e);
    assert_int_equal(mem_bytes(MEM_EVENTS), 0);
    bus_free(&b); /* NULL by now: nothing */
}

static void test_no_memory(void **state)
{
    (void)state;
    mem_fail_after(0, 1);
    assert_null(bus_new(NULL));
    struct bus *b = bus_new(NULL);
    mem_fail_after(0, 1);
    struct bus_queue *q = bus_subscribe(b, 4, NULL, NULL);
    mem_fail_never();
    assert_null(q);
    publish(b, 1, 2); /* nobody listens */
    done(&b);
}

/* ---- threads ---- */

struct publisher {
    struct bus *bus;
    uint64_t id; /* its stream */
};

struct subscriber {
    struct bus_queue *queue;
    sem_t woken;
    _Atomic bool finished; /* the publishers are; set before the last post of `woken` */
    uint64_t last[PUBLISHERS + 1];
    uint64_t taken;
    uint64_t losses;
    bool out_of_order;
};

static void *publish_all(void *arg)
{
    const struct publisher *p = arg;
    struct event *events[BATCH];
    for (uint64_t at = 1; at <= EVENTS_EACH; at += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            events[i] = event_of(p->id, at + i);
        bus_publish(p->bus, events, BATCH);
        for (size_t i = 0; i < BATCH; i++)
            event_unref(&events[i]);
    }
    return NULL;
}

static void wake(void *ctx)
{
    sem_post(&((struct subscriber *)ctx)->woken);
}

static size_t take_some(struct subscriber *s)
{
    struct event *events[16];
    bool lost = false;
    size_t n = bus_take(s->queue, events, 16, &lost);
    for (size_t i = 0; i < n; i++) {
        uint64_t *last = &s->last[events[i]->stream.id];
        s->out_of_order |= events[i]->position <= *last;
        *last = events[i]->position;
        event_unref(&events[i]);
    }
    s->taken += n;
    s->losses += lost;
    return n;
}

static void *take_all(void *arg)
{
    struct subscriber *s = arg;
    for (;;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += WAIT_S;
        if (sem_timedwait(&s->woken, &t) != 0 && errno == ETIMEDOUT)
            return NULL; /* a wake-up was lost: the counts will say so */
        bool last = s->finished;
        while (take_some(s) > 0)
            continue;
        if (last)
            return NULL;
    }
}

static void run_publishers(struct bus *b)
{
    pthread_t threads[PUBLISHERS];
    struct publisher publishers[PUBLISHERS];
    for (size_t i = 0; i < PUBLISHERS; i++) {
        publishers[i] = (struct publisher){b, i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, publish_all, &publishers[i]), 0);
    }
    for (size_t i = 0; i < PUBLISHERS; i++)
        pthread_join(threads[i], NULL);
}

/* One queue is large enough for everything, one is not: the first misses nothing, both keep each
 * publisher's order, and whoever missed something was told. */
static void test_threads(void **state)
{
    (void)state;
    static const size_t capacities[SUBSCRIBERS] = {PUBLISHERS * EVENTS_EACH, RING_SMALL};
    struct bus *b = bus_new(NULL);
    struct subscriber s[SUBSCRIBERS] = {{.taken = 0}};
    pthread_t threads[SUBSCRIBERS];
    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        sem_init(&s[i].woken, 0, 0);
        s[i].queue = bus_subscribe(b, capacities[i], wake, &s[i]);
        assert_non_null(s[i].queue);
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &s[i]), 0);
    }
    run_publishers(b);
    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        s[i].finished = true;
        sem_post(&s[i].woken);
        pthread_join(threads[i], NULL);
        sem_destroy(&s[i].woken);
        assert_false(s[i].out_of_order);
    }
    assert_int_equal(s[0].taken, PUBLISHERS * EVENTS_EACH);
    assert_int_equal(s[0].losses, 0);
    assert_true(s[1].losses > 0 || s[1].taken == PUBLISHERS * EVENTS_EACH);
    done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_portions),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_exactly_full_loses_nothing),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
