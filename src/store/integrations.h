#pragma once

/* Applications in guilds: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* Only ids and the time are written. */
MUST_CHECK enum err integrations_insert(struct sql_conn *c, const struct integration *i);
/* UNKNOWN_INTEGRATION, also in another guild. */
MUST_CHECK enum err integrations_find(struct sql_conn *c, struct guild_id guild, uint64_t id,
                                      struct arena *arena, struct integration *out);
/* That of a bot. UNKNOWN_INTEGRATION. */
MUST_CHECK enum err integrations_find_bot(struct sql_conn *c, struct guild_id guild,
                                          struct user_id bot, struct arena *arena,
                                          struct integration *out);
/* Ascending by application, at most `max`. */
MUST_CHECK enum err integrations_of_guild(struct sql_conn *c, struct guild_id guild, unsigned max,
                                          struct arena *arena, struct integration **out,
                                          size_t *count);
MUST_CHECK enum err integrations_delete(struct sql_conn *c, uint64_t id);
