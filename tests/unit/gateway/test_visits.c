/* Members for a visit leave with their last session, wherever that was; and the day that somebody
 * was seen is noted once. */

#include "guild_fixture.h"

enum { VISITOR = 10 };

static int open_guild(void **state)
{
    const struct role everyone = {
        .id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT};
    const struct channel channel = {.id = {FX_CHANNEL}, .guild = {FX_GUILD}};
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    return guild_open(state, guild_view_new(&g, 1, 1, &everyone, 1, &channel, 1));
}

static struct session *enter_as(uint64_t user, bool temporary)
{
    struct session *s = session_of(user, ALL_INTENTS);
    struct membership m = membership_with(user, NULL, 0);
    m.member.temporary = temporary;
    struct guild_link *l = guild_link_new(s, &m);
    assert_non_null(l);
    guild = l->guild;
    settle();
    return s;
}

static void test_last_session(void **state)
{
    (void)state;
    struct session *s[] = {enter_as(VISITOR, true), enter_as(VISITOR, true)};
    assert_int_equal(counts_get(FX.gateway->live, VISITOR), 2);
    session_free(s[0]);
    settle();
    assert_int_equal(FX.core.visits, 0);
    session_free(s[1]);
    settle();
    assert_int_equal(FX.core.visits, 1);
    assert_int_equal(FX.core.visitor.v, VISITOR);
    assert_int_equal(FX.core.visited.v, FX_GUILD);
    assert_true(list_empty(&FX.hub->visits));
}

/* The window in which it could be resumed belongs to the session. */
static void test_resume_window(void **state)
{
    (void)state;
    struct client c;
    struct session *s = enter_as(VISITOR, true);
    client_open(&c);
    session_attach(s, &c.g);
    session_detach(s);
    settle();
    assert_int_equal(FX.core.visits, 0);
    session_free(s);
    settle();
    assert_int_equal(FX.core.visits, 1);
}

static void test_members_stay(void **state)
{
    (void)state;
    session_free(enter_as(VISITOR, false));
    settle();
    assert_int_equal(FX.submitted, 1); /* the guild's load */
    assert_int_equal(FX.core.visits, 0);
}

/* Back before the job ran: the visit goes on. */
static void test_back_in_time(void **state)
{
    (void)state;
    session_free(enter_as(VISITOR, true));
    struct session *again = session_of(VISITOR, ALL_INTENTS);
    settle();
    assert_int_equal(FX.core.visits, 0);
    session_free(again); /* had not got to its guilds: it ends none */
    settle();
    assert_int_equal(FX.core.visits, 0);
}

static void test_tried_again(void **state)
{
    (void)state;
    FX.core.visit_err = ERR_STORE;
    session_free(enter_as(VISITOR, true));
    settle();
    assert_int_equal(FX.core.visits, 1);
    assert_false(list_empty(&FX.hub->visits));
    FX.core.visit_err = ERR_OK;
    /* It is the only timer there is; its wheel is not what is tested here. */
    bool rung = false;
    for (size_t i = 0; i < WHEEL_SLOTS && !rung; i++) {
        struct list *n = list_pop_front(&FX.loop->wheel.slots[i]);
        if (n == NULL)
            continue;
        struct timer *t = LIST_OWNER(n, struct timer, node);
        t->fn(t);
        rung = true;
    }
    assert_true(rung);
    settle();
    assert_int_equal(FX.core.visits, 2);
    assert_true(list_empty(&FX.hub->visits));
}

/* A server that stops ends no visits: its clients come back. */
static void test_stopping(void **state)
{
    (void)state;
    enter_as(VISITOR, true);
    gateway_drain(FX.gateway);
    settle();
    assert_int_equal(FX.core.visits, 0);
}

static void test_seen_once_a_day(void **state)
{
    (void)state;
    struct client c;
    FX.wall_ms = INT64_C(20000) * FX_DAY_MS + 5;
    struct session *s = enter_as(VISITOR, false);
    client_open(&c);
    session_attach(s, &c.g);
    static const struct {
        int64_t later_ms;
        unsigned seen;
    } steps[] = {{0, 1}, {40000, 1}, {FX_DAY_MS - 40006, 1}, {1, 2}, {40000, 2}, {FX_DAY_MS, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        FX.wall_ms += steps[i].later_ms;
        gw_command(&c.g, SLICE("{\"op\":1,\"d\":null}"));
        settle();
        assert_int_equal(FX.core.seen, steps[i].seen);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_last_session),    TEST(test_resume_window), TEST(test_members_stay),
        TEST(test_back_in_time),    TEST(test_tried_again),   TEST(test_stopping),
        TEST(test_seen_once_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
