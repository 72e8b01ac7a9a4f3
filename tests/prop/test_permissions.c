/* What somebody may do, against the model of permission_world.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prop/permission_world.h"

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
    struct guild_view *v = world_view(w);
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
        assert_int_equal(permissions_visible(v, &w->who, c, NOW), (got >> 10) % 2);
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

/* The order in which roles, channels and overwrites are given has no meaning. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    for (uint64_t i = 0; i < rounds(GUILDS) / 10; i++, seed++) {
        struct world w;
        make_world(&w, seed);
        struct guild_view *v = world_view(&w);
        const struct channel *c = guild_view_channel(v, w.channels[0].id);
        uint64_t before = permissions_in_channel(v, &w.who, c, NOW);
        guild_view_unref(&v);
        for (size_t k = w.channels[0].overwrite_count; k > 1; k--) {
            size_t other = below(&w, k);
            struct overwrite o = w.overwrites[0][k - 1];
            w.overwrites[0][k - 1] = w.overwrites[0][other];
            w.overwrites[0][other] = o;
        }
        for (size_t k = w.role_count; k > 1; k--) {
            size_t other = below(&w, k);
            struct role r = w.roles[k - 1];
            w.roles[k - 1] = w.roles[other];
            w.roles[other] = r;
        }
        v = world_view(&w);
        c = guild_view_channel(v, w.channels[0].id);
        if (permissions_in_channel(v, &w.who, c, NOW) != before)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": the order matters", seed);
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
