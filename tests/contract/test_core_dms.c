/* Direct messages: who is in them, who may write, who is told, and what the log gives back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "contract/replay_fixture.h"
#include "core/dm_groups.h"
#include "core/dms.h"
#include "core/relationships.h"
#include "core/tasks.h"
#include "core/user_erase.h"
#include "store/dms.h"

static void befriend(struct core_fixture *f, const struct person *a, const struct person *b)
{
    assert_int_equal(relationship_ask(f->core, &a->by, b->who.user), ERR_OK);
    assert_int_equal(relationship_ask(f->core, &b->by, a->who.user), ERR_OK);
}

static struct channel_id open_with(struct core_fixture *f, const struct person *a,
                                   const struct person *b)
{
    struct dm_channel d;
    assert_int_equal(dm_open(f->core, &a->by, b->who.user, &f->arena, &d), ERR_OK);
    assert_int_equal(d.recipient_count, 2);
    return d.id;
}

static enum err try_post(struct core_fixture *f, const struct person *p, struct channel_id id)
{
    struct message m;
    struct message_draft d = {.content = SLICE("hello")};
    return cf_try_post(f, p, id, &d, &m);
}

static size_t count_kind(struct core_fixture *f, const struct person *p, enum event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->event_count; i++)
        n += f->events[i]->kind == kind && f->events[i]->stream.kind == STREAM_USER &&
             f->events[i]->stream.id == p->who.user.v;
    return n;
}

static struct dm_channel group_of(struct core_fixture *f, struct person *const *people,
                                  size_t count)
{
    uint64_t ids[16];
    struct dm_channel d;
    for (size_t i = 1; i < count; i++) {
        befriend(f, people[0], people[i]);
        ids[i - 1] = people[i]->who.user.v;
    }
    assert_int_equal(dm_group_make(f->core, &people[0]->by, ids, count - 1, &f->arena, &d), ERR_OK);
    assert_int_equal(d.recipient_count, count);
    return d;
}

static void a_pair_has_one_channel(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    struct channel_id id = open_with(f, a, b);
    assert_int_equal(open_with(f, b, a).v, id.v);
    assert_int_equal(open_with(f, a, b).v, id.v);
    assert_int_equal(count_kind(f, a, EVENT_DIRECT_CHANNEL_CREATE), 1);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_CHANNEL_CREATE), 1);
    struct dm_channel d;
    assert_int_equal(dm_open(f->core, &a->by, a->who.user, &f->arena, &d), ERR_INVALID_RECIPIENTS);
    assert_int_equal(dm_open(f->core, &a->by, (struct user_id){77}, &f->arena, &d),
                     ERR_INVALID_RECIPIENTS);
    assert_int_equal(dm_with(f->core, a->who.user, b->who.user, &f->arena, &d), ERR_OK);
    assert_int_equal(d.id.v, id.v);
}

/* Each recipient's stream has the same payload; the log gives it back. */
static void a_message_reaches_both(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    befriend(f, a, b);
    struct channel_id id = open_with(f, a, b);
    struct message m = cf_post(f, a, id, "hello");
    assert_int_equal(m.guild.v, 0);
    assert_int_equal(count_kind(f, a, EVENT_DIRECT_MESSAGE_CREATE), 1);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_MESSAGE_CREATE), 1);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_CHANNEL_CREATE), 1);
    const struct event *e = cf_event_back(f, 0);
    assert_true(cf_payload_has(e, "\"t\":\"MESSAGE_CREATE\""));
    assert_false(cf_payload_has(e, "guild_id"));
    const struct stream of_a = core_user_stream(a->who.user), of_b = core_user_stream(b->who.user);
    assert_int_equal(rf_check(f, of_a, EVENT_DIRECT_MESSAGE_CREATE), 1);
    assert_int_equal(rf_check(f, of_b, EVENT_DIRECT_MESSAGE_CREATE), 1);
    struct access x = cf_in_channel(f, a, id);
    assert_int_equal(message_delete(f->core, &a->by, &x, m.id), ERR_OK);
    access_end(&x);
    assert_int_equal(rf_check(f, of_b, EVENT_DIRECT_MESSAGE_DELETE), 1);
}

static void strangers_have_no_access(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob"), *e = cf_person(f, "eve");
    struct channel_id id = open_with(f, a, b);
    struct access x;
    assert_int_equal(access_channel(f->core, &e->who, id, &f->arena, &x), ERR_MISSING_ACCESS);
    assert_int_equal(access_channel(f->core, &e->who, (struct channel_id){99}, &f->arena, &x),
                     ERR_UNKNOWN_CHANNEL);
    x = cf_in_channel(f, a, id);
    assert_non_null(x.dm);
    assert_int_equal(x.view->guild.id.v, 0);
    assert_int_equal(x.permissions & PERMISSION_MANAGE_MESSAGES, 0);
    access_end(&x);
}

static void who_may_write(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    struct channel_id id = open_with(f, a, b);
    assert_int_equal(try_post(f, a, id), ERR_NO_MUTUAL_GUILDS);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_CHANNEL_CREATE), 0);
    struct guild_id g = cf_guild(f, a);
    cf_join(f, b, cf_invite(f, a, cf_general(f, g), 0, 0));
    assert_int_equal(try_post(f, a, id), ERR_OK);
    assert_int_equal(relationship_block(f->core, &b->by, a->who.user), ERR_OK);
    assert_int_equal(try_post(f, a, id), ERR_CANNOT_MESSAGE_USER);
    assert_int_equal(try_post(f, b, id), ERR_CANNOT_MESSAGE_USER);
    assert_int_equal(relationship_end(f->core, &b->by, a->who.user), ERR_OK);
    assert_int_equal(try_post(f, b, id), ERR_OK);
}

static void closing_and_opening_again(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    befriend(f, a, b);
    struct channel_id id = open_with(f, a, b);
    assert_int_equal(try_post(f, a, id), ERR_OK);
    struct access x = cf_in_channel(f, b, id);
    assert_int_equal(dm_close(f->core, &b->by, &x), ERR_OK);
    assert_int_equal(dm_close(f->core, &b->by, &x), ERR_OK);
    access_end(&x);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_CHANNEL_DELETE), 1);
    struct dm_channel *list;
    size_t count;
    assert_int_equal(dm_list(f->core, b->who.user, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(try_post(f, a, id), ERR_OK);
    assert_int_equal(count_kind(f, b, EVENT_DIRECT_CHANNEL_CREATE), 2);
    assert_int_equal(dm_list(f->core, b->who.user, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].id.v, id.v);
    assert_true(list[0].open[0] && list[0].open[1]);
    const struct stream of_b = core_user_stream(b->who.user);
    assert_int_equal(rf_check(f, of_b, EVENT_DIRECT_CHANNEL_DELETE), 1);
}

/* An access from before somebody came in tells that somebody too; one of somebody who has left is
 * worth nothing. */
static void the_closure_sees_who_is_in_it_now(void **state)
{
    struct core_fixture *f = *state;
    struct person *people[] = {cf_person(f, "ada"), cf_person(f, "bob"), cf_person(f, "cleo"),
                               cf_person(f, "dan")};
    struct dm_channel d = group_of(f, people, 3), made;
    befriend(f, people[0], people[3]);
    struct access old = cf_in_channel(f, people[1], d.id);
    struct access owner = cf_in_channel(f, people[0], d.id);
    assert_int_equal(
        dm_group_add(f->core, &people[0]->by, &owner, people[3]->who.user, &f->arena, &made),
        ERR_OK);
    assert_int_equal(made.id.v, 0);
    struct message m;
    struct message_draft draft = {.content = SLICE("hi")};
    size_t before = count_kind(f, people[3], EVENT_DIRECT_MESSAGE_CREATE);
    assert_int_equal(message_post(f->core, &people[1]->by, &old, &draft, &f->arena, &m), ERR_OK);
    assert_int_equal(count_kind(f, people[3], EVENT_DIRECT_MESSAGE_CREATE), before + 1);
    assert_int_equal(dm_group_remove(f->core, &people[0]->by, &owner, people[1]->who.user), ERR_OK);
    assert_int_equal(message_post(f->core, &people[1]->by, &old, &draft, &f->arena, &m),
                     ERR_MISSING_ACCESS);
    access_end(&old);
    access_end(&owner);
    for (size_t i = 0; i < 4; i++) {
        const struct stream s = core_user_stream(people[i]->who.user);
        rf_check(f, s, EVENT_CHANNEL_RECIPIENT_ADD);
        rf_check(f, s, EVENT_CHANNEL_RECIPIENT_REMOVE);
    }
    assert_int_equal(count_kind(f, people[2], EVENT_CHANNEL_RECIPIENT_ADD), 1);
    assert_int_equal(count_kind(f, people[1], EVENT_DIRECT_CHANNEL_DELETE), 1);
}

/* What became of a message after somebody left is not in what they read back. */
static void who_left_reads_nothing_back(void **state)
{
    struct core_fixture *f = *state;
    struct person *people[] = {cf_person(f, "ada"), cf_person(f, "bob"), cf_person(f, "cleo")};
    struct dm_channel d = group_of(f, people, 3);
    cf_post(f, people[0], d.id, "before");
    struct access x = cf_in_channel(f, people[1], d.id);
    assert_int_equal(dm_group_remove(f->core, &people[1]->by, &x, people[1]->who.user), ERR_OK);
    access_end(&x);
    struct rf_replayed r = {.count = 0};
    assert_int_equal(events_replay(f->core, core_user_stream(people[1]->who.user), 0, RF_EVENTS_MAX,
                                   rf_keep, &r),
                     ERR_OK);
    size_t messages = 0;
    for (size_t i = 0; i < r.count; i++) {
        if (r.events[i]->kind == EVENT_DIRECT_MESSAGE_CREATE) {
            assert_null(r.events[i]->payload);
            messages++;
        }
        event_unref(&r.events[i]);
    }
    assert_int_equal(messages, 1);
}

static void the_owner_passes_on_and_the_last_one_ends_it(void **state)
{
    struct core_fixture *f = *state;
    struct person *people[] = {cf_person(f, "ada"), cf_person(f, "bob"), cf_person(f, "cleo")};
    struct dm_channel d = group_of(f, people, 3);
    cf_post(f, people[2], d.id, "to be erased");
    for (size_t i = 0; i < 3; i++) {
        struct access x = cf_in_channel(f, people[i], d.id);
        assert_int_equal(x.dm->owner.v, people[i]->who.user.v);
        assert_int_equal(dm_group_remove(f->core, &people[i]->by, &x, people[i]->who.user), ERR_OK);
        access_end(&x);
    }
    struct access gone;
    assert_int_equal(access_channel(f->core, &people[0]->who, d.id, &f->arena, &gone),
                     ERR_UNKNOWN_CHANNEL);
    struct task_progress p;
    assert_int_equal(core_task_progress(f->core, TASK_CHANNEL_DELETE, d.id.v, &p), ERR_OK);
    assert_true(p.running);
    for (bool more = true; more;)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    assert_int_equal(core_task_progress(f->core, TASK_CHANNEL_DELETE, d.id.v, &p), ERR_OK);
    assert_false(p.running);
}

static void editing_a_group(void **state)
{
    struct core_fixture *f = *state;
    struct person *people[] = {cf_person(f, "ada"), cf_person(f, "bob"), cf_person(f, "cleo")};
    struct dm_channel d = group_of(f, people, 3);
    struct access x = cf_in_channel(f, people[1], d.id);
    const struct dm_group_edit name = {.has_name = true, .name = SLICE("Tea")};
    const struct dm_group_edit owner = {.owner = people[1]->who.user};
    assert_int_equal(dm_group_change(f->core, &people[1]->by, &x, &name), ERR_OK);
    assert_true(cf_slice_is(x.dm->name, "Tea"));
    assert_int_equal(dm_group_change(f->core, &people[1]->by, &x, &owner), ERR_MISSING_PERMISSIONS);
    access_end(&x);
    x = cf_in_channel(f, people[0], d.id);
    assert_int_equal(dm_group_change(f->core, &people[0]->by, &x, &owner), ERR_OK);
    access_end(&x);
    const struct stream s = core_user_stream(people[2]->who.user);
    assert_int_equal(count_kind(f, people[2], EVENT_DIRECT_CHANNEL_UPDATE), 2);
    assert_true(rf_check(f, s, EVENT_DIRECT_MESSAGE_CREATE) > 0);
}

static void run_tasks(struct core_fixture *f)
{
    for (bool more = true; more;)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
}

/* Of a person who is erased nothing is left with the others but what they were told. */
static void erasing_somebody(void **state)
{
    struct core_fixture *f = *state;
    struct person *people[] = {cf_person(f, "ada"), cf_person(f, "bob"), cf_person(f, "cleo")};
    struct dm_channel d = group_of(f, people, 3);
    struct channel_id pair = open_with(f, people[0], people[1]);
    cf_post(f, people[0], pair, "mine");
    cf_post(f, people[1], pair, "yours");
    cf_post(f, people[0], d.id, "of the group");
    assert_int_equal(user_erase(f->core, people[0]->who.user), ERR_OK);
    run_tasks(f);
    struct task_progress p;
    assert_int_equal(core_task_progress(f->core, TASK_USER_ERASE, people[0]->who.user.v, &p),
                     ERR_OK);
    assert_false(p.running);
    struct relationship *relations;
    size_t count;
    assert_int_equal(relationship_list(f->core, people[1]->who.user, &f->arena, &relations, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(count_kind(f, people[1], EVENT_RELATIONSHIP_REMOVE), 1);
    assert_int_equal(count_kind(f, people[1], EVENT_DIRECT_MESSAGE_DELETE), 2);
    struct access x = cf_in_channel(f, people[1], d.id);
    assert_int_equal(x.dm->recipient_count, 2);
    assert_int_equal(x.dm->owner.v, people[1]->who.user.v);
    access_end(&x);
    assert_int_equal(try_post(f, people[1], pair), ERR_CANNOT_MESSAGE_USER);
    x = cf_in_channel(f, people[1], pair);
    struct message *list;
    const struct message_page page = {.limit = 50};
    assert_int_equal(message_list(f->core, &x, &page, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(cf_slice_is(list[0].content, "yours"));
    access_end(&x);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_pair_has_one_channel),
        TEST(a_message_reaches_both),
        TEST(strangers_have_no_access),
        TEST(who_may_write),
        TEST(closing_and_opening_again),
        TEST(the_closure_sees_who_is_in_it_now),
        TEST(who_left_reads_nothing_back),
        TEST(the_owner_passes_on_and_the_last_one_ends_it),
        TEST(editing_a_group),
        TEST(erasing_somebody),
    };
    return cmocka_run_group_tests_name("core_dms", tests, NULL, NULL);
}
