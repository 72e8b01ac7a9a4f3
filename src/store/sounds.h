#pragma once

/* Sounds of soundboards: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err sounds_insert(struct sql_conn *c, const struct sound *x);
/* Name, volume and emoji. */
MUST_CHECK enum err sounds_update(struct sql_conn *c, const struct sound *x);
MUST_CHECK enum err sounds_delete(struct sql_conn *c, struct sound_id id);
/* Ascending by id. */
MUST_CHECK enum err sounds_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                    struct sound **out, size_t *count);
/* UNKNOWN_SOUND, also in another guild. */
MUST_CHECK enum err sounds_find(struct sql_conn *c, struct guild_id guild, struct sound_id id,
                                struct arena *arena, struct sound *out);
MUST_CHECK enum err sounds_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
