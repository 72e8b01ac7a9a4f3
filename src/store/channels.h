#pragma once

/* Channels and their overwrites: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* With its overwrites and tags; of two overwrites for one target the later wins. */
MUST_CHECK enum err channels_insert(struct sql_conn *c, const struct channel *ch);
/* Everything of the row but guild and last message; overwrites and tags stay. */
MUST_CHECK enum err channels_update(struct sql_conn *c, const struct channel *ch);
MUST_CHECK enum err channels_set_position(struct sql_conn *c, struct channel_id id,
                                          int32_t position, struct channel_id parent);
MUST_CHECK enum err channels_put_overwrite(struct sql_conn *c, struct channel_id id,
                                           const struct overwrite *o);
MUST_CHECK enum err channels_delete_overwrite(struct sql_conn *c, struct channel_id id,
                                              uint64_t target);
/* From what there is to what there shall be; both ascending by id. */
MUST_CHECK enum err channels_change_overwrites(struct sql_conn *c, struct channel_id id,
                                               const struct overwrite *before, size_t before_count,
                                               const struct overwrite *after, size_t after_count);
MUST_CHECK enum err channels_replace_tags(struct sql_conn *c, struct channel_id id,
                                          const struct forum_tag *tags, size_t count);
/* Its overwrites, tags, invites and stage go with it, its messages do not; children lose their
 * parent. */
MUST_CHECK enum err channels_delete(struct sql_conn *c, struct channel_id id);
/* The guild has no system, AFK, rules ... channel any more where it was this one. */
MUST_CHECK enum err channels_unuse(struct sql_conn *c, struct guild_id guild, struct channel_id id);
/* Without overwrites and tags. UNKNOWN_CHANNEL. */
MUST_CHECK enum err channels_find(struct sql_conn *c, struct channel_id id, struct arena *arena,
                                  struct channel *out);
/* With both. UNKNOWN_CHANNEL. */
MUST_CHECK enum err channels_find_whole(struct sql_conn *c, struct channel_id id,
                                        struct arena *arena, struct channel *out);
MUST_CHECK enum err channels_overwrites(struct sql_conn *c, struct channel_id id,
                                        struct arena *arena, struct overwrite **out, size_t *count);
/* Ascending by id, with overwrites and tags; last_message is filled in. */
MUST_CHECK enum err channels_of_guild(struct sql_conn *c, struct guild_id guild,
                                      struct arena *arena, struct channel **out, size_t *count);
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
