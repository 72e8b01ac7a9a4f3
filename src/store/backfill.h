#pragma once

/*
 * Online migrations: changes to many rows that are made while the server serves, a bounded number
 * of rows at a time, each step in a transaction of its own. Where they stand is in the database
 * (schema_backfills), so that a restart goes on. Called by main's upkeep thread and by
 * `guildhall migrate up`, also both at once.
 */

#include <stdbool.h>

#include "base/errors.h"
#include "store/store.h"

/*
 * One step of the oldest online migration that has not finished; *more: there may be work left.
 * Errors as of store_write, by which nothing is lost: call again later. STORE also if the migration
 * changes more rows at once than it says.
 */
MUST_CHECK enum err backfill_step(struct store *s, bool *more);

struct backfill_progress {
    uint64_t version; /* 0: nothing is under way */
    uint64_t rows_done;
    int64_t started_at_ms; /* 0: not begun */
};
/* Of the one that backfill_step would work at. */
MUST_CHECK enum err backfill_progress(struct store *s, struct backfill_progress *out);
