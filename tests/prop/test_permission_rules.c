/* Why somebody may do something, and on whom and what they may act, against models that read the
 * rules aloud (permission_world.h). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prop/permission_world.h"

/* --- ranks --- */

static bool model_above(const struct role *a, const struct role *b)
{
    if (a->position > b->position)
        return true;
    return a->position == b->position && a->id.v < b->id.v;
}

static bool has_role(const struct subject *who, uint64_t id)
{
    for (size_t i = 0; i < who->role_count; i++)
        if (who->roles[i].v == id)
            return true;
    return false;
}

/* Some held role, not @everyone, of which everything that `below` holds is below. */
static bool model_rank_above(const struct world *w, const struct subject *who,
                             const struct subject *other)
{
    for (size_t i = 0; i < w->role_count; i++) {
        const struct role *mine = &w->roles[i];
        if (mine->id.v == GUILD || !has_role(who, mine->id.v))
            continue;
        bool above = true;
        for (size_t k = 0; k < w->role_count; k++)
            if (w->roles[k].id.v != GUILD && has_role(other, w->roles[k].id.v) &&
                !model_above(mine, &w->roles[k]))
                above = false;
        if (above)
            return true;
    }
    return false;
}

static bool model_outranks(const struct world *w, const struct subject *actor,
                           const struct subject *target)
{
    if (actor->user.v == target->user.v || target->user.v == w->guild.owner.v)
        return false;
    return actor->user.v == w->guild.owner.v || model_rank_above(w, actor, target);
}

static bool model_outranks_role(const struct world *w, const struct subject *who,
                                const struct role *role)
{
    if (who->user.v == w->guild.owner.v)
        return true;
    for (size_t i = 0; i < w->role_count; i++)
        if (w->roles[i].id.v != GUILD && has_role(who, w->roles[i].id.v) &&
            (role->id.v == GUILD || model_above(&w->roles[i], role)))
            return true;
    return false;
}

static void test_ranks(void **state)
{
    (void)state;
    uint64_t seed = first_seed(), above = 0, not_above = 0;
    for (uint64_t i = 0; i < rounds(GUILDS); i++, seed++) {
        struct world w;
        struct role_id held[ROLES_MAX + 1];
        make_world(&w, seed);
        struct subject other = make_subject(&w, held);
        struct guild_view *v = world_view(&w);
        bool expected = model_outranks(&w, &w.who, &other);
        *(expected ? &above : &not_above) += 1;
        if (permissions_outranks(v, &w.who, &other) != expected)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": outranks is not %d", seed, expected);
        /* Never both ways. */
        if (expected && permissions_outranks(v, &other, &w.who))
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": they outrank each other", seed);
        for (size_t k = 0; k < w.role_count; k++) {
            expected = model_outranks_role(&w, &w.who, &w.roles[k]);
            if (permissions_outranks_role(v, &w.who, &w.roles[k]) != expected)
                fail_msg("GUILDHALL_SEED=%" PRIu64 ": outranks role %zu is not %d", seed, k,
                         expected);
        }
        guild_view_unref(&v);
    }
    assert_true(above > rounds(GUILDS) / 20 && not_above > rounds(GUILDS) / 20);
}

/* --- grants --- */

static bool model_may_grant(uint64_t held, uint64_t before, uint64_t after)
{
    for (unsigned bit = 0; bit < 64; bit++)
        if (has(after, bit) && !has(before, bit) && !has(held, bit))
            return false;
    return true;
}

/* "inherit", "allow" or "deny"; both at once is a state of its own. */
static int model_state(const struct overwrite *o, unsigned bit)
{
    return o == NULL ? 0 : has(o->allow, bit) + 2 * has(o->deny, bit);
}

/* MANAGE_ROLES is there, and it is the overwrites that say so: were they not, or were the role
 * without it, it would be the same. */
static bool model_manages_by_overwrite(struct world *w, size_t channel)
{
    struct world without = *w;
    without.channels[channel].overwrites = w->overwrites[channel];
    for (size_t i = 0; i < without.role_count; i++)
        without.roles[i].permissions &= ~(UINT64_C(1) << 28);
    return model_in_channel(w, channel, 28) && model_overwritten(&without, channel, 28);
}

/* channel and parent: SIZE_MAX for none. */
static bool model_may_overwrite(struct world *w, size_t channel, size_t parent,
                                const struct overwrite *before, const struct overwrite *after)
{
    if (model_exempt(w))
        return true;
    bool lacking = false;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (model_state(before, bit) == model_state(after, bit))
            continue;
        if (bit == 28)
            return false;
        if (!model_in_guild(w, bit) && (parent == SIZE_MAX || !model_in_channel(w, parent, bit)))
            lacking = true;
    }
    return !lacking || (channel != SIZE_MAX && model_manages_by_overwrite(w, channel));
}

static struct overwrite some_overwrite(struct world *w)
{
    struct overwrite o = {.id = 7};
    o.allow = some_permissions(w) & some_permissions(w) & PERMISSIONS_OVERWRITABLE;
    o.deny = some_permissions(w) & some_permissions(w) & PERMISSIONS_OVERWRITABLE & ~o.allow;
    /* Few bits, or nearly every answer would be no. */
    o.allow &= some_permissions(w) & some_permissions(w);
    o.deny &= some_permissions(w) & some_permissions(w);
    if (below(w, 4) != 0) {
        o.allow &= ~(UINT64_C(1) << 28);
        o.deny &= ~(UINT64_C(1) << 28);
    }
    return o;
}

/* With as many bits as possible of which none is lacking. */
static struct overwrite within_reach(struct world *w, size_t parent, struct overwrite o)
{
    uint64_t bits = some_permissions(w);
    for (unsigned bit = 0; bit < 64; bit++)
        if (!model_in_guild(w, bit) && (parent == SIZE_MAX || !model_in_channel(w, parent, bit)))
            bits &= ~(UINT64_C(1) << bit);
    o.allow = bits & PERMISSIONS_OVERWRITABLE & ~(UINT64_C(1) << 28);
    o.deny = 0;
    return o;
}

static void check_overwrites(struct world *w, const struct guild_view *v, uint64_t seed,
                             uint64_t *yes)
{
    for (size_t i = 0; i < w->channel_count; i++) {
        struct overwrite a = some_overwrite(w), b = some_overwrite(w);
        const struct overwrite *before = below(w, 2) == 0 ? NULL : &a;
        const struct overwrite *after = below(w, 4) == 0 ? NULL : &b;
        size_t parent = below(w, 2) == 0 ? SIZE_MAX : below(w, w->channel_count);
        if (below(w, 2) == 0) {
            a = within_reach(w, parent, a);
            b = within_reach(w, parent, b);
        }
        bool made = below(w, 4) != 0;
        const struct channel *c = made ? guild_view_channel(v, w->channels[i].id) : NULL;
        const struct channel *p =
            parent == SIZE_MAX ? NULL : guild_view_channel(v, w->channels[parent].id);
        bool expected = model_may_overwrite(w, made ? i : SIZE_MAX, parent, before, after);
        *yes += expected && !model_exempt(w);
        if (permissions_may_overwrite(v, &w->who, c, p, before, after, NOW) != expected)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": channel %zu: may overwrite is not %d", seed, i,
                     expected);
    }
}

static void test_grants(void **state)
{
    (void)state;
    uint64_t seed = first_seed(), overwrites = 0, grants = 0;
    for (uint64_t i = 0; i < rounds(GUILDS); i++, seed++) {
        struct world w;
        make_world(&w, seed);
        struct guild_view *v = world_view(&w);
        uint64_t held = some_permissions(&w), before = some_permissions(&w);
        uint64_t after = some_permissions(&w) & (held | before | some_permissions(&w));
        bool expected = model_may_grant(held, before, after);
        grants += expected;
        if (permissions_may_grant(held, before, after) != expected)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": may grant is not %d", seed, expected);
        check_overwrites(&w, v, seed, &overwrites);
        guild_view_unref(&v);
    }
    assert_in_range(grants, rounds(GUILDS) / 20, rounds(GUILDS) - rounds(GUILDS) / 20);
    assert_true(overwrites > rounds(GUILDS) / 20);
}

/* --- why --- */

static const struct role *world_role(const struct world *w, uint64_t id)
{
    for (size_t i = 0; i < w->role_count; i++)
        if (w->roles[i].id.v == id)
            return &w->roles[i];
    return NULL;
}

/* Of the world's roles that pass, none is above the one of this id. */
static bool is_highest(const struct world *w, uint64_t id, unsigned bit)
{
    const struct role *it = NULL;
    for (size_t i = 0; i < w->role_count; i++)
        if (w->roles[i].id.v == id && id != GUILD && model_holds(w, id))
            it = &w->roles[i];
    if (it == NULL || !has(it->permissions, bit))
        return false;
    for (size_t i = 0; i < w->role_count; i++) {
        const struct role *r = &w->roles[i];
        if (r->id.v != GUILD && model_holds(w, r->id.v) && has(r->permissions, bit) &&
            model_above(r, it))
            return false;
    }
    return true;
}

static bool everyone_has(const struct world *w, unsigned bit)
{
    return has(w->roles[0].permissions, bit);
}

static bool explains_roles(const struct world *w, const struct permission_verdict *v, unsigned bit)
{
    if (everyone_has(w, bit))
        return v->allowed && v->reason == PERMISSION_REASON_EVERYONE && v->id == GUILD;
    if (model_base(w, bit))
        return v->allowed && v->reason == PERMISSION_REASON_ROLE && is_highest(w, v->id, bit);
    return !v->allowed && v->reason == PERMISSION_REASON_NONE;
}

/* The overwrite that it names is one of the channel's and the subject's, says what it is said to
 * say, and no stronger one speaks. */
static bool explains_overwrite(const struct world *w, size_t channel,
                               const struct permission_verdict *v, unsigned bit)
{
    const struct channel *c = &w->channels[channel];
    const struct overwrite *named = NULL;
    int strength[3] = {0, 0, 0}; /* how many speak: everyone, roles, member */
    for (size_t i = 0; i < c->overwrite_count; i++) {
        const struct overwrite *o = &c->overwrites[i];
        bool speaks = has(o->allow, bit) || has(o->deny, bit);
        if (o->id == v->id && o->type == v->overwrite)
            named = o;
        if (o->type == OVERWRITE_MEMBER)
            strength[2] += speaks && o->id == w->who.user.v;
        else if (o->id == GUILD)
            strength[0] += speaks;
        else
            strength[1] += speaks && model_holds(w, o->id);
    }
    if (named == NULL || !has(v->allowed ? named->allow : named->deny, bit))
        return false;
    if (named->type == OVERWRITE_MEMBER)
        return named->id == w->who.user.v;
    if (named->id == GUILD)
        return strength[1] == 0 && strength[2] == 0;
    return model_holds(w, named->id) && strength[2] == 0;
}

/* Of several roles' overwrites that say the same, it is that of the highest. */
static bool names_highest(const struct world *w, size_t channel, const struct permission_verdict *v,
                          unsigned bit)
{
    const struct channel *c = &w->channels[channel];
    if (v->overwrite == OVERWRITE_MEMBER || v->id == GUILD)
        return true;
    for (size_t i = 0; i < c->overwrite_count; i++) {
        const struct overwrite *o = &c->overwrites[i];
        bool same = o->type == OVERWRITE_ROLE && o->id != GUILD && model_holds(w, o->id) &&
                    has(v->allowed ? o->allow : o->deny, bit);
        const struct role *it = world_role(w, v->id), *other = same ? world_role(w, o->id) : NULL;
        if (other != NULL && (it == NULL || model_above(other, it)))
            return false;
    }
    return true;
}

static bool has_overwrite_for(const struct world *w, size_t channel, unsigned bit)
{
    const struct channel *c = &w->channels[channel];
    for (size_t i = 0; i < c->overwrite_count && !model_is_guild_only(bit); i++) {
        const struct overwrite *o = &c->overwrites[i];
        bool mine = o->type == OVERWRITE_MEMBER ? o->id == w->who.user.v
                                                : o->id == GUILD || model_holds(w, o->id);
        if (mine && (has(o->allow, bit) || has(o->deny, bit)))
            return true;
    }
    return false;
}

static bool explains_implied(const struct world *w, size_t channel,
                             const struct permission_verdict *v, unsigned bit)
{
    enum channel_type type = w->channels[channel].type;
    bool voice = type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
    if (v->allowed || v->because == bit || model_overwritten(w, channel, v->because))
        return false;
    if (!model_overwritten(w, channel, 10))
        return v->because == 10;
    if (voice && !model_overwritten(w, channel, 20))
        return v->because == 20;
    return v->because == 11 && (bit == 17 || bit == 12 || bit == 15 || bit == 14);
}

/* Is the reason true? channel: SIZE_MAX for the guild. */
static bool explains(const struct world *w, size_t channel, const struct permission_verdict *v,
                     unsigned bit)
{
    bool here = channel != SIZE_MAX;
    bool before = here ? model_overwritten(w, channel, bit) : model_base(w, bit);
    switch (v->reason) {
    case PERMISSION_REASON_OWNER:
        return w->who.user.v == w->guild.owner.v;
    case PERMISSION_REASON_ADMINISTRATOR:
        return w->who.user.v != w->guild.owner.v &&
               (is_highest(w, v->id, 3) || (v->id == GUILD && everyone_has(w, 3)));
    case PERMISSION_REASON_NONE:
    case PERMISSION_REASON_EVERYONE:
    case PERMISSION_REASON_ROLE:
        return (!here || !has_overwrite_for(w, channel, bit)) && explains_roles(w, v, bit);
    case PERMISSION_REASON_OVERWRITE:
        return here && v->allowed == before && !model_is_guild_only(bit) &&
               explains_overwrite(w, channel, v, bit) && names_highest(w, channel, v, bit);
    case PERMISSION_REASON_IMPLIED:
        return here && before && explains_implied(w, channel, v, bit);
    case PERMISSION_REASON_TIMED_OUT:
        return !v->allowed && before && w->who.timed_out_until_ms > NOW && bit != 10 && bit != 16;
    case PERMISSION_REASON_PENDING:
        return !v->allowed && before && w->who.pending && bit != 10 && bit != 16 &&
               w->who.timed_out_until_ms <= NOW;
    }
    return false;
}

static void check_explanation(const struct world *w, const struct guild_view *v, size_t channel,
                              uint64_t seed, uint64_t seen[])
{
    struct permission_explanation x;
    const struct channel *c =
        channel == SIZE_MAX ? NULL : guild_view_channel(v, w->channels[channel].id);
    permissions_explain(v, &w->who, c, NOW, &x);
    uint64_t now = c == NULL ? permissions_in_guild(v, &w->who, NOW)
                             : permissions_in_channel(v, &w->who, c, NOW);
    uint64_t before =
        c == NULL ? permissions_base(v, &w->who) : permissions_before_implied(v, &w->who, c);
    uint64_t bits = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        bits |= (uint64_t)x.bits[bit].allowed << bit;
        if (permission_name(bit) == NULL)
            continue;
        seen[x.bits[bit].reason]++;
        bool model =
            channel == SIZE_MAX ? model_in_guild(w, bit) : model_in_channel(w, channel, bit);
        if (x.bits[bit].allowed != model || !explains(w, channel, &x.bits[bit], bit))
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": channel %zd, bit %u: reason %d, %" PRIu64
                     ", allowed %d, model %d",
                     seed, (ssize_t)channel, bit, (int)x.bits[bit].reason, x.bits[bit].id,
                     x.bits[bit].allowed, model);
    }
    assert_int_equal(x.owner, w->who.user.v == w->guild.owner.v);
    if (x.permissions != now || x.before_implied != before || bits != now)
        fail_msg("GUILDHALL_SEED=%" PRIu64 ": the explanation is of other permissions", seed);
}

static void test_explanations(void **state)
{
    (void)state;
    uint64_t seed = first_seed(), seen[PERMISSION_REASON_PENDING + 1] = {0};
    for (uint64_t i = 0; i < rounds(GUILDS); i++, seed++) {
        struct world w;
        make_world(&w, seed);
        struct guild_view *v = world_view(&w);
        check_explanation(&w, v, SIZE_MAX, seed, seen);
        check_explanation(&w, v, below(&w, w.channel_count), seed, seen);
        guild_view_unref(&v);
    }
    for (int reason = 0; reason <= PERMISSION_REASON_PENDING; reason++)
        assert_true(seen[reason] > rounds(GUILDS) / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_explanations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
