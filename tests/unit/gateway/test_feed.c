/*
 * A feed, case by case: a script of what the bus and the log bring, and the positions that must
 * have been applied by its end. tests/prop/test_feed.c lets chance write the scripts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/feed.h"

enum { APPLIED_MAX = 1024, STEPS_MAX = 12 };

struct rig {
    struct feed feed; /* first */
    uint64_t applied[APPLIED_MAX];
    size_t applied_count;
    unsigned refills;
};

static void on_apply(struct feed *f, struct event *e)
{
    struct rig *r = (struct rig *)f;
    assert_true(r->applied_count < APPLIED_MAX);
    assert_int_equal(f->position, e->position);
    r->applied[r->applied_count++] = e->position;
}

static void on_refill(struct feed *f)
{
    ((struct rig *)f)->refills++;
}

static const struct feed_ops OPS = {.apply = on_apply, .refill = on_refill};

static struct event *event_at(uint64_t position)
{
    struct event *e = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 1}, NULL, 0);
    assert_non_null(e);
    e->position = position;
    return e;
}

static void offer(struct rig *r, uint64_t position)
{
    struct event *e = event_at(position);
    feed_offer(&r->feed, e);
    event_unref(&e);
}

/* The log's rows from first to last; last < first: none. */
static void refilled(struct rig *r, uint64_t first, uint64_t last, bool more)
{
    struct event *rows[APPLIED_MAX] = {NULL};
    size_t n = 0;
    for (uint64_t p = first; p <= last; p++)
        rows[n++] = event_at(p);
    feed_refilled(&r->feed, rows, n, more);
    while (n > 0)
        event_unref(&rows[--n]);
}

enum act { END, START, OFFER, LOST, REFILLED, REFILLED_MORE };

struct step {
    enum act act;
    uint64_t a;
    uint64_t b;
};

struct script {
    const char *name;
    struct step steps[STEPS_MAX];
    uint64_t first; /* applied are first to last, each once */
    uint64_t last;
    enum feed_state state;
    unsigned refills;
};

static const struct script SCRIPTS[] = {
    {"held until the start, then after it",
     {{OFFER, 4, 0}, {OFFER, 5, 0}, {OFFER, 6, 0}, {START, 4, 0}, {OFFER, 7, 0}},
     5,
     7,
     FEED_LIVE,
     0},
    {"all that was held is in the snapshot", {{OFFER, 1, 0}, {START, 3, 0}}, 1, 0, FEED_LIVE, 0},
    {"repeats are dropped",
     {{START, 1, 0}, {OFFER, 2, 0}, {OFFER, 2, 0}, {OFFER, 1, 0}, {OFFER, 3, 0}},
     2,
     3,
     FEED_LIVE,
     0},
    {"a hole waits for the log",
     {{START, 1, 0}, {OFFER, 4, 0}, {OFFER, 5, 0}},
     1,
     0,
     FEED_REFILLING,
     1},
    {"the log fills the hole, what was held follows",
     {{START, 1, 0}, {OFFER, 4, 0}, {OFFER, 5, 0}, {REFILLED, 2, 3}},
     2,
     5,
     FEED_LIVE,
     1},
    {"the log may be ahead of what was held",
     {{START, 1, 0}, {OFFER, 4, 0}, {REFILLED, 2, 6}, {OFFER, 5, 0}, {OFFER, 7, 0}},
     2,
     7,
     FEED_LIVE,
     1},
    {"portions",
     {{START, 0, 0}, {OFFER, 9, 0}, {REFILLED_MORE, 1, 4}, {REFILLED, 5, 8}},
     1,
     9,
     FEED_LIVE,
     2},
    {"a hole among what was held asks again",
     {{START, 1, 0}, {OFFER, 3, 0}, {OFFER, 6, 0}, {REFILLED, 2, 3}, {REFILLED, 4, 6}},
     2,
     6,
     FEED_LIVE,
     2},
    {"a hole before the start's successor",
     {{OFFER, 7, 0}, {START, 4, 0}, {REFILLED, 5, 7}},
     5,
     7,
     FEED_LIVE,
     1},
    {"lost while live, nothing was missing",
     {{START, 2, 0}, {LOST, 0, 0}, {REFILLED, 1, 0}, {OFFER, 3, 0}},
     3,
     3,
     FEED_LIVE,
     1},
    {"lost while loading: the log is read after the start",
     {{OFFER, 1, 0}, {LOST, 0, 0}, {START, 1, 0}, {REFILLED, 2, 5}},
     2,
     5,
     FEED_LIVE,
     1},
    {"lost while refilling: once more, the answer may be older than the loss",
     {{START, 1, 0}, {OFFER, 3, 0}, {LOST, 0, 0}, {REFILLED, 2, 3}, {REFILLED, 4, 4}},
     2,
     4,
     FEED_LIVE,
     2},
    {"out of order",
     {{START, 1, 0}, {OFFER, 3, 0}, {OFFER, 2, 0}, {REFILLED, 2, 3}, {OFFER, 4, 0}},
     2,
     4,
     FEED_LIVE,
     1},
};

static void play(struct rig *r, const struct step *steps)
{
    for (const struct step *s = steps; s->act != END; s++) {
        switch (s->act) {
        case START:
            feed_start(&r->feed, s->a);
            break;
        case OFFER:
            offer(r, s->a);
            break;
        case LOST:
            feed_lost(&r->feed);
            break;
        case REFILLED:
        case REFILLED_MORE:
            refilled(r, s->a, s->b, s->act == REFILLED_MORE);
            break;
        case END:
            break;
        }
    }
}

static void expect(const struct rig *r, const char *name, uint64_t first, uint64_t last)
{
    size_t count = last < first ? 0 : (size_t)(last - first + 1);
    if (r->applied_count != count)
        fail_msg("%s: %zu applied, expected %zu", name, r->applied_count, count);
    for (size_t i = 0; i < count; i++) {
        if (r->applied[i] != first + i)
            fail_msg("%s: applied[%zu] is %llu", name, i, (unsigned long long)r->applied[i]);
    }
}

static void test_scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof SCRIPTS[0]; i++) {
        const struct script *s = &SCRIPTS[i];
        struct rig r = {.refills = 0};
        feed_init(&r.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
        play(&r, s->steps);
        expect(&r, s->name, s->first, s->last);
        if (r.feed.state != s->state || r.refills != s->refills)
            fail_msg("%s: state %d, %u refills", s->name, (int)r.feed.state, r.refills);
        feed_deinit(&r.feed);
        assert_int_equal(mem_bytes(MEM_EVENTS) + mem_bytes(MEM_GATEWAY), 0);
    }
}

/* More than can be held: the rest is taken from the log, and nothing is applied twice. */
static void test_held_overflow(void **state)
{
    (void)state;
    enum { LAST = FEED_HELD_MAX + 50 };
    struct rig r = {.refills = 0};
    feed_init(&r.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
    for (uint64_t p = 1; p <= LAST; p++)
        offer(&r, p);
    feed_start(&r.feed, 0);
    expect(&r, "overflow", 1, FEED_HELD_MAX);
    assert_int_equal(r.feed.state, FEED_REFILLING);
    assert_int_equal(r.refills, 1);
    refilled(&r, FEED_HELD_MAX + 1, LAST, false);
    expect(&r, "overflow, refilled", 1, LAST);
    assert_int_equal(r.feed.state, FEED_LIVE);
    feed_deinit(&r.feed);
}

/* Without memory to hold anything the log has to do. */
static void test_no_memory_to_hold(void **state)
{
    (void)state;
    struct rig r = {.refills = 0};
    feed_init(&r.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
    struct event *e = event_at(2);
    mem_fail_after(0, 1);
    feed_offer(&r.feed, e);
    mem_fail_never();
    event_unref(&e);
    feed_start(&r.feed, 1);
    assert_int_equal(r.feed.state, FEED_REFILLING);
    refilled(&r, 2, 2, false);
    expect(&r, "no memory", 2, 2);
    feed_deinit(&r.feed);
}

/* Retention took the rows in between: the feed waits for a new snapshot, and what was held belongs
 * to the old one. */
static void test_restart(void **state)
{
    (void)state;
    struct rig r = {.refills = 0};
    feed_init(&r.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
    feed_start(&r.feed, 1);
    offer(&r, 20);
    feed_restart(&r.feed);
    assert_int_equal(r.feed.state, FEED_LOADING);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    offer(&r, 25);
    assert_int_equal(r.applied_count, 0);
    feed_start(&r.feed, 24);
    expect(&r, "restart", 25, 25);
    assert_int_equal(r.refills, 1);
    feed_deinit(&r.feed);
}

/* What is held is let go: the events' memory says so. */
static void test_deinit_drops_held(void **state)
{
    (void)state;
    struct rig r = {.refills = 0};
    feed_init(&r.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
    offer(&r, 1);
    offer(&r, 2);
    assert_true(mem_bytes(MEM_EVENTS) > 0);
    feed_deinit(&r.feed);
    assert_int_equal(mem_bytes(MEM_EVENTS) + mem_bytes(MEM_GATEWAY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),           cmocka_unit_test(test_held_overflow),
        cmocka_unit_test(test_no_memory_to_hold), cmocka_unit_test(test_restart),
        cmocka_unit_test(test_deinit_drops_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
