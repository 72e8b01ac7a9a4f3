/* Roles: making, editing, ordering, deleting; who may do it to which. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"

struct world {
    struct person *owner;
    struct person *member;
    struct person *manager; /* holds `manages` */
    struct guild_id guild;
    struct channel_id general;
    struct role_id manages;
};

static const uint64_t MANAGER = PERMISSION_OF(MANAGE_ROLES) | PERMISSION_OF(KICK_MEMBERS);

static struct world make_world(struct core_fixture *f)
{
    struct world w = {.owner = cf_person(f, "owner"),
                      .member = cf_person(f, "member"),
                      .manager = cf_person(f, "manager")};
    w.guild = cf_guild(f, w.owner);
    w.general = cf_general(f, w.guild);
    cf_join(f, w.member, cf_invite(f, w.owner, w.general, 0, 0));
    cf_join(f, w.manager, cf_invite(f, w.owner, w.general, 0, 0));
    w.manages = make_role(f, w.owner, w.guild, "manages", MANAGER);
    give_role(f, w.guild, w.manager, w.manages);
    return w;
}

/* The ids of the guild's roles from the lowest, without @everyone. */
static size_t order_of(struct core_fixture *f, struct guild_id guild, uint64_t out[16])
{
    const struct guild_view *v = current(f, guild);
    size_t n = 0;
    for (size_t i = 0; i < v->role_count; i++) {
        const struct role *r = &v->roles[i];
        size_t at = n;
        if (r->id.v == guild.v)
            continue;
        while (at > 0 && role_compare(guild_view_role(v, (struct role_id){out[at - 1]}), r) > 0) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = r->id.v;
        n++;
    }
    return n;
}

static void expect_order(struct core_fixture *f, struct guild_id guild, const struct role_id *ids,
                         size_t count)
{
    uint64_t order[16];
    assert_int_equal(order_of(f, guild, order), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(order[i], ids[i].v);
}

static void test_create(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id id;
    struct role_draft nothing = {0};
    struct role_draft all = {.set = ROLE_SETS_NAME | ROLE_SETS_PERMISSIONS | ROLE_SETS_COLOR |
                                    ROLE_SETS_SECONDARY | ROLE_SETS_HOIST | ROLE_SETS_MENTIONABLE |
                                    ROLE_SETS_EMOJI,
                             .name = SLICE("Artist"),
                             .permissions = PERMISSION_KICK_MEMBERS | UINT64_C(1) << 60,
                             .color = 0x112233,
                             .secondary_color = ROLE_COLOR_SET,
                             .hoist = true,
                             .mentionable = true,
                             .unicode_emoji = SLICE("\xF0\x9F\x8E\xA8")};
    cf_forget_events(f);
    assert_int_equal(try_role(f, w.owner, w.guild, &nothing, &id), ERR_OK);
    EXPECT_KINDS(f, EVENT_GUILD_ROLE_CREATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 30, "\"new role\"");
    const struct role *r = role_now(f, w.guild, id);
    assert_true(cf_slice_is(r->name, "new role"));
    assert_int_equal(r->position, 1);
    assert_int_equal(r->permissions, PERMISSIONS_DEFAULT);
    assert_int_equal(r->secondary_color, 0);
    assert_int_equal(try_role(f, w.owner, w.guild, &all, &id), ERR_OK);
    r = role_now(f, w.guild, id);
    assert_true(cf_slice_is(r->name, "Artist"));
    assert_int_equal(r->permissions, PERMISSION_KICK_MEMBERS); /* bits that exist */
    assert_int_equal(r->color, 0x112233);
    assert_int_equal(r->secondary_color, ROLE_COLOR_SET); /* black, which is not none */
    assert_int_equal(r->tertiary_color, 0);
    assert_true(r->hoist && r->mentionable);
    assert_true(cf_slice_is(r->unicode_emoji, "\xF0\x9F\x8E\xA8"));
    /* By somebody else: what they have themselves, no more. */
    struct role_draft more = {.set = ROLE_SETS_PERMISSIONS, .permissions = PERMISSION_BAN_MEMBERS};
    assert_int_equal(try_role(f, w.manager, w.guild, &all, &id), ERR_OK);
    assert_int_equal(try_role(f, w.manager, w.guild, &more, &id), ERR_MISSING_PERMISSIONS);
    assert_int_equal(try_role(f, w.member, w.guild, &nothing, &id), ERR_MISSING_PERMISSIONS);
}

static void test_at_most_250(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id id;
    struct role_draft d = {0};
    size_t n = current(f, w.guild)->role_count;
    for (; n < 250; n++)
        assert_int_equal(try_role(f, w.owner, w.guild, &d, &id), ERR_OK);
    assert_int_equal(try_role(f, w.owner, w.guild, &d, &id), ERR_MAX_ROLES);
    assert_int_equal(delete_role(f, w.owner, w.guild, id), ERR_OK);
    assert_int_equal(try_role(f, w.owner, w.guild, &d, &id), ERR_OK);
}

static void test_edit(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id low = make_role(f, w.owner, w.guild, "low", PERMISSION_BAN_MEMBERS);
    struct role_draft name = {.set = ROLE_SETS_NAME, .name = SLICE("lower")};
    struct role_draft less = {.set = ROLE_SETS_PERMISSIONS, .permissions = 0};
    struct role_draft more = {.set = ROLE_SETS_PERMISSIONS, .permissions = PERMISSION_BAN_MEMBERS};
    cf_forget_events(f);
    assert_int_equal(edit_role(f, w.manager, w.guild, low, &name), ERR_OK);
    EXPECT_KINDS(f, EVENT_GUILD_ROLE_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 31, "\"old_value\":\"low\",\"new_value\":\"lower\"");
    cf_forget_events(f);
    assert_int_equal(edit_role(f, w.manager, w.guild, low, &name), ERR_OK);
    assert_int_equal(f->event_count, 0);
    /* Taking away is allowed, giving what one lacks is not. */
    assert_int_equal(edit_role(f, w.manager, w.guild, low, &less), ERR_OK);
    assert_int_equal(edit_role(f, w.manager, w.guild, low, &more), ERR_MISSING_PERMISSIONS);
    /* Never on an equal, which one's own highest role is. */
    assert_int_equal(edit_role(f, w.manager, w.guild, w.manages, &name), ERR_MISSING_PERMISSIONS);
    assert_int_equal(edit_role(f, w.manager, w.guild, (struct role_id){5}, &name),
                     ERR_UNKNOWN_ROLE);
    /* Of @everyone only the permissions. */
    struct role_id everyone = {w.guild.v};
    assert_int_equal(edit_role(f, w.owner, w.guild, everyone, &name), ERR_INVALID_ROLE);
    assert_int_equal(edit_role(f, w.owner, w.guild, everyone, &less), ERR_OK);
    struct access a;
    assert_int_equal(access_channel(f->core, &w.member->who, w.general, &f->arena, &a),
                     ERR_MISSING_ACCESS);
}

/* Authorised a moment ago, demoted since. */
static void test_demoted_meanwhile(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id low = make_role(f, w.owner, w.guild, "low", 0), id;
    struct access before = cf_in_guild(f, w.manager, w.guild);
    struct role_draft weak = {.set = ROLE_SETS_PERMISSIONS, .permissions = PERMISSION_MANAGE_ROLES};
    struct role_draft kicks = {.set = ROLE_SETS_PERMISSIONS,
                               .permissions = PERMISSION_KICK_MEMBERS};
    struct guild_view *v = NULL;
    assert_int_equal(edit_role(f, w.owner, w.guild, w.manages, &weak), ERR_OK);
    assert_int_equal(role_create(f->core, &w.manager->by, &before, &kicks, &id, &v),
                     ERR_MISSING_PERMISSIONS);
    /* Below the role that they may still manage roles with, now. */
    struct role_place up[] = {{low, 2}, {w.manages, 1}};
    struct role_draft name = {.set = ROLE_SETS_NAME, .name = SLICE("mine")};
    assert_int_equal(move_roles(f, w.owner, w.guild, up, 2), ERR_OK);
    assert_int_equal(role_edit(f->core, &w.manager->by, &before, low, &name, &v),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(delete_role(f, w.owner, w.guild, w.manages), ERR_OK);
    assert_int_equal(role_delete(f->core, &w.manager->by, &before, low), ERR_MISSING_PERMISSIONS);
    access_end(&before);
}

static void test_order(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id a = make_role(f, w.owner, w.guild, "a", 0);
    struct role_id b = make_role(f, w.owner, w.guild, "b", 0);
    struct role_id c = make_role(f, w.owner, w.guild, "c", 0);
    /* Of several at one position the older ones rank higher. */
    struct role_id born[] = {c, b, a, w.manages};
    expect_order(f, w.guild, born, 4);
    struct role_place to_the_top = {c, 4};
    cf_forget_events(f);
    assert_int_equal(move_roles(f, w.owner, w.guild, &to_the_top, 1), ERR_OK);
    struct role_id moved[] = {b, a, w.manages, c};
    expect_order(f, w.guild, moved, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(role_now(f, w.guild, moved[i])->position, i + 1);
    /* The whole list, as libraries send it, @everyone included. */
    struct role_place whole[] = {{{w.guild.v}, 0}, {a, 1}, {b, 2}, {w.manages, 3}, {c, 4}};
    cf_forget_events(f);
    assert_int_equal(move_roles(f, w.manager, w.guild, whole, 5), ERR_OK);
    EXPECT_KINDS(f, EVENT_GUILD_ROLE_UPDATE, EVENT_GUILD_ROLE_UPDATE,
                 EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    struct role_id swapped[] = {a, b, w.manages, c};
    expect_order(f, w.guild, swapped, 4);
    cf_forget_events(f);
    assert_int_equal(move_roles(f, w.manager, w.guild, whole, 5), ERR_OK);
    assert_int_equal(f->event_count, 0);
    /* To one's own rank or beyond, and what ranks there: never. */
    struct role_place beyond = {a, 4}, own = {w.manages, 1}, above = {c, 1}, unknown = {{9}, 1};
    struct role_place everyone = {{w.guild.v}, 2};
    assert_int_equal(move_roles(f, w.manager, w.guild, &beyond, 1), ERR_MISSING_PERMISSIONS);
    assert_int_equal(move_roles(f, w.manager, w.guild, &own, 1), ERR_MISSING_PERMISSIONS);
    assert_int_equal(move_roles(f, w.manager, w.guild, &above, 1), ERR_MISSING_PERMISSIONS);
    assert_int_equal(move_roles(f, w.owner, w.guild, &unknown, 1), ERR_UNKNOWN_ROLE);
    assert_int_equal(move_roles(f, w.owner, w.guild, &everyone, 1), ERR_INVALID_ROLE);
    expect_order(f, w.guild, swapped, 4);
}

static void add_members(struct core_fixture *f, const struct world *w, struct role_id role,
                        unsigned count)
{
    struct slice code = cf_invite(f, w->owner, w->general, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "holder%u", i);
        struct person *p = cf_person(f, name);
        cf_join(f, p, code);
        give_role(f, w->guild, p, role);
    }
}

static size_t held_by(struct core_fixture *f, const struct person *p, struct guild_id guild)
{
    struct access a = cf_in_guild(f, p, guild);
    size_t n = a.member.role_count;
    access_end(&a);
    return n;
}

static void test_delete(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id gone = make_role(f, w.owner, w.guild, "gone", PERMISSION_KICK_MEMBERS);
    struct overwrite o = {gone.v, OVERWRITE_ROLE, PERMISSION_MANAGE_MESSAGES, 0};
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_OK);
    add_members(f, &w, gone, 450);
    give_role(f, w.guild, w.member, gone);
    assert_int_equal(held_by(f, w.member, w.guild), 1);
    cf_forget_events(f);
    assert_int_equal(delete_role(f, w.manager, w.guild, gone), ERR_OK);
    EXPECT_KINDS(f, EVENT_GUILD_ROLE_DELETE, EVENT_CHANNEL_UPDATE,
                 EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 32, "\"old_value\":\"gone\"");
    assert_int_equal(f->events[0]->view->position, f->events[0]->position);
    /* Gone for everybody at once, though the rows are still there. */
    assert_null(role_now(f, w.guild, gone));
    assert_int_equal(channel_now(f, w.guild, w.general)->overwrite_count, 0);
    assert_int_equal(held_by(f, w.member, w.guild), 0);
    struct access a = cf_in_guild(f, w.member, w.guild);
    assert_false(a.permissions & PERMISSION_KICK_MEMBERS);
    access_end(&a);
    const char *holders = "SELECT COUNT(*) FROM member_roles WHERE role_id = $1";
    assert_int_equal(count_of(f, holders, gone.v), 451);
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_UNKNOWN_ROLE);
    assert_int_equal(delete_role(f, w.owner, w.guild, gone), ERR_UNKNOWN_ROLE);
    run_steps(f, 1);
    assert_int_equal(count_of(f, holders, gone.v), 51);
    restart(f);
    run_tasks(f);
    assert_int_equal(count_of(f, holders, gone.v), 0);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM roles WHERE id = $1", gone.v), 0);
    assert_false(is_running(f, TASK_ROLE_DELETE, gone.v));
}

static void test_delete_refusals(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct application app;
    char token[TOKEN_TEXT_MAX];
    assert_int_equal(
        application_create(f->core, &w.owner->by, SLICE("helper"), SLICE("x"), &f->arena, &app),
        ERR_OK);
    assert_int_equal(application_bot_token(f->core, &w.owner->by, app.id, token), ERR_OK);
    struct access in = cf_in_guild(f, w.owner, w.guild);
    assert_int_equal(
        application_authorize(f->core, &w.owner->by, &in, app.id, PERMISSION_KICK_MEMBERS), ERR_OK);
    access_end(&in);
    const struct guild_view *v = current(f, w.guild);
    struct role_id managed = {0};
    for (size_t i = 0; i < v->role_count; i++)
        if (v->roles[i].managed)
            managed = v->roles[i].id;
    cf_forget_events(f);
    assert_int_equal(delete_role(f, w.owner, w.guild, managed), ERR_INVALID_ROLE);
    assert_int_equal(delete_role(f, w.owner, w.guild, (struct role_id){w.guild.v}),
                     ERR_INVALID_ROLE);
    assert_int_equal(delete_role(f, w.manager, w.guild, w.manages), ERR_MISSING_PERMISSIONS);
    assert_int_equal(delete_role(f, w.member, w.guild, w.manages), ERR_MISSING_PERMISSIONS);
    assert_int_equal(f->event_count, 0);
}

static void test_member_counts(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct role_id empty = make_role(f, w.owner, w.guild, "empty", 0);
    struct role_id gone = make_role(f, w.owner, w.guild, "gone", 0);
    struct role_count *list;
    size_t count;
    give_role(f, w.guild, w.owner, w.manages);
    give_role(f, w.guild, w.owner, gone);
    assert_int_equal(delete_role(f, w.owner, w.guild, gone), ERR_OK);
    assert_int_equal(role_member_counts(f->core, w.guild, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].role.v, w.manages.v);
    assert_int_equal(list[0].members, 2);
    assert_int_equal(list[1].role.v, empty.v);
    assert_int_equal(list[1].members, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_create),
        T(test_at_most_250),
        T(test_edit),
        T(test_demoted_meanwhile),
        T(test_order),
        T(test_delete),
        T(test_delete_refusals),
        T(test_member_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
