/* What a person's account says of presence, when it is read while it changes. */

#include "gateway/presence_priv.h"
#include "guild_fixture.h"

enum { ALICE = 10, BOB = 11 };

static struct session *sit(uint64_t user)
{
    struct principal who = {.user = {user}};
    struct session *s = session_new(FX.hub, &who);
    assert_non_null(s);
    assert_int_equal(presence_sit(s, NULL, NULL), ERR_OK);
    return s;
}

/* The snapshot of an Identify says friend; what ended that has passed by while it was read. */
static void test_an_old_snapshot(void **state)
{
    (void)state;
    struct relationship friend = {.other = {.id = {BOB}}, .type = RELATIONSHIP_FRIEND};
    struct session_snapshot snap = {.user_position = 4,
                                    .people = {.relationships = &friend, .relationship_count = 1}};
    struct session *alice = sit(ALICE);
    bool here;
    feed_start(&alice->user->feed, 5);
    presence_begin(alice, &snap);
    fx_run_all();
    struct friend_list *friends = presence_friends(FX.gateway, ALICE, &here);
    assert_true(here);
    assert_null(friends);
}

/* Nothing has passed by: it is not read twice. */
static void test_a_present_snapshot(void **state)
{
    (void)state;
    struct relationship friend = {.other = {.id = {BOB}}, .type = RELATIONSHIP_FRIEND};
    struct session_snapshot snap = {.user_position = 5,
                                    .people = {.relationships = &friend, .relationship_count = 1}};
    struct session *alice = sit(ALICE);
    bool here;
    feed_start(&alice->user->feed, 5);
    presence_begin(alice, &snap);
    assert_int_equal(FX.job_count, 0);
    struct friend_list *friends = presence_friends(FX.gateway, ALICE, &here);
    assert_true(friend_list_has(friends, BOB));
    friend_list_unref(&friends);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fx_open, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_old_snapshot),
        TEST(test_a_present_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
