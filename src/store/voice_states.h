#pragma once

/* Voice states: SQL to structs, no rules. mute and deaf are read from the member. All lists are in
 * the arena, and have at most `limit`. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* *found: somebody who is in a voice channel; only then *out is written. */
MUST_CHECK enum err voice_states_find(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user, struct voice_state *out, bool *found);
/* Inserted, or in the place of the one that there is. */
MUST_CHECK enum err voice_states_put(struct sql_conn *c, const struct voice_state *s);
MUST_CHECK enum err voice_states_delete(struct sql_conn *c, struct guild_id guild,
                                        struct user_id user);
/* Ascending by user. */
MUST_CHECK enum err voice_states_of_guild(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                                          struct arena *arena, struct voice_state **out,
                                          size_t *count);
MUST_CHECK enum err voice_states_of_channel(struct sql_conn *c, struct channel_id channel,
                                            uint64_t limit, struct arena *arena,
                                            struct voice_state **out, size_t *count);
/* In guilds above `after`, ascending. */
MUST_CHECK enum err voice_states_of_user(struct sql_conn *c, struct user_id user,
                                         struct guild_id after, uint64_t limit, struct arena *arena,
                                         struct voice_state **out, size_t *count);
/* All there are, after (guild, user), ascending by those; mute and deaf are not read. */
MUST_CHECK enum err voice_states_after(struct sql_conn *c, struct guild_id guild,
                                       struct user_id user, uint64_t limit, struct arena *arena,
                                       struct voice_state **out, size_t *count);
/* How many are in the channel, or in the guild; `limit` if there are more. */
MUST_CHECK enum err voice_states_in_channel(struct sql_conn *c, struct channel_id channel,
                                            uint64_t limit, uint64_t *count);
MUST_CHECK enum err voice_states_in_guild(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                                          uint64_t *count);
