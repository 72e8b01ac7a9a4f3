#pragma once

/*
 * A feed puts one stream's events back into order: what the bus brings may start anywhere, repeat,
 * or have holes (the log is the truth, the bus is a hint). `apply` sees every position after the
 * start exactly once, in order. Pure: no I/O, no clock; the owner reads the log when asked to. Loop
 * thread.
 *
 *   LOADING ──feed_start──▶ LIVE ──a hole, or feed_lost──▶ REFILLING ──feed_refilled──▶ LIVE
 *      ▲                                                       │
 *      └──────────────────────feed_restart─────────────────────┘
 *
 * In LOADING and REFILLING what arrives is held, up to a maximum; beyond it the log is read once
 * more. The same while the feed is paused, which it may be when LIVE or REFILLING: the owner has
 * not finished with the event that it was given last, or has had enough for now. Rows of the log
 * that were read but not applied when it paused are kept for feed_resume.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

enum feed_state { FEED_LOADING, FEED_LIVE, FEED_REFILLING };

enum { FEED_HELD_MAX = 256 };

struct feed;

struct feed_ops {
    /* In order, once a position. The event is borrowed. Must not call into the feed, but for
     * feed_pause. */
    void (*apply)(struct feed *f, struct event *e);
    /* The log must be read after f->position and given to feed_refilled. */
    void (*refill)(struct feed *f);
};

struct feed {
    struct stream stream;
    uint64_t position; /* applied up to here */
    struct event **held;
    struct feed_rest *rest; /* rows of the log still to be applied: REFILLING and paused */
    const struct feed_ops *ops;
    uint16_t held_count;
    uint8_t state; /* enum feed_state */
    bool paused;
    bool held_lost;
    bool batch; /* what is applied now is one of several, all there: pausing spreads them */
};

/* LOADING. */
void feed_init(struct feed *f, struct stream stream, const struct feed_ops *ops);
/* Drops what is held. */
void feed_deinit(struct feed *f);
/* The snapshot that stands for everything up to `position` is in place. */
void feed_start(struct feed *f, uint64_t position);
/* An event from the bus; position > 0. Takes its own reference if it needs one. */
void feed_offer(struct feed *f, struct event *e);
/* The bus lost events; perhaps of this stream. */
void feed_lost(struct feed *f);
/* Inside apply: nothing more until feed_resume. */
void feed_pause(struct feed *f);
/* Not inside apply: goes on with what was read or held, or asks for the log again. */
void feed_resume(struct feed *f);
/* The log's rows after f->position, in order; `more`: there may be further ones. Borrowed. */
void feed_refilled(struct feed *f, struct event *const *events, size_t count, bool more);
/* Something after f->position is known to be committed: asked now, the log gives what follows, or
 * has lost it. */
bool feed_is_owed(const struct feed *f);
/* The log has no longer what follows f->position: whoever was fed must begin anew, and so does the
 * feed, with a new snapshot. LOADING; drops what is held. */
void feed_restart(struct feed *f);
