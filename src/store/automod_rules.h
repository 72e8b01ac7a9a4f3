#pragma once

/* AutoMod rules: SQL to structs, no rules about them. What a rule looks for and does is JSON here,
 * as the API shows it. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

struct automod_row {
    struct rule_id id;
    struct guild_id guild;
    struct user_id creator;
    int event;
    int trigger;
    bool enabled;
    struct slice name;
    struct slice terms;   /* trigger_metadata */
    struct slice actions; /* an array */
    const struct role_id *exempt_roles;
    size_t exempt_role_count;
    const struct channel_id *exempt_channels;
    size_t exempt_channel_count;
};

MUST_CHECK enum err automod_rules_insert(struct sql_conn *c, const struct automod_row *r);
/* All but id, guild, creator and trigger. UNKNOWN_AUTOMOD_RULE. */
MUST_CHECK enum err automod_rules_update(struct sql_conn *c, const struct automod_row *r);
/* UNKNOWN_AUTOMOD_RULE. */
MUST_CHECK enum err automod_rules_delete(struct sql_conn *c, struct guild_id guild,
                                         struct rule_id id);
/* UNKNOWN_AUTOMOD_RULE. */
MUST_CHECK enum err automod_rules_find(struct sql_conn *c, struct guild_id guild, struct rule_id id,
                                       struct arena *arena, struct automod_row *out);
/* Ascending by id. */
MUST_CHECK enum err automod_rules_of_guild(struct sql_conn *c, struct guild_id guild,
                                           struct arena *arena, struct automod_row **out,
                                           size_t *count);
/* The position in the guild's stream of the last event about its rules; 0: it has none. */
MUST_CHECK enum err automod_rules_position(struct sql_conn *c, struct guild_id guild,
                                           uint64_t *position);
MUST_CHECK enum err automod_rules_set_position(struct sql_conn *c, struct guild_id guild,
                                               uint64_t position);
