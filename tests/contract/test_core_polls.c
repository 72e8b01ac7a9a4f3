/* Polls: votes, who may give them, what the log gives back, and the end, by time also when nobody
 * was there to see it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/replay_fixture.h"
#include "contract/structure_fixture.h"
#include "core/polls.h"
#include "core/user_erase.h"

enum { HOUR_MS = 60 * 60 * 1000 };

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

static struct stream stream_of(const struct stage *s)
{
    return (struct stream){STREAM_GUILD, s->guild.v};
}

static struct message ask(struct stage *s, const struct person *p, bool multiselect)
{
    struct message m;
    struct poll_draft poll = {
        .json = multiselect ? SLICE("{\"question\":{\"text\":\"Which?\"},\"answers\":["
                                    "{\"answer_id\":1,\"poll_media\":{\"text\":\"a\"}},"
                                    "{\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}},"
                                    "{\"answer_id\":3,\"poll_media\":{\"text\":\"c\"}}],"
                                    "\"allow_multiselect\":true,\"layout_type\":1}")
                            : SLICE("{\"question\":{\"text\":\"Which?\"},\"answers\":["
                                    "{\"answer_id\":1,\"poll_media\":{\"text\":\"a\"}},"
                                    "{\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}},"
                                    "{\"answer_id\":3,\"poll_media\":{\"text\":\"c\"}}],"
                                    "\"allow_multiselect\":false,\"layout_type\":1}"),
        .answer_count = 3,
        .multiselect = multiselect,
        .duration_ms = HOUR_MS};
    struct message_draft d = {.content = SLICE(""), .poll = &poll};
    assert_int_equal(cf_try_post(s->f, p, s->general, &d, &m), ERR_OK);
    return m;
}

static enum err vote(struct stage *s, const struct person *p, struct message_id id,
                     const uint64_t *answers, size_t count)
{
    size_t wrong;
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = poll_vote(s->f->core, &p->by, &a, id, answers, count, &wrong);
    access_end(&a);
    return e;
}

static struct message as_seen_by(struct stage *s, const struct person *p, struct message_id id)
{
    struct message m;
    struct access a = cf_in_channel(s->f, p, s->general);
    assert_int_equal(message_get(s->f->core, &a, id, &s->f->arena, &m), ERR_OK);
    access_end(&a);
    assert_non_null(m.poll_state);
    return m;
}

static void test_asking(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = ask(&s, s.owner, false);
    const struct event *e = cf_event_back(s.f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    assert_true(cf_payload_has(e, "\"poll\":{\"question\":{\"text\":\"Which?\"}"));
    assert_true(cf_payload_has(e, "\"answer_counts\":[{\"id\":1,\"count\":0,\"me_voted\":false}"));
    assert_true(cf_payload_has(e, "\"is_finalized\":false"));
    struct message read = as_seen_by(&s, s.guest, m.id);
    assert_int_equal(read.poll_state->answer_count, 3);
    assert_int_equal(read.poll_state->expires_at_ms, atomic_load(&s.f->wall_ms) + HOUR_MS);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_CREATE), 1);
}

static void test_voting(void **state)
{
    struct stage s = stage_of(*state);
    static const uint64_t a[] = {1}, b[] = {2, 2}, none[] = {4}, zero[] = {0}, two[] = {1, 2};
    struct message m = ask(&s, s.owner, false);
    cf_forget_events(s.f);
    assert_int_equal(vote(&s, s.guest, m.id, a, 1), ERR_OK);
    assert_int_equal(vote(&s, s.guest, m.id, a, 1), ERR_OK); /* the same: nothing happens */
    assert_int_equal(s.f->event_count, 1);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"answer_id\":1"));
    assert_int_equal(vote(&s, s.owner, m.id, a, 1), ERR_OK);
    assert_int_equal(vote(&s, s.guest, m.id, b, 2), ERR_OK); /* instead */
    static const enum event_kind kinds[] = {
        EVENT_MESSAGE_POLL_VOTE_ADD, EVENT_MESSAGE_POLL_VOTE_ADD, EVENT_MESSAGE_POLL_VOTE_REMOVE,
        EVENT_MESSAGE_POLL_VOTE_ADD};
    expect_kinds(s.f, kinds, 4);
    struct message read = as_seen_by(&s, s.guest, m.id);
    assert_int_equal(read.poll_state->votes[0], 1);
    assert_int_equal(read.poll_state->votes[1], 1);
    assert_false(read.poll_state->me[0]);
    assert_true(read.poll_state->me[1]);
    assert_int_equal(vote(&s, s.guest, m.id, two, 2), ERR_INVALID_FORM);
    assert_int_equal(vote(&s, s.guest, m.id, none, 1), ERR_INVALID_FORM);
    assert_int_equal(vote(&s, s.guest, m.id, zero, 1), ERR_INVALID_FORM);
    assert_int_equal(vote(&s, s.guest, m.id, NULL, 0), ERR_OK);
    assert_int_equal(as_seen_by(&s, s.guest, m.id).poll_state->votes[1], 0);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_POLL_VOTE_ADD), 3);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_POLL_VOTE_REMOVE), 2);
    struct message plain = cf_post(s.f, s.owner, s.general, "no poll");
    assert_int_equal(vote(&s, s.guest, plain.id, a, 1), ERR_UNKNOWN_MESSAGE);
    s.guest->who.bot = true;
    assert_int_equal(vote(&s, s.guest, m.id, a, 1), ERR_POLL_VOTING_BLOCKED);
}

static void test_several(void **state)
{
    struct stage s = stage_of(*state);
    static const uint64_t two[] = {1, 3}, other[] = {2, 3};
    struct message m = ask(&s, s.owner, true);
    assert_int_equal(vote(&s, s.guest, m.id, two, 2), ERR_OK);
    cf_forget_events(s.f);
    assert_int_equal(vote(&s, s.guest, m.id, other, 2), ERR_OK);
    assert_int_equal(s.f->event_count, 2); /* 3 stays */
    struct message read = as_seen_by(&s, s.owner, m.id);
    assert_int_equal(read.poll_state->votes[0], 0);
    assert_int_equal(read.poll_state->votes[1], 1);
    assert_int_equal(read.poll_state->votes[2], 1);
    struct user *list;
    size_t count;
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(
        poll_voters(s.f->core, &a, m.id, 3, (struct user_id){0}, 10, &s.f->arena, &list, &count),
        ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].id.v, s.guest->who.user.v);
    assert_int_equal(
        poll_voters(s.f->core, &a, m.id, 3, s.guest->who.user, 10, &s.f->arena, &list, &count),
        ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(
        poll_voters(s.f->core, &a, m.id, 4, (struct user_id){0}, 10, &s.f->arena, &list, &count),
        ERR_UNKNOWN_MESSAGE);
    access_end(&a);
}

static void step(struct core_fixture *f)
{
    bool more = true;
    while (more)
        assert_int_equal(poll_end_step(f->core, &more), ERR_OK);
}

/* What was due while nobody ran is due. */
static void test_end_by_time(void **state)
{
    struct stage s = stage_of(*state);
    static const uint64_t b[] = {2};
    struct message m = ask(&s, s.guest, false);
    assert_int_equal(vote(&s, s.owner, m.id, b, 1), ERR_OK);
    cf_forget_events(s.f);
    step(s.f);
    assert_int_equal(s.f->event_count, 0);
    atomic_fetch_add(&s.f->wall_ms, HOUR_MS);
    assert_int_equal(vote(&s, s.owner, m.id, b, 1), ERR_POLL_EXPIRED); /* ended, if not yet told */
    restart(s.f);
    step(s.f);
    static const enum event_kind kinds[] = {EVENT_MESSAGE_UPDATE, EVENT_MESSAGE_CREATE};
    expect_kinds(s.f, kinds, 2);
    assert_true(cf_payload_has(cf_event_back(s.f, 1), "\"is_finalized\":true"));
    const struct event *result = cf_event_back(s.f, 0);
    assert_true(cf_payload_has(result, "\"type\":46"));
    assert_true(cf_payload_has(result, "\"type\":\"poll_result\""));
    assert_true(cf_payload_has(result, "{\"name\":\"poll_question_text\",\"value\":\"Which?\""));
    assert_true(cf_payload_has(result, "{\"name\":\"victor_answer_votes\",\"value\":\"1\""));
    assert_true(cf_payload_has(result, "{\"name\":\"victor_answer_id\",\"value\":\"2\""));
    assert_true(cf_payload_has(result, "{\"name\":\"victor_answer_text\",\"value\":\"b\""));
    step(s.f);
    assert_int_equal(s.f->event_count, 2); /* once */
    assert_true(as_seen_by(&s, s.owner, m.id).poll_state->finalized);
    assert_int_equal(vote(&s, s.owner, m.id, b, 1), ERR_POLL_EXPIRED);
}

static void test_draw(void **state)
{
    struct stage s = stage_of(*state);
    static const uint64_t a[] = {1}, b[] = {2};
    struct message m = ask(&s, s.guest, false);
    assert_int_equal(vote(&s, s.owner, m.id, a, 1), ERR_OK);
    assert_int_equal(vote(&s, s.guest, m.id, b, 1), ERR_OK);
    atomic_fetch_add(&s.f->wall_ms, HOUR_MS);
    step(s.f);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "{\"name\":\"total_votes\",\"value\":\"2\""));
    assert_false(cf_payload_has(cf_event_back(s.f, 0), "victor_answer_id"));
}

static void test_end_by_author(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = ask(&s, s.guest, false);
    struct message plain = cf_post(s.f, s.guest, s.general, "no poll");
    struct message out;
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(poll_end(s.f->core, &s.owner->by, &a, m.id, &s.f->arena, &out),
                     ERR_EDIT_OTHERS_MESSAGE);
    assert_int_equal(poll_end(s.f->core, &s.owner->by, &a, plain.id, &s.f->arena, &out),
                     ERR_NOT_A_POLL);
    access_end(&a);
    a = cf_in_channel(s.f, s.guest, s.general);
    assert_int_equal(poll_end(s.f->core, &s.guest->by, &a, m.id, &s.f->arena, &out), ERR_OK);
    assert_true(out.poll_state->finalized);
    assert_int_equal(out.poll_state->expires_at_ms, atomic_load(&s.f->wall_ms));
    assert_int_equal(poll_end(s.f->core, &s.guest->by, &a, m.id, &s.f->arena, &out),
                     ERR_POLL_EXPIRED);
    access_end(&a);
    cf_forget_events(s.f);
    atomic_fetch_add(&s.f->wall_ms, 2 * HOUR_MS);
    step(s.f);
    assert_int_equal(s.f->event_count, 0);
}

/* The author is gone, the channel is gone: neither stops the others. */
static void test_end_of_what_is_gone(void **state)
{
    struct stage s = stage_of(*state);
    struct channel_id doomed = make_text(s.f, s.owner, s.guild, "doomed", (struct channel_id){0});
    struct channel_id general = s.general;
    s.general = doomed;
    struct message lost = ask(&s, s.owner, false);
    s.general = general;
    struct message m = ask(&s, s.owner, false);
    static const uint64_t a[] = {1};
    assert_int_equal(vote(&s, s.guest, m.id, a, 1), ERR_OK);
    assert_int_equal(delete_channel(s.f, s.owner, doomed), ERR_OK);
    atomic_fetch_add(&s.f->wall_ms, HOUR_MS);
    cf_forget_events(s.f);
    step(s.f);
    assert_int_equal(s.f->event_count, 2);
    run_tasks(s.f);
    assert_int_equal(count_of(s.f, "SELECT COUNT(*) FROM polls WHERE message_id = $1", lost.id.v),
                     0);
    assert_int_equal(user_erase(s.f->core, s.guest->who.user), ERR_OK);
    run_tasks(s.f);
    assert_int_equal(as_seen_by(&s, s.owner, m.id).poll_state->votes[0], 0);
    assert_int_equal(count_of(s.f, "SELECT COUNT(*) FROM poll_votes WHERE message_id = $1", m.id.v),
                     0);
}

#define ON_CORE(test) cmocka_unit_test_setup_teardown(test, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CORE(test_asking),
        ON_CORE(test_voting),
        ON_CORE(test_several),
        ON_CORE(test_end_by_time),
        ON_CORE(test_draw),
        ON_CORE(test_end_by_author),
        ON_CORE(test_end_of_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
