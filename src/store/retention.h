#pragma once

/* How long guilds and channels keep messages. SQL, no rules. */

#include <stdbool.h>

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

struct retention_rule {
    struct channel_id channel; /* 0: all channels of the guild without a rule of their own */
    uint64_t keep_s;           /* 0: for ever */
};

/* Ascending by channel; at most `max`. */
MUST_CHECK enum err retention_list(struct sql_conn *c, struct guild_id guild, size_t max,
                                   struct arena *arena, struct retention_rule **out, size_t *count);
/* *found: false if there is none of just that channel. */
MUST_CHECK enum err retention_find(struct sql_conn *c, struct guild_id guild,
                                   struct channel_id channel, uint64_t *keep_s, bool *found);
MUST_CHECK enum err retention_put(struct sql_conn *c, struct guild_id guild,
                                  const struct retention_rule *rule);
/* No error if there is none. */
MUST_CHECK enum err retention_delete(struct sql_conn *c, struct guild_id guild,
                                     struct channel_id channel);
/* Of a deleted channel. */
MUST_CHECK enum err retention_forget(struct sql_conn *c, struct channel_id channel);
/* The first guild after that one which has rules; 0: there is none. */
MUST_CHECK enum err retention_next_guild(struct sql_conn *c, struct guild_id after,
                                         struct guild_id *out);
