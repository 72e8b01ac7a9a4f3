#pragma once

/* Invites, and joining a guild through one. */

#include "core/access.h"

struct invite_draft {
    uint32_t max_age_s;
    uint32_t max_uses;
    bool temporary;
    bool unique; /* false: an equal, unexpired invite of the same inviter and channel is given again
                  */
};

/* Emits INVITE_CREATE. MAX_INVITES. */
MUST_CHECK enum err invite_create(struct core *c, const struct actor *by, const struct access *a,
                                  const struct invite_draft *d, struct arena *arena,
                                  struct invite *out);
/* UNKNOWN_INVITE: also for expired and used-up ones. *view: an owned reference. */
MUST_CHECK enum err invite_get(struct core *c, struct slice code, struct arena *arena,
                               struct invite *out, struct guild_view **view);
/* Joins; counts the use atomically; who is a member already joins nothing and uses nothing up.
 * Emits GUILD_MEMBER_ADD (guild) and GUILD_CREATE (user). *joined tells which it was. */
MUST_CHECK enum err invite_accept(struct core *c, const struct actor *by, struct slice code,
                                  struct arena *arena, struct invite *out, struct guild_view **view,
                                  bool *joined);
