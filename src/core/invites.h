#pragma once

/* Invites, and joining a guild through one. */

#include "core/access.h"
#include "proto/invite.h"

/* docs and userdoccers, "Invite Flags". */
enum { INVITE_FLAG_APPLICATION_BYPASS = 1 << 3 };

struct invite_draft {
    uint32_t max_age_s;
    uint32_t max_uses;
    bool temporary;
    bool unique; /* false: an equal, unexpired invite of the same inviter and channel is given again
                  */
    uint32_t flags;
    uint32_t target_type; /* 0, 1 stream, 2 embedded application */
    struct user_id target_user;
    struct application_id target_application;
    const struct role_id *roles; /* given to who joins */
    size_t role_count;
};

/*
 * Emits INVITE_CREATE. The sheet's view is the access's. MAX_INVITES, CHANNEL_TYPE (nobody is
 * invited to a category, nor to a target outside of a voice channel), UNKNOWN_USER, UNKNOWN_MEMBER,
 * UNKNOWN_APPLICATION (targets), INVALID_ROLE, MISSING_PERMISSIONS (roles need MANAGE_ROLES, rank,
 * and all that they grant; the flag needs KICK_MEMBERS).
 */
MUST_CHECK enum err invite_create(struct core *c, const struct actor *by, const struct access *a,
                                  const struct invite_draft *d, struct arena *arena,
                                  struct invite_sheet *out);
/* By its code, or a guild's vanity code. UNKNOWN_INVITE: also for expired and used-up ones.
 * out->view: an owned reference. */
MUST_CHECK enum err invite_get(struct core *c, struct slice code, struct arena *arena,
                               struct invite_sheet *out);
/* What can be used: of a->channel, or of the guild. The sheets borrow a->view. */
MUST_CHECK enum err invite_list(struct core *c, const struct access *a, struct arena *arena,
                                struct invite_sheet **out, size_t *count);
/* MANAGE_CHANNELS in its channel, MANAGE_GUILD, or having made it. Emits INVITE_DELETE.
 * UNKNOWN_INVITE, MISSING_ACCESS for who is no member, MISSING_PERMISSIONS.
 * out->view: owned. */
MUST_CHECK enum err invite_delete(struct core *c, const struct actor *by, struct slice code,
                                  struct arena *arena, struct invite_sheet *out);

struct acceptance {
    bool joined;  /* false: a member already; nothing was used up */
    bool pending; /* has to pass the guild's screening */
};
/* Joins (joining.h); counts the use atomically. out->view: owned. UNKNOWN_INVITE and what
 * joining_admit says. */
MUST_CHECK enum err invite_accept(struct core *c, const struct actor *by, struct slice code,
                                  struct arena *arena, struct invite_sheet *out,
                                  struct acceptance *how);

/* Takes expired invites away, some at a time; emits INVITE_DELETE. *more: there may be more now. */
MUST_CHECK enum err invite_expire_step(struct core *c, bool *more);
