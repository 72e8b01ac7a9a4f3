#pragma once

/* Access: who somebody is inside a guild, and what they may do there or in one channel, computed on
 * the guild's view. The result of one authorisation, used by the handler and checked again in the
 * closure. */

#include "base/arena.h"
#include "core/core.h"
#include "model/guild_view.h"
#include "model/permissions.h"

struct access {
    struct guild_view *view;       /* owned reference: access_end */
    struct member member;          /* of the principal; in the arena */
    struct subject subject;        /* from member */
    const struct channel *channel; /* in the view; NULL for guild access */
    uint64_t permissions;          /* in the channel, or in the guild */
    uint64_t automod_position;     /* of the last event about the guild's AutoMod rules; 0: none */
};

/* UNKNOWN_GUILD; MISSING_ACCESS for those who are not members (Discord answers 50001, not 404). */
MUST_CHECK enum err access_guild(struct core *c, const struct principal *who, struct guild_id guild,
                                 struct arena *arena, struct access *out);
/* UNKNOWN_CHANNEL; MISSING_ACCESS without VIEW_CHANNEL or membership. */
MUST_CHECK enum err access_channel(struct core *c, const struct principal *who,
                                   struct channel_id channel, struct arena *arena,
                                   struct access *out);
/* Idempotent. */
void access_end(struct access *a);
/* Inside a write closure: ERR_OK if nothing about permissions changed since `a`, or if `need` (bits
 * in a->channel, or in the guild) still holds; MISSING_ACCESS or MISSING_PERMISSIONS otherwise;
 * UNKNOWN_GUILD or UNKNOWN_CHANNEL when the guild is gone. */
MUST_CHECK enum err access_recheck(struct tx *tx, const struct access *a, uint64_t need);
/* The same, and where the guild's AutoMod rules are now (also when it fails for want of `need`). */
MUST_CHECK enum err access_recheck_rules(struct tx *tx, const struct access *a, uint64_t need,
                                         uint64_t *automod_position);
