/* Members: changing, finding, kicking them, and who may. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/moderation_fixture.h"

static const struct member_edit no_nick = {.parts = MEMBER_NICK};

static void test_nick(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct member_edit d = {.parts = MEMBER_NICK, .nick = SLICE("Nick")};
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_true(cf_slice_is(m.nick, "Nick"));
    assert_int_equal(h.f->event_count, 2);
    const struct event *e = h.f->events[0];
    assert_int_equal(e->kind, EVENT_GUILD_MEMBER_UPDATE);
    assert_int_equal(e->entity_id, guest->who.user.v);
    assert_int_equal(e->actor_id, h.owner->who.user.v);
    assert_null(e->view);
    assert_null(e->standing);
    assert_true(cf_payload_has(e, "\"nick\":\"Nick\""));
    const struct event *audit = hall_audit(&h, "24");
    assert_true(cf_payload_has(audit, "{\"key\":\"nick\",\"new_value\":\"Nick\"}"));
    /* The same once more is no change. */
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(h.f->event_count, 2);
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, h.owner, guest, &no_nick, &m), ERR_OK);
    assert_null(m.nick.data);
    assert_true(cf_payload_has(h.f->events[0], "\"nick\":null"));
    assert_true(cf_payload_has(hall_audit(&h, "24"), "{\"key\":\"nick\",\"old_value\":\"Nick\"}"));
}

static void test_who_may_rename(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct person *first = hall_moderator(&h, "first", PERMISSION_MANAGE_NICKNAMES);
    struct person *second = hall_moderator(&h, "second", PERMISSION_MANAGE_NICKNAMES);
    struct person *idle = hall_moderator(&h, "idle", PERMISSION_KICK_MEMBERS);
    struct member_edit d = {.parts = MEMBER_NICK, .nick = SLICE("x")};
    assert_int_equal(hall_edit(&h, first, guest, &d, &m), ERR_OK);
    assert_int_equal(hall_edit(&h, first, second, &d, &m), ERR_OK);
    assert_int_equal(hall_edit(&h, second, first, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, first, h.owner, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, idle, guest, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, guest, idle, &d, &m), ERR_MISSING_PERMISSIONS);
    /* Oneself: CHANGE_NICKNAME, which everybody has. */
    assert_int_equal(hall_edit(&h, guest, guest, &d, &m), ERR_OK);
    assert_int_equal(hall_edit(&h, h.owner, h.owner, &d, &m), ERR_OK);
    struct person *stranger = cf_person(h.f, "stranger");
    assert_int_equal(hall_edit(&h, first, stranger, &d, &m), ERR_UNKNOWN_MEMBER);
}

static void on_event(void *ctx, struct event *e)
{
    struct event **last = ctx;
    event_unref(last);
    *last = e;
}

/* From the log a standing comes as it is now, and says since when; that of who is gone does not. */
static void test_replay_of_standing(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct event *read = NULL;
    struct person *guest = hall_member(&h, "guest");
    struct member_edit nick = {.parts = MEMBER_NICK, .nick = SLICE("Nick")};
    struct member_edit d = {.parts = MEMBER_TIME_OUT};
    d.timed_out_until_ms = atomic_load(&h.f->wall_ms) + 60000;
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, h.owner, guest, &nick, &m), ERR_OK);
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    const struct event *named = hall_event(&h, EVENT_GUILD_MEMBER_UPDATE, 0);
    const struct event *timed_out = hall_event(&h, EVENT_GUILD_MEMBER_UPDATE, 1);
    assert_null(named->standing);
    assert_int_equal(timed_out->standing->position, timed_out->position);
    const uint64_t rows[] = {named->position, timed_out->position};
    struct stream s = {STREAM_GUILD, h.guild.v};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(events_replay(h.f->core, s, rows[i] - 1, 1, on_event, &read), ERR_OK);
        assert_int_equal(read->standing->timed_out_until_ms, d.timed_out_until_ms);
        assert_int_equal(read->standing->position, rows[1]);
    }
    assert_int_equal(hall_kick(&h, h.owner, guest), ERR_OK);
    assert_int_equal(events_replay(h.f->core, s, rows[0] - 1, 1, on_event, &read), ERR_OK);
    assert_null(read->standing);
    assert_null(read->payload);
    event_unref(&read);
}

static void test_time_out(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct message sent;
    const struct message_draft text = {.content = SLICE("now?")};
    struct person *guest = hall_member(&h, "guest");
    struct person *mod = hall_moderator(&h, "mod", PERMISSION_MODERATE_MEMBERS);
    struct person *admin = hall_moderator(&h, "admin", PERMISSION_ADMINISTRATOR);
    struct member_edit d = {.parts = MEMBER_TIME_OUT};
    d.timed_out_until_ms = atomic_load(&h.f->wall_ms) + 60000;
    struct access before = cf_in_channel(h.f, guest, h.general);
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_OK);
    const struct event *e = h.f->events[0];
    assert_int_equal(e->kind, EVENT_GUILD_MEMBER_UPDATE);
    assert_non_null(e->standing);
    assert_int_equal(e->standing->timed_out_until_ms, d.timed_out_until_ms);
    assert_int_equal(e->position, m.standing);
    assert_true(cf_payload_has(hall_audit(&h, "24"), "\"communication_disabled_until\""));
    /* Also for whom it was allowed a moment ago. */
    assert_int_equal(message_post(h.f->core, &guest->by, &before, &text, &h.f->arena, &sent),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(cf_try_post(h.f, guest, h.general, &text, &sent), ERR_MISSING_PERMISSIONS);
    access_end(&before);
    atomic_fetch_add(&h.f->wall_ms, 60000);
    assert_int_equal(cf_try_post(h.f, guest, h.general, &text, &sent), ERR_OK);
    d.timed_out_until_ms += 60000;
    assert_int_equal(hall_edit(&h, mod, mod, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, h.owner, admin, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, admin, h.owner, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, guest, guest, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_OK);
    d.timed_out_until_ms = 0;
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_OK);
    assert_int_equal(m.timed_out_until_ms, 0);
    assert_int_equal(cf_try_post(h.f, guest, h.general, &text, &sent), ERR_OK);
}

/* Back in the guild; what GUILD_MEMBER_ADD says of a time-out is what holds. */
static void come_back(const struct hall *h, struct person *guest, bool timed_out)
{
    struct message sent;
    const struct message_draft text = {.content = SLICE("back")};
    cf_forget_events(h->f);
    assert_int_equal(hall_join(h, guest), ERR_OK);
    assert_int_equal(h->f->events[0]->kind, EVENT_GUILD_MEMBER_ADD);
    bool none = cf_payload_has(h->f->events[0], "\"communication_disabled_until\":null");
    assert_int_equal(none, !timed_out);
    assert_int_equal(cf_try_post(h->f, guest, h->general, &text, &sent),
                     timed_out ? ERR_MISSING_PERMISSIONS : ERR_OK);
}

static void test_leaving_keeps_the_time_out(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct member_edit d = {.parts = MEMBER_TIME_OUT,
                            .timed_out_until_ms = atomic_load(&h.f->wall_ms) + 60000};
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(member_leave(h.f->core, &guest->by, h.guild), ERR_OK);
    come_back(&h, guest, true);
    assert_int_equal(hall_kick(&h, h.owner, guest), ERR_OK);
    come_back(&h, guest, true);
    /* Lifted while they are here: nothing of it is left for the next time. */
    d.timed_out_until_ms = 0;
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(member_leave(h.f->core, &guest->by, h.guild), ERR_OK);
    come_back(&h, guest, false);
    /* It ends while they are away, too. */
    d.timed_out_until_ms = atomic_load(&h.f->wall_ms) + 60000;
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(hall_kick(&h, h.owner, guest), ERR_OK);
    atomic_fetch_add(&h.f->wall_ms, 60000);
    come_back(&h, guest, false);
}

static enum err count_kept(struct tx *tx, void *ctx)
{
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "SELECT COUNT(*) FROM kept_timeouts");
    *(uint64_t *)ctx = sql_step(s) ? sql_u64(s, 0) : 0;
    return sql_done(s);
}

/* Who never comes back does not stay in the books for ever. */
static void test_time_outs_that_have_ended_go(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    uint64_t kept = 0;
    const char *const names[] = {"one", "two", "three"};
    for (size_t i = 0; i < 3; i++) {
        struct person *guest = hall_member(&h, names[i]);
        struct member_edit d = {.parts = MEMBER_TIME_OUT,
                                .timed_out_until_ms = atomic_load(&h.f->wall_ms) + 60000};
        assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
        assert_int_equal(hall_kick(&h, h.owner, guest), ERR_OK);
        assert_int_equal(store_read(h.f->store, count_kept, &kept), ERR_OK);
        assert_int_equal(kept, i == 2 ? 1 : i + 1);
        if (i == 1)
            atomic_fetch_add(&h.f->wall_ms, 60000);
    }
}

static enum err take(const struct hall *h, const struct person *by, const struct person *from,
                     struct role_id role)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = member_take_role(h->f->core, &by->by, &a, from->who.user, role);
    access_end(&a);
    return e;
}

static void test_roles(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct role_id top = hall_role(&h, "top", 0);
    struct person *mod = hall_moderator(&h, "mod", PERMISSION_MANAGE_ROLES);
    struct role_id low = hall_role(&h, "low", 0);
    struct role_id lowest = hall_role(&h, "lowest", 0);
    cf_forget_events(h.f);
    assert_int_equal(hall_give(&h, mod, guest, lowest), ERR_OK);
    const struct event *e = h.f->events[0];
    assert_int_equal(e->kind, EVENT_GUILD_MEMBER_UPDATE);
    assert_int_equal(e->standing->role_count, 1);
    assert_int_equal(e->standing->roles[0].v, lowest.v);
    const struct event *audit = hall_audit(&h, "25");
    assert_true(cf_payload_has(audit, "\"key\":\"$add\",\"new_value\":[{\"name\":\"lowest\""));
    assert_int_equal(hall_give(&h, mod, guest, lowest), ERR_OK);
    assert_int_equal(h.f->event_count, 2);
    assert_int_equal(hall_give(&h, mod, guest, low), ERR_OK);
    assert_int_equal(member_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &m), ERR_OK);
    assert_int_equal(m.role_count, 2);
    assert_true(m.roles[0].v < m.roles[1].v);
    assert_int_equal(hall_give(&h, mod, guest, top), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_give(&h, guest, guest, lowest), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_give(&h, mod, guest, (struct role_id){h.guild.v}), ERR_INVALID_ROLE);
    assert_int_equal(hall_give(&h, mod, guest, (struct role_id){5}), ERR_UNKNOWN_ROLE);
    /* Roles go by the role's rank, not the member's: the owner may get one. */
    assert_int_equal(hall_give(&h, mod, h.owner, low), ERR_OK);
    cf_forget_events(h.f);
    assert_int_equal(take(&h, mod, guest, low), ERR_OK);
    assert_true(cf_payload_has(hall_audit(&h, "25"), "\"key\":\"$remove\""));
    assert_int_equal(take(&h, mod, guest, low), ERR_OK);
    assert_int_equal(h.f->event_count, 2);
    assert_int_equal(hall_give(&h, h.owner, guest, top), ERR_OK);
    assert_int_equal(take(&h, mod, guest, top), ERR_MISSING_PERMISSIONS);
}

static void test_list_of_roles(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct role_id top = hall_role(&h, "top", 0);
    struct person *mod = hall_moderator(&h, "mod", PERMISSION_MANAGE_ROLES);
    struct role_id a = hall_role(&h, "a", 0), b = hall_role(&h, "b", 0);
    assert_int_equal(hall_give(&h, h.owner, guest, top), ERR_OK);
    assert_int_equal(hall_give(&h, h.owner, guest, a), ERR_OK);
    const uint64_t wanted[] = {top.v, b.v, b.v};
    struct member_edit d = {.parts = MEMBER_ROLES, .roles = wanted, .role_count = 3};
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_OK);
    assert_int_equal(m.role_count, 2);
    assert_int_equal(m.roles[0].v, top.v);
    assert_int_equal(m.roles[1].v, b.v);
    const struct event *audit = hall_audit(&h, "25");
    assert_true(cf_payload_has(audit, "$add") && cf_payload_has(audit, "$remove"));
    /* Not naming a role that is above one takes it away, which one may not. */
    d.role_count = 0;
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(m.role_count, 0);
    const uint64_t unknown[] = {b.v, 77};
    d = (struct member_edit){.parts = MEMBER_ROLES, .roles = unknown, .role_count = 2};
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_UNKNOWN_ROLE);
}

static void test_voice_and_flags(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct person *mod = hall_moderator(&h, "mod", PERMISSION_MUTE_MEMBERS);
    struct member_edit d = {.parts = MEMBER_MUTE, .mute = true};
    cf_forget_events(h.f);
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_OK);
    assert_true(m.mute);
    assert_null(h.f->events[0]->standing);
    assert_true(cf_payload_has(hall_audit(&h, "24"),
                               "{\"key\":\"mute\",\"old_value\":false,\"new_value\":true}"));
    d = (struct member_edit){.parts = MEMBER_MUTE | MEMBER_DEAF, .deaf = true};
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(member_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &m), ERR_OK);
    assert_true(m.mute && !m.deaf);
    d = (struct member_edit){.parts = MEMBER_FLAGS, .flags = ~UINT64_C(0)};
    assert_int_equal(hall_edit(&h, mod, guest, &d, &m), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    assert_int_equal(m.flags, MEMBER_FLAG_BYPASSES_VERIFICATION);
}

static void test_kick(void **state)
{
    struct hall h = hall_make(*state);
    struct message sent;
    const struct message_draft text = {.content = SLICE("still here")};
    struct person *guest = hall_member(&h, "guest");
    struct person *first = hall_moderator(&h, "first", PERMISSION_KICK_MEMBERS);
    struct person *second = hall_moderator(&h, "second", PERMISSION_KICK_MEMBERS);
    struct access before = cf_in_channel(h.f, guest, h.general);
    uint64_t count;
    cf_forget_events(h.f);
    struct person *by = second;
    by->by.reason = SLICE("noise");
    assert_int_equal(hall_kick(&h, second, guest), ERR_OK);
    assert_int_equal(h.f->event_count, 3);
    assert_int_equal(h.f->events[0]->kind, EVENT_GUILD_MEMBER_REMOVE);
    assert_int_equal(h.f->events[0]->actor_id, second->who.user.v);
    assert_null(h.f->events[0]->view);
    assert_int_equal(h.f->events[1]->kind, EVENT_GUILD_DELETE);
    assert_int_equal(h.f->events[1]->stream.id, guest->who.user.v);
    assert_true(cf_payload_has(hall_audit(&h, "20"), "\"reason\":\"noise\""));
    assert_false(hall_has(&h, guest));
    assert_int_equal(message_post(h.f->core, &guest->by, &before, &text, &h.f->arena, &sent),
                     ERR_MISSING_ACCESS);
    access_end(&before);
    assert_int_equal(guild_member_count(h.f->core, h.guild, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(hall_kick(&h, second, guest), ERR_UNKNOWN_MEMBER);
    assert_int_equal(hall_kick(&h, second, first), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_kick(&h, second, second), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_kick(&h, second, h.owner), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_kick(&h, first, second), ERR_OK);
    /* Back again: without the roles of before. */
    assert_int_equal(hall_join(&h, second), ERR_OK);
    assert_int_equal(hall_kick(&h, second, first), ERR_MISSING_PERMISSIONS);
}

/* What was authorised while a moderator is not allowed any more once a role is taken. */
static void test_demoted_meanwhile(void **state)
{
    struct hall h = hall_make(*state);
    struct person *guest = hall_member(&h, "guest");
    struct person *mod = hall_member(&h, "mod");
    struct role_id role = hall_role(&h, "mod", PERMISSION_KICK_MEMBERS);
    assert_int_equal(hall_give(&h, h.owner, mod, role), ERR_OK);
    struct access a = cf_in_guild(h.f, mod, h.guild);
    assert_int_equal(take(&h, h.owner, mod, role), ERR_OK);
    assert_int_equal(member_kick(h.f->core, &mod->by, &a, guest->who.user),
                     ERR_MISSING_PERMISSIONS);
    access_end(&a);
    /* And so for a rank that was lost: the guest has been given a role above. */
    struct role_id high = hall_role(&h, "high", 0);
    struct role_id low = hall_role(&h, "low", PERMISSION_KICK_MEMBERS);
    assert_int_equal(hall_give(&h, h.owner, mod, low), ERR_OK);
    a = cf_in_guild(h.f, mod, h.guild);
    assert_int_equal(hall_give(&h, h.owner, guest, high), ERR_OK);
    assert_int_equal(member_kick(h.f->core, &mod->by, &a, guest->who.user),
                     ERR_MISSING_PERMISSIONS);
    access_end(&a);
    assert_true(hall_has(&h, guest));
}

static void test_pages(void **state)
{
    enum { PEOPLE = 7 };
    struct hall h = hall_make(*state);
    struct person *people[PEOPLE];
    struct member *list = NULL;
    size_t count = 0;
    struct role_id a = hall_role(&h, "a", 0), b = hall_role(&h, "b", 0);
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%d", i);
        people[i] = hall_member(&h, name);
    }
    assert_int_equal(hall_give(&h, h.owner, people[1], a), ERR_OK);
    assert_int_equal(hall_give(&h, h.owner, people[1], b), ERR_OK);
    assert_int_equal(
        member_list(h.f->core, h.guild, people[0]->who.user.v, 3, &h.f->arena, &list, &count),
        ERR_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(list[i].user.id.v, people[i + 1]->who.user.v);
    assert_int_equal(list[0].role_count, 2);
    assert_int_equal(list[0].roles[0].v, a.v);
    assert_int_equal(list[0].roles[1].v, b.v);
    assert_int_equal(list[1].role_count, 0);
    assert_int_equal(
        member_list(h.f->core, h.guild, people[5]->who.user.v, 3, &h.f->arena, &list, &count),
        ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(
        member_list(h.f->core, h.guild, UINT64_MAX >> 1, 3, &h.f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(member_list(h.f->core, h.guild, 0, 1000, &h.f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, PEOPLE + 1);
}

static size_t found(const struct hall *h, const char *prefix, uint64_t limit)
{
    struct member *list;
    size_t count = 0;
    assert_int_equal(
        member_search(h->f->core, h->guild, slice_from(prefix), limit, &h->f->arena, &list, &count),
        ERR_OK);
    return count;
}

static void test_search(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *anna = hall_member(&h, "anna");
    struct person *annabel = hall_member(&h, "annabel");
    hall_member(&h, "berta");
    assert_int_equal(found(&h, "ann", 10), 2);
    assert_int_equal(found(&h, "ANN", 10), 2);
    assert_int_equal(found(&h, "ann", 1), 1);
    assert_int_equal(found(&h, "annab", 10), 1);
    assert_int_equal(found(&h, "nna", 10), 0);
    assert_int_equal(found(&h, "%", 10), 0);
    struct member_edit d = {.parts = MEMBER_NICK, .nick = SLICE("Berta the Second")};
    assert_int_equal(hall_edit(&h, h.owner, anna, &d, &m), ERR_OK);
    assert_int_equal(found(&h, "bert", 10), 2);
    assert_int_equal(found(&h, "berta t", 10), 1);
    assert_int_equal(found(&h, "anna", 10), 2);
    /* A nick like one's own name is one name; letters beyond ASCII are as they are. */
    d.nick = SLICE("ANNABEL");
    assert_int_equal(hall_edit(&h, h.owner, annabel, &d, &m), ERR_OK);
    assert_int_equal(found(&h, "annabel", 10), 1);
    d.nick = SLICE("\xc3\x89mile");
    assert_int_equal(hall_edit(&h, h.owner, annabel, &d, &m), ERR_OK);
    assert_int_equal(found(&h, "\xc3\x89m", 10), 1);
    assert_int_equal(found(&h, "\xc3\xa9m", 10), 0);
    assert_int_equal(hall_edit(&h, h.owner, anna, &no_nick, &m), ERR_OK);
    assert_int_equal(found(&h, "bert", 10), 1);
    assert_int_equal(hall_kick(&h, h.owner, annabel), ERR_OK);
    assert_int_equal(found(&h, "\xc3\x89m", 10), 0);
    assert_int_equal(found(&h, "ann", 10), 1);
    assert_int_equal(hall_join(&h, annabel), ERR_OK);
    assert_int_equal(found(&h, "ann", 10), 2);
    assert_int_equal(found(&h, "\xc3\x89m", 10), 0);
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM member_names WHERE guild_id = $1", h.guild.v), 4);
}

/* Of many with the same beginning just as many are found as asked for, whoever has three names. */
static void test_search_limit(void **state)
{
    enum { PEOPLE = 12 };
    struct hall h = hall_make(*state);
    struct member m;
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        char nick[16];
        snprintf(name, sizeof name, "same%02d", i);
        snprintf(nick, sizeof nick, "SAME%02d nick", i);
        struct member_edit d = {.parts = MEMBER_NICK, .nick = slice_from(nick)};
        assert_int_equal(hall_edit(&h, h.owner, hall_member(&h, name), &d, &m), ERR_OK);
    }
    assert_int_equal(found(&h, "same", 5), 5);
    assert_int_equal(found(&h, "same", PEOPLE), PEOPLE);
    assert_int_equal(found(&h, "same", 1000), PEOPLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nick, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_who_may_rename, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_replay_of_standing, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_time_out, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_leaving_keeps_the_time_out, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_time_outs_that_have_ended_go, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_roles, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_list_of_roles, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_voice_and_flags, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_kick, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_demoted_meanwhile, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_pages, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_search, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_search_limit, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
