/*
 * A feed under a bad bus: it drops, repeats and reorders, says that it lost something when it did
 * (or when it did not), and the log answers in portions, late, with what it held when it was read;
 * the owner pauses, and takes its time. Now and then the log was trimmed past the feed, and it
 * begins anew. Whatever happens, apply sees every position after the start once and in order. Each
 * run has its own seed: GUILDHALL_SEED=n makes run n the first, so a failure is repeated at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/slice.h"
#include "gateway/feed.h"
#include "prop/seed.h"

enum {
    RUNS = 20000,
    EVENTS_MAX = 600, /* more than a feed can hold */
    SHORT_RUN = 40,   /* most runs: small ones find most */
    REORDER_MAX = 4,
    PORTION_MAX = 16,
};

static struct event
    *EVENTS[EVENTS_MAX + 1]; /* by position; they are immutable, all runs share them */

struct world {
    struct feed feed; /* first */
    struct random_seeded random;
    uint64_t seed;
    uint64_t total;     /* positions that will exist */
    bool calm;          /* nothing is lost on the bus */
    uint64_t patience;  /* how rarely the snapshot is tried */
    uint64_t committed; /* in the log */
    uint64_t start;
    uint64_t expected; /* the next that apply must see */
    /* On the bus, not yet delivered. */
    uint64_t bus[4 * EVENTS_MAX];
    size_t bus_count;
    bool bus_dropped; /* not yet told */
    /* The read of the log under way: asked, and perhaps read already. */
    bool asked;
    bool read;
    uint64_t rows_after;
    size_t rows;
    bool more;
    bool trimmed;  /* the answer will be that what follows is gone */
    uint64_t anew; /* what was in the log when the feed began anew */
    /* What the runs as a whole reached. */
    struct reached {
        uint64_t refills;
        uint64_t portions;
        uint64_t drops;
        uint64_t overflows;
        uint64_t pauses;
        uint64_t held_in_pause;
        uint64_t trims;
    } * reached;
};

static uint64_t below(struct world *w, uint64_t bound)
{
    return random_seeded_next(&w->random) % bound;
}

static void on_apply(struct feed *f, struct event *e)
{
    struct world *w = (struct world *)f;
    if (e->position != w->expected || f->position != e->position)
        fail_msg("GUILDHALL_SEED=%" PRIu64 ": applied %" PRIu64 ", expected %" PRIu64, w->seed,
                 e->position, w->expected);
    w->expected++;
    if (below(w, 8) == 0) {
        feed_pause(f);
        w->reached->pauses++;
    }
}

static void on_refill(struct feed *f)
{
    struct world *w = (struct world *)f;
    if (w->asked)
        fail_msg("GUILDHALL_SEED=%" PRIu64 ": asked for the log twice at once", w->seed);
    w->asked = true;
    w->read = false;
    w->reached->refills++;
}

static const struct feed_ops OPS = {.apply = on_apply, .refill = on_refill};

/* One more is in the log; the bus gets it, or not, or twice. */
static void commit(struct world *w)
{
    if (w->committed == w->total)
        return;
    uint64_t position = ++w->committed;
    uint64_t luck = below(w, 10);
    if (luck == 0 && !w->calm) {
        w->bus_dropped = true;
        w->reached->drops++;
        return;
    }
    size_t copies = luck == 1 ? 2 : 1;
    for (size_t i = 0; i < copies; i++)
        w->bus[w->bus_count++] = position;
}

static void deliver(struct world *w)
{
    if (w->bus_count == 0)
        return;
    uint64_t within = w->bus_count < REORDER_MAX ? w->bus_count : REORDER_MAX;
    size_t at = below(w, 4) == 0 ? (size_t)below(w, within) : 0;
    uint64_t position = w->bus[at];
    for (size_t i = at + 1; i < w->bus_count; i++)
        w->bus[i - 1] = w->bus[i];
    w->bus_count--;
    bool lost = w->feed.held_lost;
    w->reached->held_in_pause += w->feed.paused;
    feed_offer(&w->feed, EVENTS[position]);
    w->reached->overflows += !lost && w->feed.held_lost;
}

static void tell_lost(struct world *w)
{
    w->bus_dropped = false;
    feed_lost(&w->feed);
}

static void load(struct world *w)
{
    if (w->feed.state != FEED_LOADING)
        return;
    w->start = w->anew + below(w, w->committed - w->anew + 1);
    /* A snapshot is never older than what was told lost before it was asked for; here it may be,
     * which is harder: the feed must go to the log. */
    w->expected = w->start + 1;
    feed_start(&w->feed, w->start);
}

/* A worker reads the log; the answer arrives later, by `answer`. */
static void read_log(struct world *w)
{
    if (!w->asked || w->read)
        return;
    uint64_t portion = 1 + below(w, PORTION_MAX);
    uint64_t there = w->committed - w->feed.position;
    w->read = true;
    w->rows_after = w->feed.position;
    w->trimmed = !w->calm && below(w, 16) == 0;
    w->rows = (size_t)(there < portion ? there : portion);
    w->more = there >= portion;
    w->reached->portions += w->more;
}

static void answer(struct world *w)
{
    if (!w->asked || !w->read)
        return;
    w->asked = false;
    if (w->trimmed) {
        w->reached->trims++;
        w->anew = w->committed; /* the next snapshot is asked for later than this */
        feed_restart(&w->feed);
        return;
    }
    feed_refilled(&w->feed, &EVENTS[w->rows_after + 1], w->rows, w->more);
}

/* The owner has finished with what it was given last. */
static void resume(struct world *w)
{
    if (w->feed.paused)
        feed_resume(&w->feed);
}

static void settle(struct world *w)
{
    w->calm = true;
    resume(w);
    answer(w); /* perhaps that the log was trimmed */
    while (w->committed < w->total)
        commit(w);
    while (w->bus_count > 0)
        deliver(w);
    load(w);
    if (w->bus_dropped)
        tell_lost(w);
    for (uint64_t i = 0; w->asked || w->feed.paused; i++) {
        if (i > 8 * w->total + 8)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": reads the log without end", w->seed);
        resume(w);
        read_log(w);
        answer(w);
    }
}

static void step(struct world *w)
{
    switch (below(w, 14)) {
    case 0:
    case 1:
    case 2:
    case 3:
        commit(w);
        return;
    case 4:
    case 5:
    case 6:
    case 7:
        deliver(w);
        return;
    case 8:
        if (w->bus_dropped || (!w->calm && below(w, 10) == 0))
            tell_lost(w);
        return;
    case 9:
        if (below(w, w->patience) == 0)
            load(w);
        return;
    case 10:
        read_log(w);
        return;
    case 11:
    case 12:
        resume(w);
        return;
    default:
        answer(w);
        return;
    }
}

static void run(uint64_t seed, struct reached *reached)
{
    struct world w = {.seed = seed, .reached = reached};
    random_seeded_init(&w.random, seed);
    w.total = below(&w, 50) == 0 ? EVENTS_MAX : 1 + below(&w, SHORT_RUN);
    /* Some snapshots come when all else has happened. */
    w.calm = below(&w, 4) == 0;
    w.patience = below(&w, 4) == 0 ? UINT64_MAX : 1 + below(&w, w.total);
    feed_init(&w.feed, (struct stream){STREAM_GUILD, 1}, &OPS);
    uint64_t steps = w.total * (1 + below(&w, 6));
    for (uint64_t i = 0; i < steps; i++)
        step(&w);
    settle(&w);
    if (w.expected != w.total + 1 || w.feed.state != FEED_LIVE)
        fail_msg("GUILDHALL_SEED=%" PRIu64 ": ends at %" PRIu64 " of %" PRIu64 ", state %d", seed,
                 w.expected - 1, w.total, (int)w.feed.state);
    feed_deinit(&w.feed);
}

static void test_every_position_once(void **state)
{
    (void)state;
    for (uint64_t p = 1; p <= EVENTS_MAX; p++) {
        EVENTS[p] = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 1}, NULL, 0);
        assert_non_null(EVENTS[p]);
        EVENTS[p]->position = p;
    }
    struct reached reached = {0};
    uint64_t seed = first_seed();
    for (uint64_t i = 0; i < rounds(RUNS); i++)
        run(seed + i, &reached);
    /* The generator must reach what it is there for. */
    if (reached.refills < RUNS || reached.portions < RUNS / 10 || reached.drops < RUNS ||
        reached.overflows < RUNS / 1000 || reached.pauses < RUNS ||
        reached.held_in_pause < RUNS / 2 || reached.trims < RUNS / 100)
        fail_msg("%" PRIu64 " refills, %" PRIu64 " portions, %" PRIu64 " drops, %" PRIu64
                 " overflows, %" PRIu64 " pauses, %" PRIu64 " held in them, %" PRIu64 " trims",
                 reached.refills, reached.portions, reached.drops, reached.overflows,
                 reached.pauses, reached.held_in_pause, reached.trims);
    for (uint64_t p = 1; p <= EVENTS_MAX; p++) {
        assert_int_equal(EVENTS[p]->refs, 1);
        event_unref(&EVENTS[p]);
    }
    assert_int_equal(mem_bytes(MEM_EVENTS) + mem_bytes(MEM_GATEWAY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_position_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
