/* Deleting a guild: gone at once, then in steps, whatever comes between. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/tasks_fixture.h"
#include "core/core_priv.h"
#include "proto/guild_events.h"

struct world {
    struct person *owner;
    struct person *member;
    struct person *other; /* in the second guild only */
    struct guild_id guild;
    struct guild_id spared;
    struct channel_id channel;
    struct slice code;
};

static struct channel_id add_channel(struct core_fixture *f, const struct world *w,
                                     const char *name)
{
    struct overwrite overwrites[2] = {{w->guild.v, OVERWRITE_ROLE, 0, PERMISSION_SEND_MESSAGES},
                                      {w->member->who.user.v, OVERWRITE_MEMBER, 0, 0}};
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT,
                              .name = slice_from(name),
                              .overwrites = overwrites,
                              .overwrite_count = 2};
    struct access a = cf_in_guild(f, w->owner, w->guild);
    struct channel_id id;
    struct guild_view *v = NULL;
    struct draft_problem problem;
    assert_int_equal(channel_create(f->core, &w->owner->by, &a, &d, &id, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    return id;
}

/* What a guild may have many of beside its structure; $1 the guild, $2 a member. */
static const char *const extras[] = {
    "INSERT INTO bans (guild_id, user_id, banned_by, created_at_ms) VALUES ($1, $2, $1, 1)",
    "INSERT INTO kept_timeouts (guild_id, user_id, until_ms) VALUES ($1, $2, 1)",
    "INSERT INTO voice_states (guild_id, user_id, channel_id, session_id, self_deaf, self_mute, "
    "self_stream, self_video, suppress, request_to_speak_at_ms, joined_at_ms) "
    "VALUES ($1, $2, 1, 's', 0, 0, 0, 0, 0, 0, 1)",
    "INSERT INTO address_bans (guild_id, address_hash, user_id, created_at_ms) "
    "VALUES ($1, '0123', $2, 1)",
    "INSERT INTO join_requests (guild_id, user_id, id, status, created_at_ms, decided_at_ms) "
    "VALUES ($1, $2, $1 + 1, 0, 1, 0)",
    "INSERT INTO moderation_jobs (id, guild_id, actor_id, since_ms, days) VALUES ($1, $1, $2, 0, "
    "0)",
    "INSERT INTO scheduled_events (id, guild_id, creator_id, start_ms, end_ms, privacy_level, "
    "status, entity_type, user_count, name) VALUES ($1, $1, $2, 1, 0, 2, 1, 3, 1, 'fair')",
    "INSERT INTO scheduled_event_users (event_id, user_id) VALUES ($1, $2)",
    "INSERT INTO emojis (id, guild_id, creator_id, animated, available, name, hash) "
    "VALUES ($1, $1, $2, 0, 1, 'e', 'h')",
    "INSERT INTO stickers (id, guild_id, creator_id, format, available, name, tags, hash) "
    "VALUES ($1, $1, $2, 1, 1, 's', 't', 'h')",
    "INSERT INTO sounds (id, guild_id, creator_id, volume, available, name, hash) "
    "VALUES ($1, $1, $2, 1, 1, 's', 'h')",
    "INSERT INTO automod_rules (id, guild_id, creator_id, event_type, trigger_type, enabled, name, "
    "trigger_metadata, actions) VALUES ($1, $1, $2, 1, 1, 1, 'r', '{}', '[]')",
    "INSERT INTO guild_documents (guild_id, kind, document) VALUES ($1, 1, CASE WHEN $2 > 0 THEN "
    "'{}' END)",
    "INSERT INTO read_states (user_id, read_state_type, entity_id, guild_id, last_acked_id, "
    "last_pin_acked_ms, last_viewed, flags, version) VALUES ($2, 1, $1, $1, 5, 0, 0, 0, 1)",
    "INSERT INTO read_states (user_id, read_state_type, entity_id, guild_id, last_acked_id, "
    "last_pin_acked_ms, last_viewed, flags, version) SELECT $2, 0, id, guild_id, 5, 0, 0, 1, 1 "
    "FROM "
    "channels WHERE guild_id = $1",
    "INSERT INTO user_guild_settings (user_id, guild_id, version, document) VALUES ($2, $1, 1, "
    "'{}')",
    "INSERT INTO templates (code, guild_id, creator_id, usage_count, created_at_ms, updated_at_ms, "
    "structure_position, name, document) VALUES (CAST($1 AS TEXT), $1, $2, 0, 1, 1, 1, 'n', '{}')",
};

/* The rows came behind the back of the use-cases: the guild's view learns of them. */
static enum err tell(struct tx *tx, void *ctx)
{
    const struct guild_id *guild = ctx;
    struct guild_view *view = NULL;
    const struct actor nobody = {0};
    enum err e = views_restructured(tx, *guild, (struct view_change){.parts = VIEW_ALL}, &view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_guild_update(view, 0), &nobody, view);
    guild_view_unref(&view);
    return e;
}

static void add_extras(struct core_fixture *f, struct guild_id guild, const struct person *p)
{
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        run_sql(f, extras[i], guild.v, p->who.user.v);
    for (uint64_t id = 1; id <= 900; id++)
        run_sql(f, "INSERT INTO audit_entries (guild_id, id, action) VALUES ($1, $2, 1)", guild.v,
                id);
    assert_int_equal(store_write(f->store, tell, &guild), ERR_OK);
}

/* A guild with something in every table, and one beside it that must stay. */
static struct world make_world(struct core_fixture *f)
{
    struct world w = {.owner = cf_person(f, "owner"),
                      .member = cf_person(f, "member"),
                      .other = cf_person(f, "other")};
    w.guild = cf_guild(f, w.owner);
    w.spared = cf_guild(f, w.other);
    w.channel = cf_general(f, w.guild);
    w.code = cf_invite(f, w.owner, w.channel, 0, 0);
    cf_join(f, w.member, w.code);
    cf_join(f, w.member, cf_invite(f, w.other, cf_general(f, w.spared), 0, 0));
    (void)add_bot(f, w.owner, w.owner, w.guild, "helper");
    struct message m;
    struct message_draft d = {.content = SLICE("with a nonce"), .nonce = SLICE("n1")};
    assert_int_equal(cf_try_post(f, w.member, w.channel, &d, &m), ERR_OK);
    post_many(f, w.owner, add_channel(f, &w, "rules"), "read me", 20);
    post_many(f, w.owner, w.channel, "many", 500);
    post_many(f, w.other, cf_general(f, w.spared), "stays", 30);
    add_extras(f, w.guild, w.member);
    add_extras(f, w.spared, w.other);
    return w;
}

static const struct {
    const char *what;
    const char *count;
} traces[] = {
    {"the guild", "SELECT COUNT(*) FROM guilds WHERE id = $1"},
    {"channels", "SELECT COUNT(*) FROM channels WHERE guild_id = $1"},
    {"overwrites", "SELECT COUNT(*) FROM overwrites WHERE channel_id IN "
                   "(SELECT id FROM channels WHERE guild_id = $1)"},
    {"roles", "SELECT COUNT(*) FROM roles WHERE guild_id = $1"},
    {"members", "SELECT COUNT(*) FROM members WHERE guild_id = $1"},
    {"member_roles", "SELECT COUNT(*) FROM member_roles WHERE guild_id = $1"},
    {"messages", "SELECT COUNT(*) FROM messages WHERE guild_id = $1"},
    {"invites", "SELECT COUNT(*) FROM invites WHERE guild_id = $1"},
    {"read states", "SELECT COUNT(*) FROM read_states WHERE guild_id = $1"},
    {"notification settings", "SELECT COUNT(*) FROM user_guild_settings WHERE guild_id = $1"},
    {"bans", "SELECT COUNT(*) FROM bans WHERE guild_id = $1"},
    {"voice_states", "SELECT COUNT(*) FROM voice_states WHERE guild_id = $1"},
    {"kept_timeouts", "SELECT COUNT(*) FROM kept_timeouts WHERE guild_id = $1"},
    {"address_bans", "SELECT COUNT(*) FROM address_bans WHERE guild_id = $1"},
    {"join_requests", "SELECT COUNT(*) FROM join_requests WHERE guild_id = $1"},
    {"moderation_jobs", "SELECT COUNT(*) FROM moderation_jobs WHERE guild_id = $1"},
    {"scheduled_events", "SELECT COUNT(*) FROM scheduled_events WHERE guild_id = $1"},
    {"scheduled_event_users", "SELECT COUNT(*) FROM scheduled_event_users WHERE event_id = $1"},
    {"emojis", "SELECT COUNT(*) FROM emojis WHERE guild_id = $1"},
    {"stickers", "SELECT COUNT(*) FROM stickers WHERE guild_id = $1"},
    {"sounds", "SELECT COUNT(*) FROM sounds WHERE guild_id = $1"},
    {"automod_rules", "SELECT COUNT(*) FROM automod_rules WHERE guild_id = $1"},
    {"guild_documents", "SELECT COUNT(*) FROM guild_documents WHERE guild_id = $1"},
    {"templates", "SELECT COUNT(*) FROM templates WHERE guild_id = $1"},
    {"integrations", "SELECT COUNT(*) FROM integrations WHERE guild_id = $1"},
    {"member_names", "SELECT COUNT(*) FROM member_names WHERE guild_id = $1"},
    {"audit_entries", "SELECT COUNT(*) FROM audit_entries WHERE guild_id = $1"},
    {"the log", "SELECT COUNT(*) FROM event_log WHERE stream_kind = 1 AND stream_id = $1"},
    {"the stream", "SELECT COUNT(*) FROM streams WHERE stream_kind = 1 AND stream_id = $1"},
};
enum { TRACES = sizeof traces / sizeof traces[0] };

static void count_traces(struct core_fixture *f, struct guild_id guild, uint64_t out[TRACES])
{
    for (size_t i = 0; i < TRACES; i++)
        out[i] = count_of(f, traces[i].count, guild.v);
}

static void expect_gone(struct core_fixture *f, const struct world *w)
{
    for (size_t i = 0; i < TRACES; i++) {
        if (count_of(f, traces[i].count, w->guild.v) != 0)
            fail_msg("%s of the guild is still there", traces[i].what);
    }
    assert_int_equal(
        count_of(f, "SELECT COUNT(*) FROM overwrites WHERE channel_id = $1", w->channel.v), 0);
    assert_int_equal(
        count_of(f, "SELECT COUNT(*) FROM recent_nonces WHERE channel_id = $1", w->channel.v), 0);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 0);
}

/* Everybody in the guild hears of it once, and nothing else comes from it. */
static void expect_told(struct core_fixture *f, const struct world *w, size_t from)
{
    size_t told = 0;
    for (size_t i = from; i < f->event_count; i++) {
        const struct event *e = f->events[i];
        assert_int_not_equal(e->stream.kind, STREAM_GUILD);
        told += e->kind == EVENT_GUILD_DELETE && e->guild_id == w->guild.v;
    }
    assert_int_equal(told, 3);
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, w->owner->who.user.v), 1);
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, w->member->who.user.v), 1);
    assert_int_equal(events_of(f, EVENT_GUILD_DELETE, w->other->who.user.v), 0);
}

static void test_gone_at_once(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct access before = cf_in_channel(f, w.member, w.channel);
    struct access in_guild = cf_in_guild(f, w.owner, w.guild);
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);

    struct access a;
    struct message m;
    struct invite_sheet i;
    struct guild_view *v = NULL;
    struct message_draft d = {.content = SLICE("too late")};
    struct acceptance how;
    uint64_t count;
    assert_int_equal(access_guild(f->core, &w.owner->who, w.guild, &f->arena, &a),
                     ERR_UNKNOWN_GUILD);
    assert_int_equal(access_channel(f->core, &w.owner->who, w.channel, &f->arena, &a),
                     ERR_UNKNOWN_CHANNEL);
    assert_int_equal(message_post(f->core, &w.member->by, &before, &d, &f->arena, &m),
                     ERR_UNKNOWN_CHANNEL);
    struct invite_draft id = {.unique = true};
    in_guild.channel = guild_view_channel(in_guild.view, w.channel);
    assert_int_equal(invite_create(f->core, &w.owner->by, &in_guild, &id, &f->arena, &i),
                     ERR_UNKNOWN_CHANNEL);
    assert_int_equal(invite_get(f->core, w.code, &f->arena, &i), ERR_UNKNOWN_INVITE);
    assert_int_equal(invite_accept(f->core, &w.other->by, w.code, &f->arena, &i, &how),
                     ERR_UNKNOWN_INVITE);
    assert_int_equal(guild_view_get(f->core, w.guild, &v), ERR_UNKNOWN_GUILD);
    assert_int_equal(guild_member_count(f->core, w.guild, &count), ERR_UNKNOWN_GUILD);
    struct session_snapshot snapshot;
    assert_int_equal(session_snapshot_load(f->core, &w.member->who, &f->arena, &snapshot), ERR_OK);
    assert_int_equal(snapshot.membership_count, 1);
    assert_int_equal(snapshot.memberships[0].guild.v, w.spared.v);
    struct membership one;
    assert_int_equal(membership_load(f->core, w.member->who.user, w.guild, &f->arena, &one),
                     ERR_UNKNOWN_MEMBER);
    access_end(&before);
    access_end(&in_guild);
    assert_true(is_running(f, TASK_GUILD_DELETE, w.guild.v));
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK); /* again: the same task */
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 1);
}

static void test_nothing_is_left(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    uint64_t before[TRACES], after[TRACES];
    count_traces(f, w.guild, before);
    for (size_t i = 0; i < TRACES; i++)
        assert_int_not_equal(before[i], 0); /* or the test proves nothing */
    count_traces(f, w.spared, before);
    size_t from = f->event_count;
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);
    (void)run_tasks(f);
    expect_gone(f, &w);
    expect_told(f, &w, from);
    count_traces(f, w.spared, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(guild_delete(f->core, w.guild), ERR_UNKNOWN_GUILD);
    assert_false(is_running(f, TASK_GUILD_DELETE, w.guild.v));
}

/* A restart after every step. */
static void test_goes_on_after_restarts(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    size_t from = f->event_count;
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);
    for (unsigned i = 0; is_running(f, TASK_GUILD_DELETE, w.guild.v); i++) {
        assert_true(i < 100);
        run_steps(f, 1);
        restart(f);
    }
    expect_gone(f, &w);
    expect_told(f, &w, from);
}

static void *run_in_thread(void *ctx)
{
    struct core_fixture *f = ctx;
    bool more = true;
    for (int i = 0; more && i < 1000; i++)
        if (core_task_step(f->core, &more) != ERR_OK)
            more = true;
    return NULL;
}

/* Several at the same task, as the server and a command may be. */
static void test_each_step_once(void **state)
{
    enum { THREADS = 4 };
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    size_t from = f->event_count;
    pthread_t threads[THREADS];
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, f), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    (void)run_tasks(f);
    expect_gone(f, &w);
    expect_told(f, &w, from);
}

struct racer {
    struct core_fixture *f;
    const struct person *who;
    struct access a;
    enum err last;
    unsigned posted;
};

static void *post_until_refused(void *ctx)
{
    struct racer *r = ctx;
    for (int i = 0; i < 20000; i++) {
        struct arena arena;
        struct message m;
        struct message_draft d = {.content = SLICE("race")};
        arena_init(&arena, MEM_CORE, 1 << 20);
        r->last = message_post(r->f->core, &r->who->by, &r->a, &d, &arena, &m);
        arena_deinit(&arena);
        if (r->last != ERR_OK)
            return NULL;
        __atomic_add_fetch(&r->posted, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Nobody posts into a guild that is being deleted, however close it comes. */
static void test_no_event_after(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct racer r = {.f = f, .who = w.member, .a = cf_in_channel(f, w.member, w.channel)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_until_refused, &r), 0);
    while (__atomic_load_n(&r.posted, __ATOMIC_RELAXED) < 5)
        sched_yield();
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);
    (void)run_tasks(f);
    pthread_join(thread, NULL);
    access_end(&r.a);
    assert_int_equal(r.last, ERR_UNKNOWN_CHANNEL);
    expect_gone(f, &w);
    bool left = false;
    for (size_t i = 0; i < f->event_count; i++) {
        left |= f->events[i]->kind == EVENT_GUILD_DELETE;
        assert_false(left && f->events[i]->stream.kind == STREAM_GUILD);
    }
}

static void test_unknown(void **state)
{
    struct core_fixture *f = *state;
    bool more = true;
    assert_int_equal(guild_delete(f->core, (struct guild_id){0}), ERR_UNKNOWN_GUILD);
    assert_int_equal(guild_delete(f->core, (struct guild_id){7}), ERR_UNKNOWN_GUILD);
    assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    assert_false(more);
}

static enum err insert_strange(struct tx *tx, void *ctx)
{
    bool inserted;
    struct task t = {.id = tx_id(tx), .kind = (enum task_kind)99, .subject = 1};
    (void)ctx;
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

/* A task of a later version stays as it is, and is in nobody's way. */
static void test_strange_kind(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    assert_int_equal(store_write(f->store, insert_strange, NULL), ERR_OK);
    assert_int_equal(guild_delete(f->core, w.guild), ERR_OK);
    (void)run_tasks(f);
    assert_false(is_running(f, TASK_GUILD_DELETE, w.guild.v));
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM tasks WHERE kind > $1", 98), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_gone_at_once),   TEST(test_nothing_is_left), TEST(test_goes_on_after_restarts),
        TEST(test_each_step_once), TEST(test_no_event_after),  TEST(test_unknown),
        TEST(test_strange_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
