#pragma once

/* Custom emojis of guilds: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err emojis_insert(struct sql_conn *c, const struct emoji *e, struct arena *arena);
/* Name and roles. */
MUST_CHECK enum err emojis_update(struct sql_conn *c, const struct emoji *e, struct arena *arena);
MUST_CHECK enum err emojis_delete(struct sql_conn *c, struct emoji_id id);
/* Ascending by id. */
MUST_CHECK enum err emojis_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                    struct emoji **out, size_t *count);
/* UNKNOWN_EMOJI, also in another guild. */
MUST_CHECK enum err emojis_find(struct sql_conn *c, struct guild_id guild, struct emoji_id id,
                                struct arena *arena, struct emoji *out);
/* Of whichever guild. UNKNOWN_EMOJI. */
MUST_CHECK enum err emojis_find_any(struct sql_conn *c, struct emoji_id id, struct arena *arena,
                                    struct emoji *out);
MUST_CHECK enum err emojis_count(struct sql_conn *c, struct guild_id guild, bool animated,
                                 uint64_t *count);
