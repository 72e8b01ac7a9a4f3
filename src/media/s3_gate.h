#pragma once

/*
 * How many threads may be with the object store at once. They are the server's workers: a store
 * that hangs would have all of them within seconds, and nobody would be served at all. So a part
 * of them may go in, and others may wait for those as long as anything moves; when nothing does,
 * or when the last answer did not come, all others are told at once, but for one who tries, and one
 * more a second. Any thread.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/clock.h"

struct s3_gate_options {
    const struct clock *clock;
    unsigned inside_max;
    uint64_t wait_ms;  /* longest wait */
    uint64_t stuck_ms; /* nothing has moved for so long: nobody waits for that */
    uint64_t probe_ms; /* while the store is away, one goes in so often */
};

struct s3_gate {
    struct s3_gate_options o;
    pthread_mutex_t mutex;
    pthread_cond_t left;
    unsigned inside;
    unsigned waiting;
    bool away;
    uint64_t next_probe_ms;
    /* Relaxed: a moment more or less. */
    _Atomic uint64_t moved_ms;
};

void s3_gate_init(struct s3_gate *g, const struct s3_gate_options *o);
/* Nobody is inside or waits. */
void s3_gate_deinit(struct s3_gate *g);
/* True: s3_gate_leave comes after. False: the store is away, or has no room for one more. */
MUST_CHECK bool s3_gate_enter(struct s3_gate *g);
/* Bytes have moved. */
void s3_gate_note(struct s3_gate *g);
/* answered: whatever it said. */
void s3_gate_leave(struct s3_gate *g, bool answered);
