#pragma once

/* Stage instances: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* Ascending by id. */
MUST_CHECK enum err stages_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                    struct stage_instance **out, size_t *count);
MUST_CHECK enum err stages_insert(struct sql_conn *c, const struct stage_instance *s);
/* Topic and privacy level of the one in s->channel. */
MUST_CHECK enum err stages_update(struct sql_conn *c, const struct stage_instance *s);
/* The one in that channel. */
MUST_CHECK enum err stages_delete(struct sql_conn *c, struct channel_id channel);
