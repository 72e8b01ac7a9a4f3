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
    /* Of a direct message; in the arena. Then `view` is one of no guild (id 0), `channel` is in the
     * arena, and `permissions` are those of people among themselves (PERMISSIONS_DM). A recheck
     * brings its recipients up to date: a closure tells those who are in it then. */
    struct dm_channel *dm;
    struct arena *arena;       /* that `dm` is in: its recipients are read again in closures */
    uint64_t permissions;      /* in the channel, or in the guild */
    uint64_t automod_position; /* of the last event about the guild's AutoMod rules; 0: none */
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
 * UNKNOWN_GUILD or UNKNOWN_CHANNEL when the guild is gone. Of a direct message: holds its lock, and
 * *a->dm is as it is now; MISSING_ACCESS for those who have left it. */
MUST_CHECK enum err access_recheck(struct tx *tx, const struct access *a, uint64_t need);
/* The same for what takes no permission of its own and yet is not for everybody who may look on:
 * MISSING_PERMISSIONS for who is timed out now, or has yet to pass the screening. */
MUST_CHECK enum err access_recheck_part(struct tx *tx, const struct access *a, uint64_t need);
/* As access_recheck, and where the guild's AutoMod rules are now (also when it fails for want of
 * `need`). */
MUST_CHECK enum err access_recheck_rules(struct tx *tx, const struct access *a, uint64_t need,
                                         uint64_t *automod_position);
