/*
 * The checks of what is derived: nothing is found in a healthy installation, also while it is at
 * work; each kind of damage is found, and only that; what can be corrected is corrected.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/log_fixture.h"
#include "core/channels.h"
#include "core/members.h"
#include "core/roles.h"
#include "core/tasks.h"
#include "proto/events.h"
#include "store/log_check.h"
#include "store/messages.h"

enum { FOUND_MAX = 32, KINDS_MAX = 4 };

struct found {
    struct log_finding items[FOUND_MAX];
    unsigned count;
    unsigned repaired;
    uint64_t looked_at[4];
};

static void on_finding(void *ctx, const struct log_finding *finding)
{
    struct found *x = ctx;
    assert_true(x->count < FOUND_MAX);
    x->items[x->count++] = *finding;
    x->repaired += finding->repaired;
}

static struct found verify(struct core_fixture *f, bool repair)
{
    struct found found = {.count = 0};
    for (size_t i = 0; i < log_check_count; i++) {
        unsigned before = found.count;
        struct log_check_run r = {
            .store = f->store, .repair = repair, .on_finding = on_finding, .ctx = &found};
        assert_int_equal(log_check_run(&log_checks[i], &r), ERR_OK);
        assert_int_equal(r.findings, found.count - before);
        found.looked_at[i] = r.looked_at;
    }
    return found;
}

static void print(const struct found *x)
{
    for (unsigned i = 0; i < x->count; i++)
        print_message("%s: %s\n", x->items[i].kind, x->items[i].text);
}

static void expect_healthy(struct core_fixture *f)
{
    struct found x = verify(f, false);
    print(&x);
    assert_int_equal(x.count, 0);
}

/* Just these kinds, each as often as it is named. */
static void expect(struct core_fixture *f, const char *name, bool repair,
                   const char *const kinds[KINDS_MAX], struct found *out)
{
    unsigned matched = 0;
    *out = verify(f, repair);
    unsigned expected = 0;
    for (; expected < KINDS_MAX && kinds[expected] != NULL; expected++) {
        bool there = false;
        for (unsigned i = 0; i < out->count; i++)
            there |= strcmp(out->items[i].kind, kinds[expected]) == 0;
        matched += there;
    }
    if (matched == expected && out->count == expected)
        return;
    print(out);
    fail_msg("%s: %u findings, %u of the %u expected", name, out->count, matched, expected);
}

/* ---- a small installation with a bit of everything ---- */

struct world {
    struct person *owner;
    struct person *guest;
    struct guild_id guild;
    struct channel_id general;
    struct channel_id empty;
    struct message_id first;
    struct message_id kept;
    struct message_id last;
};

static void add_bot(struct core_fixture *f, struct world *w, const struct access *a)
{
    struct application app;
    assert_int_equal(
        application_create(f->core, &w->owner->by, SLICE("echo"), LOG_NONE, &f->arena, &app),
        ERR_OK);
    char token[TOKEN_TEXT_MAX];
    assert_int_equal(application_bot_token(f->core, &w->owner->by, app.id, token), ERR_OK);
    assert_int_equal(application_authorize(f->core, &w->owner->by, a, app.id, 0), ERR_OK);
}

static struct world world_of(struct core_fixture *f)
{
    struct world w = {.owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    struct guild_view *v = NULL;
    struct draft_problem problem;
    struct message_edit edit = {.has_content = true, .content = SLICE("changed")};
    struct message out;
    w.guild = cf_guild(f, w.owner);
    w.general = cf_general(f, w.guild);
    struct slice code = cf_invite(f, w.owner, w.general, 0, 0);
    cf_join(f, w.guest, code);
    struct access a = cf_in_guild(f, w.owner, w.guild);
    struct channel_draft draft = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("empty")};
    assert_int_equal(channel_create(f->core, &w.owner->by, &a, &draft, &w.empty, &v, &problem),
                     ERR_OK);
    guild_view_unref(&v);
    add_bot(f, &w, &a);
    access_end(&a);
    w.first = cf_post(f, w.owner, w.general, "first").id;
    struct message doomed = cf_post(f, w.guest, w.general, "doomed");
    w.kept = cf_post(f, w.guest, w.general, "kept").id;
    a = cf_in_channel(f, w.owner, w.general);
    assert_int_equal(message_edit(f->core, &w.owner->by, &a, w.first, &edit, &f->arena, &out),
                     ERR_OK);
    assert_int_equal(message_delete(f->core, &w.owner->by, &a, doomed.id), ERR_OK);
    access_end(&a);
    assert_int_equal(member_leave(f->core, &w.guest->by, w.guild), ERR_OK);
    cf_join(f, w.guest, code);
    w.last = cf_post(f, w.guest, w.general, "last").id;
    return w;
}

static void test_nothing_to_find(void **state)
{
    struct core_fixture *f = *state;
    expect_healthy(f);
    struct world w = world_of(f);
    (void)cf_guild(f, w.guest);
    struct found x = verify(f, true);
    print(&x);
    assert_int_equal(x.count, 0);
    assert_int_equal(x.looked_at[0], 5); /* streams: of two guilds, three accounts */
    assert_int_equal(x.looked_at[1], 2);
    assert_int_equal(x.looked_at[2], 3);
}

/* ---- damage ---- */

typedef void (*damage_fn)(struct core_fixture *f, const struct world *w);

#define ID(x) (unsigned long long)(x).v

static void head_behind(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE streams SET head = head - 2 WHERE stream_id = %llu", ID(w->guild));
}

static void stream_without_row(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM streams WHERE stream_id = %llu", ID(w->guest->who.user));
}

static void rows_without_stream(struct core_fixture *f, const struct world *w)
{
    (void)w;
    damage(f, "INSERT INTO event_log (stream_kind, stream_id, position, kind, at_ms) "
              "VALUES (2, 77, 1, 1, 5)");
}

static void row_missing(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM event_log WHERE stream_id = %llu AND position = 4", ID(w->guild));
}

static void last_row_missing(struct core_fixture *f, const struct world *w)
{
    damage(f,
           "DELETE FROM event_log WHERE stream_id = %llu AND position = "
           "(SELECT head FROM streams WHERE stream_kind = 1 AND stream_id = %llu)",
           ID(w->guild), ID(w->guild));
}

static void all_rows_missing(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM event_log WHERE stream_id = %llu", ID(w->guest->who.user));
}

static void rows_left_over(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE streams SET trimmed = 3 WHERE stream_kind = 1 AND stream_id = %llu",
           ID(w->guild));
}

static void wrong_member_count(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE guilds SET member_count = member_count + 2 WHERE id = %llu", ID(w->guild));
}

static void member_lost(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM members WHERE user_id = %llu", ID(w->guest->who.user));
}

/* Another one in his place: the number is right. */
static void member_exchanged(struct core_fixture *f, const struct world *w)
{
    struct person *p = cf_person(f, "stranger");
    damage(f, "DELETE FROM member_names WHERE user_id = %llu", ID(w->guest->who.user));
    damage(f, "UPDATE members SET user_id = %llu WHERE user_id = %llu", ID(p->who.user),
           ID(w->guest->who.user));
}

static void message_lost(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM messages WHERE id = %llu", ID(w->kept));
}

static void message_from_nowhere(struct core_fixture *f, const struct world *w)
{
    damage(f,
           "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, "
           "tts, mention_everyone, content) VALUES (%llu, 5, %llu, 1, 0, 0, 0, 0, 0, '')",
           ID(w->general), ID(w->guild));
}

static void message_exchanged(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE messages SET id = 6 WHERE id = %llu", ID(w->kept));
}

static void last_message_forgotten(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE channels SET last_message_id = 0 WHERE id = %llu", ID(w->general));
}

static void last_message_made_up(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE channels SET last_message_id = 5 WHERE id = %llu", ID(w->empty));
}

static void channel_lost(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM channels WHERE id = %llu", ID(w->empty));
}

static void role_lost(struct core_fixture *f, const struct world *w)
{
    damage(f, "DELETE FROM roles WHERE guild_id = %llu AND id <> %llu", ID(w->guild), ID(w->guild));
}

static void structure_ahead(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE guilds SET structure_position = structure_position + 100 WHERE id = %llu",
           ID(w->guild));
}

static void joining_unwritten(struct core_fixture *f, const struct world *w)
{
    damage(f, "UPDATE event_log SET kind = 12 WHERE stream_id = %llu AND position = 1",
           ID(w->guild));
}

static void own_joining_unwritten(struct core_fixture *f, const struct world *w)
{
    damage(f,
           "UPDATE event_log SET kind = 11 WHERE stream_kind = 3 AND stream_id = %llu AND "
           "position = 1",
           ID(w->owner->who.user));
}

static const struct damage_case {
    const char *name;
    damage_fn fn;
    const char *kinds[KINDS_MAX];
    unsigned repaired;
    const char *left[KINDS_MAX]; /* after the repair */
} damages[] = {
    {"head behind", head_behind, {"head"}, 1, {NULL}},
    {"stream without row", stream_without_row, {"head"}, 1, {NULL}},
    {"rows without stream", rows_without_stream, {"head"}, 1, {NULL}},
    {"row missing", row_missing, {"missing_rows"}, 0, {"missing_rows"}},
    {"last row missing", last_row_missing, {"missing_rows"}, 0, {"missing_rows"}},
    {"all rows missing", all_rows_missing, {"missing_rows"}, 0, {"missing_rows"}},
    {"rows left over", rows_left_over, {"leftover_rows"}, 1, {NULL}},
    {"wrong member_count", wrong_member_count, {"member_count"}, 1, {NULL}},
    {"member lost",
     member_lost,
     {"member_count", "members", "memberships"},
     1,
     {"members", "memberships"}},
    {"member exchanged",
     member_exchanged,
     {"members", "memberships", "memberships"},
     0,
     {"members", "memberships", "memberships"}},
    {"message lost", message_lost, {"messages", "entity"}, 0, {"messages", "entity"}},
    {"message from nowhere", message_from_nowhere, {"messages"}, 0, {"messages"}},
    {"message exchanged", message_exchanged, {"messages", "entity"}, 0, {"messages", "entity"}},
    {"last message forgotten", last_message_forgotten, {"last_message"}, 1, {NULL}},
    {"last message made up", last_message_made_up, {"last_message"}, 1, {NULL}},
    {"channel lost", channel_lost, {"entity"}, 0, {"entity"}},
    {"role lost", role_lost, {"entity"}, 0, {"entity"}},
    /* The head is raised, so that no position is given out twice; what was there is lost. */
    {"structure ahead", structure_ahead, {"structure_position"}, 1, {"missing_rows"}},
    {"joining unwritten", joining_unwritten, {"members"}, 0, {"members"}},
    {"own joining unwritten", own_joining_unwritten, {"memberships"}, 0, {"memberships"}},
};

/* Found without repair, corrected with it, and then there is what cannot be corrected. */
static void run_case(const struct damage_case *c)
{
    void *state = NULL;
    struct found x;
    cf_setup(&state);
    struct core_fixture *f = state;
    struct world w = world_of(f);
    c->fn(f, &w);
    expect(f, c->name, false, c->kinds, &x);
    assert_int_equal(x.repaired, 0);
    expect(f, c->name, false, c->kinds, &x);
    x = verify(f, true);
    if (x.repaired != c->repaired)
        fail_msg("%s: %u repaired", c->name, x.repaired);
    expect(f, c->name, false, c->left, &x);
    cf_teardown(&state);
}

static enum err run_text(struct tx *tx, void *ctx)
{
    return sql_exec(tx_sql(tx), ctx);
}

/* What was deleted by a use-case is said to be gone by the log; what is gone without that is not
 * there. */
static void test_deleted_structure(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("short-lived")};
    struct role_draft role = {.name = SLICE("short-lived")};
    struct draft_problem problem;
    struct channel_id channel;
    struct role_id id;
    struct message_id last;
    struct guild_view *view = NULL;
    struct access a = cf_in_guild(f, owner, guild);
    assert_int_equal(channel_create(f->core, &owner->by, &a, &d, &channel, &view, &problem),
                     ERR_OK);
    guild_view_unref(&view);
    assert_int_equal(role_create(f->core, &owner->by, &a, &role, &id, &view), ERR_OK);
    guild_view_unref(&view);
    assert_int_equal(role_delete(f->core, &owner->by, &a, id), ERR_OK);
    access_end(&a);
    (void)cf_post(f, owner, channel, "soon gone");
    a = cf_in_channel(f, owner, channel);
    assert_int_equal(channel_delete(f->core, &owner->by, &a, &last), ERR_OK);
    access_end(&a);
    for (bool more = true; more;)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    assert_int_equal(verify(f, false).count, 0);
    f->damaged = true;
    char text[] = "UPDATE event_log SET kind = 13 WHERE kind IN (15, 17)";
    assert_int_equal(store_write(f->store, run_text, text), ERR_OK);
    struct found found = verify(f, false);
    assert_int_equal(found.count, 2);
}

static void test_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++)
        run_case(&damages[i]);
}

/* After a repair life goes on: positions, counters and messages are as they should be. */
static void test_life_after_repair(void **state)
{
    struct core_fixture *f = *state;
    struct world w = world_of(f);
    uint64_t head = look(f, (struct stream){STREAM_GUILD, w.guild.v}).head;
    head_behind(f, &w);
    wrong_member_count(f, &w);
    last_message_forgotten(f, &w);
    struct found x = verify(f, true);
    assert_int_equal(x.repaired, 3);
    (void)cf_post(f, w.owner, w.general, "goes on");
    assert_int_equal(look(f, (struct stream){STREAM_GUILD, w.guild.v}).head, head + 1);
    assert_int_equal(member_leave(f->core, &w.guest->by, w.guild), ERR_OK);
    expect_healthy(f);
}

/* ---- a log that does not go back to the beginning ---- */

static void test_trimmed_log(void **state)
{
    static const char *const lost[KINDS_MAX] = {"messages", "entity"};
    struct core_fixture *f = *state;
    struct found x;
    struct world w = world_of(f);
    pass_days(f, 31);
    struct message_id young = cf_post(f, w.owner, w.general, "young").id;
    (void)cf_post(f, w.owner, w.empty, "young too");
    trim_all(f, 30);
    assert_true(look(f, (struct stream){STREAM_GUILD, w.guild.v}).trimmed > 0);
    expect_healthy(f);
    damage(f, "DELETE FROM messages WHERE id = %llu", ID(w.kept)); /* nobody can know */
    expect_healthy(f);
    damage(f, "DELETE FROM messages WHERE id = %llu", ID(young));
    expect(f, "young message lost", false, lost, &x);
}

/* Trimmed down to one row, which is not even about a message. */
static void test_trimmed_to_the_last_row(void **state)
{
    struct core_fixture *f = *state;
    struct world w = world_of(f);
    assert_int_equal(member_leave(f->core, &w.guest->by, w.guild), ERR_OK);
    pass_days(f, 1000);
    trim_all(f, 30);
    expect_healthy(f);
}

/* What is left of a guild that is being deleted is nobody's damage. */
static void test_a_guild_being_deleted(void **state)
{
    struct core_fixture *f = *state;
    struct world w = world_of(f);
    damage(f, "UPDATE guilds SET deleting = 1, member_count = 77 WHERE id = %llu", ID(w.guild));
    damage(f, "DELETE FROM messages WHERE guild_id = %llu", ID(w.guild));
    damage(f, "DELETE FROM event_log WHERE stream_id = %llu AND position < 7", ID(w.guild));
    expect_healthy(f);
}

/* ---- at work ---- */

enum { BULK = 3900, BULKS = 3, WORKERS = 4, WORK_ROUNDS = 120 };

struct bulk {
    struct world *w;
    struct message_id ids[BULK * BULKS];
    unsigned count;
};

/* More messages than one read of a check takes. */
static enum err post_bulk(struct tx *tx, void *ctx)
{
    struct bulk *b = ctx;
    struct member author = {.guild = b->w->guild, .user = {.id = b->w->owner->who.user}};
    enum err e = tx_lock(tx, (struct stream){STREAM_GUILD, b->w->guild.v});
    for (unsigned i = 0; i < BULK && e == ERR_OK; i++) {
        struct message m = {.id = {tx_id(tx)},
                            .channel = b->w->general,
                            .guild = b->w->guild,
                            .author = author.user,
                            .content = SLICE("bulk")};
        b->ids[b->count + i] = m.id;
        e = messages_insert(tx_sql(tx), &m);
        if (e == ERR_OK)
            e = tx_emit(tx, event_message_create(&m, &author, CHANNEL_TYPE_TEXT));
        b->w->last = m.id;
    }
    return e;
}

struct worker {
    struct core_fixture *f;
    const struct world *w;
    const struct bulk *bulk;
    struct slice code;
    struct person *person;
    unsigned number;
    _Atomic unsigned *working;
    enum err err;
};

static enum err one_round(struct worker *x, unsigned round, struct arena *arena)
{
    struct access a;
    struct message m;
    struct invite_sheet i = {.view = NULL};
    struct acceptance how;
    struct message_draft d = {.content = SLICE("at work")};
    unsigned victim = (round * WORKERS + x->number) * 23 % (BULK * BULKS);
    enum err e = access_channel(x->f->core, &x->w->owner->who, x->w->general, arena, &a);
    if (e != ERR_OK)
        return e;
    e = message_post(x->f->core, &x->w->owner->by, &a, &d, arena, &m);
    if (e == ERR_OK)
        e = message_delete(x->f->core, &x->w->owner->by, &a, x->bulk->ids[victim]);
    access_end(&a);
    if (e == ERR_OK && round % 2 == 0)
        e = invite_accept(x->f->core, &x->person->by, x->code, arena, &i, &how);
    else if (e == ERR_OK)
        e = member_leave(x->f->core, &x->person->by, x->w->guild);
    guild_view_unref(&i.view);
    return e;
}

static void *work(void *ctx)
{
    struct worker *x = ctx;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    for (unsigned i = 0; i < WORK_ROUNDS && x->err == ERR_OK; i++) {
        x->err = one_round(x, i, &arena);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    atomic_fetch_sub(x->working, 1);
    return NULL;
}

static void test_at_work(void **state)
{
    struct core_fixture *f = *state;
    struct world w = world_of(f);
    struct bulk b = {.w = &w};
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    _Atomic unsigned working = WORKERS;
    char name[] = "worker0";
    for (int i = 0; i < BULKS; i++, b.count += BULK)
        assert_int_equal(store_write(f->store, post_bulk, &b), ERR_OK);
    damage(f, "UPDATE channels SET last_message_id = %llu WHERE id = %llu", ID(w.last),
           ID(w.general));
    expect_healthy(f);
    struct slice code = cf_invite(f, w.owner, w.general, 0, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        name[6] = (char)('0' + i);
        workers[i] = (struct worker){f, &w, &b, code, cf_person(f, name), i, &working, ERR_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    unsigned runs = 0;
    for (; atomic_load(&working) > 0 || runs < 2; runs++) {
        struct found x = verify(f, true);
        print(&x);
        assert_int_equal(x.count, 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].err, ERR_OK);
    }
    expect_healthy(f);
    damage(f, "DELETE FROM messages WHERE id = %llu", ID(b.ids[BULK + 1]));
    struct found x = verify(f, false);
    assert_true(x.count > 0);
}

/* The operator went away. */
static bool at_once(void *ctx)
{
    (void)ctx;
    return true;
}

static void test_stopped(void **state)
{
    struct core_fixture *f = *state;
    (void)world_of(f);
    for (size_t i = 0; i < log_check_count; i++) {
        struct log_check_run r = {.store = f->store, .on_finding = on_finding, .stopped = at_once};
        assert_int_equal(log_check_run(&log_checks[i], &r), ERR_STOPPING);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_nothing_to_find),
        cmocka_unit_test(test_damage),
        T(test_deleted_structure),
        T(test_life_after_repair),
        T(test_trimmed_log),
        T(test_trimmed_to_the_last_row),
        T(test_a_guild_being_deleted),
        T(test_at_work),
        T(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
