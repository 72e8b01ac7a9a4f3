#pragma once

/* Group commit: closures of many callers in one transaction. The writer thread alone; private to
 * src/store. */

#include "store/store_priv.h"

struct batch {
    struct list jobs; /* taken, in order; none of their callers is awake yet */
    unsigned taken;
    unsigned succeeded;
    bool careful;     /* every closure under a savepoint */
    uint64_t leased;  /* the highest floor of ids that was written */
    uint64_t last_id; /* the highest one given out */
    enum err err;     /* of the whole batch */
    struct tx tx;     /* of the closure that runs now */
};

/*
 * Runs what `next` gives until it gives NULL or the batch is full, commits, calls on_commit. Then
 * every job has its result; the caller wakes them.
 */
void batch_run(struct store *s, struct batch *b, struct write_job *(*next)(void *ctx), void *ctx);
