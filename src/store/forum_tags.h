#pragma once

/* Tags of forum and media channels: SQL to structs, no rules. They are read into their channels, in
 * their order; writing them is in channels.h. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err forum_tags_of_channel(struct sql_conn *c, struct arena *arena,
                                          struct channel *channel);
/* `channels`: all of the guild's, ascending by id. */
MUST_CHECK enum err forum_tags_of_guild(struct sql_conn *c, struct guild_id guild,
                                        struct arena *arena, struct channel *channels,
                                        size_t count);
