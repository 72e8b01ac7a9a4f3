#pragma once

/*
 * A copy of a serving SQLite store, made of small steps on the writer's own connection: what that
 * connection writes meanwhile is carried along, so that the copy never begins anew, and at its last
 * step it is the database of that moment, with everything that was acknowledged before. One thread
 * at a time, which is not the writer's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"

struct store;
struct hotcopy;

struct hotcopy_progress {
    uint64_t bytes_done;
    uint64_t bytes_total; /* may grow */
    uint64_t held_ns;     /* for so long this step held writes up */
    bool done;
};

/* The copy goes into `file`, which exists, from `offset` on. STORE_FULL and STORE_IO are of the
 * copy's own disk, too. STOPPING, NO_MEMORY. */
MUST_CHECK enum err hotcopy_begin(struct store *s, const char *file, uint64_t offset,
                                  struct hotcopy **out);
/* One visit to the writer, of about half a millisecond. OVERLOADED and RETRY: the same step may be
 * tried again. */
MUST_CHECK enum err hotcopy_step(struct hotcopy *h, struct hotcopy_progress *p);
/* After the last step: makes the copy a database that can be read without a write-ahead log, and
 * syncs it. *bytes: its size. */
MUST_CHECK enum err hotcopy_finish(struct hotcopy *h, uint64_t *bytes);
/* In any case, before the store is closed. NULL allowed. */
void hotcopy_free(struct hotcopy **h);
