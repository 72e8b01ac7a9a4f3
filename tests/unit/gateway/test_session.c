/*
 * Sessions and what races with them: snapshots that are read in one order and answered in another,
 * a bus that is late or overrun, a store that refuses, memory limits, and a stop in the middle of
 * it.
 */

#include "gateway_fixture.h"

enum { USER = 10, HELD_USER_EVENTS = 1024 };

static const struct stream GUILD_STREAM = {STREAM_GUILD, FX_GUILD};
static const struct stream USER_STREAM = {STREAM_USER, USER};

/* Their timers stay in the loop until it is gone, which outlives the test's function. */
static struct client a;
static struct client b;

static struct membership membership_at(uint64_t guild_position)
{
    return (struct membership){
        .guild = {FX_GUILD},
        .position = guild_position,
        .member = {.guild = {FX_GUILD}, .user = {.id = {USER}, .username = SLICE("u")}}};
}

static int open_world(void **state)
{
    fx_open(state);
    const struct role everyone = {
        .id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT};
    const struct channel channel = {.id = {FX_CHANNEL}, .guild = {FX_GUILD}};
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    FX.core.view = guild_view_new(&g, 1, 1, &everyone, 1, &channel, 1);
    assert_non_null(FX.core.view);
    FX.core.guild_position = 1;
    FX.core.user_position = 5;
    FX.core.who = (struct principal){.user = {USER},
                                     .bot = true,
                                     .application_flags = APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS |
                                                          APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT};
    FX.core.memberships[0] = membership_at(1);
    FX.core.joined = membership_at(1);
    return 0;
}

static struct event *message(uint64_t position)
{
    struct event *e = fx_event(EVENT_MESSAGE_CREATE, GUILD_STREAM, position);
    e->channel_id = FX_CHANNEL;
    e->entity_id = 5000 + position;
    char text[64];
    snprintf(text, sizeof text, "\"t\":\"MESSAGE_CREATE\",\"p\":%llu}",
             (unsigned long long)position);
    e->payload = fx_bytes(text);
    return e;
}

/* The session has the messages first to last, each once and in order. */
static void expect_messages(const struct session *s, uint64_t first, uint64_t last)
{
    uint64_t next = first;
    for (uint64_t seq = s->replay.seq - s->replay.count + 1; seq <= s->replay.seq; seq++) {
        const struct bytes *p = replay_get(&s->replay, seq);
        if (p->len < 25 || memcmp(p->data, "\"t\":\"MESSAGE_CREATE\",\"p\":", 25) != 0)
            continue;
        uint64_t position = 0;
        assert_true(slice_to_u64(slice_of(p->data + 25, p->len - 26), &position));
        assert_int_equal(position, next);
        next++;
    }
    assert_int_equal(next, last + 1);
}

static struct session *live_bot(struct client *c)
{
    struct session *s = client_identify(c);
    fx_run_all();
    assert_int_equal(s->state, SESSION_LIVE);
    assert_int_equal(session_count(s, "READY"), 1);
    return s;
}

static void test_bot_begins(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    struct session *s = live_bot(&a);
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
    fx_commit(message(2));
    fx_turn();
    expect_messages(s, 2, 2);
}

/* READY of a person waits for the guild, and stands for all that the guild said up to then. */
static void test_person_waits_for_guilds(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    FX.core.membership_count = 1;
    struct session *s = client_identify(&a);
    fx_run_job(0);
    fx_turn();
    assert_int_equal(s->replay.seq, 0);
    assert_int_equal(FX.job_count, 1); /* the guild's */
    for (uint64_t p = 2; p <= 4; p++)
        fx_commit(message(p));
    fx_turn();
    FX.core.guild_position = 3;
    fx_run_all();
    assert_int_equal(session_count(s, "READY"), 1);
    assert_int_equal(session_count(s, "GUILD_CREATE"), 0);
    assert_int_equal(session_count(s, "READY_SUPPLEMENTAL"), 1);
    assert_int_equal(s->replay.seq, 2);
    struct bytes *ready = replay_get(&s->replay, 1);
    static const char last[] = "\"last_message_id\":\"5004\"";
    char *whole = mem_alloc(MEM_GATEWAY, ready->total);
    bytes_copy(ready, whole);
    assert_non_null(memmem(whole, ready->total, last, sizeof last - 1));
    mem_free(MEM_GATEWAY, whole);
    fx_commit(message(5));
    fx_turn();
    expect_messages(s, 5, 5);
}

/* The session may not enter with a view that is older than its membership. */
static void test_enters_at_its_position(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    FX.core.memberships[0] = membership_at(3);
    struct session *s = client_identify(&a);
    fx_run_all(); /* the guild's snapshot is as of 1 */
    assert_int_equal(session_count(s, "GUILD_CREATE"), 0);
    for (uint64_t p = 2; p <= 5; p++)
        fx_commit(message(p));
    fx_turn();
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
    expect_messages(s, 4, 5);
}

/* Two sessions of a user begin at once. The one that read later answers first and starts the feed
 * at its position; the other must not miss what lies between. */
static void test_snapshots_answer_out_of_order(void **state)
{
    (void)state;
    client_identify(&a);
    struct session *late = client_identify(&b);
    fx_read(1); /* b's, as of 5: in no guild */
    fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, 6));
    fx_turn();
    FX.core.user_position = 6;
    FX.core.membership_count = 1;
    fx_read(0);
    fx_answer(0);
    fx_turn();
    fx_answer(0);
    fx_turn();
    fx_run_all();
    assert_int_equal(late->state, SESSION_LIVE);
    assert_int_equal(session_count(late, "GUILD_CREATE"), 1);
}

/* What the snapshot knows already is not done again when the bus brings it. */
static void test_bus_behind_the_snapshot(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    struct session *old = live_bot(&a);
    struct event *left = fx_event(EVENT_GUILD_DELETE, USER_STREAM, 6);
    struct event *joined = fx_event(EVENT_GUILD_CREATE, USER_STREAM, 7);
    fx_commit_silently(left);
    fx_commit_silently(joined);
    FX.core.user_position = 7;
    struct session *new = live_bot(&b);
    struct event *const events[] = {left, joined};
    bus_publish(FX.bus, events, 2);
    fx_run_all();
    assert_int_equal(session_count(new, "GUILD_DELETE"), 0);
    assert_int_equal(session_count(new, "GUILD_CREATE"), 1);
    assert_int_equal(session_count(old, "GUILD_DELETE"), 1);
    assert_int_equal(session_count(old, "GUILD_CREATE"), 2);
}

/* Joined, and left while the membership was being read: the answer is from before the leave. */
static void test_left_while_joining(void **state)
{
    (void)state;
    struct session *s = live_bot(&a);
    fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, 6));
    fx_turn();
    fx_read(0);
    FX.core.join_err = ERR_UNKNOWN_MEMBER;
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 7));
    fx_turn();
    fx_answer(0);
    fx_run_all();
    assert_null(session_link(s, FX_GUILD));
    assert_int_equal(session_count(s, "GUILD_CREATE"), 0);
    assert_false(s->failed);
}

static void test_joins_and_leaves(void **state)
{
    (void)state;
    struct session *s = live_bot(&a);
    fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, 6));
    fx_run_all();
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 7));
    fx_run_all();
    assert_int_equal(session_count(s, "GUILD_DELETE"), 1);
    assert_null(session_link(s, FX_GUILD));
    assert_null(map_get(&FX.hub->guilds, FX_GUILD));
}

/* More of the user's events than a loading session can hold: its snapshot is read once more. */
static void test_too_much_while_loading(void **state)
{
    (void)state;
    struct session *s = client_identify(&a);
    struct session *other = client_identify(&b);
    fx_run_job(1); /* other's: the feed is live */
    fx_turn();
    assert_int_equal(other->state, SESSION_LIVE);
    fx_read(0);
    FX.core.join_err = ERR_UNKNOWN_MEMBER;
    for (uint64_t p = 6; p < 6 + HELD_USER_EVENTS + 1; p++) {
        fx_commit(fx_event(p % 2 == 0 ? EVENT_GUILD_CREATE : EVENT_GUILD_DELETE, USER_STREAM, p));
        fx_turn();
        while (FX.job_count > 1) {
            fx_run_job(1);
            fx_turn();
        }
    }
    FX.core.user_position = 6 + HELD_USER_EVENTS;
    FX.core.membership_count = 1;
    fx_answer(0);
    fx_run_all();
    assert_int_equal(s->state, SESSION_LIVE);
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
}

/* The same to a person whose READY waits for a guild: too late to read again, so it ends, and says
 * so. */
static void test_too_much_before_ready(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    FX.core.membership_count = 1;
    struct session *s = client_identify(&a);
    fx_run_job(0);
    fx_turn();
    for (uint64_t p = 6; p < 6 + HELD_USER_EVENTS; p++) {
        fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, p));
        fx_turn();
    }
    assert_false(s->failed);
    fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, 6 + HELD_USER_EVENTS));
    fx_turn();
    assert_true(s->failed);
    assert_int_equal(a.g.state, GW_CONN_CLOSING);
}

/* The log is trimmed past a guild's feed: there is a gap that nothing can fill, so the session ends
 * and is not resumed; the guild serves whoever comes next. */
static void expect_new_beginning_of_guild(void)
{
    FX.core.membership_count = 1;
    struct session *s = live_bot(&a);
    struct slice id = slice_of(s->id, SESSION_ID_LEN);
    assert_ptr_equal(session_find(FX.hub, id), s);
    fx_commit(message(10));
    fx_turn();
    assert_int_equal(session_count(s, "MESSAGE_CREATE"), 0);
    char kept[SESSION_ID_LEN];
    memcpy(kept, s->id, sizeof kept);
    FX.core.guild_position = 10;
    FX.core.memberships[0] = membership_at(10);
    fx_run_job(0);
    fx_turn();
    assert_null(session_find(FX.hub, slice_of(kept, sizeof kept)));
    assert_int_equal(a.g.state, GW_CONN_CLOSING);
    fx_run_all();
    FX.core.log_gone = false;
    struct session *next = live_bot(&b);
    fx_commit(message(11));
    fx_turn();
    expect_messages(next, 11, 11);
}

static void test_trimmed_past_a_guild(void **state)
{
    (void)state;
    FX.core.trimmed = 8;
    expect_new_beginning_of_guild();
}

/* The same when all of the stream's rows are gone, as a deleted guild's are: the log gives nothing.
 */
static void test_log_of_a_guild_gone(void **state)
{
    (void)state;
    FX.core.log_gone = true;
    expect_new_beginning_of_guild();
}

/* As one identifies at the very moment: it is not one of those who missed something. */
static void test_trimmed_while_identifying(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    (void)live_bot(&a);
    FX.core.trimmed = 8;
    fx_commit(message(10));
    fx_turn();
    FX.core.guild_position = 10;
    FX.core.memberships[0] = membership_at(10);
    fx_read(0); /* the refill, trimmed */
    struct session *next = client_identify(&b);
    fx_answer(0);
    fx_turn();
    fx_run_all();
    assert_int_equal(next->state, SESSION_LIVE);
    assert_int_equal(session_count(next, "GUILD_CREATE"), 1);
    fx_commit(message(11));
    fx_turn();
    expect_messages(next, 11, 11);
}

static void expect_new_beginning_of_user(void)
{
    struct session *s = live_bot(&a);
    char kept[SESSION_ID_LEN];
    memcpy(kept, s->id, sizeof kept);
    FX.core.user_position = 10;
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 10));
    fx_turn();
    fx_run_all();
    assert_null(session_find(FX.hub, slice_of(kept, sizeof kept)));
    assert_int_equal(a.g.state, GW_CONN_CLOSING);
    FX.core.membership_count = 1;
    struct session *next = live_bot(&b);
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 11));
    fx_turn();
    assert_int_equal(session_count(next, "GUILD_DELETE"), 1);
}

static void test_trimmed_past_a_user(void **state)
{
    (void)state;
    FX.core.trimmed = 8;
    expect_new_beginning_of_user();
}

static void test_log_of_a_user_gone(void **state)
{
    (void)state;
    FX.core.log_gone = true;
    expect_new_beginning_of_user();
}

/* All sessions of a token end with it, also when the feed that says so is on the stack. */
static void test_token_revoked(void **state)
{
    (void)state;
    live_bot(&a);
    live_bot(&b);
    fx_commit(fx_event(EVENT_TOKEN_REVOKED, USER_STREAM, 6));
    fx_turn();
    assert_int_equal(a.g.state, GW_CONN_CLOSING);
    assert_int_equal(b.g.state, GW_CONN_CLOSING);
    assert_int_equal(FX.hub->sessions.count, 0);
}

/* A store that refuses is asked again when the timer rings, not with every turn. */
static void test_refused_jobs_wait(void **state)
{
    (void)state;
    FX.refuse = ERR_OVERLOADED;
    struct guild_sub *s = guild_sub_get(FX.hub, FX_GUILD);
    assert_non_null(s);
    s->link_count++; /* somebody wants it */
    for (int i = 0; i < 4; i++)
        fx_turn();
    unsigned before = FX.submitted;
    for (int i = 0; i < 100 && list_linked(&FX.hub->retry.node); i++)
        fx_turn();
    assert_true(before == 1 && FX.submitted <= 2);
    FX.refuse = ERR_OK;
    while (FX.job_count == 0)
        uv_run(loop_uv(FX.loop), UV_RUN_ONCE); /* the timer is there, so this ends */
    fx_run_all();
    assert_int_equal(s->feed.state, FEED_LIVE);
    s->link_count--;
}

/* The bus overran: the log has what is missing, and each message comes once, in order. */
static void test_overrun(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    struct session *s = live_bot(&a);
    for (uint64_t p = 2; p <= 301; p++) /* more than one portion of the log, too */
        fx_commit(message(p));
    fx_run_all();
    expect_messages(s, 2, 301);
    fx_commit(message(302));
    fx_turn();
    expect_messages(s, 2, 302);
}

/* A client that never confirms may not make the server keep more than the cap. */
static void test_kept_bytes_are_capped(void **state)
{
    (void)state;
    struct session *s = live_bot(&a);
    size_t max = FX.gateway->options.session_bytes_max;
    char text[1025];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct bytes *payload = fx_bytes(text);
    for (size_t i = 0; i < 3 * max / 1024; i++) {
        session_push(s, payload);
        while (s->replay.sent < s->replay.seq)
            replay_advance(&s->replay);
        assert_true(s->replay.bytes <= max + 1024);
    }
    assert_false(s->failed);
    assert_int_equal(a.g.state, GW_CONN_SESSION);
    bytes_unref(&payload);
}

/* A client that does not read loses its connection, then, if more comes, its session. */
static void test_slow_client(void **state)
{
    (void)state;
    struct session *s = live_bot(&a);
    char text[4097];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct bytes *payload = fx_bytes(text);
    size_t fits = FX.gateway->options.session_bytes_max / 4096;
    for (size_t i = 0; i <= fits; i++) /* the first stands for READY, which does not count */
        session_push(s, payload);
    assert_int_equal(a.g.state, GW_CONN_CLOSING);
    assert_false(s->failed); /* resumable */
    session_push(s, payload);
    assert_true(s->failed);
    uint64_t seq = s->replay.seq;
    session_push(s, payload);
    assert_int_equal(s->replay.seq, seq);
    bytes_unref(&payload);
}

/* Stopping ends sessions on their loop, with and without a connection, and with jobs under way: the
 * fixture's close frees the loop first, and then looks for what is left. */
static void test_stop_in_the_middle(void **state)
{
    (void)state;
    FX.core.membership_count = 1;
    struct session *s = live_bot(&a);
    gw_conn_close(&a.g, ERR_GW_UNKNOWN);
    assert_null(s->conn);
    client_identify(&b);
    assert_int_equal(FX.job_count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bot_begins),
        TEST(test_person_waits_for_guilds),
        TEST(test_enters_at_its_position),
        TEST(test_snapshots_answer_out_of_order),
        TEST(test_bus_behind_the_snapshot),
        TEST(test_left_while_joining),
        TEST(test_joins_and_leaves),
        TEST(test_too_much_while_loading),
        TEST(test_too_much_before_ready),
        TEST(test_trimmed_past_a_guild),
        TEST(test_trimmed_while_identifying),
        TEST(test_trimmed_past_a_user),
        TEST(test_log_of_a_guild_gone),
        TEST(test_log_of_a_user_gone),
        TEST(test_token_revoked),
        TEST(test_refused_jobs_wait),
        TEST(test_overrun),
        TEST(test_kept_bytes_are_capped),
        TEST(test_slow_client),
        TEST(test_stop_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
