#pragma once

/* Channels and their overwrites: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* With its overwrites; of two for one target the later wins. */
MUST_CHECK enum err channels_insert(struct sql_conn *c, const struct channel *ch);
/* Without overwrites. UNKNOWN_CHANNEL. */
MUST_CHECK enum err channels_find(struct sql_conn *c, struct channel_id id, struct arena *arena,
                                  struct channel *out);
MUST_CHECK enum err channels_overwrites(struct sql_conn *c, struct channel_id id,
                                        struct arena *arena, struct overwrite **out, size_t *count);
/* Ascending by id, with overwrites; last_message is filled in. */
MUST_CHECK enum err channels_of_guild(struct sql_conn *c, struct guild_id guild,
                                      struct arena *arena, struct channel **out, size_t *count);
struct channel_counts {
    uint64_t channels;
    int32_t position_next; /* below the lowest channel of the guild */
    uint64_t children;     /* of the parent that was asked about */
};
MUST_CHECK enum err channels_counts(struct sql_conn *c, struct guild_id guild,
                                    struct channel_id parent, struct channel_counts *out);
/* Nothing happens if there is no such channel any more. */
MUST_CHECK enum err channels_set_last_message(struct sql_conn *c, struct channel_id id,
                                              struct message_id message);
struct channel_last {
    struct channel_id channel;
    struct message_id message;
};
/* Ascending by channel. */
MUST_CHECK enum err channels_last_messages(struct sql_conn *c, struct guild_id guild,
                                           struct arena *arena, struct channel_last **out,
                                           size_t *count);
