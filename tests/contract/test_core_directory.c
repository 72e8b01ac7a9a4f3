/* The directory, and requests to join: what strangers see of guilds, and what they do not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/joining_fixture.h"

static struct directory_result search(struct core_fixture *f, const struct person *who,
                                      const char *query, size_t limit, size_t offset)
{
    struct directory_result found;
    assert_int_equal(
        directory_search(f->core, &who->who, slice_from(query), limit, offset, &f->arena, &found),
        ERR_OK);
    return found;
}

static struct guild_id named_guild(struct core_fixture *f, const struct person *owner,
                                   const char *name)
{
    struct guild_draft d = {.name = slice_from(name), .system_channel_flags = 1};
    struct guild_view *v = NULL;
    assert_int_equal(guild_create(f->core, &owner->by, &d, &v), ERR_OK);
    struct guild_id id = v->guild.id;
    guild_view_unref(&v);
    return id;
}

static void test_only_what_is_listed_is_found(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id small = named_guild(f, owner, "Small 100% Garden");
    struct guild_id large = named_guild(f, owner, "Large Garden");
    named_guild(f, owner, "Secret Garden");
    jf_list(f, owner, small, true, JOIN_OPEN);
    jf_list(f, owner, large, true, JOIN_OPEN);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, large), 0, 0));
    struct directory_result found = search(f, guest, "", 10, 0);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.total, 2);
    assert_int_equal(found.entries[0].guild.id.v, large.v); /* the larger first */
    assert_int_equal(found.entries[0].members, 2);
    assert_int_equal(found.entries[1].guild.id.v, small.v);
    found = search(f, guest, "", 1, 1);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.entries[0].guild.id.v, small.v);
    assert_int_equal(search(f, guest, "GARDEN", 10, 0).count, 2);
    assert_int_equal(search(f, guest, "large", 10, 0).count, 1);
    assert_int_equal(search(f, guest, "0% g", 10, 0).count, 1);
    assert_int_equal(search(f, guest, "%", 10, 0).count, 1); /* a letter like any other */
    assert_int_equal(search(f, guest, "_", 10, 0).count, 0);
    assert_int_equal(search(f, guest, "secret", 10, 0).count, 0);
    assert_int_equal(search(f, guest, "secret", 10, 0).total, 0);
    jf_list(f, owner, large, false, JOIN_OPEN);
    assert_int_equal(search(f, guest, "", 10, 0).count, 1);
}

static void test_other_tenants_do_not_see_it(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct guild_view *view = NULL;
    uint64_t members;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_OPEN);
    guest->who.tenant.v = 9;
    assert_int_equal(search(f, guest, "", 10, 0).count, 0);
    assert_int_equal(directory_preview(f->core, &guest->who, guild, &view, &members),
                     ERR_UNKNOWN_GUILD);
    assert_int_equal(directory_enter(f->core, &guest->by, guild, &f->arena, &in),
                     ERR_UNKNOWN_GUILD);
}

static void test_joining_an_open_guild(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest"),
                  *banned = cf_person(f, "banned");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_OPEN);
    jf_ban(f, guild, banned);
    cf_forget_events(f);
    assert_int_equal(directory_enter(f->core, &guest->by, guild, &f->arena, &in), ERR_OK);
    assert_int_equal(in.how, DIRECTORY_JOINED);
    assert_int_equal(in.view->guild.id.v, guild.v);
    guild_view_unref(&in.view);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_MEMBER_ADD);
    assert_int_equal(directory_enter(f->core, &guest->by, guild, &f->arena, &in), ERR_OK);
    assert_int_equal(in.how, DIRECTORY_MEMBER);
    assert_int_equal(directory_enter(f->core, &banned->by, guild, &f->arena, &in), ERR_BANNED);
    jf_list(f, owner, guild, true, JOIN_BY_INVITE);
    struct person *late = cf_person(f, "late");
    assert_int_equal(directory_enter(f->core, &late->by, guild, &f->arena, &in),
                     ERR_MISSING_ACCESS);
}

/* Whatever is asked of a guild that is not listed: as if it were not there. */
static void test_private_guilds_are_not_there(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct guild_view *view = NULL;
    struct join_request r;
    struct screening s = {.exists = false};
    struct screening_result done;
    uint64_t members;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id private = cf_guild(f, owner);
    struct slice version = jf_screen(f, owner, private, true, false);
    const struct slice none = {NULL, 0};
    const struct guild_id ids[] = {private, {private.v + 1}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(directory_preview(f->core, &guest->who, ids[i], &view, &members),
                         ERR_UNKNOWN_GUILD);
        assert_int_equal(directory_enter(f->core, &guest->by, ids[i], &f->arena, &in),
                         ERR_UNKNOWN_GUILD);
        assert_int_equal(screening_get(f->core, &guest->who, ids[i], none, &f->arena, &s),
                         ERR_UNKNOWN_GUILD);
        assert_int_equal(
            screening_answer(f->core, &guest->by, ids[i], version, none, &f->arena, &done),
            ERR_UNKNOWN_GUILD);
        assert_int_equal(join_request_mine(f->core, &guest->who, ids[i], &f->arena, &r),
                         ERR_UNKNOWN_JOIN_REQUEST);
        assert_int_equal(join_request_withdraw(f->core, &guest->by, ids[i]),
                         ERR_UNKNOWN_JOIN_REQUEST);
    }
    /* Who is in sees it; who has an invite may read what it will ask. */
    assert_int_equal(directory_preview(f->core, &owner->who, private, &view, &members), ERR_OK);
    guild_view_unref(&view);
    struct slice code = cf_invite(f, owner, cf_general(f, private), 0, 0);
    assert_int_equal(screening_get(f->core, &guest->who, private, code, &f->arena, &s), ERR_OK);
    screening_end(&s);
}

static struct join_request ask(struct core_fixture *f, const struct person *p,
                               struct guild_id guild)
{
    struct directory_entrance in;
    assert_int_equal(directory_enter(f->core, &p->by, guild, &f->arena, &in), ERR_OK);
    assert_int_equal(in.how, DIRECTORY_ASKED);
    guild_view_unref(&in.view);
    return in.request;
}

static enum err decide(struct core_fixture *f, const struct person *by, struct guild_id guild,
                       uint64_t id, bool approved, const char *reason, struct join_request *out)
{
    struct access a = cf_in_guild(f, by, guild);
    const struct join_request_verdict v = {
        .approved = approved,
        .rejection_reason = reason == NULL ? (struct slice){NULL, 0} : slice_from(reason)};
    enum err e = join_request_decide(f->core, &by->by, &a, id, &v, &f->arena, out);
    access_end(&a);
    return e;
}

static void test_asking_and_being_let_in(void **state)
{
    struct core_fixture *f = *state;
    struct join_request r, mine;
    struct join_request_list list;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    cf_forget_events(f);
    r = ask(f, guest, guild);
    assert_int_equal(f->event_count, 1);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_JOIN_REQUEST_CREATE);
    assert_true(cf_payload_has(f->events[0], "\"status\":\"SUBMITTED\""));
    assert_int_equal(ask(f, guest, guild).id, r.id); /* asking twice is asking once */
    assert_int_equal(f->event_count, 1);
    assert_int_equal(join_request_mine(f->core, &guest->who, guild, &f->arena, &mine), ERR_OK);
    assert_int_equal(mine.id, r.id);
    struct join_request_page page = {.guild = guild, .limit = 10};
    assert_int_equal(join_request_list(f->core, &page, &f->arena, &list), ERR_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.total, 1);
    assert_int_equal(list.items[0].user.id.v, guest->who.user.v);
    cf_forget_events(f);
    assert_int_equal(decide(f, owner, guild, r.id, true, NULL, &r), ERR_OK);
    assert_int_equal(r.status, JOIN_REQUEST_APPROVED);
    assert_true(jf_is_member(f, guild, guest));
    assert_int_equal(jf_count(f, EVENT_GUILD_MEMBER_ADD), 1);
    assert_int_equal(jf_count(f, EVENT_GUILD_JOIN_REQUEST_UPDATE), 1);
    assert_int_equal(jf_count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 1);
    assert_int_equal(decide(f, owner, guild, r.id, false, NULL, &r), ERR_UNKNOWN_JOIN_REQUEST);
}

static void test_being_turned_away(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct join_request r, mine;
    uint64_t wait_s;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner), other = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    r = ask(f, guest, guild);
    /* Of another guild, by its moderators. */
    assert_int_equal(decide(f, owner, other, r.id, true, NULL, &mine), ERR_UNKNOWN_JOIN_REQUEST);
    assert_int_equal(decide(f, owner, guild, r.id, false, "not now", &r), ERR_OK);
    assert_false(jf_is_member(f, guild, guest));
    assert_int_equal(join_request_mine(f->core, &guest->who, guild, &f->arena, &mine), ERR_OK);
    assert_int_equal(mine.status, JOIN_REQUEST_REJECTED);
    assert_true(cf_slice_is(mine.rejection_reason, "not now"));
    assert_int_equal(directory_enter(f->core, &guest->by, guild, &f->arena, &in),
                     ERR_MISSING_ACCESS);
    assert_int_equal(join_request_withdraw(f->core, &guest->by, guild), ERR_UNKNOWN_JOIN_REQUEST);
    assert_int_equal(join_request_wait(f->core, &guest->who, guild, &f->arena, &wait_s), ERR_OK);
    assert_int_equal(wait_s, 24 * 3600);
    atomic_fetch_add(&f->wall_ms, INT64_C(24) * 3600 * 1000);
    assert_int_equal(join_request_wait(f->core, &guest->who, guild, &f->arena, &wait_s), ERR_OK);
    assert_int_equal(wait_s, 0);
    assert_int_not_equal(ask(f, guest, guild).id, r.id);
    cf_forget_events(f);
    assert_int_equal(join_request_withdraw(f->core, &guest->by, guild), ERR_OK);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_JOIN_REQUEST_DELETE);
    assert_int_equal(join_request_mine(f->core, &guest->who, guild, &f->arena, &mine),
                     ERR_UNKNOWN_JOIN_REQUEST);
}

static void test_banned_after_asking(void **state)
{
    struct core_fixture *f = *state;
    struct join_request r;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    r = ask(f, guest, guild);
    jf_ban(f, guild, guest);
    assert_int_equal(decide(f, owner, guild, r.id, true, NULL, &r), ERR_BANNED);
    assert_false(jf_is_member(f, guild, guest));
}

static void test_a_form_that_wants_answers(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct screening_result done;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    struct slice version = jf_screen(f, owner, guild, true, true);
    assert_int_equal(directory_enter(f->core, &guest->by, guild, &f->arena, &in),
                     ERR_MISSING_ACCESS);
    assert_int_equal(screening_answer(f->core, &guest->by, guild, version,
                                      SLICE("[{\"response\":true}]"), &f->arena, &done),
                     ERR_OK);
    assert_int_equal(done.request.status, JOIN_REQUEST_SUBMITTED);
    struct join_request r;
    assert_int_equal(decide(f, owner, guild, done.request.id, true, NULL, &r), ERR_OK);
    assert_false(jf_member(f, guild, guest).pending); /* they have been looked at */
}

static void test_how_many_may_be_open(void **state)
{
    struct core_fixture *f = *state;
    struct directory_entrance in;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    for (int i = 0; i < 100; i++) {
        struct guild_id guild = cf_guild(f, owner);
        jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
        ask(f, guest, guild);
        cf_forget_events(f);
    }
    struct guild_id last = cf_guild(f, owner);
    jf_list(f, owner, last, true, JOIN_ON_REQUEST);
    assert_int_equal(directory_enter(f->core, &guest->by, last, &f->arena, &in),
                     ERR_MAX_JOIN_REQUESTS);
}

static void test_pages_of_requests(void **state)
{
    struct core_fixture *f = *state;
    struct join_request_list list;
    uint64_t ids[5];
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "guest%d", i);
        ids[i] = ask(f, cf_person(f, name), guild).id;
    }
    struct join_request_page page = {.guild = guild, .limit = 2};
    assert_int_equal(join_request_list(f->core, &page, &f->arena, &list), ERR_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.total, 5);
    assert_int_equal(list.items[0].id, ids[4]);
    page.before = ids[3];
    assert_int_equal(join_request_list(f->core, &page, &f->arena, &list), ERR_OK);
    assert_int_equal(list.items[0].id, ids[2]);
    page.before = 0;
    page.after = ids[0];
    assert_int_equal(join_request_list(f->core, &page, &f->arena, &list), ERR_OK);
    assert_int_equal(list.items[0].id, ids[1]);
    page.status = JOIN_REQUEST_REJECTED;
    assert_int_equal(join_request_list(f->core, &page, &f->arena, &list), ERR_OK);
    assert_int_equal(list.count, 0);
}

/* ---- from the log ---- */

struct replayed {
    struct event *events[64];
    size_t count;
};

static void keep(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    assert_true(r->count < 64);
    r->events[r->count++] = e;
}

/* Of the events that these tests are about, what is read back says what was said. */
static void test_read_back(void **state)
{
    struct core_fixture *f = *state;
    struct replayed r = {.count = 0};
    struct join_request done;
    struct invite_sheet s;
    size_t seen = 0;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest"),
                  *other = cf_person(f, "other");
    struct guild_id guild = cf_guild(f, owner);
    jf_list(f, owner, guild, true, JOIN_ON_REQUEST);
    struct join_request first = ask(f, guest, guild);
    ask(f, other, guild);
    assert_int_equal(join_request_withdraw(f->core, &other->by, guild), ERR_OK);
    struct slice kept = cf_invite(f, owner, cf_general(f, guild), 7, 0);
    struct slice gone = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    assert_int_equal(invite_delete(f->core, &owner->by, gone, &f->arena, &s), ERR_OK);
    guild_view_unref(&s.view);
    assert_int_equal(decide(f, owner, guild, first.id, false, "no", &done), ERR_OK);
    assert_int_equal(events_replay(f->core, core_guild_stream(guild), 0, 64, keep, &r), ERR_OK);
    for (size_t i = 0; i < r.count; i++) {
        const struct event *e = r.events[i], *was = NULL;
        for (size_t k = 0; k < f->event_count && was == NULL; k++)
            if (f->events[k]->stream.kind == STREAM_GUILD && f->events[k]->position == e->position)
                was = f->events[k];
        assert_non_null(was);
        assert_int_equal(e->kind, was->kind);
        assert_int_equal(e->channel_id, was->channel_id);
        bool same = e->payload != NULL && e->payload->total == was->payload->total &&
                    memcmp(e->payload->data, was->payload->data, e->payload->total) == 0;
        if (e->kind == EVENT_INVITE_DELETE || e->kind == EVENT_GUILD_JOIN_REQUEST_DELETE ||
            e->kind == EVENT_GUILD_JOIN_REQUEST_UPDATE) {
            assert_true(same);
            seen++;
        } else if (e->kind == EVENT_INVITE_CREATE) {
            assert_int_equal(same, cf_payload_has(was, "\"max_uses\":7"));
            seen++;
        } else if (e->kind == EVENT_GUILD_JOIN_REQUEST_CREATE) {
            /* As the request is now; of the one that was taken back there is nothing to say. */
            assert_true(e->payload == NULL || cf_payload_has(e, "\"REJECTED\""));
            seen++;
        }
    }
    assert_int_equal(seen, 7);
    assert_non_null(kept.data);
    while (r.count > 0)
        event_unref(&r.events[--r.count]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_only_what_is_listed_is_found),
        T(test_other_tenants_do_not_see_it),
        T(test_joining_an_open_guild),
        T(test_private_guilds_are_not_there),
        T(test_asking_and_being_let_in),
        T(test_being_turned_away),
        T(test_banned_after_asking),
        T(test_a_form_that_wants_answers),
        T(test_how_many_may_be_open),
        T(test_pages_of_requests),
        T(test_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
