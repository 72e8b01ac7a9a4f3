#pragma once

/*
 * Retention: old rows of the event log go, a few at a time, while everybody works. Called again and
 * again by one thread that is not in a hurry.
 */

#include "store/store.h"

/*
 * One step of a walk over all streams: removes at most some hundred rows that are older than
 * keep_ms (0: events are kept for ever, nothing is done), of one stream, in one transaction. The
 * newest row of a stream stays, and what a living reader has still to read (log_readers.h).
 * `cursor` begins as {0, 0} and is the walk's; *more: there may be more to do now; else the walk
 * has ended, and begins anew with the next call. Errors are store_read's and store_write's: try
 * again later.
 */
MUST_CHECK enum err event_log_trim_step(struct store *s, uint64_t keep_ms, struct stream *cursor,
                                        bool *more);
