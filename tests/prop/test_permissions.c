/*
 * Permissions against a model: random guilds, and a second implementation of Discord's rules that
 * shares nothing with the first. The model answers one bit at a time, by reading the rules aloud;
 * the real one computes with whole words. Each guild has its own seed: GUILDHALL_SEED=n makes guild
 * n the first, so a failure is repeated at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static uint64_t below(struct world *w, uint64_t bound)
{
    return random_seeded_next(&w->random) % bound;
}

/* Dense and sparse sets; ADMINISTRATOR rarely, or little else would be tested. */
static uint64_t some_permissions(struct world *w)
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

static void make_roles(struct world *w)
{
    w->role_count = 1 + below(w, ROLES_MAX + 1);
    for (size_t i = 0; i < w->role_count; i++)
        w->roles[i] = (struct role){.id = {GUILD + i}, .permissions = some_permissions(w)};
}

/* Ids of both types from the same small range, so that they collide; a pair comes once, as the
 * store's primary key has it. */
static void add_overwrite(struct world *w, struct channel *c, struct overwrite *list)
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

static void make_channels(struct world *w)
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
static void make_subject(struct world *w)
{
    w->who = (struct subject){.user = {FIRST_USER + below(w, 3)}, .roles = w->held};
    for (uint64_t id = GUILD + 1; id <= GUILD + ROLES_MAX; id++)
        if (below(w, 2) == 0)
            w->held[w->who.role_count++] = (struct role_id){id};
    if (below(w, 4) == 0)
        w->who.timed_out_until_ms = NOW - 1 + (int64_t)below(w, 3);
}

static void make_world(struct world *w, uint64_t seed)
{
    *w = (struct world){.guild = {.id = {GUILD}}};
    random_seeded_init(&w->random, seed);
    w->guild.owner.v = below(w, 8) == 0 ? FIRST_USER + below(w, 3) : 99;
    make_roles(w);
    make_channels(w);
    make_subject(w);
}

/* --- the model: the rules, one bit at a time, by linear search --- */

static bool has(uint64_t set, unsigned bit)
{
    return (set >> bit) % 2 == 1;
}

static bool model_holds(const struct world *w, uint64_t role)
{
    for (size_t i = 0; i < w->who.role_count; i++)
        if (w->held[i].v == role)
            return true;
    return false;
}

static bool model_base(const struct world *w, unsigned bit)
{
    for (size_t i = 0; i < w->role_count; i++) {
        bool mine = w->roles[i].id.v == GUILD || model_holds(w, w->roles[i].id.v);
        if (mine && has(w->roles[i].permissions, bit))
            return true;
    }
    return false;
}

static bool model_exempt(const struct world *w)
{
    return w->who.user.v == w->guild.owner.v || model_base(w, 3);
}

/* From the strongest rule to the weakest; the first that speaks decides. */
static bool model_overwritten(const struct world *w, size_t channel, unsigned bit)
{
    const struct channel *c = &w->channels[channel];
    bool role_allows = false, role_denies = false, base = model_base(w, bit);
    const struct overwrite *member = NULL, *everyone = NULL;
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

static bool model_before_implied(const struct world *w, size_t channel, unsigned bit)
{
    return model_exempt(w) || model_overwritten(w, channel, bit);
}

static bool model_timed_out(const struct world *w, unsigned bit)
{
    return w->who.timed_out_until_ms > NOW && !model_exempt(w) && bit != 10 && bit != 16;
}

static bool model_in_channel(const struct world *w, size_t channel, unsigned bit)
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
    return !model_timed_out(w, bit);
}

static bool model_in_guild(const struct world *w, unsigned bit)
{
    return model_exempt(w) || (model_base(w, bit) && !model_timed_out(w, bit));
}

/* --- comparison --- */

struct answers {
    uint64_t guild;
    uint64_t before_implied[CHANNELS_MAX];
    uint64_t channel[CHANNELS_MAX];
};

static struct answers ask_model(const struct world *w)
{
    struct answers a = {0};
    for (unsigned bit = 0; bit < 64; bit++) {
        if (permission_name(bit) == NULL)
            continue;
        a.guild |= (uint64_t)model_in_guild(w, bit) << bit;
        for (size_t i = 0; i < w->channel_count; i++) {
            a.before_implied[i] |= (uint64_t)model_before_implied(w, i, bit) << bit;
            a.channel[i] |= (uint64_t)model_in_channel(w, i, bit) << bit;
        }
    }
    return a;
}

static void compare(const struct world *w, uint64_t seed)
{
    struct answers expected = ask_model(w);
    struct guild_view *v =
        guild_view_new(&w->guild, 1, 1, w->roles, w->role_count, w->channels, w->channel_count);
    assert_non_null(v);
    uint64_t got = permissions_in_guild(v, &w->who, NOW);
    if (got != expected.guild)
        fail_msg("GUILDHALL_SEED=%" PRIu64 ": guild: %#" PRIx64 ", model %#" PRIx64, seed, got,
                 expected.guild);
    for (size_t i = 0; i < w->channel_count; i++) {
        const struct channel *c = guild_view_channel(v, w->channels[i].id);
        got = permissions_before_implied(v, &w->who, c);
        if (got != expected.before_implied[i])
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": before implied, channel %zu: %#" PRIx64
                     ", model %#" PRIx64,
                     seed, i, got, expected.before_implied[i]);
        got = permissions_in_channel(v, &w->who, c, NOW);
        if (got != expected.channel[i])
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": channel %zu: %#" PRIx64 ", model %#" PRIx64, seed,
                     i, got, expected.channel[i]);
    }
    guild_view_unref(&v);
}

static void test_against_model(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    uint64_t guilds = rounds(GUILDS);
    uint64_t exempt = 0, seeing = 0;
    for (uint64_t i = 0; i < guilds; i++, seed++) {
        struct world w;
        make_world(&w, seed);
        exempt += model_exempt(&w);
        seeing += model_in_channel(&w, 0, 10);
        compare(&w, seed);
    }
    /* The generator must reach both sides of the great divides, or the comparison says little. */
    assert_in_range(exempt, guilds / 20, guilds / 2);
    assert_in_range(seeing, guilds / 4, guilds / 10 * 9);
}

/* The order of a channel's overwrites has no meaning. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    for (uint64_t i = 0; i < rounds(GUILDS) / 10; i++, seed++) {
        struct world w;
        make_world(&w, seed);
        struct guild_view *v = guild_view_new(&w.guild, 1, 1, w.roles, w.role_count, NULL, 0);
        assert_non_null(v);
        uint64_t before = permissions_in_channel(v, &w.who, &w.channels[0], NOW);
        for (size_t k = w.channels[0].overwrite_count; k > 1; k--) {
            size_t other = below(&w, k);
            struct overwrite o = w.overwrites[0][k - 1];
            w.overwrites[0][k - 1] = w.overwrites[0][other];
            w.overwrites[0][other] = o;
        }
        if (permissions_in_channel(v, &w.who, &w.channels[0], NOW) != before)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": the order of overwrites matters", seed);
        guild_view_unref(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_order_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
