/* Guilds, channels, views, access and sessions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"

static void test_guild_as_discord_makes_it(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_draft d = {.name = SLICE("Town hall"), .verification_level = 2};
    struct guild_view *v = NULL;
    assert_int_equal(guild_create(f->core, &owner->by, &d, &v), ERR_OK);
    assert_true(cf_slice_is(v->guild.name, "Town hall"));
    assert_null(v->guild.description.data);
    assert_true(cf_slice_is(v->guild.preferred_locale, "en-US"));
    assert_int_equal(v->guild.verification_level, 2);
    assert_int_equal(v->guild.owner.v, owner->who.user.v);
    assert_int_equal(v->role_count, 1);
    assert_int_equal(v->roles[0].id.v, v->guild.id.v);
    assert_true(cf_slice_is(v->roles[0].name, "@everyone"));
    assert_int_equal(v->roles[0].permissions, PERMISSIONS_DEFAULT);
    assert_int_equal(v->channel_count, 4);
    const struct channel *general = guild_view_channel(v, v->guild.system_channel);
    assert_non_null(general);
    assert_int_equal(general->type, CHANNEL_TYPE_TEXT);
    assert_true(cf_slice_is(general->name, "general"));
    const struct channel *category = guild_view_channel(v, general->parent);
    assert_true(cf_slice_is(category->name, "Text Channels"));
    assert_int_equal(category->type, CHANNEL_TYPE_CATEGORY);
    /* Its stream begins with the owner joining; the owner's own hears of the guild. */
    assert_int_equal(f->event_count, 2);
    const struct event *first = f->events[0];
    assert_int_equal(first->kind, EVENT_GUILD_MEMBER_ADD);
    assert_int_equal(first->stream.id, v->guild.id.v);
    assert_int_equal(first->position, 1);
    assert_int_equal(first->view->position, 1);
    assert_int_equal(first->entity_id, owner->who.user.v);
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_CREATE);
    assert_int_equal(f->events[1]->stream.id, owner->who.user.v);
    assert_int_equal(f->events[1]->position, 1);
    assert_string_equal(f->events[1]->request_id, "owner");
    guild_view_unref(&v);
}

static void test_unknown_and_foreign(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *stranger = cf_person(f, "stranger");
    struct guild_id guild = cf_guild(f, owner);
    struct access a;
    struct guild_view *v = NULL;
    static const uint64_t ids[] = {0, 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct guild_id g = {ids[i]};
        struct channel_id c = {ids[i]};
        assert_int_equal(guild_view_get(f->core, g, &v), ERR_UNKNOWN_GUILD);
        assert_int_equal(access_guild(f->core, &owner->who, g, &f->arena, &a), ERR_UNKNOWN_GUILD);
        assert_int_equal(access_channel(f->core, &owner->who, c, &f->arena, &a),
                         ERR_UNKNOWN_CHANNEL);
    }
    assert_int_equal(access_guild(f->core, &stranger->who, guild, &f->arena, &a),
                     ERR_MISSING_ACCESS);
    assert_int_equal(access_channel(f->core, &stranger->who, cf_general(f, guild), &f->arena, &a),
                     ERR_MISSING_ACCESS);
}

static enum err create_channel(struct core_fixture *f, const struct person *p,
                               struct guild_id guild, const struct channel_draft *d,
                               struct channel_id *id, struct draft_problem *problem)
{
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    enum err e = channel_create(f->core, &p->by, &a, d, id, &v, problem);
    if (e == ERR_OK)
        assert_non_null(guild_view_channel(v, *id));
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

static void test_channel_with_overwrites(void **state)
{
    struct core_fixture *f = *state;
    struct draft_problem problem;
    struct channel_id id;
    struct access a;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    struct overwrite hidden[] = {{guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL},
                                 {owner->who.user.v, OVERWRITE_MEMBER, PERMISSION_VIEW_CHANNEL, 0}};
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT,
                              .name = SLICE("secret"),
                              .topic = SLICE("hush"),
                              .overwrites = hidden,
                              .overwrite_count = 2};
    assert_int_equal(create_channel(f, owner, guild, &d, &id, &problem), ERR_OK);
    const struct event *e = cf_event_back(f, 1); /* then the audit log's */
    assert_int_equal(e->kind, EVENT_CHANNEL_CREATE);
    assert_int_equal(e->entity_id, id.v);
    assert_int_equal(e->view->position, e->position);
    assert_true(cf_payload_has(e, "\"secret\""));
    const struct channel *ch = guild_view_channel(e->view, id);
    assert_int_equal(ch->overwrite_count, 2);
    assert_true(cf_slice_is(ch->topic, "hush"));
    /* The one without a view of it is refused, the owner is not. */
    assert_int_equal(access_channel(f->core, &guest->who, id, &f->arena, &a), ERR_MISSING_ACCESS);
    a = cf_in_channel(f, owner, id);
    assert_int_equal(a.permissions, PERMISSIONS_ALL);
    access_end(&a);
}

static void test_channel_in_a_private_category(void **state)
{
    struct core_fixture *f = *state;
    struct draft_problem problem;
    struct channel_id category, id;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct overwrite hidden = {guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
    struct channel_draft d = {.type = CHANNEL_TYPE_CATEGORY,
                              .name = SLICE("Private"),
                              .overwrites = &hidden,
                              .overwrite_count = 1};
    assert_int_equal(create_channel(f, owner, guild, &d, &category, &problem), ERR_OK);
    struct channel_draft inside = {
        .type = CHANNEL_TYPE_TEXT, .name = SLICE("inside"), .parent = category};
    assert_int_equal(create_channel(f, owner, guild, &inside, &id, &problem), ERR_OK);
    const struct channel *ch = guild_view_channel(cf_event_back(f, 1)->view, id);
    assert_int_equal(ch->parent.v, category.v);
    assert_int_equal(ch->overwrite_count, 1);
    assert_int_equal(ch->overwrites[0].deny, PERMISSION_VIEW_CHANNEL);
}

static void test_channel_refusals(void **state)
{
    struct core_fixture *f = *state;
    struct channel_id id = {9};
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner), other = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild), foreign = cf_general(f, other);
    struct overwrite unknown = {12345, OVERWRITE_ROLE, 0, 1};
    cf_join(f, guest, cf_invite(f, owner, general, 0, 0));
    const struct {
        const struct person *who;
        struct channel_draft d;
        enum err e;
        const char *code;
    } cases[] = {
        {guest, {.name = {"x", 1}}, ERR_MISSING_PERMISSIONS, NULL},
        {owner,
         {.name = {"x", 1}, .parent = general},
         ERR_INVALID_FORM,
         "CHANNEL_PARENT_INVALID_TYPE"},
        {owner, {.name = {"x", 1}, .parent = foreign}, ERR_INVALID_FORM, "CHANNEL_PARENT_INVALID"},
        {owner, {.name = {"x", 1}, .parent = {4}}, ERR_INVALID_FORM, "CHANNEL_PARENT_INVALID"},
        {owner,
         {.name = {"x", 1}, .parent = {4}, .type = CHANNEL_TYPE_CATEGORY},
         ERR_INVALID_FORM,
         "CHANNEL_PARENT_INVALID_PARENT"},
        {owner,
         {.name = {"x", 1}, .overwrites = &unknown, .overwrite_count = 1},
         ERR_INVALID_FORM,
         "INVALID_ROLE"},
    };
    cf_forget_events(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct draft_problem problem = {NULL, NULL, NULL};
        assert_int_equal(create_channel(f, cases[i].who, guild, &cases[i].d, &id, &problem),
                         cases[i].e);
        if (cases[i].code != NULL)
            assert_string_equal(problem.code, cases[i].code);
    }
    assert_int_equal(id.v, 9);
    assert_int_equal(f->event_count, 0);
}

/* --- snapshots ----------------------------------------------------------------------------------
 */

static void test_snapshots(void **state)
{
    struct core_fixture *f = *state;
    struct session_snapshot s;
    struct guild_snapshot g;
    struct membership one;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id first = cf_guild(f, owner), second = cf_guild(f, owner);
    struct channel_id general = cf_general(f, first);
    cf_join(f, guest,
            cf_invite(f, owner, general, 0, 0)); /* positions 2 to 4: an audit entry too */
    struct message m = cf_post(f, owner, general, "hello");
    assert_int_equal(session_snapshot_load(f->core, &owner->who, &f->arena, &s), ERR_OK);
    assert_true(cf_slice_is(s.user.username, "owner"));
    assert_int_equal(s.user_position, 2);
    assert_int_equal(s.membership_count, 2);
    assert_int_equal(s.memberships[0].guild.v, first.v);
    assert_int_equal(s.memberships[0].position, 5);
    assert_int_equal(s.memberships[1].guild.v, second.v);
    assert_int_equal(s.memberships[1].position, 1);
    assert_int_equal(s.memberships[1].member.user.id.v, owner->who.user.v);
    assert_int_equal(guild_snapshot_load(f->core, first, &f->arena, &g), ERR_OK);
    assert_int_equal(g.position, 5);
    assert_int_equal(g.view->position, 1);
    assert_int_equal(g.member_count, 2);
    for (size_t i = 0; i < g.view->channel_count; i++)
        assert_int_equal(g.last_messages[i].v, g.view->channels[i].id.v == general.v ? m.id.v : 0);
    guild_view_unref(&g.view);
    assert_int_equal(membership_load(f->core, guest->who.user, first, &f->arena, &one), ERR_OK);
    assert_int_equal(one.position, 5);
    assert_int_equal(one.member.joined_at_ms, f->wall_ms);
    assert_int_equal(membership_load(f->core, guest->who.user, second, &f->arena, &one),
                     ERR_UNKNOWN_MEMBER);
    assert_int_equal(account_logout(f->core, &owner->by), ERR_OK); /* since it was authenticated */
    assert_int_equal(session_snapshot_load(f->core, &owner->who, &f->arena, &s), ERR_UNKNOWN_TOKEN);
}

static void test_typing_goes_to_the_bus_only(void **state)
{
    struct core_fixture *f = *state;
    struct event *got[4];
    bool lost;
    struct person *owner = cf_person(f, "owner");
    struct channel_id general = cf_general(f, cf_guild(f, owner));
    struct bus_queue *q = bus_subscribe(f->bus, 4, NULL, NULL);
    struct access a = cf_in_channel(f, owner, general);
    size_t events = f->event_count;
    assert_int_equal(channel_typing(f->core, &a), ERR_OK);
    access_end(&a);
    assert_int_equal(bus_take(q, got, 4, &lost), 1);
    assert_int_equal(got[0]->kind, EVENT_TYPING_START);
    assert_int_equal(got[0]->position, 0);
    assert_int_equal(got[0]->channel_id, general.v);
    assert_int_equal(f->event_count, events);
    event_unref(&got[0]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_guild_as_discord_makes_it),
        T(test_unknown_and_foreign),
        T(test_channel_with_overwrites),
        T(test_channel_in_a_private_category),
        T(test_channel_refusals),
        T(test_snapshots),
        T(test_typing_goes_to_the_bus_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
