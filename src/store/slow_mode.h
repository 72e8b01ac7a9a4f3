#pragma once

/* When somebody last wrote in a channel with slow mode. SQL, no rules. */

#include "model/ids.h"
#include "store/sql.h"

/*
 * Notes that the user writes now, unless they have written after `since_ms`: then nothing is noted,
 * and *last_ms is when that was. *last_ms 0: noted. One row for each user of the channel, at most.
 */
MUST_CHECK enum err slow_mode_note(struct sql_conn *c, struct channel_id channel,
                                   struct user_id user, int64_t since_ms, int64_t now_ms,
                                   int64_t *last_ms);
/* Some of what is noted about the user; *rows: how many, fewer than `limit` are the last. */
MUST_CHECK enum err slow_mode_forget(struct sql_conn *c, struct user_id user, uint64_t limit,
                                     uint64_t *rows);
