/* The way into a guild, whichever door: who is refused, what comes of it, who has to wait. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/joining_fixture.h"
#include "core/members.h"

static struct guild_id greeting_guild(struct core_fixture *f, const struct person *owner)
{
    struct guild_draft d = {.name = SLICE("Guild")};
    struct guild_view *v = NULL;
    assert_int_equal(guild_create(f->core, &owner->by, &d, &v), ERR_OK);
    struct guild_id id = v->guild.id;
    guild_view_unref(&v);
    return id;
}

static void test_a_message_tells_of_it(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = greeting_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct slice code = cf_invite(f, owner, general, 0, 0);
    struct message *list;
    size_t count;
    cf_forget_events(f);
    cf_join(f, guest, code);
    assert_int_equal(f->event_count, 3);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_MEMBER_ADD);
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_CREATE);
    assert_int_equal(f->events[2]->kind, EVENT_MESSAGE_CREATE);
    assert_true(cf_payload_has(f->events[2], "\"type\":7"));
    struct access a = cf_in_channel(f, guest, general);
    struct message_page page = {.limit = 10};
    assert_int_equal(message_list(f->core, &a, &page, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].type, MESSAGE_TYPE_JOIN);
    assert_int_equal(list[0].author.id.v, guest->who.user.v);
    access_end(&a);
    /* A guild that does not want it gets none (cf_guild). */
    guild = cf_guild(f, owner);
    code = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    cf_forget_events(f);
    cf_join(f, guest, code);
    assert_int_equal(jf_count(f, EVENT_MESSAGE_CREATE), 0);
}

/* The event's position is what the member's standing says: authorisations go by it. */
static void test_standing_is_the_position(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    const struct event *added = jf_event(f, EVENT_GUILD_MEMBER_ADD, 1);
    assert_int_equal(added->entity_id, guest->who.user.v);
    assert_int_equal(jf_member(f, guild, guest).standing, added->position);
}

static void test_banned_people_stay_out(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 5, 0);
    jf_ban(f, guild, guest);
    cf_forget_events(f);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_BANNED);
    assert_int_equal(f->event_count, 0);
    struct invite_sheet s;
    assert_int_equal(invite_get(f->core, code, &f->arena, &s), ERR_OK);
    assert_int_equal(s.invite.uses, 0); /* and used nothing up */
    guild_view_unref(&s.view);
}

struct pause {
    struct guild_id guild;
    uint64_t add;
    uint64_t remove;
};

static enum err set_features(struct tx *tx, void *ctx)
{
    const struct pause *p = ctx;
    return joining_set_features(tx_sql(tx), p->guild, p->add, p->remove);
}

static void test_paused_invites(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    struct pause p = {guild, FEATURE_INVITES_DISABLED, 0};
    assert_int_equal(store_write(f->store, set_features, &p), ERR_OK);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_INVITES_PAUSED);
    p = (struct pause){guild, 0, FEATURE_INVITES_DISABLED};
    assert_int_equal(store_write(f->store, set_features, &p), ERR_OK);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_OK);
}

static void test_limits_of_the_operator(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest"),
                  *third = cf_person(f, "third");
    struct guild_id one = cf_guild(f, owner), two = cf_guild(f, owner);
    struct slice to_one = cf_invite(f, owner, cf_general(f, one), 0, 0);
    struct slice to_two = cf_invite(f, owner, cf_general(f, two), 0, 0);
    f->core->o.members_per_guild = 2;
    assert_int_equal(jf_try_join(f, guest, to_one, &how), ERR_OK);
    assert_int_equal(jf_try_join(f, third, to_one, &how), ERR_MAX_MEMBERS);
    f->core->o.members_per_guild = 0;
    f->core->o.guilds_per_user = 1;
    assert_int_equal(jf_try_join(f, guest, to_two, &how), ERR_MAX_GUILDS);
    assert_int_equal(jf_try_join(f, guest, to_one, &how), ERR_OK); /* is in already */
    assert_false(how.joined);
    assert_int_equal(jf_try_join(f, third, to_two, &how), ERR_OK);
    f->core->o.guilds_per_user = 2;
    assert_int_equal(jf_try_join(f, guest, to_two, &how), ERR_OK);
}

static enum err try_invite(struct core_fixture *f, const struct person *p,
                           struct channel_id channel, const struct invite_draft *d,
                           struct slice *code)
{
    struct invite_sheet s;
    struct access a = cf_in_channel(f, p, channel);
    enum err e = invite_create(f->core, &p->by, &a, d, &f->arena, &s);
    if (e == ERR_OK)
        *code = s.invite.code;
    access_end(&a);
    return e;
}

static void test_invites_that_give_roles(void **state)
{
    struct core_fixture *f = *state;
    struct slice code;
    struct person *owner = cf_person(f, "owner"), *mate = cf_person(f, "mate"),
                  *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, mate, cf_invite(f, owner, general, 0, 0));
    struct role_id roles[] = {jf_role(f, owner, guild, PERMISSION_VIEW_CHANNEL)};
    struct invite_draft d = {.roles = roles, .role_count = 1, .unique = true};
    /* Without MANAGE_ROLES nobody gives any; and @everyone is none. */
    assert_int_equal(try_invite(f, mate, general, &d, &code), ERR_MISSING_PERMISSIONS);
    roles[0].v = guild.v;
    assert_int_equal(try_invite(f, owner, general, &d, &code), ERR_INVALID_ROLE);
    roles[0] = jf_role(f, owner, guild, PERMISSION_VIEW_CHANNEL);
    d.temporary = true;
    assert_int_equal(try_invite(f, owner, general, &d, &code), ERR_OK);
    cf_join(f, guest, code);
    struct member m = jf_member(f, guild, guest);
    assert_int_equal(m.role_count, 1);
    assert_int_equal(m.roles[0].v, roles[0].v);
    assert_false(m.temporary); /* who has a role stays */
}

static void test_nobody_gives_what_they_lack(void **state)
{
    struct core_fixture *f = *state;
    struct slice code;
    struct guild_view *view = NULL;
    struct person *owner = cf_person(f, "owner"), *mate = cf_person(f, "mate");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, mate, cf_invite(f, owner, general, 0, 0));
    struct role_id low = jf_role(f, owner, guild, PERMISSION_BAN_MEMBERS);
    struct role_id high = jf_role(f, owner, guild, PERMISSION_MANAGE_ROLES);
    struct access a = cf_in_guild(f, owner, guild);
    const struct role_place places[] = {{high, 2}};
    assert_int_equal(roles_move(f->core, &owner->by, &a, places, 1, &view), ERR_OK);
    guild_view_unref(&view);
    access_end(&a);
    a = cf_in_guild(f, owner, guild);
    assert_int_equal(member_give_role(f->core, &owner->by, &a, mate->who.user, high), ERR_OK);
    access_end(&a);
    struct invite_draft d = {.roles = &low, .role_count = 1};
    assert_int_equal(try_invite(f, mate, general, &d, &code), ERR_MISSING_PERMISSIONS);
    d.roles = &high; /* their own rank */
    assert_int_equal(try_invite(f, mate, general, &d, &code), ERR_MISSING_PERMISSIONS);
    low = jf_role(f, owner, guild, PERMISSION_VIEW_CHANNEL);
    d.roles = &low;
    assert_int_equal(try_invite(f, mate, general, &d, &code), ERR_OK);
}

static void test_a_visit(void **state)
{
    struct core_fixture *f = *state;
    struct slice code;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct invite_draft d = {.temporary = true};
    assert_int_equal(try_invite(f, owner, cf_general(f, guild), &d, &code), ERR_OK);
    cf_join(f, guest, code);
    assert_true(jf_member(f, guild, guest).temporary);
}

static void test_targets(void **state)
{
    struct core_fixture *f = *state;
    struct slice code;
    struct guild_view *v = NULL;
    struct channel_id voice = {0};
    struct invite_sheet s;
    struct person *owner = cf_person(f, "owner"), *other = cf_person(f, "other");
    struct guild_id guild = cf_guild(f, owner);
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    for (size_t i = 0; i < v->channel_count; i++)
        if (v->channels[i].type == CHANNEL_TYPE_VOICE)
            voice = v->channels[i].id;
    guild_view_unref(&v);
    struct invite_draft d = {.target_type = 1, .target_user = owner->who.user};
    assert_int_equal(try_invite(f, owner, cf_general(f, guild), &d, &code), ERR_CHANNEL_TYPE);
    assert_int_equal(try_invite(f, owner, voice, &d, &code), ERR_OK);
    assert_int_equal(invite_get(f->core, code, &f->arena, &s), ERR_OK);
    assert_int_equal(s.invite.target_type, 1);
    assert_int_equal(s.target_user.id.v, owner->who.user.v);
    guild_view_unref(&s.view);
    d.target_user = other->who.user;
    assert_int_equal(try_invite(f, owner, voice, &d, &code), ERR_UNKNOWN_MEMBER);
    d = (struct invite_draft){.target_type = 2, .target_application = {77}};
    assert_int_equal(try_invite(f, owner, voice, &d, &code), ERR_UNKNOWN_APPLICATION);
}

static void test_taking_an_invite_back(void **state)
{
    struct core_fixture *f = *state;
    struct invite_sheet s;
    struct person *owner = cf_person(f, "owner"), *mate = cf_person(f, "mate"),
                  *stranger = cf_person(f, "stranger");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct slice of_owner = cf_invite(f, owner, general, 0, 0);
    cf_join(f, mate, of_owner);
    struct slice of_mate = cf_invite(f, mate, general, 0, 0);
    assert_int_equal(invite_delete(f->core, &stranger->by, of_mate, &f->arena, &s),
                     ERR_MISSING_ACCESS);
    assert_int_equal(invite_delete(f->core, &mate->by, of_owner, &f->arena, &s),
                     ERR_MISSING_PERMISSIONS);
    cf_forget_events(f);
    assert_int_equal(invite_delete(f->core, &mate->by, of_mate, &f->arena, &s), ERR_OK);
    guild_view_unref(&s.view);
    assert_int_equal(f->events[0]->kind, EVENT_INVITE_DELETE);
    assert_int_equal(f->events[0]->channel_id, general.v);
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(f->events[1], "\"action_type\":42"));
    assert_int_equal(invite_delete(f->core, &mate->by, of_mate, &f->arena, &s), ERR_UNKNOWN_INVITE);
    assert_int_equal(invite_delete(f->core, &owner->by, of_owner, &f->arena, &s), ERR_OK);
    guild_view_unref(&s.view);
}

static void test_expired_invites_go(void **state)
{
    struct core_fixture *f = *state;
    bool more = true;
    struct person *owner = cf_person(f, "owner");
    struct channel_id general = cf_general(f, cf_guild(f, owner));
    for (int i = 0; i < 60; i++)
        cf_invite(f, owner, general, 0, 60);
    cf_invite(f, owner, general, 0, 3600);
    cf_forget_events(f);
    assert_int_equal(invite_expire_step(f->core, &more), ERR_OK);
    assert_false(more);
    assert_int_equal(f->event_count, 0);
    atomic_fetch_add(&f->wall_ms, 60000);
    for (int steps = 0; steps < 3; steps++)
        assert_int_equal(invite_expire_step(f->core, &more), ERR_OK);
    assert_false(more);
    assert_int_equal(jf_count(f, EVENT_INVITE_DELETE), 60);
    assert_int_equal(f->event_count, 60);
}

static void test_vanity(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    uint64_t uses;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner), second = cf_guild(f, owner);
    struct access a = cf_in_guild(f, owner, guild), b = cf_in_guild(f, owner, second);
    struct slice invite = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    static const char *const bad[] = {"a",   "-ab", "ab-",
                                      "a b", "Abc", "0123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(vanity_change(f->core, &owner->by, &a, slice_from(bad[i])),
                         ERR_VANITY_TAKEN);
    cf_forget_events(f);
    assert_int_equal(vanity_change(f->core, &owner->by, &a, SLICE("our-place")), ERR_OK);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_UPDATE);
    assert_true(cf_payload_has(f->events[0], "\"vanity_url_code\":\"our-place\""));
    assert_true(cf_payload_has(f->events[0], "\"VANITY_URL\""));
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    size_t events = f->event_count;
    assert_int_equal(vanity_change(f->core, &owner->by, &a, SLICE("our-place")), ERR_OK);
    assert_int_equal(f->event_count, events); /* no change, no event */
    assert_int_equal(vanity_change(f->core, &owner->by, &b, SLICE("our-place")), ERR_VANITY_TAKEN);
    assert_int_equal(jf_try_join(f, guest, SLICE("OUR-place"), &how), ERR_OK);
    assert_true(how.joined);
    assert_true(jf_is_member(f, guild, guest));
    assert_int_equal(vanity_get(f->core, &a, &uses), ERR_OK);
    assert_int_equal(uses, 1);
    assert_int_equal(vanity_change(f->core, &owner->by, &a, (struct slice){NULL, 0}), ERR_OK);
    assert_int_equal(jf_try_join(f, owner, SLICE("our-place"), &how), ERR_UNKNOWN_INVITE);
    assert_int_equal(vanity_change(f->core, &owner->by, &b, SLICE("our-place")), ERR_OK);
    (void)invite;
    access_end(&a);
    access_end(&b);
}

struct taken_code {
    struct guild_id guild;
    struct channel_id channel;
    struct user_id inviter;
    struct arena *arena;
};

static enum err insert_plain_code(struct tx *tx, void *ctx)
{
    const struct taken_code *t = ctx;
    bool inserted;
    const struct invite i = {.code = SLICE("abcd2345"),
                             .guild = t->guild,
                             .channel = t->channel,
                             .inviter = {.id = t->inviter},
                             .created_at_ms = 1};
    return invites_insert(tx_sql(tx), &i, t->arena, &inserted);
}

static void test_vanity_is_no_invite(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct taken_code t = {guild, cf_general(f, guild), owner->who.user, &f->arena};
    struct access a = cf_in_guild(f, owner, guild);
    assert_int_equal(store_write(f->store, insert_plain_code, &t), ERR_OK);
    assert_int_equal(vanity_change(f->core, &owner->by, &a, SLICE("abcd2345")), ERR_VANITY_TAKEN);
    access_end(&a);
}

/* ---- screening ---- */

static void test_screening_holds_people_back(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    struct message m;
    struct screening_result done;
    struct message_draft d = {.content = SLICE("hello")};
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct slice code = cf_invite(f, owner, general, 0, 0);
    struct slice version = jf_screen(f, owner, guild, true, false);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_OK);
    assert_true(how.pending);
    assert_true(jf_member(f, guild, guest).pending);
    assert_int_equal(cf_try_post(f, guest, general, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_false(jf_member(f, guild, owner).pending);
    assert_int_equal(screening_answer(f->core, &guest->by, guild, SLICE("another"), SLICE("[]"),
                                      &f->arena, &done),
                     ERR_STORE_CONFLICT);
    cf_forget_events(f);
    assert_int_equal(
        screening_answer(f->core, &guest->by, guild, version, SLICE("[]"), &f->arena, &done),
        ERR_OK);
    assert_int_equal(done.request.status, JOIN_REQUEST_APPROVED);
    const struct event *updated = jf_event(f, EVENT_GUILD_MEMBER_UPDATE, 0);
    assert_non_null(updated);
    assert_non_null(updated->standing);
    assert_false(updated->standing->pending);
    assert_int_equal(jf_member(f, guild, guest).standing, updated->position);
    assert_int_equal(cf_try_post(f, guest, general, &d, &m), ERR_OK);
    /* There is nothing to answer for any more. */
    assert_int_equal(
        screening_answer(f->core, &guest->by, guild, version, SLICE("[]"), &f->arena, &done),
        ERR_MISSING_ACCESS);
}

static void test_screening_that_somebody_looks_at(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    struct screening_result asked;
    struct join_request decided;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    struct slice version = jf_screen(f, owner, guild, true, true);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_OK);
    assert_int_equal(
        screening_answer(f->core, &guest->by, guild, version, SLICE("[1]"), &f->arena, &asked),
        ERR_OK);
    assert_int_equal(asked.request.status, JOIN_REQUEST_SUBMITTED);
    assert_true(jf_member(f, guild, guest).pending);
    struct access a = cf_in_guild(f, owner, guild);
    const struct join_request_verdict yes = {.approved = true};
    assert_int_equal(
        join_request_decide(f->core, &owner->by, &a, asked.request.id, &yes, &f->arena, &decided),
        ERR_OK);
    assert_false(jf_member(f, guild, guest).pending);
    assert_int_equal(jf_count(f, EVENT_GUILD_MEMBER_ADD), 2); /* joined once: owner, guest */
    access_end(&a);
}

static void test_a_gate_that_opens_lets_people_in(void **state)
{
    struct core_fixture *f = *state;
    struct acceptance how;
    enum { PEOPLE = 60 };
    struct person *people[PEOPLE], *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    jf_screen(f, owner, guild, true, false);
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "guest%d", i);
        people[i] = cf_person(f, name);
        assert_int_equal(jf_try_join(f, people[i], code, &how), ERR_OK);
    }
    jf_screen(f, owner, guild, false, false);
    assert_true(jf_member(f, guild, people[0]).pending);
    cf_forget_events(f);
    jf_run_tasks(f);
    assert_int_equal(jf_count(f, EVENT_GUILD_MEMBER_UPDATE), PEOPLE);
    for (int i = 0; i < PEOPLE; i++)
        assert_false(jf_member(f, guild, people[i]).pending);
}

static void test_an_invite_past_the_screening(void **state)
{
    struct core_fixture *f = *state;
    struct slice code;
    struct acceptance how;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest"),
                  *mate = cf_person(f, "mate");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, mate, cf_invite(f, owner, general, 0, 0));
    jf_screen(f, owner, guild, true, false);
    struct invite_draft d = {.flags = INVITE_FLAG_APPLICATION_BYPASS};
    assert_int_equal(try_invite(f, mate, general, &d, &code), ERR_MISSING_PERMISSIONS);
    assert_int_equal(try_invite(f, owner, general, &d, &code), ERR_OK);
    assert_int_equal(jf_try_join(f, guest, code, &how), ERR_OK);
    assert_false(how.pending);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_a_message_tells_of_it),
        T(test_standing_is_the_position),
        T(test_banned_people_stay_out),
        T(test_paused_invites),
        T(test_limits_of_the_operator),
        T(test_invites_that_give_roles),
        T(test_nobody_gives_what_they_lack),
        T(test_a_visit),
        T(test_targets),
        T(test_taking_an_invite_back),
        T(test_expired_invites_go),
        T(test_vanity),
        T(test_vanity_is_no_invite),
        T(test_screening_holds_people_back),
        T(test_screening_that_somebody_looks_at),
        T(test_a_gate_that_opens_lets_people_in),
        T(test_an_invite_past_the_screening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
