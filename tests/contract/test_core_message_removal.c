/* Messages that go: what they had goes too, however much it is, and no transaction is long for it;
 * and what many people do to messages at once is counted right. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "contract/structure_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/bulk_delete.h"
#include "core/members.h"
#include "core/moderation.h"
#include "core/pins.h"
#include "core/polls.h"
#include "core/reactions.h"
#include "core/user_erase.h"
#include "store/message_removal.h"

#define THUMB "\xF0\x9F\x91\x8D"

struct stage {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general;
};

static struct stage stage_of(struct core_fixture *f)
{
    struct stage s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    return s;
}

static enum err react(struct stage *s, const struct person *p, struct message_id id,
                      const char *text)
{
    const struct emoji_ref emoji = {.name = slice_from(text)};
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = reaction_add(s->f->core, &p->by, &a, id, &emoji, REACTION_NORMAL);
    access_end(&a);
    return e;
}

static struct message ask(struct stage *s)
{
    struct message m;
    struct poll_draft poll = {.json = SLICE("{\"question\":{\"text\":\"Which?\"},\"answers\":["
                                            "{\"answer_id\":1,\"poll_media\":{\"text\":\"a\"}},"
                                            "{\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}}],"
                                            "\"allow_multiselect\":true,\"layout_type\":1}"),
                              .answer_count = 2,
                              .multiselect = true,
                              .duration_ms = 60 * 60 * 1000};
    struct message_draft d = {.content = SLICE(""), .poll = &poll};
    assert_int_equal(cf_try_post(s->f, s->owner, s->general, &d, &m), ERR_OK);
    return m;
}

static enum err delete_as(struct stage *s, const struct person *p, struct message_id id)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = message_delete(s->f->core, &p->by, &a, id);
    access_end(&a);
    return e;
}

/* Further people, who are nobody. */
static void crowd_reacts(struct stage *s, struct message_id id)
{
    run_sql(s->f,
            "INSERT INTO reactions (channel_id, message_id, emoji_id, emoji, type, user_id) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
            "SELECT $1, $2, 0, '" THUMB "', 0, i FROM n",
            s->general.v, id.v);
    run_sql(s->f,
            "UPDATE reaction_counts SET normal = normal + 5000 WHERE channel_id = $1 AND "
            "message_id = $2",
            s->general.v, id.v);
}

static void crowd_votes(struct stage *s, struct message_id id)
{
    run_sql(s->f,
            "INSERT INTO poll_votes (channel_id, message_id, answer_id, user_id) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
            "SELECT $1, $2, 1, i FROM n",
            s->general.v, id.v);
    run_sql(s->f,
            "UPDATE poll_counts SET votes = votes + 3000 WHERE channel_id = $1 AND message_id = $2",
            s->general.v, id.v);
}

static uint64_t reactions_left(struct stage *s, struct message_id id)
{
    return count_of(s->f, "SELECT COUNT(*) FROM reactions WHERE message_id = $1", id.v);
}

static uint64_t votes_left(struct stage *s, struct message_id id)
{
    return count_of(s->f, "SELECT COUNT(*) FROM poll_votes WHERE message_id = $1", id.v);
}

static uint64_t counts_left(struct stage *s, struct message_id id)
{
    return count_of(s->f, "SELECT COUNT(*) FROM reaction_counts WHERE message_id = $1", id.v) +
           count_of(s->f, "SELECT COUNT(*) FROM poll_counts WHERE message_id = $1", id.v);
}

static const uint64_t first_answer[] = {1};

/* A poll with reactions and votes beyond what goes in one transaction. */
static struct message_id popular(struct stage *s)
{
    size_t wrong;
    struct message_id id = ask(s).id;
    struct access a = cf_in_channel(s->f, s->guest, s->general);
    assert_int_equal(react(s, s->guest, id, THUMB), ERR_OK);
    assert_int_equal(poll_vote(s->f->core, &s->guest->by, &a, id, first_answer, 1, &wrong), ERR_OK);
    access_end(&a);
    crowd_reacts(s, id);
    crowd_votes(s, id);
    return id;
}

/* The message is gone at once; what it had follows, a bounded number of rows a step. */
static void test_popular_message(void **state)
{
    struct stage s = stage_of(*state);
    struct message_id id = popular(&s);
    cf_forget_events(s.f);
    assert_int_equal(delete_as(&s, s.owner, id), ERR_OK);
    assert_int_equal(s.f->event_count, 1);
    assert_int_equal(reactions_left(&s, id), 5001);
    assert_int_equal(votes_left(&s, id), 3001);
    assert_int_equal(counts_left(&s, id), 0);
    assert_int_equal(react(&s, s.guest, id, THUMB), ERR_UNKNOWN_MESSAGE);
    uint64_t before = reactions_left(&s, id);
    for (unsigned i = 0; is_running(s.f, TASK_MESSAGE_PARTS, id.v); i++) {
        assert_true(i < 20);
        run_steps(s.f, 1);
        uint64_t now = reactions_left(&s, id) + votes_left(&s, id);
        assert_true(now + REMOVED_ROWS >= before);
        before = now;
    }
    assert_int_equal(before, 0);
    assert_int_equal(s.f->event_count, 1);
}

/* Who is erased meanwhile takes nothing back from a message that nobody has any more. */
static void test_popular_and_erased(void **state)
{
    struct stage s = stage_of(*state);
    struct message_id id = popular(&s);
    assert_int_equal(delete_as(&s, s.owner, id), ERR_OK);
    cf_forget_events(s.f);
    assert_int_equal(user_erase(s.f->core, s.guest->who.user), ERR_OK);
    run_tasks(s.f);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_REACTION_REMOVE, s.guild.v), 0);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_POLL_VOTE_REMOVE, s.guild.v), 0);
    assert_int_equal(reactions_left(&s, id) + votes_left(&s, id) + counts_left(&s, id), 0);
}

/* A message that nobody has done much to leaves nothing to do. */
static void test_plain_message(void **state)
{
    struct stage s = stage_of(*state);
    struct message_id id = cf_post(s.f, s.owner, s.general, "hello").id;
    assert_int_equal(react(&s, s.guest, id, THUMB), ERR_OK);
    assert_int_equal(delete_as(&s, s.owner, id), ERR_OK);
    assert_int_equal(reactions_left(&s, id) + counts_left(&s, id), 0);
    assert_false(is_running(s.f, TASK_MESSAGE_PARTS, id.v));
}

static void test_many_at_once(void **state)
{
    struct stage s = stage_of(*state);
    uint64_t ids[LIMIT_BULK_DELETE];
    for (size_t i = 0; i < LIMIT_BULK_DELETE; i++) {
        ids[i] = i == 7 ? popular(&s).v : cf_post(s.f, s.guest, s.general, "words to find").id.v;
        assert_int_equal(react(&s, s.owner, (struct message_id){ids[i]}, THUMB), ERR_OK);
    }
    struct message_id kept = cf_post(s.f, s.guest, s.general, "kept").id;
    assert_int_equal(react(&s, s.owner, kept, THUMB), ERR_OK);
    cf_forget_events(s.f);
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(messages_bulk_delete(s.f->core, &s.owner->by, &a, ids, LIMIT_BULK_DELETE),
                     ERR_OK);
    access_end(&a);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_DELETE_BULK, s.guild.v), 1);
    run_tasks(s.f);
    for (size_t i = 0; i < LIMIT_BULK_DELETE; i++) {
        struct message_id id = {ids[i]};
        assert_int_equal(reactions_left(&s, id) + votes_left(&s, id) + counts_left(&s, id), 0);
        assert_int_equal(count_of(s.f, "SELECT COUNT(*) FROM search_documents WHERE id = $1", id.v),
                         0);
    }
    assert_int_equal(reactions_left(&s, kept), 1);
    assert_int_equal(count_of(s.f, "SELECT COUNT(*) FROM search_documents WHERE id = $1", kept.v),
                     1);
}

static void test_channel_with_popular_messages(void **state)
{
    struct stage s = stage_of(*state);
    struct message_id gone;
    struct channel_id general = s.general;
    struct channel_id channel = make_text(s.f, s.owner, s.guild, "loud", (struct channel_id){0});
    s.general = channel;
    struct message_id some[3] = {popular(&s), cf_post(s.f, s.owner, channel, "x").id, popular(&s)};
    struct access a = cf_in_channel(s.f, s.owner, channel);
    assert_int_equal(channel_delete(s.f->core, &s.owner->by, &a, &gone), ERR_OK);
    access_end(&a);
    run_tasks(s.f);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            reactions_left(&s, some[i]) + votes_left(&s, some[i]) + counts_left(&s, some[i]), 0);
    s.general = general;
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM messages WHERE channel_id = $1", channel.v), 0);
}

/* ---- pins ---- */

static uint64_t last_pin(struct stage *s)
{
    return count_of(s->f, "SELECT last_pin_at_ms FROM channels WHERE id = $1", s->general.v);
}

static struct message_id pin_one(struct stage *s, const struct person *author)
{
    struct message_id id = cf_post(s->f, author, s->general, "pin me").id;
    struct access a = cf_in_channel(s->f, s->owner, s->general);
    assert_int_equal(pin_set(s->f->core, &s->owner->by, &a, id, true), ERR_OK);
    access_end(&a);
    return id;
}

/* When the pinned messages of somebody go by a task, the channel says when it was last pinned in
 * of what is there. */
static void test_pins_of_the_banned(void **state)
{
    struct stage s = stage_of(*state);
    struct ban_wish wish = {.delete_s = 60};
    (void)pin_one(&s, s.owner);
    uint64_t before = last_pin(&s);
    atomic_fetch_add(&s.f->wall_ms, 1000);
    (void)pin_one(&s, s.guest);
    assert_true(last_pin(&s) > before);
    struct access a = cf_in_guild(s.f, s.owner, s.guild);
    assert_int_equal(ban_put(s.f->core, &s.owner->by, &a, s.guest->who.user, &wish), ERR_OK);
    access_end(&a);
    cf_forget_events(s.f);
    run_tasks(s.f);
    assert_int_equal(last_pin(&s), before);
    assert_int_equal(events_of(s.f, EVENT_CHANNEL_PINS_UPDATE, s.guild.v), 1);
}

static void test_pins_of_the_erased(void **state)
{
    struct stage s = stage_of(*state);
    (void)pin_one(&s, s.guest);
    assert_true(last_pin(&s) > 0);
    assert_int_equal(user_erase(s.f->core, s.guest->who.user), ERR_OK);
    run_tasks(s.f);
    assert_int_equal(last_pin(&s), 0);
}

/* ---- time-outs ---- */

/* One that comes after the authorisation and before the transaction holds. */
static void test_timed_out_meanwhile(void **state)
{
    struct stage s = stage_of(*state);
    struct member m;
    size_t wrong;
    const struct emoji_ref emoji = {.name = SLICE(THUMB)};
    struct message_id id = ask(&s).id;
    assert_int_equal(react(&s, s.owner, id, THUMB), ERR_OK);
    struct access old = cf_in_channel(s.f, s.guest, s.general);
    struct access of_guild = cf_in_guild(s.f, s.owner, s.guild);
    struct member_edit d = {.parts = MEMBER_TIME_OUT,
                            .timed_out_until_ms = atomic_load(&s.f->wall_ms) + 60000};
    assert_int_equal(
        member_edit(s.f->core, &s.owner->by, &of_guild, s.guest->who.user, &d, &s.f->arena, &m),
        ERR_OK);
    access_end(&of_guild);
    assert_int_equal(reaction_add(s.f->core, &s.guest->by, &old, id, &emoji, REACTION_NORMAL),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(poll_vote(s.f->core, &s.guest->by, &old, id, first_answer, 1, &wrong),
                     ERR_MISSING_PERMISSIONS);
    access_end(&old);
    assert_int_equal(react(&s, s.guest, id, THUMB), ERR_MISSING_PERMISSIONS);
    atomic_fetch_add(&s.f->wall_ms, 61000);
    assert_int_equal(react(&s, s.guest, id, THUMB), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_popular_message, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_popular_and_erased, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_plain_message, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_channel_with_popular_messages, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_pins_of_the_banned, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_pins_of_the_erased, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_timed_out_meanwhile, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
