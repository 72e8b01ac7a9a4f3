/* Invites, and joining through them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "core/members.h"

static void test_joining(void **state)
{
    struct core_fixture *f = *state;
    struct invite_sheet i;
    struct acceptance how;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 1, 0);
    const struct event *made = cf_event_back(f, 1);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(made->kind, EVENT_INVITE_CREATE);
    assert_true(cf_payload_has(made, "\"max_uses\":1"));
    assert_int_equal(code.len, 8);
    assert_int_equal(invite_get(f->core, code, &f->arena, &i), ERR_OK);
    assert_int_equal(i.invite.guild.v, guild.v);
    assert_int_equal(i.invite.inviter.id.v, owner->who.user.v);
    assert_int_equal(i.invite.uses, 0);
    guild_view_unref(&i.view);
    cf_join(f, guest, code);
    assert_int_equal(cf_event_back(f, 2)->kind, EVENT_GUILD_MEMBER_ADD);
    assert_int_equal(cf_event_back(f, 2)->stream.id, guild.v);
    assert_int_equal(cf_event_back(f, 2)->entity_id, guest->who.user.v);
    assert_int_equal(cf_event_back(f, 1)->kind, EVENT_GUILD_CREATE);
    assert_int_equal(cf_event_back(f, 1)->stream.id, guest->who.user.v);
    /* Used up, and so gone. */
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_INVITE_DELETE);
    assert_true(cf_payload_has(cf_event_back(f, 0), "\"code\":\""));
    assert_int_equal(invite_get(f->core, code, &f->arena, &i), ERR_UNKNOWN_INVITE);
    assert_int_equal(invite_accept(f->core, &guest->by, code, &f->arena, &i, &how),
                     ERR_UNKNOWN_INVITE);
    /* Who is in uses nothing up. */
    code = cf_invite(f, owner, cf_general(f, guild), 1, 0);
    size_t events = f->event_count;
    assert_int_equal(invite_accept(f->core, &guest->by, code, &f->arena, &i, &how), ERR_OK);
    assert_false(how.joined);
    guild_view_unref(&i.view);
    assert_int_equal(f->event_count, events);
    assert_int_equal(invite_get(f->core, code, &f->arena, &i), ERR_OK);
    assert_int_equal(i.invite.uses, 0);
    guild_view_unref(&i.view);
}

static void test_expiry(void **state)
{
    struct core_fixture *f = *state;
    struct invite_sheet i;
    struct person *owner = cf_person(f, "owner");
    struct slice code = cf_invite(f, owner, cf_general(f, cf_guild(f, owner)), 0, 60);
    atomic_fetch_add(&f->wall_ms, 59999);
    assert_int_equal(invite_get(f->core, code, &f->arena, &i), ERR_OK);
    guild_view_unref(&i.view);
    atomic_fetch_add(&f->wall_ms, 1);
    assert_int_equal(invite_get(f->core, code, &f->arena, &i), ERR_UNKNOWN_INVITE);
    assert_int_equal(invite_get(f->core, SLICE("nonsuch"), &f->arena, &i), ERR_UNKNOWN_INVITE);
}

static void test_equal_invites_are_given_again(void **state)
{
    struct core_fixture *f = *state;
    struct invite_sheet first, second, third;
    struct person *owner = cf_person(f, "owner");
    struct access a = cf_in_channel(f, owner, cf_general(f, cf_guild(f, owner)));
    struct invite_draft d = {.max_age_s = 3600};
    assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &first), ERR_OK);
    size_t events = f->event_count;
    assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &second), ERR_OK);
    assert_true(slice_eq(first.invite.code, second.invite.code));
    assert_int_equal(f->event_count, events);
    d.unique = true;
    assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &third), ERR_OK);
    assert_false(slice_eq(first.invite.code, third.invite.code));
    access_end(&a);
}

static void test_maximum_counts_what_can_be_used(void **state)
{
    struct core_fixture *f = *state;
    struct invite_sheet i;
    struct person *owner = cf_person(f, "owner");
    struct access a = cf_in_channel(f, owner, cf_general(f, cf_guild(f, owner)));
    struct invite_draft d = {.max_age_s = 60, .unique = true};
    for (int n = 0; n < 1000; n++)
        assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &i), ERR_OK);
    assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &i), ERR_MAX_INVITES);
    atomic_fetch_add(&f->wall_ms, 60000);
    assert_int_equal(invite_create(f->core, &owner->by, &a, &d, &f->arena, &i), ERR_OK);
    access_end(&a);
}

static void test_leaving(void **state)
{
    struct core_fixture *f = *state;
    struct message m;
    struct access a, none;
    uint64_t count = 0;
    struct message_draft d = {.content = SLICE("too late")};
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct slice code = cf_invite(f, owner, general, 0, 0);
    cf_join(f, guest, code);
    a = cf_in_channel(f, guest, general);
    assert_int_equal(member_leave(f->core, &owner->by, guild), ERR_INVALID_GUILD);
    assert_int_equal(member_leave(f->core, &guest->by, (struct guild_id){5}), ERR_UNKNOWN_GUILD);
    cf_forget_events(f);
    assert_int_equal(member_leave(f->core, &guest->by, guild), ERR_OK);
    assert_int_equal(f->event_count, 2);
    const struct event *left = f->events[0];
    assert_int_equal(left->kind, EVENT_GUILD_MEMBER_REMOVE);
    assert_int_equal(left->entity_id, guest->who.user.v);
    assert_null(left->view); /* who is in a guild is not of its structure */
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_DELETE);
    assert_int_equal(f->events[1]->stream.id, guest->who.user.v);
    /* What was allowed a moment ago is not any more; and who is out cannot leave. */
    assert_int_equal(message_post(f->core, &guest->by, &a, &d, &f->arena, &m), ERR_MISSING_ACCESS);
    assert_int_equal(access_guild(f->core, &guest->who, guild, &f->arena, &none),
                     ERR_MISSING_ACCESS);
    assert_int_equal(member_leave(f->core, &guest->by, guild), ERR_UNKNOWN_GUILD);
    assert_int_equal(guild_member_count(f->core, guild, &count), ERR_OK);
    assert_int_equal(count, 1);
    access_end(&a);
    cf_join(f, guest, code);
}

enum { JOINERS = 50, USES = 10 };

struct joiner {
    struct core_fixture *f;
    const struct person *who;
    struct slice code;
    enum err result;
};

static void *join(void *ctx)
{
    struct joiner *j = ctx;
    struct arena arena;
    struct invite_sheet i = {.view = NULL};
    struct acceptance how;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    j->result = invite_accept(j->f->core, &j->who->by, j->code, &arena, &i, &how);
    guild_view_unref(&i.view);
    arena_deinit(&arena);
    return NULL;
}

static void test_an_invite_for_ten_admits_ten(void **state)
{
    struct core_fixture *f = *state;
    struct joiner joiners[JOINERS];
    pthread_t threads[JOINERS];
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), USES, 0);
    uint64_t position = cf_event_back(f, 0)->position, count = 0;
    int admitted = 0;
    for (int i = 0; i < JOINERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "guest%d", i);
        joiners[i] = (struct joiner){.f = f, .who = cf_person(f, name), .code = code};
    }
    cf_forget_events(f);
    for (int i = 0; i < JOINERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, join, &joiners[i]), 0);
    for (int i = 0; i < JOINERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < JOINERS; i++) {
        admitted += joiners[i].result == ERR_OK;
        if (joiners[i].result != ERR_OK)
            assert_int_equal(joiners[i].result, ERR_UNKNOWN_INVITE);
    }
    assert_int_equal(admitted, USES);
    assert_int_equal(guild_member_count(f->core, guild, &count), ERR_OK);
    assert_int_equal(count, USES + 1);
    /* Two events each, the guild's without a gap, and the invite has gone with its last use. */
    assert_int_equal(f->event_count, 2 * USES + 1);
    for (size_t i = 0; i < f->event_count; i++)
        if (f->events[i]->stream.kind == STREAM_GUILD)
            assert_int_equal(f->events[i]->position, ++position);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_joining),
        T(test_leaving),
        T(test_expiry),
        T(test_equal_invites_are_given_again),
        T(test_maximum_counts_what_can_be_used),
        T(test_an_invite_for_ten_admits_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
