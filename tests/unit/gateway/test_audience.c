/*
 * Visibility classes: who shares one, who has one of their own, and who gets what. Sessions here
 * have no connection; what they were given is in their replay buffers.
 */

#include "guild_fixture.h"

enum {
    ROLE_A = 1101,
    ROLE_B = 1102,
    HIDDEN = 2001, /* a channel that only ROLE_A sees */
    USERS_MAX = 8,
};

/* Two channels. `deny_user`: kept out of FX_CHANNEL by name; `hide`: nobody but ROLE_A sees it
 * either. */
static struct guild_view *make_view(uint64_t position, uint64_t deny_user, bool hide)
{
    const struct role roles[] = {
        {.id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT},
        {.id = {ROLE_A}, .guild = {FX_GUILD}},
        {.id = {ROLE_B}, .guild = {FX_GUILD}},
    };
    const struct overwrite only_a[] = {
        {FX_GUILD, OVERWRITE_ROLE, 0, PERMISSION_OF(VIEW_CHANNEL)},
        {ROLE_A, OVERWRITE_ROLE, PERMISSION_OF(VIEW_CHANNEL), 0},
    };
    const struct overwrite one = {deny_user, OVERWRITE_MEMBER, 0, PERMISSION_OF(VIEW_CHANNEL)};
    const struct channel channels[] = {
        {.id = {FX_CHANNEL},
         .guild = {FX_GUILD},
         .overwrites = hide ? only_a : &one,
         .overwrite_count = hide ? 2 : deny_user != 0},
        {.id = {HIDDEN}, .guild = {FX_GUILD}, .overwrites = only_a, .overwrite_count = 2},
    };
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    struct guild_view *v = guild_view_new(&g, position, position, roles, 3, channels, 2);
    assert_non_null(v);
    return v;
}

static int open_guild(void **state)
{
    return guild_open(state, make_view(1, 0, false));
}

static void change_view(struct guild_view *v)
{
    commit_view(v, EVENT_CHANNEL_CREATE, HIDDEN);
}

static void test_who_shares(void **state)
{
    (void)state;
    static const struct {
        uint64_t user;
        uint32_t intents;
        uint64_t role;
        int group;
    } rows[USERS_MAX] = {
        {10, ALL_INTENTS, 0, 0},      {11, ALL_INTENTS, 0, 0},      {12, ALL_INTENTS, ROLE_A, 1},
        {13, ALL_INTENTS, ROLE_A, 1}, {14, NO_CONTENT, 0, 2},       {FX_OWNER, ALL_INTENTS, 0, 3},
        {11, ALL_INTENTS, 0, 0},      {15, ALL_INTENTS, ROLE_B, 4},
    };
    struct session *s[USERS_MAX];
    for (size_t i = 0; i < USERS_MAX; i++)
        s[i] = enter(rows[i].user, rows[i].intents, rows[i].role);
    for (size_t i = 0; i < USERS_MAX; i++) {
        for (size_t k = 0; k < USERS_MAX; k++) {
            bool same = class_of(s[i]) == class_of(s[k]);
            if (same != (rows[i].group == rows[k].group))
                fail_msg("rows %zu and %zu", i, k);
        }
    }
    assert_int_equal(class_of(s[5])->special_user, FX_OWNER);
    assert_int_equal(class_of(s[0])->special_user, 0);
    check_dense();
}

static void test_channels_and_roles(void **state)
{
    (void)state;
    struct session *plain = enter(10, ALL_INTENTS, 0);
    struct session *a = enter(11, ALL_INTENTS, ROLE_A);
    struct session *owner = enter(FX_OWNER, ALL_INTENTS, 0);
    say(FX_CHANNEL, "open");
    assert_true(last_is(plain, "open") && last_is(a, "open") && last_is(owner, "open"));
    say(HIDDEN, "hidden");
    assert_true(last_is(plain, "open") && last_is(a, "hidden") && last_is(owner, "hidden"));
    say(FX_CHANNEL + 999, "nowhere");
    assert_true(last_is(plain, "open") && last_is(a, "hidden") && last_is(owner, "hidden"));
}

static void test_intents_gate(void **state)
{
    (void)state;
    struct session *messages = enter(10, INTENT_GUILD_MESSAGES, 0);
    struct session *typing = enter(11, INTENT_GUILD_MESSAGE_TYPING, 0);
    struct session *none = enter(12, 0, 0);
    say(FX_CHANNEL, "m");
    say_in(FX_CHANNEL, EVENT_TYPING_START, "t", NULL, NULL, 0);
    assert_true(last_is(messages, "m"));
    assert_true(last_is(typing, "t"));
    assert_int_equal(messages->replay.seq, 1); /* not even GUILD_CREATE: no GUILDS */
    assert_int_equal(typing->replay.seq, 1);
    assert_int_equal(none->replay.seq, 0);
}

/* Everybody gets the event; the content only those who may have it, or whom it concerns. */
static void test_message_content(void **state)
{
    (void)state;
    const uint64_t concerned[] = {11};
    struct session *with = enter(10, NO_CONTENT | INTENT_MESSAGE_CONTENT, 0);
    struct session *mentioned = enter(11, NO_CONTENT, 0);
    struct session *without = enter(12, NO_CONTENT, 0);
    say_in(FX_CHANNEL, EVENT_MESSAGE_CREATE, "full", "blank", concerned, 1);
    assert_true(last_is(with, "full"));
    assert_true(last_is(mentioned, "full"));
    assert_true(last_is(without, "blank"));
    assert_ptr_equal(class_of(mentioned), class_of(without));
    say(FX_CHANNEL, "same for all");
    assert_true(last_is(without, "same for all"));
}

/* Whom a reply concerns, but not what it replies to. */
static void test_replied_to(void **state)
{
    (void)state;
    const uint64_t concerned[] = {10, 11};
    struct session *both = enter(10, NO_CONTENT, 0);
    struct session *reply_alone = enter(11, NO_CONTENT, 0);
    struct session *neither = enter(12, NO_CONTENT, 0);
    struct event *e =
        event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, FX_GUILD}, concerned, 2);
    assert_non_null(e);
    e->position = next_position();
    e->guild_id = FX_GUILD;
    e->channel_id = FX_CHANNEL;
    e->content_whole_count = 1;
    e->payload = fx_bytes("full");
    e->payload_own = fx_bytes("own");
    e->payload_blank = fx_bytes("blank");
    bus_publish(FX.bus, &e, 1);
    event_unref(&e);
    fx_turn();
    assert_true(last_is(both, "full"));
    assert_true(last_is(reply_alone, "own"));
    assert_true(last_is(neither, "blank"));
}

/* The guard is for applications: a person who asks for fewer intents still reads. */
static void test_people_read_content(void **state)
{
    (void)state;
    struct session *bot = enter(10, NO_CONTENT, 0);
    struct session *person = enter(11, NO_CONTENT, 0);
    struct guild_link *l = session_link(person, FX_GUILD);
    const struct membership m = {
        .guild = {FX_GUILD},
        .position = 1,
        .member = {.guild = {FX_GUILD}, .user = {.id = {11}, .username = SLICE("u")}}};
    guild_link_free(l);
    person->who.bot = false;
    l = guild_link_new(person, &m);
    assert_non_null(l);
    guild_link_activate(l);
    say_in(FX_CHANNEL, EVENT_MESSAGE_CREATE, "full", "blank", NULL, 0);
    assert_true(last_is(bot, "blank"));
    assert_true(last_is(person, "full"));
}

/* An overwrite that names a member takes them, and only them, out of the class of their roles; the
 * event that brings it is the first that obeys it. */
static void test_member_overwrite(void **state)
{
    (void)state;
    struct session *denied = enter(10, ALL_INTENTS, 0);
    struct session *again = enter(10, ALL_INTENTS, 0); /* the same user twice */
    struct session *other = enter(11, ALL_INTENTS, 0);
    assert_ptr_equal(class_of(denied), class_of(other));
    change_view(make_view(next_position(), 10, false));
    check_dense();
    assert_int_equal(class_of(denied)->special_user, 10);
    assert_ptr_equal(class_of(denied), class_of(again));
    assert_ptr_not_equal(class_of(denied), class_of(other));
    say(FX_CHANNEL, "not for 10");
    assert_true(last_is(other, "not for 10"));
    assert_false(last_is(denied, "not for 10") || last_is(again, "not for 10"));
    struct session *late = enter(10, ALL_INTENTS, 0);
    assert_ptr_equal(class_of(late), class_of(denied));
    change_view(make_view(next_position(), 0, false));
    say(FX_CHANNEL, "for all");
    assert_true(last_is(denied, "for all") && last_is(other, "for all"));
}

static void test_view_hides_a_channel(void **state)
{
    (void)state;
    struct session *plain = enter(10, ALL_INTENTS, 0);
    struct session *a = enter(11, ALL_INTENTS, ROLE_A);
    say(FX_CHANNEL, "before");
    assert_true(last_is(plain, "before"));
    change_view(make_view(next_position(), 0, true));
    say(FX_CHANNEL, "after");
    assert_true(last_is(a, "after"));
    assert_int_equal(session_count(plain, "CHANNEL_DELETE"), 1);
    assert_false(last_is(plain, "after"));
}

static void test_leave_keeps_dense(void **state)
{
    (void)state;
    enum { MEMBERS = 9 };
    struct session *s[MEMBERS];
    for (uint64_t i = 0; i < MEMBERS; i++)
        s[i] = enter(10 + i, ALL_INTENTS, 0);
    static const size_t order[] = {0, 8, 4, 1, 7, 3, 2};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        guild_link_free(session_link(s[order[i]], FX_GUILD));
        check_dense();
        assert_int_equal(class_of(s[5])->count, MEMBERS - 1 - i);
    }
    say(FX_CHANNEL, "the rest");
    assert_true(last_is(s[5], "the rest") && last_is(s[6], "the rest"));
    assert_false(last_is(s[0], "the rest"));
    session_free(s[5]);
    session_free(s[6]);
    assert_true(list_empty(&guild->classes));
    fx_turn();
    assert_null(map_get(&FX.hub->guilds, FX_GUILD));
}

/* The member is gone from the audience with the event that says so; their session hears the rest
 * from the user's own stream. */
static void test_removed_member(void **state)
{
    (void)state;
    struct session *out = enter(10, ALL_INTENTS, 0);
    struct session *in = enter(11, ALL_INTENTS, 0);
    struct event *e = fx_event(EVENT_GUILD_MEMBER_REMOVE, (struct stream){STREAM_GUILD, FX_GUILD},
                               next_position());
    e->entity_id = 10;
    e->payload = fx_bytes("removed");
    fx_commit(e);
    fx_turn();
    assert_true(last_is(in, "removed"));
    assert_false(last_is(out, "removed"));
    assert_null(class_of(out));
    check_dense();
}

/* When memory is short somewhere in a change of the view, nobody is told too much, and nobody
 * misses something without being told to begin anew. */
static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 12; n++) {
        struct session *s[] = {enter(10, ALL_INTENTS, 0), enter(11, ALL_INTENTS, 0),
                               enter(12, ALL_INTENTS, ROLE_A)};
        struct guild_view *v = make_view(next_position(), 10, false);
        struct event *e = fx_event(EVENT_CHANNEL_CREATE, (struct stream){STREAM_GUILD, FX_GUILD},
                                   next_position());
        e->view = v;
        bus_publish(FX.bus, &e, 1);
        mem_fail_after(n, 1);
        fx_turn();
        mem_fail_never();
        event_unref(&e);
        check_dense();
        say(FX_CHANNEL, "after");
        assert_false(last_is(s[0], "after"));
        for (size_t i = 1; i < 3; i++)
            assert_true(s[i]->failed || last_is(s[i], "after"));
        for (size_t i = 0; i < 3; i++)
            session_free(s[i]);
        fx_turn(); /* the guild goes, and is loaded anew */
    }
}

/* Sessions of one user share the bytes of GUILD_CREATE, if they would read the same. */
static void test_guild_create_is_shared(void **state)
{
    (void)state;
    struct session *a = enter(10, ALL_INTENTS, 0);
    struct session *b = enter(10, ALL_INTENTS, 0);
    assert_int_equal(session_count(a, "GUILD_CREATE"), 1);
    assert_ptr_equal(replay_get(&a->replay, 1), replay_get(&b->replay, 1));
    struct session *c = enter(11, ALL_INTENTS, 0);
    assert_ptr_not_equal(replay_get(&c->replay, 1), replay_get(&a->replay, 1));
    say(FX_CHANNEL, "changes it");
    struct session *d = enter(11, ALL_INTENTS, 0);
    assert_ptr_not_equal(replay_get(&d->replay, 1), replay_get(&c->replay, 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_shares),        TEST(test_channels_and_roles),
        TEST(test_intents_gate),      TEST(test_message_content),
        TEST(test_replied_to),        TEST(test_people_read_content),
        TEST(test_member_overwrite),  TEST(test_view_hides_a_channel),
        TEST(test_leave_keeps_dense), TEST(test_removed_member),
        TEST(test_no_memory),         TEST(test_guild_create_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
