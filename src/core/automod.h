#pragma once

/*
 * AutoMod: a guild's rules about what its members write and are called. Rules are made here
 * (automod.c); messages pass them before their transaction (automod_screen.c), on the worker; what
 * follows from a hit is done in a transaction (automod_enforce.c).
 *
 * Exempt are, as on Discord, whoever has MANAGE_GUILD or ADMINISTRATOR, bots, and the roles and
 * channels that a rule names.
 */

#include "core/access.h"
#include "core/channels.h"
#include "model/automod.h"

enum automod_part {
    AUTOMOD_PART_NAME = 1,
    AUTOMOD_PART_EVENT = 2,
    AUTOMOD_PART_TERMS = 4,
    AUTOMOD_PART_ACTIONS = 8,
    AUTOMOD_PART_ENABLED = 16,
    AUTOMOD_PART_ROLES = 32,
    AUTOMOD_PART_CHANNELS = 64,
    AUTOMOD_PART_ALL = 127
};

struct automod_draft {
    unsigned parts; /* of enum automod_part: what of `rule` is meant */
    struct automod_rule rule;
};

/* Needs MANAGE_GUILD, and MODERATE_MEMBERS for a rule with a time-out. MAX_AUTOMOD_RULES;
 * INVALID_FORM with *problem. */
MUST_CHECK enum err automod_rule_create(struct core *c, const struct actor *by,
                                        const struct access *a, const struct automod_draft *d,
                                        struct arena *arena, struct automod_rule *out,
                                        struct draft_problem *problem);
/* As create; UNKNOWN_AUTOMOD_RULE. The trigger stays. */
MUST_CHECK enum err automod_rule_edit(struct core *c, const struct actor *by,
                                      const struct access *a, struct rule_id id,
                                      const struct automod_draft *d, struct arena *arena,
                                      struct automod_rule *out, struct draft_problem *problem);
MUST_CHECK enum err automod_rule_delete(struct core *c, const struct actor *by,
                                        const struct access *a, struct rule_id id);
MUST_CHECK enum err automod_rule_get(struct core *c, const struct access *a, struct rule_id id,
                                     struct arena *arena, struct automod_rule *out);
/* After a member has changed their own nick: what the guild's profile rules have to say about it,
 * and do. a: the member's access; now: the member as of the change. */
void automod_renamed(struct core *c, const struct actor *by, const struct access *a,
                     const struct member *now, struct arena *arena);
/* Ascending by id. */
MUST_CHECK enum err automod_rule_list(struct core *c, const struct access *a, struct arena *arena,
                                      struct automod_rule **out, size_t *count);
