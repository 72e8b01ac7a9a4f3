#pragma once

/* What the files of moderation share. */

#include "core/acting.h"
#include "core/moderation.h"

/* In a closure: the user's addresses become bans of the guild, but for those of the owner and of
 * `by`, whose request comes from one; *banned: how many are. */
MUST_CHECK enum err address_ban_user(struct core *c, struct tx *tx, const struct actor *by,
                                     const struct access *now, struct user_id user,
                                     uint64_t *banned);
/* That somebody's addresses are banned from now on, or are not any more, without a ban of theirs.
 */
MUST_CHECK enum err address_ban_audit(struct tx *tx, const struct actor *by, struct guild_id guild,
                                      struct user_id user, bool put);
/* Users of other tenants are unknown. */
MUST_CHECK enum err moderation_user(struct tx *tx, const struct access *now, struct user_id id,
                                    struct arena *arena, struct user *out);
/* In a closure: the task that deletes what these people have written in the guild in the last
 * delete_s seconds. */
MUST_CHECK enum err ban_messages_begin(struct tx *tx, const struct actor *by, struct guild_id guild,
                                       const uint64_t *users, size_t count, uint32_t delete_s,
                                       struct arena *arena);
