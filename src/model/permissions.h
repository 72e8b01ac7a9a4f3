#pragma once

/*
 * Permission computation: pure, and the only place that decides who may do what (surface reference
 * §3, Discord docs "Permissions"). Callers give a guild view and a subject; nothing here reads SQL.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/entities.h"

enum permission_bit {
#define X(name, bit, where) PERMISSION_BIT_##name = (bit),
#include "model/permissions.def"
#undef X
};
/* The same as a set of one; PERMISSION_OF is the form for static tables. */
#define PERMISSION_OF(name) (UINT64_C(1) << PERMISSION_BIT_##name)
#define X(name, bit, where) static const uint64_t PERMISSION_##name = UINT64_C(1) << (bit);
#include "model/permissions.def"
#undef X

/* Set in what a route or a closure needs: one of its bits is enough, not all. */
#define PERMISSIONS_ANY (UINT64_C(1) << 63)
/* Set in what a route needs: in a direct message it needs none of its bits. */
#define PERMISSIONS_IN_GUILDS (UINT64_C(1) << 62)
static inline bool permissions_meet(uint64_t held, uint64_t need)
{
    uint64_t bits = need & ~(PERMISSIONS_ANY | PERMISSIONS_IN_GUILDS);
    return (need & PERMISSIONS_ANY) != 0 ? (held & bits) != 0 : (held & bits) == bits;
}

/* Every bit that exists. */
extern const uint64_t PERMISSIONS_ALL;
/* What @everyone of a new guild has (Discord's defaults). */
extern const uint64_t PERMISSIONS_DEFAULT;
/* What a timed-out member keeps, and one who has not passed the guild's screening. */
extern const uint64_t PERMISSIONS_TIMED_OUT;
extern const uint64_t PERMISSIONS_PENDING;
/* What everybody may in a direct message that they are in. */
extern const uint64_t PERMISSIONS_DM;
/* What makes a moderator: nobody gets one of these without somebody who gives it to them. Discord's
 * list of permissions for which two-factor authentication can be demanded. */
extern const uint64_t PERMISSIONS_MODERATION;
/* What an overwrite may name, in whatever type of channel; other bits have no meaning there. */
extern const uint64_t PERMISSIONS_OVERWRITABLE;

struct guild_view;

struct subject {
    struct user_id user;
    const struct role_id *roles; /* ascending, @everyone not among them */
    size_t role_count;
    int64_t timed_out_until_ms;
    bool pending;
};
/* Borrows the member's roles. */
struct subject subject_of(const struct member *m);

/* --- what somebody may do ------------------------------------------------------------------------
 * now_ms: wall time. A channel is one of the view's, or has its overwrites ascending by id as those
 * have. */

/* Steps 1 and 5: owner, roles, ADMINISTRATOR, time-out, screening. */
uint64_t permissions_in_guild(const struct guild_view *view, const struct subject *who,
                              int64_t now_ms);
/* Steps 1 to 5 for a channel of the view, implied denials included. */
uint64_t permissions_in_channel(const struct guild_view *view, const struct subject *who,
                                const struct channel *channel, int64_t now_ms);
/* VIEW_CHANNEL of the above. */
bool permissions_visible(const struct guild_view *view, const struct subject *who,
                         const struct channel *channel, int64_t now_ms);
/* As permissions_in_channel, without step 3's implied denials and step 5 (what client libraries
 * compute). */
uint64_t permissions_before_implied(const struct guild_view *view, const struct subject *who,
                                    const struct channel *channel);
/* Has yet to pass the guild's screening: for what takes no permission and yet is not for them. */
bool permissions_is_waiting(const struct guild_view *view, const struct subject *who);
/* For many channels of one subject: step 1 once, then the rest for each. */
uint64_t permissions_base(const struct guild_view *view, const struct subject *who);
uint64_t permissions_in_channel_from(uint64_t base, const struct guild_view *view,
                                     const struct subject *who, const struct channel *channel,
                                     int64_t now_ms);
/* The overwrite step alone. `base`: permissions_base. */
uint64_t permissions_overwrite(uint64_t base, const struct guild_view *view,
                               const struct subject *who, const struct channel *channel);

/* --- on whom and what somebody may act: step 6
 * ------------------------------------------------------ These say nothing about the bit that the
 * action itself needs. Administrators are bound by them as everybody is, the owner is above all. */

/* More than 0: a ranks above b. By position; of two at the same position the older one. */
int role_compare(const struct role *a, const struct role *b);
/* The highest that the subject holds, @everyone if none other; NULL only without that one. */
const struct role *permissions_highest_role(const struct guild_view *view,
                                            const struct subject *who);
/* May `actor` kick, ban, rename, time out ... `target`? Never oneself, never the owner. */
bool permissions_outranks(const struct guild_view *view, const struct subject *actor,
                          const struct subject *target);
/* May `who` give, take, edit, move or delete the role? @everyone ranks below every other role, but
 * not below those who have none. */
bool permissions_outranks_role(const struct guild_view *view, const struct subject *who,
                               const struct role *role);
/* Nobody grants what they lack: every bit that is new must be among `held` (the actor's permissions
 * in the guild). What was granted before may stay, and may be taken away. */
bool permissions_may_grant(uint64_t held, uint64_t before, uint64_t after);
/*
 * May `who` turn the overwrite `before` (NULL: there is none) into `after` (NULL: removed)? Every
 * bit whose state changes (inherit, allow, deny) must be held in the guild or in the parent, unless
 * MANAGE_ROLES comes from an overwrite in the channel itself; to change the state of MANAGE_ROLES
 * takes an administrator.
 * channel: NULL while it is being made; parent: the category, or NULL.
 */
bool permissions_may_overwrite(const struct guild_view *view, const struct subject *who,
                               const struct channel *channel, const struct channel *parent,
                               const struct overwrite *before, const struct overwrite *after,
                               int64_t now_ms);

/* --- why ----------------------------------------------------------------------------------------
 */

enum permission_reason {
    PERMISSION_REASON_NONE, /* nobody grants it */
    PERMISSION_REASON_OWNER,
    PERMISSION_REASON_ADMINISTRATOR, /* role: the highest that makes one */
    PERMISSION_REASON_EVERYONE,      /* granted by the @everyone role */
    PERMISSION_REASON_ROLE,          /* granted by `id`, the highest of those that do */
    PERMISSION_REASON_OVERWRITE,     /* allowed or denied by the one of `id`, which spoke last */
    PERMISSION_REASON_IMPLIED,       /* denied because `because` is */
    PERMISSION_REASON_TIMED_OUT,
    PERMISSION_REASON_PENDING
};
struct permission_verdict {
    bool allowed;
    enum permission_reason reason;
    uint64_t id;                   /* of the role, or the overwrite's target */
    enum overwrite_type overwrite; /* of OVERWRITE */
    unsigned because;              /* of IMPLIED: a bit */
};
struct permission_explanation {
    uint64_t permissions;    /* permissions_in_channel, or _in_guild */
    uint64_t before_implied; /* permissions_before_implied, or permissions_base */
    bool owner;
    struct permission_verdict bits[64]; /* of those that have a permission_name */
};
/* channel: NULL for the guild. */
void permissions_explain(const struct guild_view *view, const struct subject *who,
                         const struct channel *channel, int64_t now_ms,
                         struct permission_explanation *out);

const char *permission_name(unsigned bit); /* NULL if there is none */
