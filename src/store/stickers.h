#pragma once

/* Stickers of guilds: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err stickers_insert(struct sql_conn *c, const struct sticker *x);
/* Name, description and tags. */
MUST_CHECK enum err stickers_update(struct sql_conn *c, const struct sticker *x);
MUST_CHECK enum err stickers_delete(struct sql_conn *c, struct sticker_id id);
/* Ascending by id. */
MUST_CHECK enum err stickers_of_guild(struct sql_conn *c, struct guild_id guild,
                                      struct arena *arena, struct sticker **out, size_t *count);
/* In any guild that is not being deleted. UNKNOWN_STICKER. */
MUST_CHECK enum err stickers_find(struct sql_conn *c, struct sticker_id id, struct arena *arena,
                                  struct sticker *out);
MUST_CHECK enum err stickers_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
