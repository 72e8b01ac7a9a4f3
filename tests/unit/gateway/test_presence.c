/* Presence: what several sessions come to, who is told, and that telling stays linear: a user is
 * named once to each watcher for any number of changes, at a bounded rate, and the last word is the
 * state in the end. */

#include "presence_fixture.h"

/* ---- merging ---- */

static void test_merge(void **state)
{
    (void)state;
    static const struct {
        const char *statuses[3];
        const char *merged; /* NULL: offline */
        const char *clients;
    } CASES[] = {
        {{"online"}, "online", "{\"desktop\":\"online\"}"},
        {{"idle"}, "idle", "{\"desktop\":\"idle\"}"},
        {{"dnd", "idle"}, "idle", "{\"desktop\":\"dnd\",\"mobile\":\"idle\"}"},
        {{"dnd", "online"}, "online", "{\"desktop\":\"dnd\",\"mobile\":\"online\"}"},
        {{"idle", "dnd", "dnd"},
         "idle",
         "{\"desktop\":\"idle\",\"mobile\":\"dnd\",\"web\":\"dnd\"}"},
        {{"dnd", "dnd", "dnd"}, "dnd", "{\"desktop\":\"dnd\",\"mobile\":\"dnd\",\"web\":\"dnd\"}"},
        {{"invisible"}, NULL, NULL},
        {{"online", "invisible"}, NULL, NULL},
        {{"offline"}, NULL, NULL},
        {{"unknown"}, "online", "{\"desktop\":\"online\"}"},
    };
    static const char *const CLIENTS[] = {"{\"browser\":\"Discord Client\"}",
                                          "{\"$browser\":\"Discord Android\"}",
                                          "{\"browser\":\"Firefox\"}"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct session *s[3] = {NULL};
        for (size_t k = 0; k < 3 && CASES[i].statuses[k] != NULL; k++) {
            char presence[64];
            snprintf(presence, sizeof presence, "{\"status\":\"%s\"}", CASES[i].statuses[k]);
            s[k] = identify_on(ALICE, true, 0, CLIENTS[k], presence, NULL);
        }
        char want[256] = "";
        if (CASES[i].merged != NULL)
            snprintf(want, sizeof want, "\"status\":\"%s\",\"activities\":[],\"client_status\":%s",
                     CASES[i].merged, CASES[i].clients);
        assert_string_equal(json_of(ALICE), want);
        for (size_t k = 0; k < 3; k++)
            if (s[k] != NULL)
                session_free(s[k]);
        assert_string_equal(json_of(ALICE), "");
    }
}

/* Those of the session that said last that it has some; when it goes, those of another. */
static void test_activities_lead(void **state)
{
    (void)state;
    struct session *a = identify_on(ALICE, true, 0, NULL,
                                    "{\"activities\":[{\"name\":\"first\",\"type\":0}]}", NULL);
    struct session *b = identify_on(ALICE, true, 0, NULL, NULL, NULL);
    assert_non_null(strstr(json_of(ALICE), "\"first\""));
    say_op3(b, "{\"status\":\"online\",\"activities\":[{\"name\":\"second\",\"type\":3}]}");
    assert_non_null(strstr(json_of(ALICE), "\"second\""));
    assert_null(strstr(json_of(ALICE), "\"first\""));
    session_free(b);
    assert_non_null(strstr(json_of(ALICE), "\"first\""));
    say_op3(a, STATUS("online"));
    assert_null(strstr(json_of(ALICE), "\"first\""));
    session_free(a);
}

static void test_custom_status_of_settings(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        const char *shown; /* NULL: nothing */
    } CASES[] = {
        {"{\"custom_status\":{\"text\":\"hello\",\"expires_at\":null}}", "\"state\":\"hello\""},
        {"{\"custom_status\":{\"text\":\"over\",\"expires_at\":\"1970-01-01T00:00:01.000Z\"}}",
         NULL},
        {"{\"custom_status\":{\"text\":\"later\",\"expires_at\":\"2970-01-01T00:00:01.000Z\"}}",
         "\"state\":\"later\""},
        {"{\"custom_status\":{\"emoji_name\":\"x\",\"emoji_id\":\"5\"}}",
         "\"emoji\":{\"name\":\"x\",\"id\":\"5\""},
        {"{\"custom_status\":null}", NULL},
        {"{\"custom_status\":7}", NULL},
        {"not json", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct person_settings s;
        presence_read_settings(slice_from(CASES[i].settings), FX_TIME_MS, &s);
        struct bytes *custom = s.custom;
        assert_int_equal(s.status, PRESENCE_ONLINE);
        assert_int_equal(custom != NULL, CASES[i].shown != NULL);
        if (custom != NULL) {
            char text[256];
            snprintf(text, sizeof text, "%.*s", (int)custom->len, custom->data);
            assert_non_null(strstr(text, CASES[i].shown));
        }
        bytes_unref(&custom);
    }
}

/* ---- what clients say ---- */

static void test_validation(void **state)
{
    (void)state;
    char long_name[300], just[300], body[400];
    memset(long_name, 'x', 129);
    long_name[129] = '\0';
    memcpy(just, long_name, sizeof just);
    just[128] = '\0';
    static const struct {
        const char *text;
        bool ok;
    } CASES[] = {
        {"{\"status\":\"dnd\",\"activities\":null,\"since\":null,\"afk\":null}", true},
        {"{\"status\":\"busy\"}", false},
        {"{\"status\":5}", false},
        {"[]", false},
        {"null", false},
        {"{\"since\":\"now\"}", false},
        {"{\"since\":-1}", false},
        {"{\"afk\":1}", false},
        {"{\"activities\":{}}", false},
        {"{\"activities\":[5]}", false},
        {"{\"activities\":[{}]}", false},
        {"{\"activities\":[{\"name\":\"\"}]}", false},
        {"{\"activities\":[{\"name\":5}]}", false},
        {"{\"activities\":[{\"name\":\"x\"}]}", true},
        {"{\"activities\":[{\"name\":\"x\",\"type\":6}]}", false}, /* hanging is for people */
        {"{\"activities\":[{\"name\":\"x\",\"type\":-1}]}", false},
        {"{\"activities\":[{\"name\":\"x\",\"type\":\"0\"}]}", false},
        {"{\"activities\":[{\"name\":\"x\",\"type\":1,\"url\":\"https://twitch.tv/x\"}]}", true},
        {"{\"activities\":[{\"name\":\"x\",\"type\":1,\"url\":\"javascript:x\"}]}", false},
        {"{\"activities\":[{\"name\":\"x\",\"type\":0,\"url\":\"javascript:x\"}]}", true},
        {"{\"activities\":[{\"name\":\"x\",\"type\":0,\"url\":7}]}", false},
        {"{\"activities\":[{\"name\":\"x\",\"state\":7}]}", false},
        {"{\"activities\":[{\"name\":\"x\",\"details\":7}]}",
         true}, /* not for bots: not looked at */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct session *s = identify_on(ALICE, true, 0, NULL, NULL, NULL);
        json_t *d = parse(CASES[i].text);
        enum err e = presence_change(s, d);
        if ((e == ERR_OK) != CASES[i].ok)
            fail_msg("%s: %d", CASES[i].text, (int)e);
        json_decref(d);
        session_free(s);
    }
    struct session *s = identify_on(ALICE, true, 0, NULL, NULL, NULL);
    for (int fits = 0; fits < 2; fits++) {
        snprintf(body, sizeof body, "{\"activities\":[{\"name\":\"%s\"}]}",
                 fits ? just : long_name);
        json_t *d = parse(body);
        assert_int_equal(presence_change(s, d), fits ? ERR_OK : ERR_GW_DECODE);
        json_decref(d);
    }
    session_free(s);
}

/* People may say more; what is in no table, and what only applications may read, is left out. */
static void test_rich_activity(void **state)
{
    (void)state;
    struct session *s = identify_on(
        ALICE, false, 0, NULL,
        "{\"activities\":[{\"name\":\"game\",\"type\":0,\"details\":\"d\",\"timestamps\":{"
        "\"start\":"
        "\"17\",\"end\":18},\"party\":{\"id\":\"p\",\"size\":[1,4]},\"assets\":{\"large_image\":"
        "\"7\"},"
        "\"buttons\":[\"a\",\"b\"],\"secrets\":{\"join\":\"hush\"},\"metadata\":{},\"evil\":1,"
        "\"session_id\":\"x\",\"created_at\":1}]}",
        NULL);
    static const char *const PARTS[] = {"\"details\":\"d\"", "\"start\":17,\"end\":18",
                                        "\"size\":[1,4]", "\"buttons\":[\"a\",\"b\"]",
                                        "\"created_at\":1000000"};
    static const char *const ABSENT[] = {"hush", "metadata", "evil", "session_id"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++)
        assert_non_null(strstr(json_of(ALICE), PARTS[i]));
    for (size_t i = 0; i < sizeof ABSENT / sizeof ABSENT[0]; i++)
        assert_null(strstr(json_of(ALICE), ABSENT[i]));
    session_free(s);
}

static void test_five_in_twenty_seconds(void **state)
{
    (void)state;
    FX.gateway->options.limits_enabled = true;
    struct session *s = come(ALICE, true, 0, NULL);
    static const char *const STATUSES[] = {STATUS("idle"), STATUS("dnd"),  STATUS("idle"),
                                           STATUS("dnd"),  STATUS("idle"), STATUS("dnd")};
    for (size_t i = 0; i < 6; i++)
        say_op3(s, STATUSES[i]);
    assert_non_null(strstr(json_of(ALICE), "\"status\":\"idle\"")); /* the sixth is dropped */
    s->seat->window_start_ms -= PRESENCE_UPDATES_MS;
    say_op3(s, STATUS("dnd"));
    assert_non_null(strstr(json_of(ALICE), "\"status\":\"dnd\""));
}

/* ---- telling ---- */

static void test_who_is_told(void **state)
{
    (void)state;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    struct session *deaf = come(DEAF, true, ALL_INTENTS & ~INTENT_GUILD_PRESENCES, NULL);
    struct session *person = come(BOB, false, ALL_INTENTS, NULL); /* looks at no list */
    tell_all();
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 3);
    struct session *alice = come(ALICE, false, ALL_INTENTS, STATUS("idle"));
    tell_all();
    expect_state(watcher, ALICE, "\"guild_id\":\"1000\",\"status\":\"idle\"");
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 4);
    say_op3(alice, STATUS("invisible"));
    tell_all();
    expect_state(watcher, ALICE, "\"status\":\"offline\",\"activities\":[],\"client_status\":{}");
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 3);
    say_op3(alice, STATUS("dnd"));
    tell_all();
    expect_state(watcher, ALICE, "\"status\":\"dnd\"");
    session_free(alice);
    tell_all();
    expect_state(watcher, ALICE, "\"status\":\"offline\"");
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 3);
    assert_int_equal(session_count(deaf, "PRESENCE_UPDATE"), 0);
    assert_int_equal(session_count(person, "PRESENCE_UPDATE"), 0);
}

/* Whoever was invisible all the time is not told to be gone. */
static void test_invisible_leaves_no_trace(void **state)
{
    (void)state;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    tell_all();
    unsigned before = session_count(watcher, "PRESENCE_UPDATE");
    struct session *alice = come(ALICE, false, ALL_INTENTS, STATUS("invisible"));
    tell_all();
    session_free(alice);
    tell_all();
    assert_int_equal(session_count(watcher, "PRESENCE_UPDATE"), before);
}

static void test_guild_create(void **state)
{
    (void)state;
    come(ALICE, false, ALL_INTENTS, STATUS("idle"));
    come(BOB, false, ALL_INTENTS, STATUS("invisible"));
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    struct session *deaf = come(DEAF, true, ALL_INTENTS & ~INTENT_GUILD_PRESENCES, NULL);
    assert_non_null(strstr(last_about(watcher, "GUILD_CREATE", 0),
                           "{\"user\":{\"id\":\"10\"},\"status\":\"idle\""));
    assert_null(strstr(last_about(watcher, "GUILD_CREATE", 0), "{\"user\":{\"id\":\"11\"}"));
    assert_non_null(strstr(last_about(deaf, "GUILD_CREATE", 0), "\"presences\":[]"));
}

/* GUILD_MEMBER_REMOVE says all that there is to say. */
static void test_member_leaves(void **state)
{
    (void)state;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    struct session *alice = come(ALICE, false, ALL_INTENTS, NULL);
    say_op3(alice, STATUS("idle"));
    fx_commit(member_event(EVENT_GUILD_MEMBER_REMOVE, next_position(), ALICE));
    fx_turn();
    tell_all();
    assert_string_equal(last_about(watcher, "PRESENCE_UPDATE", ALICE), "");
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 1);
    assert_string_not_equal(json_of(ALICE), ""); /* friends still see it */
}

/* However often somebody changes before a round, watchers hear the last of it, once. */
static void test_flapping(void **state)
{
    (void)state;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    struct session *alice = come(ALICE, true, 0, NULL);
    tell_all();
    unsigned before = session_count(watcher, "PRESENCE_UPDATE");
    for (int i = 0; i < 1000; i++)
        say_op3(alice, i % 2 == 0 ? STATUS("online") : STATUS("dnd"));
    tell_all();
    assert_int_equal(session_count(watcher, "PRESENCE_UPDATE"), before + 1);
    expect_state(watcher, ALICE, "\"status\":\"dnd\"");
    for (int i = 0; i < 10; i++)
        say_op3(alice, STATUS("dnd")); /* which is no change */
    tell_all();
    assert_int_equal(session_count(watcher, "PRESENCE_UPDATE"), before + 1);
}

/* N come, change and go in front of M: no watcher gets more in a round than the bound, and at the
 * end each knows the last state of everybody. */
static void test_storm(void **state)
{
    (void)state;
    enum { WATCHERS = 5, PEOPLE = 500 };
    struct session *watchers[WATCHERS];
    struct session *people[PEOPLE];
    FX.gateway->options.replay_events_max = 1 << 16;
    FX.gateway->options.session_bytes_max = SIZE_MAX / 2;
    for (uint64_t i = 0; i < WATCHERS; i++)
        watchers[i] = come(WATCHER + i, true, ALL_INTENTS, NULL);
    tell_all();
    unsigned before = session_count(watchers[0], "PRESENCE_UPDATE");
    for (uint64_t i = 0; i < PEOPLE; i++)
        people[i] = come(CROWD + i, false, 0, NULL);
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < PEOPLE; i++)
            say_op3(people[i], (round + (int)i) % 2 == 0 ? STATUS("idle") : STATUS("dnd"));
    unsigned rounds = 0;
    do {
        unsigned had = session_count(watchers[0], "PRESENCE_UPDATE");
        presence_tick(FX.hub);
        assert_true(session_count(watchers[0], "PRESENCE_UPDATE") - had <= PRESENCE_USERS_PER_TICK);
    } while (++rounds < 4 * PEOPLE && guild->presences->dirty.count > 0);
    tell_all();
    for (size_t i = 0; i < WATCHERS; i++) {
        /* once for each who came and changed ten times; and again for who changed in between */
        assert_true(session_count(watchers[i], "PRESENCE_UPDATE") - before <= 2 * PEOPLE);
        for (uint64_t k = 0; k < PEOPLE; k += 37)
            expect_state(watchers[i], CROWD + k, k % 2 == 1 ? "\"idle\"" : "\"dnd\"");
    }
    for (size_t i = 0; i < PEOPLE; i++)
        session_free(people[i]);
    tell_all();
    for (uint64_t k = 0; k < PEOPLE; k += 37)
        expect_state(watchers[WATCHERS - 1], CROWD + k, "\"offline\"");
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), WATCHERS);
}

/* A round takes up where the last one ended: who changes all the time does not hide the others. */
static void test_nobody_waits_for_ever(void **state)
{
    (void)state;
    enum { PEOPLE = 300 };
    struct session *people[PEOPLE];
    FX.gateway->options.replay_events_max = 1 << 16;
    FX.gateway->options.session_bytes_max = SIZE_MAX / 2;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    for (uint64_t i = 0; i < PEOPLE; i++)
        people[i] = come(CROWD + i, false, 0, NULL);
    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < PEOPLE; i++)
            say_op3(people[i], round % 2 == 0 ? STATUS("idle") : STATUS("dnd"));
        presence_tick(FX.hub);
    }
    for (uint64_t i = 0; i < PEOPLE; i++)
        assert_string_not_equal(last_about(watcher, "PRESENCE_UPDATE", CROWD + i), "");
}

static void test_sessions_replace(void **state)
{
    (void)state;
    struct session *a = identify_on(ALICE, false, ALL_INTENTS, NULL, NULL, NULL);
    tell_all();
    assert_int_equal(session_count(a, "SESSIONS_REPLACE"), 0); /* READY has said it */
    struct session *b =
        identify_on(ALICE, false, ALL_INTENTS, "{\"os\":\"Windows\"}", STATUS("dnd"), NULL);
    tell_all();
    const char *text = last_about(a, "SESSIONS_REPLACE", 0);
    assert_non_null(strstr(text, "\"session_id\":\"all\",\"status\":\"online\""));
    assert_non_null(strstr(text, b->id));
    assert_non_null(strstr(text, "\"os\":\"windows\""));
    unsigned before = session_count(a, "SESSIONS_REPLACE");
    session_free(b);
    tell_all();
    assert_int_equal(session_count(a, "SESSIONS_REPLACE"), before + 1);
    assert_null(strstr(last_about(a, "SESSIONS_REPLACE", 0), "\"all\""));
    struct session *bot = identify_on(BOB, true, ALL_INTENTS, NULL, NULL, NULL);
    struct session *other = identify_on(BOB, true, ALL_INTENTS, NULL, STATUS("dnd"), NULL);
    tell_all();
    assert_int_equal(
        session_count(bot, "SESSIONS_REPLACE") + session_count(other, "SESSIONS_REPLACE"), 0);
}

/* Over a planned restart. */
static void test_saved_and_restored(void **state)
{
    (void)state;
    struct session *a =
        come(ALICE, true, ALL_INTENTS, "{\"status\":\"dnd\",\"activities\":[{\"name\":\"x\"}]}");
    json_t *saved = json_object();
    char before[512];
    snprintf(before, sizeof before, "%s", json_of(ALICE));
    presence_save(a, saved);
    session_free(a);
    struct principal who = {.user = {ALICE}, .bot = true};
    struct session *b = session_new(FX.hub, &who);
    b->intents = ALL_INTENTS;
    b->state = SESSION_LIVE;
    bring_in(b, NULL, 0); /* the link may be there first */
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 0);
    presence_restore(b, saved);
    json_decref(saved);
    assert_string_equal(json_of(ALICE), before);
    assert_int_equal(presence_count(FX.gateway, FX_GUILD), 1);
    struct session *c = session_new(FX.hub, &who);
    presence_restore(c, NULL);
    assert_int_equal(c->seat->status, PRESENCE_ONLINE);
}

/* Allocation number n fails, for every n: nothing leaks, nothing breaks, and whoever comes later is
 * seen. */
static void test_memory_is_short(void **state)
{
    (void)state;
    struct session *watcher = come(WATCHER, true, ALL_INTENTS, NULL);
    tell_all();
    for (long n = 1; n < 60; n++) {
        struct principal who = {.user = {ALICE}, .bot = false};
        struct session *s = session_new(FX.hub, &who);
        assert_non_null(s);
        s->state = SESSION_LIVE;
        struct membership m = membership_with(ALICE, NULL, 0);
        struct guild_link *l = guild_link_new(s, &m);
        assert_non_null(l);
        json_t *d = parse("{\"status\":\"dnd\",\"activities\":[{\"name\":\"x\"}]}");
        mem_fail_after((uint64_t)n, 1);
        if (presence_sit(s, NULL, d) == ERR_OK)
            presence_join(s, PRESENCE_ONLINE, NULL, NULL);
        if (guild_link_ready(l))
            guild_link_activate(l);
        presence_tick(FX.hub);
        mem_fail_never();
        json_decref(d);
        fx_run_all();
        if (map_get(&FX.hub->sessions, s->key) == s)
            session_free(s);
    }
    tell_all();
    assert_string_equal(json_of(ALICE), "");
    struct session *alice = come(ALICE, false, ALL_INTENTS, STATUS("idle"));
    tell_all();
    expect_state(watcher, ALICE, "\"status\":\"idle\"");
    (void)alice;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merge),
        TEST(test_activities_lead),
        TEST(test_custom_status_of_settings),
        TEST(test_validation),
        TEST(test_rich_activity),
        TEST(test_five_in_twenty_seconds),
        TEST(test_who_is_told),
        TEST(test_invisible_leaves_no_trace),
        TEST(test_guild_create),
        TEST(test_member_leaves),
        TEST(test_flapping),
        TEST(test_storm),
        TEST(test_nobody_waits_for_ever),
        TEST(test_sessions_replace),
        TEST(test_saved_and_restored),
        TEST(test_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
