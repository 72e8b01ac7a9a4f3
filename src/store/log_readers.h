#pragma once

/*
 * Readers of the event log that keep their place over restarts (a search index, webhooks ...): a
 * checkpoint per reader and stream. The checkpoint moves in the transaction of the reader's own
 * effect, so each event has its effect exactly once. Retention leaves alone what a reader has still
 * to read, as long as the reader moves: one that stood still for as long as events are kept is
 * given up, and finds LOG_TRIMMED (event_log_read) when it comes back.
 */

#include "store/store.h"

/* How far it has read: 0 for one that has never saved. */
MUST_CHECK enum err log_reader_get(struct tx *tx, struct slice name, struct stream s,
                                   uint64_t *position);
/*
 * In a write: everything up to `to` has had its effect. STORE_CONFLICT if the checkpoint is not
 * `from` (another copy of the reader was here): the closure returns it, and its effect is undone.
 * from == to says that the reader is alive.
 */
MUST_CHECK enum err log_reader_save(struct tx *tx, struct slice name, struct stream s,
                                    uint64_t from, uint64_t to);
/* The stream holds nothing back for it any more. Harmless if there is no checkpoint. */
MUST_CHECK enum err log_reader_drop(struct tx *tx, struct slice name, struct stream s);

/* The least checkpoint of those that were saved at `since_ms` or later; UINT64_MAX: none. */
MUST_CHECK enum err log_readers_least(struct tx *tx, struct stream s, int64_t since_ms,
                                      uint64_t *position);
/* Calls fn for readers in [from, to) that were last saved before `since_ms`; names are borrowed. */
MUST_CHECK enum err log_readers_idle(struct tx *tx, struct stream s, uint64_t from, uint64_t to,
                                     int64_t since_ms,
                                     void (*fn)(void *ctx, struct slice name, uint64_t position),
                                     void *ctx);
