#pragma once

/* Walking through messages that nobody asked for by name: for work on all of them (the index of
 * words), and on the old ones of a channel (retention). SQL, no rules. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

/* The first channel after that one which has messages, of a guild or (0) a direct message; *channel
 * 0: there is none. */
MUST_CHECK enum err message_walk_channel(struct sql_conn *c, struct channel_id after,
                                         struct channel_id *channel, struct guild_id *guild);
/* The ids of the oldest `limit` messages of the channel with id < below, without pinned ones. */
MUST_CHECK enum err message_walk_old(struct sql_conn *c, struct channel_id channel, uint64_t below,
                                     size_t limit, uint64_t *ids, size_t *count);
