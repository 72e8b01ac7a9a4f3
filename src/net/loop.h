#pragma once

/*
 * An event loop: one libuv loop on one thread. Connections and sessions live on a loop for life;
 * only its thread touches them. Other threads reach it by posting a task. A loop never blocks: no
 * SQL, no file I/O, no password hash.
 *
 * One turn: timers, posted tasks and socket reads run; then the connections that were marked dirty
 * are flushed, so that all they were given in this turn leaves in one system call each (corking).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attrs.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/metrics.h"
#include "base/random.h"

struct loop;

/* Work for a loop's thread. The poster owns the memory until `run` is called, then run does. */
struct task {
    struct letter letter; /* first */
    void (*run)(struct task *t, struct loop *l);
};

struct loop_options {
    unsigned index;
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
};

MUST_CHECK enum err loop_new(const struct loop_options *o, struct loop **out);
/* Starts the thread; runs until loop_stop. */
MUST_CHECK enum err loop_start(struct loop *l);
/* Any thread: the loop closes its handles and its thread ends, tasks posted before are run first.
 */
void loop_stop(struct loop *l);
/* Waits for the thread and frees. nulls the caller's copy. */
void loop_join(struct loop **l);

/* Any thread; never fails. Runs in order per poster. */
void loop_post(struct loop *l, struct task *t);
/* Any thread: runs the loop's wake hooks on its thread soon (many calls may fold into one). */
void loop_wake(struct loop *l);
/* Loop thread, before loop_start or from a task: fn runs at every wake, before the flush. */
void loop_on_wake(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx);
/* Loop thread: fn runs once per turn, after everything else and before the flush of the
 * connections. */
void loop_on_turn(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx);

/* Loop thread: another turn follows this one without sleeping, as if there were something new. */
void loop_again(struct loop *l);
/* Loop thread: bulk lanes (conn.h) that are marked `held` are not written while the loop holds them
 * (more is about to be pushed to their connections). The holder sees to it that the loop goes on.
 */
void loop_hold_bulk(struct loop *l, bool held);
/* No connection waits in any lane. */
bool loop_bulk_empty(const struct loop *l);

unsigned loop_index(const struct loop *l);
uv_loop_t *loop_uv(struct loop *l);
bool loop_is_current(const struct loop *l); /* for assertions */
uint64_t loop_now_ms(const struct loop *l); /* monotonic, of this turn */
const struct log *loop_log(const struct loop *l);
struct metrics *loop_metrics(const struct loop *l);
const struct clock *loop_clock(const struct loop *l);
/* Jitter, ids; not for secrets. */
uint64_t loop_random(struct loop *l);
/* 256 KiB of scratch memory, valid until the callback returns (encoding frames, reading sockets use
 * two different ones). */
enum { LOOP_SCRATCH_BYTES = 256 * 1024 };
char *loop_scratch(struct loop *l);

/* Timers: a hashed wheel with 64 ms ticks, O(1) start and stop, thousands are fine. Loop thread. */
struct timer {
    struct list node; /* linked while running; zero-initialise */
    uint64_t due_ms;
    void (*fn)(struct timer *t);
};
/* (Re)starts; fires once, not before delay_ms and at most two ticks later. */
void loop_timer_start(struct loop *l, struct timer *t, uint64_t delay_ms,
                      void (*fn)(struct timer *));
void loop_timer_stop(struct timer *t);
