#pragma once

/* What joining a guild needs beside the members themselves (members.h): vanity codes, the
 * directory, features, members who are screened. SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* STORE_CONFLICT if the user is a member already. Everything but the roles. */
MUST_CHECK enum err joining_insert(struct sql_conn *c, const struct member *m);
/* Nothing if the guild has no such role, or the member holds it. */
MUST_CHECK enum err joining_give_role(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user, struct role_id role);
MUST_CHECK enum err joining_take_role(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user, struct role_id role);
/* Guilds that the user is in, counted up to `most`. */
MUST_CHECK enum err joining_guilds_of_user(struct sql_conn *c, struct user_id user, uint64_t most,
                                           uint64_t *count);
/* pending, flags and standing, with the roles as they are. UNKNOWN_MEMBER. */
MUST_CHECK enum err joining_update(struct sql_conn *c, const struct member *m);
/* Some members of the guild that have not passed its screening, at most `limit`. */
MUST_CHECK enum err joining_pending(struct sql_conn *c, struct guild_id guild, size_t limit,
                                    struct user_id *out, size_t *count);

/* Sets and clears bits of guilds.features. UNKNOWN_GUILD. */
MUST_CHECK enum err joining_set_features(struct sql_conn *c, struct guild_id guild, uint64_t add,
                                         uint64_t remove);

/* The guild of a vanity code; UNKNOWN_INVITE. */
MUST_CHECK enum err vanity_find(struct sql_conn *c, struct slice code, struct guild_id *guild,
                                uint64_t *uses);
MUST_CHECK enum err vanity_uses(struct sql_conn *c, struct guild_id guild, uint64_t *uses);
/* Counts a use; UNKNOWN_INVITE if the guild has another code by now. */
MUST_CHECK enum err vanity_use(struct sql_conn *c, struct guild_id guild, struct slice code);
/* data NULL: none from now on. Uses begin at 0. STORE_CONFLICT if another guild has it. */
MUST_CHECK enum err vanity_set(struct sql_conn *c, struct guild_id guild, struct slice code);
MUST_CHECK enum err vanity_is_invite(struct sql_conn *c, struct slice code, bool *taken);

/* The widget's settings. UNKNOWN_GUILD. */
MUST_CHECK enum err widget_set(struct sql_conn *c, struct guild_id guild, bool enabled,
                               struct channel_id channel);
/* A code that lasts and is for everybody, of the channel; data NULL: there is none. */
MUST_CHECK enum err widget_invite(struct sql_conn *c, struct channel_id channel,
                                  struct arena *arena, struct slice *code);
