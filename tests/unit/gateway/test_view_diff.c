/* What of two views differs in a way that decides permissions, and whom it concerns. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/view_diff.h"

enum { GUILD = 1000, OWNER = 1, A = 1100, B = 1101, C = 1102 };

/* Channels 2001 to 2004, of which `channels` has bits; roles likewise. */
struct shape {
    unsigned channels;
    unsigned roles;
    uint64_t everyone;
    uint64_t of_a;
    uint64_t deny; /* in 2002, for A */
    uint64_t owner;
    enum channel_type type; /* of 2003 */
    const char *name;       /* of 2001 */
    int32_t position;       /* of A */
};

static struct guild_view *make(const struct shape *s)
{
    const struct overwrite o = {A, OVERWRITE_ROLE, 0, s->deny};
    struct role roles[4] = {{.id = {GUILD}, .permissions = s->everyone}};
    struct channel channels[4];
    size_t role_count = 1, count = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (s->roles & 1u << i)
            roles[role_count++] = (struct role){.id = {A + i}};
    }
    if (s->roles & 1) {
        roles[1].permissions = s->of_a;
        roles[1].position = s->position;
    }
    for (unsigned i = 0; i < 4; i++) {
        if ((s->channels & 1u << i) == 0)
            continue;
        struct channel *c = &channels[count++];
        *c = (struct channel){.id = {2001 + i}};
        if (i == 0 && s->name != NULL)
            c->name = slice_from(s->name);
        c->overwrites = &o;
        c->overwrite_count = i == 1 && s->deny != 0;
        c->type = i == 2 ? s->type : CHANNEL_TYPE_TEXT;
    }
    const struct guild g = {.id = {GUILD}, .owner = {s->owner == 0 ? OWNER : s->owner}};
    struct guild_view *v = guild_view_new(&g, 1, 1, roles, role_count, channels, count);
    assert_non_null(v);
    return v;
}

static const struct role_id ONLY_A[] = {{A}};
static const struct role_id B_AND_C[] = {{B}, {C}};

struct expected {
    bool empty;
    bool plain;   /* concerns those without roles */
    bool a;       /* ... with A */
    bool b_and_c; /* ... with these */
    bool owner;
    unsigned changed; /* channels of the new view, by index */
    size_t gone;
};

static void check(const struct shape *old, const struct shape *now, const struct expected *x)
{
    struct guild_view *v[] = {make(old), make(now)};
    struct view_diff d;
    assert_true(view_diff_init(&d, v[0], v[1]));
    unsigned changed = 0;
    for (size_t i = 0; i < v[1]->channel_count; i++) {
        changed |= d.changed[i] ? 1u << i : 0;
        if (d.before[i] != VIEW_DIFF_NONE)
            assert_int_equal(v[0]->channels[d.before[i]].id.v, v[1]->channels[i].id.v);
    }
    for (size_t i = 0; i < v[0]->channel_count; i++) {
        if (d.after[i] != VIEW_DIFF_NONE)
            assert_int_equal(d.before[d.after[i]], i);
    }
    assert_int_equal(view_diff_empty(&d), x->empty);
    assert_int_equal(view_diff_concerns(&d, 0, NULL, 0), x->plain);
    assert_int_equal(view_diff_concerns(&d, 0, ONLY_A, 1), x->a);
    assert_int_equal(view_diff_concerns(&d, 0, B_AND_C, 2), x->b_and_c);
    assert_int_equal(view_diff_concerns(&d, OWNER, NULL, 0), x->owner);
    assert_int_equal(changed, x->changed);
    assert_int_equal(d.gone_count, x->gone);
    view_diff_deinit(&d);
    guild_view_unref(&v[0]);
    guild_view_unref(&v[1]);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
}

static void test_differences(void **state)
{
    (void)state;
    const struct shape base = {.channels = 7, .roles = 3};
    static const struct {
        struct shape now;
        struct expected x;
    } rows[] = {
        {{.channels = 7, .roles = 3}, {.empty = true}},
        /* What decides nothing. */
        {{.channels = 7, .roles = 3, .name = "renamed", .position = 4}, {.empty = true}},
        {{.channels = 7, .roles = 3, .everyone = 1},
         {.plain = true, .a = true, .b_and_c = true, .owner = true}},
        {{.channels = 7, .roles = 3, .of_a = 1}, {.a = true}},
        {{.channels = 7, .roles = 2}, {.a = true}},
        {{.channels = 7, .roles = 7}, {.b_and_c = true}},
        {{.channels = 7, .roles = 3, .owner = 2}, {.owner = true}},
        {{.channels = 7, .roles = 3, .deny = 1}, {.changed = 2}},
        {{.channels = 7, .roles = 3, .type = CHANNEL_TYPE_VOICE}, {.changed = 4}},
        {{.channels = 15, .roles = 3}, {.changed = 8}},
        {{.channels = 5, .roles = 3}, {.gone = 1}},
        {{.channels = 8, .roles = 3}, {.changed = 1, .gone = 3}},
        {{.channels = 0, .roles = 3}, {.gone = 3}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&base, &rows[i].now, &rows[i].x);
    check(&(struct shape){.roles = 3}, &base, &(struct expected){.changed = 7});
    check(&(struct shape){.channels = 7, .roles = 3, .deny = 1},
          &(struct shape){.channels = 7, .roles = 3, .deny = 3}, &(struct expected){.changed = 2});
}

static void test_no_memory(void **state)
{
    (void)state;
    struct guild_view *v = make(&(struct shape){.channels = 7, .roles = 3});
    for (uint64_t n = 0; n < 4; n++) {
        struct view_diff d;
        mem_fail_after(n, 1);
        assert_false(view_diff_init(&d, v, v));
        mem_fail_never();
        assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    }
    guild_view_unref(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
