#pragma once

/*
 * The one way into a guild: invites, vanity codes, the directory, requests that were granted,
 * members added by a bot, and bots themselves all end in joining_admit. It decides whether the
 * guild takes somebody, makes the member, and tells everybody.
 */

#include "core/core.h"
#include "model/entities.h"

struct joining {
    struct core *core;
    const struct actor
        *by; /* whose request it is; its address is looked at if by is the newcomer */
    struct guild_id guild;
    struct user_id user;
    struct slice nick;           /* data NULL: none */
    const struct role_id *roles; /* held from the start; those that are gone are left out */
    size_t role_count;
    bool temporary;
    bool deaf;
    bool mute;
    bool screened;      /* need not pass the guild's screening: bots, requests that were granted */
    bool though_paused; /* also while invites are paused: somebody of the guild lets them in */
    bool quiet;         /* no message in the system channel */
    bool asked;         /* by a request, which its decision ends */
};

/*
 * In a closure that holds the guild's stream: nobody who is a member already. Emits
 * GUILD_MEMBER_ADD, GUILD_CREATE (to the newcomer) and, if the guild wants it, the message that
 * tells of the joining. *out lives in the arena. UNKNOWN_GUILD, BANNED, INVITES_PAUSED, MAX_GUILDS,
 * MAX_MEMBERS.
 */
MUST_CHECK enum err joining_admit(struct tx *tx, const struct joining *j, struct arena *arena,
                                  struct member *out);
/* Whether joining_admit would let them in now. The same errors. */
MUST_CHECK enum err joining_allowed(struct tx *tx, const struct joining *j, struct arena *arena);
