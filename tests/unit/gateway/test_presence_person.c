/* What of a person's account bears upon presence: friends, who are told, and the settings. */

#include "presence_fixture.h"

static void test_friends(void **state)
{
    (void)state;
    const uint64_t of_alice[] = {BOB}, of_bob[] = {ALICE};
    struct session *bob =
        identify_on(BOB, false, ALL_INTENTS, NULL, NULL, friend_list_new(of_bob, 1));
    struct session *stranger = identify_on(DEAF, false, ALL_INTENTS, NULL, NULL, NULL);
    struct session *alice =
        identify_on(ALICE, false, ALL_INTENTS, NULL, STATUS("idle"), friend_list_new(of_alice, 1));
    tell_all();
    expect_state(bob, ALICE, "\"status\":\"idle\"");
    assert_null(strstr(last_about(bob, "PRESENCE_UPDATE", ALICE), "guild_id"));
    say_op3(alice, STATUS("invisible"));
    tell_all();
    expect_state(bob, ALICE, "\"status\":\"offline\"");
    say_op3(alice, STATUS("online"));
    tell_all();
    session_free(alice);
    tell_all();
    expect_state(bob, ALICE, "\"status\":\"offline\"");
    assert_int_equal(session_count(stranger, "PRESENCE_UPDATE"), 0);
}

static struct event *user_event(enum event_kind kind, uint64_t user, uint64_t entity)
{
    struct event *e = fx_event(kind, (struct stream){STREAM_USER, user}, 0);
    e->entity_id = entity;
    return e;
}

static void hear(enum event_kind kind, uint64_t user, uint64_t entity)
{
    struct event *e = user_event(kind, user, entity);
    bus_publish(FX.bus, &e, 1);
    event_unref(&e);
    settle();
    tell_all();
}

static void test_a_new_friend(void **state)
{
    (void)state;
    struct session *bob = identify_on(BOB, false, ALL_INTENTS, NULL, NULL, NULL);
    struct session *alice = identify_on(ALICE, false, ALL_INTENTS, NULL, STATUS("dnd"), NULL);
    guild = NULL;
    FX.core.friends[0] =
        (struct relationship){.other = {.id = {ALICE}}, .type = RELATIONSHIP_FRIEND};
    FX.core.friend_count = 1;
    hear(EVENT_RELATIONSHIP_ADD, BOB, ALICE);
    expect_state(bob, ALICE, "\"status\":\"dnd\"");
    FX.core.friends[0].other.id.v = BOB;
    hear(EVENT_RELATIONSHIP_ADD, ALICE, BOB);
    expect_state(alice, BOB, "\"status\":\"online\"");
    say_op3(alice, STATUS("idle"));
    tell_all();
    expect_state(bob, ALICE, "\"status\":\"idle\"");
    FX.core.friends[0].type = RELATIONSHIP_BLOCKED; /* and so no friend any more */
    hear(EVENT_RELATIONSHIP_REMOVE, ALICE, BOB);
    unsigned before = session_count(bob, "PRESENCE_UPDATE");
    say_op3(alice, STATUS("dnd"));
    tell_all();
    assert_int_equal(session_count(bob, "PRESENCE_UPDATE"), before);
}

/* Between the friendship and the reading of it: who is a new friend hears what changed meanwhile,
 * and the others do not hear it twice. */
static void test_a_new_friend_misses_nothing(void **state)
{
    (void)state;
    const uint64_t of_alice[] = {DEAF};
    struct session *bob = identify_on(BOB, false, ALL_INTENTS, NULL, NULL, NULL);
    struct session *old = identify_on(DEAF, false, ALL_INTENTS, NULL, NULL, NULL);
    struct session *alice =
        identify_on(ALICE, false, ALL_INTENTS, NULL, STATUS("dnd"), friend_list_new(of_alice, 1));
    guild = NULL;
    tell_all();
    say_op3(alice, STATUS("idle"));
    tell_all();
    assert_int_equal(session_count(bob, "PRESENCE_UPDATE"), 0);
    unsigned before = session_count(old, "PRESENCE_UPDATE");
    FX.core.friends[0] = (struct relationship){.other = {.id = {BOB}}, .type = RELATIONSHIP_FRIEND};
    FX.core.friends[1] =
        (struct relationship){.other = {.id = {DEAF}}, .type = RELATIONSHIP_FRIEND};
    FX.core.friend_count = 2;
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    expect_state(bob, ALICE, "\"status\":\"idle\"");
    assert_int_equal(session_count(bob, "PRESENCE_UPDATE"), 1);
    assert_int_equal(session_count(old, "PRESENCE_UPDATE"), before);
    /* With a change at the same time all are told, once. */
    FX.core.friend_count = 1;
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    FX.core.friend_count = 2;
    struct event *e = user_event(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    bus_publish(FX.bus, &e, 1);
    event_unref(&e);
    settle();
    say_op3(alice, STATUS("online"));
    tell_all();
    expect_state(bob, ALICE, "\"status\":\"online\"");
    expect_state(old, ALICE, "\"status\":\"online\"");
    assert_int_equal(session_count(bob, "PRESENCE_UPDATE"), 2);
}

/* The status of the settings is that of all sessions, from when it changes on. */
static void test_settings(void **state)
{
    (void)state;
    struct session *a = identify_on(ALICE, false, ALL_INTENTS, NULL, NULL, NULL);
    struct session *b = identify_on(ALICE, false, ALL_INTENTS, NULL, STATUS("idle"), NULL);
    guild = NULL;
    FX.core.settings = "{\"status\":\"online\",\"theme\":\"dark\"}";
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    assert_int_equal(b->seat->status, PRESENCE_IDLE); /* another setting */
    FX.core.settings = "{\"status\":\"dnd\"}";
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    assert_int_equal(a->seat->status, PRESENCE_DND);
    assert_int_equal(b->seat->status, PRESENCE_DND);
    FX.core.settings = "{\"status\":\"invisible\"}";
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    assert_string_equal(json_of(ALICE), "");
    FX.core.settings =
        "{\"status\":\"online\",\"custom_status\":{\"text\":\"here\",\"expires_at\":null}}";
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    assert_non_null(strstr(json_of(ALICE), "\"type\":4"));
    assert_non_null(strstr(json_of(ALICE), "\"state\":\"here\""));
}

/* A custom status goes at its time, without a word from the client. */
static void test_custom_status_ends(void **state)
{
    (void)state;
    struct session *a = identify_on(ALICE, false, ALL_INTENTS, NULL, NULL, NULL);
    FX.core.settings = "{\"status\":\"online\",\"custom_status\":{\"text\":\"soon over\","
                       "\"expires_at\":\"1970-01-01T00:16:41.000Z\"}}"; /* in a second */
    hear(EVENT_USER_SETTINGS_UPDATE, ALICE, ALICE);
    assert_non_null(strstr(json_of(ALICE), "soon over"));
    struct status_end *end = a->user->status_end;
    assert_non_null(end);
    FX.wall_ms += 1000;
    struct timer *t = (struct timer *)(void *)end; /* its first member; it rings */
    assert_true(list_linked(&t->node));
    loop_timer_stop(t);
    t->fn(t);
    settle();
    assert_null(strstr(json_of(ALICE), "soon over"));
    assert_null(a->user->status_end);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_friends),  TEST(test_a_new_friend),       TEST(test_a_new_friend_misses_nothing),
        TEST(test_settings), TEST(test_custom_status_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
