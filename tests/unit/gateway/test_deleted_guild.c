/*
 * A guild that is deleted while sessions are in it, enter it, or wait for it: each hears of it
 * once, and none waits for what never comes.
 */

#include "gateway_fixture.h"

enum { USER = 10 };

static const struct stream USER_STREAM = {STREAM_USER, USER};

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
    FX.core.who = (struct principal){.user = {USER}, .bot = true};
    FX.core.who.application_flags =
        APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS | APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT;
    FX.core.memberships[0] = membership_at(1);
    FX.core.membership_count = 1;
    return 0;
}

/* From here on the store does not find it. */
static void delete_guild(void)
{
    guild_view_unref(&FX.core.view);
    FX.core.join_err = ERR_UNKNOWN_MEMBER;
}

static void tell_user(uint64_t position)
{
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, position));
    fx_run_all();
}

static void expect_out(const struct session *s, unsigned deletes)
{
    assert_int_equal(s->state, SESSION_LIVE);
    assert_false(s->failed);
    assert_int_equal(session_count(s, "READY"), 1);
    assert_int_equal(session_count(s, "GUILD_DELETE"), deletes);
    assert_int_equal(s->link_count, 0);
    assert_null(map_get(&FX.hub->guilds, FX_GUILD));
}

static void test_while_in_it(void **state)
{
    (void)state;
    struct session *s = client_identify(&a);
    fx_run_all();
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
    delete_guild();
    tell_user(6);
    expect_out(s, 1);
}

/* READY has named the guild, as unavailable: the bot must learn that it will not come. */
static void test_bot_enters_too_late(void **state)
{
    (void)state;
    struct session *s = client_identify(&a);
    delete_guild();
    fx_run_all();
    expect_out(s, 1);
    assert_int_equal(session_count(s, "GUILD_CREATE"), 0);
    tell_user(6); /* and not once more */
    expect_out(s, 1);
}

static void test_person_enters_too_late(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    struct session *s = client_identify(&a);
    delete_guild();
    fx_run_all();
    expect_out(s, 0); /* READY was without it */
    tell_user(6);
    expect_out(s, 0);
}

/* The feed is behind the membership, and what lies between is gone with the guild's log. */
static void test_log_is_gone(void **state)
{
    (void)state;
    struct session *first = client_identify(&a);
    fx_run_all();
    FX.core.who.bot = false;
    FX.core.memberships[0] = membership_at(15);
    struct session *s = client_identify(&b);
    fx_run_all();
    assert_int_equal(session_count(s, "READY"), 0); /* waits for position 15 */
    delete_guild();
    tell_user(6);
    expect_out(s, 0);
    expect_out(first, 1);
}

/* Left and joined again meanwhile: the second news counts. */
static void test_joined_again(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    FX.core.memberships[0] = membership_at(15);
    FX.core.joined = membership_at(1);
    struct session *s = client_identify(&a);
    fx_run_job(0);
    fx_turn();
    fx_run_all();
    assert_int_equal(session_count(s, "READY"), 0);
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 6));
    fx_commit(fx_event(EVENT_GUILD_CREATE, USER_STREAM, 7));
    fx_run_all();
    assert_int_equal(session_count(s, "READY"), 1);
    assert_int_equal(session_count(s, "GUILD_CREATE"), 1);
    assert_non_null(session_link(s, FX_GUILD));
}

/* Kicked after the snapshot was read and before it arrived: what says so is held until READY. */
static void test_person_left_before_the_snapshot_came(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    struct session *s = client_identify(&a);
    struct session *other = client_identify(&b);
    fx_run_job(1); /* other's: the user's feed is live */
    fx_turn();
    fx_read(0);
    FX.core.guild_position = 9;
    FX.core.join_err = ERR_UNKNOWN_MEMBER;
    fx_commit(fx_event(EVENT_GUILD_DELETE, USER_STREAM, 6));
    fx_turn();
    assert_int_equal(s->held_count, 1);
    fx_answer(0);
    fx_run_all();
    expect_out(s, 0);
    expect_out(other, 0);
}

/* A session links to the guild in the very turn in which its load was refused. */
static void test_refused_and_linked_at_once(void **state)
{
    (void)state;
    FX.core.who.bot = false;
    struct session *first = client_identify(&a);
    fx_run_job(0); /* its snapshot */
    fx_turn();
    assert_int_equal(FX.job_count, 1); /* the guild's load */
    struct session *second = client_identify(&b);
    assert_int_equal(FX.job_count, 2);
    delete_guild();
    fx_read(0);
    fx_read(1);
    fx_answer(0);
    fx_answer(0);
    fx_turn(); /* both answers: refused, then linked */
    fx_run_all();
    expect_out(first, 0);
    expect_out(second, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, fx_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_while_in_it),
        TEST(test_bot_enters_too_late),
        TEST(test_person_enters_too_late),
        TEST(test_log_is_gone),
        TEST(test_joined_again),
        TEST(test_person_left_before_the_snapshot_came),
        TEST(test_refused_and_linked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
