/* Erasing a person: the account is closed at once, and everything that they wrote goes in steps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/tasks_fixture.h"

/* Texts that must be nowhere afterwards. */
#define NAME "violet.erased.name"
#define EMAIL "violet.erased@example.org"
#define TEXT "the text that violet wrote and nobody may find"
#define NONCE "violet-nonce-7331"
#define APP "violet erased application"

struct world {
    struct person *violet;
    struct person *friend;
    struct guild_id own;     /* violet's, with the friend in it */
    struct guild_id alone;   /* violet's, with a bot at most */
    struct guild_id foreign; /* the friend's */
    struct user_id bot;      /* violet's */
};

static enum err give_credentials(struct tx *tx, void *ctx)
{
    const struct person *p = ctx;
    struct sql_stmt *s =
        sql_query_text(tx_sql(tx), "UPDATE users SET email = '" EMAIL
                                   "', global_name = 'Violet " NAME "' WHERE id = $1");
    sql_bind_u64(s, 1, p->who.user.v);
    enum err e = sql_run(s);
    return e == ERR_OK ? credentials_insert(tx_sql(tx), p->who.user, SLICE("$argon2id$none")) : e;
}

/* What the other guild has of violet ($2). */
static const char *const extras[] = {
    "INSERT INTO bans (guild_id, user_id, banned_by, created_at_ms, reason) "
    "VALUES ($1, $2, $1, 1, '" TEXT "')",
    "INSERT INTO kept_timeouts (guild_id, user_id, until_ms) VALUES ($1, $2, 1)",
    "INSERT INTO voice_states (guild_id, user_id, channel_id, session_id, self_deaf, self_mute, "
    "self_stream, self_video, suppress, request_to_speak_at_ms, joined_at_ms) "
    "VALUES ($1, $2, 1, 's', 0, 0, 0, 0, 0, 0, 1)",
    "INSERT INTO address_bans (guild_id, address_hash, user_id, created_at_ms) "
    "VALUES ($1, '0123', $2, 1)",
    "INSERT INTO join_requests (guild_id, user_id, id, status, created_at_ms, decided_at_ms, "
    "responses) VALUES ($1, $2, $1 + 1, 0, 1, 0, '" TEXT "')",
    "INSERT INTO read_states (user_id, read_state_type, entity_id, guild_id, last_acked_id, "
    "last_pin_acked_ms, last_viewed, flags, version) VALUES ($2, 1, $1, $1, 5, 0, 0, 0, 1)",
    "INSERT INTO user_guild_settings (user_id, guild_id, version, document) VALUES ($2, $1, 1, "
    "'{}')",
    "INSERT INTO user_addresses (user_id, address_hash, seen_at_ms) VALUES ($2, '0123', $1)",
    "INSERT INTO scheduled_events (id, guild_id, creator_id, start_ms, end_ms, privacy_level, "
    "status, entity_type, user_count, name) VALUES ($1, $1, $2, 1, 0, 2, 3, 3, 1, 'fair')",
    "INSERT INTO scheduled_event_users (event_id, user_id) VALUES ($1, $2)",
    "INSERT INTO audit_entries (guild_id, id, action, target_id, changes) VALUES ($1, 77, 24, $2, "
    "'[{\"key\":\"nick\",\"new_value\":\"" NAME "\"}]')",
};

static void add_extras(struct core_fixture *f, const struct world *w)
{
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        run_sql(f, extras[i], w->foreign.v, w->violet->who.user.v);
}

static struct world make_world(struct core_fixture *f)
{
    struct world w = {.violet = cf_person(f, NAME), .friend = cf_person(f, "friend")};
    assert_int_equal(store_write(f->store, give_credentials, w.violet), ERR_OK);
    w.own = cf_guild(f, w.violet);
    w.alone = cf_guild(f, w.violet);
    w.foreign = cf_guild(f, w.friend);
    cf_join(f, w.friend, cf_invite(f, w.violet, cf_general(f, w.own), 0, 0));
    cf_join(f, w.violet, cf_invite(f, w.friend, cf_general(f, w.foreign), 0, 0));
    w.bot = add_bot(f, w.violet, w.friend, w.foreign, APP);
    post_many(f, w.violet, cf_general(f, w.own), TEXT, 120);
    post_many(f, w.violet, cf_general(f, w.foreign), TEXT, 60);
    post_many(f, w.friend, cf_general(f, w.foreign), "stays", 60);
    post_many(f, w.friend, cf_general(f, w.own), "stays", 10);
    struct message m;
    struct message_draft d = {.content = SLICE(TEXT), .nonce = SLICE(NONCE)};
    assert_int_equal(cf_try_post(f, w.violet, cf_general(f, w.foreign), &d, &m), ERR_OK);
    (void)cf_invite(f, w.violet, cf_general(f, w.foreign), 0, 0);
    add_extras(f, &w);
    return w;
}

static const struct {
    const char *what;
    const char *count;
} traces[] = {
    {"the row", "SELECT COUNT(*) FROM users WHERE id = $1"},
    {"credentials", "SELECT COUNT(*) FROM credentials WHERE user_id = $1"},
    {"tokens", "SELECT COUNT(*) FROM tokens WHERE user_id = $1"},
    {"memberships", "SELECT COUNT(*) FROM members WHERE user_id = $1"},
    {"member_roles", "SELECT COUNT(*) FROM member_roles WHERE user_id = $1"},
    {"guilds", "SELECT COUNT(*) FROM guilds WHERE owner_id = $1"},
    {"messages", "SELECT COUNT(*) FROM messages WHERE author_id = $1"},
    {"invites", "SELECT COUNT(*) FROM invites WHERE inviter_id = $1"},
    {"nonces", "SELECT COUNT(*) FROM recent_nonces WHERE author_id = $1"},
    {"nonces in the log",
     "SELECT COUNT(*) FROM event_log WHERE actor_id = $1 AND kind = 1 AND delta IS NOT NULL"},
    {"applications", "SELECT COUNT(*) FROM applications WHERE owner_id = $1"},
    {"bans", "SELECT COUNT(*) FROM bans WHERE user_id = $1"},
    {"voice states", "SELECT COUNT(*) FROM voice_states WHERE user_id = $1"},
    {"kept time-outs", "SELECT COUNT(*) FROM kept_timeouts WHERE user_id = $1"},
    {"address bans", "SELECT COUNT(*) FROM address_bans WHERE user_id = $1"},
    {"join requests", "SELECT COUNT(*) FROM join_requests WHERE user_id = $1"},
    {"read states", "SELECT COUNT(*) FROM read_states WHERE user_id = $1"},
    {"notification settings", "SELECT COUNT(*) FROM user_guild_settings WHERE user_id = $1"},
    {"addresses", "SELECT COUNT(*) FROM user_addresses WHERE user_id = $1"},
    {"interest in events", "SELECT COUNT(*) FROM scheduled_event_users WHERE user_id = $1"},
    {"names of members", "SELECT COUNT(*) FROM member_names WHERE user_id = $1"},
    {"texts in the audit log",
     "SELECT COUNT(*) FROM audit_entries WHERE target_id = $1 AND changes IS NOT NULL"},
};
enum { TRACES = sizeof traces / sizeof traces[0] };

static void expect_gone(struct core_fixture *f, const struct world *w)
{
    for (size_t i = 0; i < TRACES; i++) {
        if (count_of(f, traces[i].count, w->violet->who.user.v) != 0)
            fail_msg("%s of the user: still there", traces[i].what);
    }
    assert_int_equal(count_of(f, traces[0].count, w->bot.v), 0);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM roles WHERE bot_id = $1", w->bot.v), 0);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 0);
    assert_int_equal(
        count_of(f, "SELECT user_count FROM scheduled_events WHERE id = $1", w->foreign.v), 0);
    /* The friend's are all there. */
    assert_int_equal(count_of(f, traces[6].count, w->friend->who.user.v), 70);
}

static void test_closed_at_once(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_TOKEN_REVOKED);
    assert_int_equal(cf_event_back(f, 0)->stream.id, w.violet->who.user.v);
    for (size_t i = 1; i < 3; i++) /* credentials, tokens */
        assert_int_equal(count_of(f, traces[i].count, w.violet->who.user.v), 0);
    struct user u;
    assert_int_equal(account_get(f->core, w.violet->who.user, &f->arena, &u), ERR_OK);
    assert_null(u.email.data);
    assert_null(u.global_name.data);
    assert_null(memmem(u.username.data, u.username.len, NAME, strlen(NAME)));
    struct session_snapshot snapshot;
    assert_int_equal(session_snapshot_load(f->core, &w.violet->who, &f->arena, &snapshot),
                     ERR_UNKNOWN_TOKEN);
    size_t events = f->event_count;
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK); /* again */
    assert_int_equal(f->event_count, events);
    assert_int_equal(user_erase(f->core, (struct user_id){5}), ERR_UNKNOWN_USER);
    assert_int_equal(user_erase(f->core, (struct user_id){0}), ERR_UNKNOWN_USER);
}

static void test_everything_goes(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    uint64_t violet = w.violet->who.user.v;
    for (size_t i = 0; i < TRACES; i++) {
        if (i != 4) /* a person without roles */
            assert_int_not_equal(count_of(f, traces[i].count, violet), 0);
    }
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    (void)run_tasks(f);
    expect_gone(f, &w);
    /* Each of their messages was seen to go, and each guild saw them leave. */
    assert_int_equal(events_of(f, EVENT_MESSAGE_DELETE, w.own.v), 120);
    assert_int_equal(events_of(f, EVENT_MESSAGE_DELETE, w.foreign.v), 61);
    assert_int_equal(events_of(f, EVENT_GUILD_MEMBER_REMOVE, w.own.v), 1);
    assert_int_equal(events_of(f, EVENT_GUILD_MEMBER_REMOVE, w.foreign.v), 2); /* and the bot */
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, violet), 3);
    assert_int_equal(events_of(f, EVENT_GUILD_ROLE_DELETE, w.foreign.v), 1); /* the bot's */
    assert_int_equal(events_of(f, EVENT_INTEGRATION_DELETE, w.foreign.v), 1);
    uint64_t count;
    assert_int_equal(guild_member_count(f->core, w.foreign, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_UNKNOWN_USER);
}

static void test_guilds_find_an_owner(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct person *later = cf_person(f, "later");
    atomic_fetch_add(&f->wall_ms, 1000);
    cf_join(f, later, cf_invite(f, w.friend, cf_general(f, w.own), 0, 0));
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    (void)run_tasks(f);
    struct guild_view *v = NULL;
    assert_int_equal(guild_view_get(f->core, w.own, &v), ERR_OK);
    assert_int_equal(v->guild.owner.v, w.friend->who.user.v); /* the longest there, not the bot */
    assert_int_equal(events_of(f, EVENT_GUILD_UPDATE, w.own.v), 1);
    guild_view_unref(&v);
    assert_int_equal(guild_view_get(f->core, w.alone, &v), ERR_UNKNOWN_GUILD);
    /* The new owner may do what only an owner may. */
    struct access a = cf_in_guild(f, w.friend, w.own);
    assert_true((a.permissions & PERMISSION_MANAGE_GUILD) != 0);
    access_end(&a);
}

static void test_goes_on_after_restarts(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    for (unsigned i = 0; count_of(f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0) > 0; i++) {
        assert_true(i < 200);
        run_steps(f, 1);
        restart(f);
    }
    expect_gone(f, &w);
    assert_int_equal(events_of(f, EVENT_MESSAGE_DELETE, w.foreign.v), 61);
}

/* A request that was on its way when the account was closed: its guild is found at the end. */
static void test_late_guild(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    run_steps(f, 20);
    struct guild_id late = cf_guild(f, w.violet);
    post_many(f, w.violet, cf_general(f, late), TEXT, 3);
    (void)run_tasks(f);
    expect_gone(f, &w);
    struct guild_view *v = NULL;
    assert_int_equal(guild_view_get(f->core, late, &v), ERR_UNKNOWN_GUILD);
}

/* Two guilds' worth of tasks at once, with a guild deleted by hand in the middle of it. */
static void test_beside_a_deletion(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    assert_int_equal(guild_delete(f->core, w.own), ERR_OK);
    assert_int_equal(user_erase(f->core, w.violet->who.user), ERR_OK);
    assert_int_equal(guild_delete(f->core, w.foreign), ERR_OK);
    (void)run_tasks(f);
    for (size_t i = 0; i < TRACES; i++)
        assert_int_equal(count_of(f, traces[i].count, w.violet->who.user.v), 0);
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, w.violet->who.user.v), 3);
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, w.friend->who.user.v), 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_closed_at_once),       TEST(test_everything_goes),
        TEST(test_guilds_find_an_owner), TEST(test_goes_on_after_restarts),
        TEST(test_late_guild),           TEST(test_beside_a_deletion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
