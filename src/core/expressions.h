#pragma once

/* What emojis, stickers and sounds of guilds have in common: who may change them, and whose they
 * are. */

#include "core/access.h"
#include "model/permissions.h"

/* Whether somebody with these permissions in the guild may change, or see the maker of, what
 * `creator` made: with MANAGE_GUILD_EXPRESSIONS anything, with CREATE_GUILD_EXPRESSIONS their own.
 */
bool expression_may_change(uint64_t held, struct user_id who, struct user_id creator);
#define EXPRESSION_ANY                                                                             \
    (PERMISSIONS_ANY | PERMISSION_OF(CREATE_GUILD_EXPRESSIONS) |                                   \
     PERMISSION_OF(MANAGE_GUILD_EXPRESSIONS))

/* The accounts of `count` ids, same order, in the arena; id 0 where there is none any more. */
MUST_CHECK enum err users_get_many(struct core *c, const struct user_id *ids, size_t count,
                                   struct arena *arena, struct user **out);
