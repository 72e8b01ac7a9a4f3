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

/* Every bit that exists. */
extern const uint64_t PERMISSIONS_ALL;
/* What @everyone of a new guild has (Discord's defaults). */
extern const uint64_t PERMISSIONS_DEFAULT;
/* What a timed-out member keeps. */
extern const uint64_t PERMISSIONS_TIMED_OUT;

struct guild_view;

struct subject {
    struct user_id user;
    const struct role_id *roles; /* ascending, @everyone not among them */
    size_t role_count;
    int64_t timed_out_until_ms;
};

/* Steps 1 and 5: owner, roles, ADMINISTRATOR, time-out. now_ms: wall time. */
uint64_t permissions_in_guild(const struct guild_view *view, const struct subject *who,
                              int64_t now_ms);
/* Steps 1 to 5 for a channel of the view, implied denials included. */
uint64_t permissions_in_channel(const struct guild_view *view, const struct subject *who,
                                const struct channel *channel, int64_t now_ms);
/* As above, without step 3's implied denials and step 5's time-out (what client libraries compute).
 */
uint64_t permissions_before_implied(const struct guild_view *view, const struct subject *who,
                                    const struct channel *channel);
/* The overwrite step alone; exposed for visibility classes. `base`: permissions in the guild. */
uint64_t permissions_overwrite(uint64_t base, const struct guild_view *view,
                               const struct subject *who, const struct channel *channel);
const char *permission_name(unsigned bit); /* NULL if there is none */
