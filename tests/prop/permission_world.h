#pragma once

/*
 * Random guilds, and a second implementation of Discord's rules that shares nothing with
 * model/permissions.c: it answers one bit at a time, by reading the rules aloud; the real one
 * computes with whole words. Static functions; include after cmocka. Each guild has its own seed:
 * GUILDHALL_SEED=n makes guild n the first, so a failure is repeated at once.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/random.h"
#include "model/guild_view.h"
#include "model/permissions.h"
#include "prop/seed.h"

enum {
    GUILDS = 100000,
    ROLES_MAX = 6,
    CHANNELS_MAX = 3,
    OVERWRITES_MAX = 9,
    GUILD = 1000,
    FIRST_USER = 1, /* users are 1 to 3; the owner is one of them, or nobody here */
    NOW = 10000,
};

struct world {
    struct random_seeded random;
    struct guild guild;
    struct role roles[ROLES_MAX + 1];
    size_t role_count;
    struct channel channels[CHANNELS_MAX];
    size_t channel_count;
    struct overwrite overwrites[CHANNELS_MAX][OVERWRITES_MAX];
    struct role_id held[ROLES_MAX + 1];
    struct subject who;
};

UNUSED static uint64_t below(struct world *w, uint64_t bound)
{
    return random_seeded_next(&w->random) % bound;
}

/* Dense and sparse sets; ADMINISTRATOR rarely, or little else would be tested. */
UNUSED static uint64_t some_permissions(struct world *w)
{
    uint64_t bits = random_seeded_next(&w->random);
    for (uint64_t n = below(w, 4); n > 0; n--)
        bits &= random_seeded_next(&w->random);
    /* The bits that decide about others, more often. */
    if (below(w, 2) == 0)
        bits |= UINT64_C(1) << 10;
    if (below(w, 3) == 0)
        bits |= UINT64_C(1) << 20;
    if (below(w, 20) != 0)
        bits &= ~(UINT64_C(1) << 3);
    return bits & PERMISSIONS_ALL;
}

UNUSED static void make_roles(struct world *w)
{
    w->role_count = 1 + below(w, ROLES_MAX + 1);
    for (size_t i = 0; i < w->role_count; i++)
        w->roles[i] = (struct role){.id = {GUILD + i},
                                    .position = (int32_t)below(w, 5),
                                    .permissions = some_permissions(w)};
}

/* Ids of both types from the same small range, so that they collide; a pair comes once, as the
 * store's primary key has it. */
UNUSED static void add_overwrite(struct world *w, struct channel *c, struct overwrite *list)
{
    struct overwrite o = {.type = below(w, 3) == 0 ? OVERWRITE_MEMBER : OVERWRITE_ROLE};
    o.id = below(w, 2) == 0 ? FIRST_USER + below(w, 3) : GUILD + below(w, ROLES_MAX + 2);
    o.allow = some_permissions(w);
    o.deny = some_permissions(w);
    for (size_t i = 0; i < c->overwrite_count; i++)
        if (list[i].id == o.id && list[i].type == o.type)
            return;
    list[c->overwrite_count++] = o;
}

UNUSED static void make_channels(struct world *w)
{
    static const enum channel_type types[] = {CHANNEL_TYPE_TEXT, CHANNEL_TYPE_VOICE,
                                              CHANNEL_TYPE_CATEGORY, CHANNEL_TYPE_STAGE,
                                              CHANNEL_TYPE_ANNOUNCEMENT};
    w->channel_count = 1 + below(w, CHANNELS_MAX);
    for (size_t i = 0; i < w->channel_count; i++) {
        w->channels[i] = (struct channel){.id = {2000 - i}, .type = types[below(w, 5)]};
        w->channels[i].overwrites = w->overwrites[i];
        for (uint64_t n = below(w, OVERWRITES_MAX + 1); n > 0; n--)
            add_overwrite(w, &w->channels[i], w->overwrites[i]);
    }
}

/* Roles ascending, some of them perhaps just deleted (beyond role_count). */
UNUSED static struct subject make_subject(struct world *w, struct role_id *held)
{
    struct subject who = {.user = {FIRST_USER + below(w, 3)}, .roles = held};
    for (uint64_t id = GUILD + 1; id <= GUILD + ROLES_MAX; id++)
        if (below(w, 2) == 0)
            held[who.role_count++] = (struct role_id){id};
    if (below(w, 4) == 0)
        who.timed_out_until_ms = NOW - 1 + (int64_t)below(w, 3);
    who.pending = below(w, 6) == 0;
    return who;
}

UNUSED static void make_world(struct world *w, uint64_t seed)
{
    *w = (struct world){.guild = {.id = {GUILD}}};
    random_seeded_init(&w->random, seed);
    w->guild.owner.v = below(w, 8) == 0 ? FIRST_USER + below(w, 3) : 99;
    make_roles(w);
    make_channels(w);
    w->who = make_subject(w, w->held);
}

/* --- the model: the rules, one bit at a time, by linear search --- */

UNUSED static bool has(uint64_t set, unsigned bit)
{
    return (set >> bit) % 2 == 1;
}

UNUSED static bool model_holds(const struct world *w, uint64_t role)
{
    for (size_t i = 0; i < w->who.role_count; i++)
        if (w->held[i].v == role)
            return true;
    return false;
}

UNUSED static bool model_base(const struct world *w, unsigned bit)
{
    for (size_t i = 0; i < w->role_count; i++) {
        bool mine = w->roles[i].id.v == GUILD || model_holds(w, w->roles[i].id.v);
        if (mine && has(w->roles[i].permissions, bit))
            return true;
    }
    return false;
}

UNUSED static bool model_exempt(const struct world *w)
{
    return w->who.user.v == w->guild.owner.v || model_base(w, 3);
}

/* Those that only a role can give; the rest may be named by overwrites. */
UNUSED static bool model_is_guild_only(unsigned bit)
{
    static const unsigned bits[] = {1, 2, 3, 5, 7, 19, 26, 27, 30, 40, 41, 43};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (bits[i] == bit)
            return true;
    return false;
}

/* From the strongest rule to the weakest; the first that speaks decides. */
UNUSED static bool model_overwritten(const struct world *w, size_t channel, unsigned bit)
{
    const struct channel *c = &w->channels[channel];
    bool role_allows = false, role_denies = false, base = model_base(w, bit);
    const struct overwrite *member = NULL, *everyone = NULL;
    if (model_is_guild_only(bit))
        return base;
    for (size_t i = 0; i < c->overwrite_count; i++) {
        const struct overwrite *o = &c->overwrites[i];
        if (o->type == OVERWRITE_MEMBER && o->id == w->who.user.v)
            member = o;
        if (o->type == OVERWRITE_ROLE && o->id == GUILD)
            everyone = o;
        if (o->type == OVERWRITE_ROLE && o->id != GUILD && model_holds(w, o->id)) {
            role_allows |= has(o->allow, bit);
            role_denies |= has(o->deny, bit);
        }
    }
    if (member != NULL && (has(member->allow, bit) || has(member->deny, bit)))
        return has(member->allow, bit);
    if (role_allows || role_denies)
        return role_allows;
    if (everyone != NULL && (has(everyone->allow, bit) || has(everyone->deny, bit)))
        return has(everyone->allow, bit);
    return base;
}

UNUSED static bool model_before_implied(const struct world *w, size_t channel, unsigned bit)
{
    return model_exempt(w) || model_overwritten(w, channel, bit);
}

/* Timed out, or not through the screening: reading is left. */
UNUSED static bool model_silenced(const struct world *w, unsigned bit)
{
    bool silenced = w->who.timed_out_until_ms > NOW || w->who.pending;
    return silenced && !model_exempt(w) && bit != 10 && bit != 16;
}

UNUSED static bool model_in_channel(const struct world *w, size_t channel, unsigned bit)
{
    enum channel_type type = w->channels[channel].type;
    if (model_exempt(w))
        return true;
    if (!model_overwritten(w, channel, bit) || !model_overwritten(w, channel, 10))
        return false;
    if ((type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE) && bit != 10 &&
        !model_overwritten(w, channel, 20))
        return false;
    if ((bit == 17 || bit == 12 || bit == 15 || bit == 14) && !model_overwritten(w, channel, 11))
        return false;
    return !model_silenced(w, bit);
}

UNUSED static bool model_in_guild(const struct world *w, unsigned bit)
{
    return model_exempt(w) || (model_base(w, bit) && !model_silenced(w, bit));
}

UNUSED static struct guild_view *world_view(const struct world *w)
{
    struct guild_view *v =
        guild_view_new(&w->guild, 1, 1, w->roles, w->role_count, w->channels, w->channel_count);
    assert_non_null(v);
    return v;
}
