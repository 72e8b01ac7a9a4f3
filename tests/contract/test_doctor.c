/* guildhall doctor: each finding is provoked, and nothing but that is found. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/doctor_fixture.h"

static void test_all_is_well(void **state)
{
    struct world w = make_world(*state);
    struct doctor_machine m = good_machine(&w);
    unsigned results[3];
    run(&w, &m, results);
    /* The test's PostgreSQL has no data checksums, and its clock is not the fixture's. */
    unsigned expected = w.f->db.server != NULL ? 2 : 0;
    if (results[DOCTOR_WARNING] != expected || results[DOCTOR_PROBLEM] != 0)
        print_error("%s", w.out);
    assert_int_equal(results[DOCTOR_PROBLEM], 0);
    assert_int_equal(results[DOCTOR_WARNING], expected);
    assert_true(results[DOCTOR_OK] > 8);
}

/* ---- the database ---- */

static void test_database(void **state)
{
    static const struct {
        const char *damage;
        const char *said;
        unsigned level;
    } rows[] = {
        {"INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, "
         "tts, "
         "mention_everyone, content) VALUES (5, 6, 7, 8, 0, 0, 0, 0, 0, 'x')",
         "messages of a channel that is not there: 5\n", DOCTOR_WARNING},
        {"INSERT INTO recent_nonces (channel_id, author_id, nonce, message_id) VALUES (9, 1, 'n', "
         "1)",
         "nonces of a channel that is not there: 9\n", DOCTOR_WARNING},
        {"INSERT INTO event_log (stream_kind, stream_id, position, kind, at_ms) "
         "VALUES (3, 11, 1, 7, 1790000000000)",
         "rows of the event log without their stream: 11\n", DOCTOR_WARNING},
        {"INSERT INTO overwrites (channel_id, target_id, type, allow, deny) "
         "SELECT MIN(id), 77, 0, 0, 0 FROM channels",
         "overwrites of a role that is not there", DOCTOR_WARNING},
        {"INSERT INTO roles (id, guild_id, permissions, position, color, hoist, managed, "
         "mentionable, "
         "bot_id, name) SELECT 78, MIN(id), 0, 1, 0, 0, 1, 0, 79, 'r' FROM guilds",
         "a role of a bot that is not there: 78\n", DOCTOR_WARNING},
        {"INSERT INTO voice_states (guild_id, user_id, channel_id, session_id, self_deaf, "
         "self_mute, self_stream, self_video, suppress, request_to_speak_at_ms, joined_at_ms) "
         "SELECT MIN(g.id), MIN(g.owner_id), 78, 's', 0, 0, 0, 0, 0, 0, 1 FROM guilds g",
         "voice states in a channel that is not there: 78\n", DOCTOR_WARNING},
        {"INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms) "
         "VALUES (13, 1, 'b', 0, 0, 0); "
         "INSERT INTO voice_states (guild_id, user_id, channel_id, session_id, self_deaf, "
         "self_mute, self_stream, self_video, suppress, request_to_speak_at_ms, joined_at_ms) "
         "SELECT MIN(c.guild_id), 13, MIN(c.id), 's', 0, 0, 0, 0, 0, 0, 1 FROM channels c",
         "a voice state of somebody who is no member", DOCTOR_WARNING},
        {"DELETE FROM members", "a guild whose owner is no member", DOCTOR_WARNING},
        {"DELETE FROM roles", "a guild without @everyone", DOCTOR_WARNING},
        {"INSERT INTO streams (stream_kind, stream_id, head) VALUES (1, 12, 4)",
         "a stream of a guild that is not there: 12\n", DOCTOR_WARNING},
        {"INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms) "
         "VALUES (13, 1, 'b', 1, 0, 0)",
         "a bot without application: 13\n", DOCTOR_WARNING},
        {"INSERT INTO applications (id, owner_id, name, description, bot_public, flags, "
         "created_at_ms) SELECT 80, MIN(id), 'a', '', 1, 0, 0 FROM users; "
         "INSERT INTO integrations (id, guild_id, application_id, added_by, created_at_ms) "
         "SELECT 81, MIN(id), 80, 0, 0 FROM guilds",
         "an integration whose bot is no member: 81\n", DOCTOR_WARNING},
        {"INSERT INTO emojis (id, guild_id, creator_id, animated, available, name, hash) "
         "SELECT 82, MIN(id), 1, 0, 1, 'e', 'h' FROM guilds",
         "an emoji without its image: 82\n", DOCTOR_WARNING},
        {"UPDATE guilds SET deleting = 1", "a guild is being deleted, but nothing does it",
         DOCTOR_PROBLEM},
        {"INSERT INTO tasks VALUES (20, 99, 1, 0, 0, 0, 0, 0, 1790000000000)",
         "a task of a kind that this program does not know: 20\n", DOCTOR_PROBLEM},
        {"INSERT INTO tasks VALUES (21, 2, 1234, 0, 0, 0, 0, 0, 1789990000000)",
         "the erasing of a person does not move: 1234\n", DOCTOR_PROBLEM},
        {"UPDATE schema_migrations SET checksum = (SELECT checksum FROM schema_migrations "
         "WHERE version = 1) WHERE version = 2",
         "migration 2 is not the one that was applied", DOCTOR_PROBLEM},
        {"UPDATE event_log SET at_ms = 1000 WHERE stream_kind = 1 AND position = 1",
         "a stream with rows older than events.retention_days", DOCTOR_WARNING},
    };
    struct world clean = make_world(*state);
    struct doctor_machine m = good_machine(&clean);
    unsigned before[3], after[3];
    run(&clean, &m, before);
    cf_teardown(state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cf_setup(state);
        struct world w = make_world(*state);
        damage(w.f, rows[i].damage);
        m = good_machine(&w);
        run(&w, &m, after);
        if (!says(&w, rows[i].said) || after[rows[i].level] != before[rows[i].level] + 1)
            fail_msg("%s was not found by itself:\n%s", rows[i].said, w.out);
        cf_teardown(state);
    }
    cf_setup(state); /* for the teardown */
}

/* Many of one kind are one line. */
static void test_many(void **state)
{
    struct world w = make_world(*state);
    struct doctor_machine m = good_machine(&w);
    unsigned results[3];
    for (int i = 0; i < 5; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "INSERT INTO streams (stream_kind, stream_id, head) "
                 "VALUES (1, %d, 4)",
                 100 + i);
        damage(w.f, text);
    }
    run(&w, &m, results);
    assert_true(says(&w, "a stream of a guild that is not there: 100, and 4 more\n"));
}

/* ---- the machine ---- */

static void break_disk(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->disk_free = 100 << 20;
}
static void break_inodes(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->inodes_free = 3;
}
static void fill_disk(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->disk_bytes = UINT64_C(100) << 30;
    m->disk_free = UINT64_C(4) << 30;
}
static void step_clock_back(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->wall_ms -= 2 * 3600 * 1000;
    m->newest_backup_ms = m->wall_ms;
}
static void step_clock_a_little(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->wall_ms -= 60 * 1000;
}
static void lose_time_service(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->clock_synced = false;
}
static void limit_files(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->files_max = 1024;
}
static void open_folder(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->folder_mode = 0755;
}
static void open_file(struct world *w, struct doctor_machine *m)
{
    (void)w;
    snprintf(m->loose, sizeof m->loose, "guildhall.db");
}
static void give_away(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->foreign = true;
}
static void plan_no_backups(struct world *w, struct doctor_machine *m)
{
    (void)m;
    w->o.backup_folder = "";
}
static void lose_backups(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->newest_backup_ms = 0;
}
static void age_backups(struct world *w, struct doctor_machine *m)
{
    (void)w;
    m->newest_backup_ms = m->wall_ms - INT64_C(50) * 3600 * 1000;
}
static void keep_log(struct world *w, struct doctor_machine *m)
{
    (void)m;
    w->o.event_retention_days = 0;
}

static void test_machine(void **state)
{
    static const struct {
        void (*change)(struct world *w, struct doctor_machine *m);
        const char *said;
        unsigned level;
    } rows[] = {
        {break_disk, "100 MiB of", DOCTOR_PROBLEM},
        {break_inodes, "problem  space", DOCTOR_PROBLEM},
        {fill_disk, "warning  space", DOCTOR_WARNING},
        {step_clock_back, "s ahead of the clock", DOCTOR_PROBLEM},
        {step_clock_a_little, "s ahead of the clock", DOCTOR_WARNING},
        {lose_time_service, "its clock is not synchronised", DOCTOR_WARNING},
        {limit_files, "may open 1024 files", DOCTOR_WARNING},
        {open_folder, "(mode 0755)", DOCTOR_PROBLEM},
        {open_file, "others may read guildhall.db", DOCTOR_WARNING},
        {give_away, "another account", DOCTOR_WARNING},
        {plan_no_backups, "no backups are scheduled", DOCTOR_WARNING},
        {lose_backups, "there is no backup in", DOCTOR_PROBLEM},
        {age_backups, "is 50 hours old", DOCTOR_PROBLEM},
        {keep_log, "kept for ever", DOCTOR_WARNING},
    };
    struct world w = make_world(*state);
    struct doctor_machine m = good_machine(&w);
    unsigned before[3], after[3];
    run(&w, &m, before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ops kept = w.o;
        m = good_machine(&w);
        rows[i].change(&w, &m);
        run(&w, &m, after);
        if (!says(&w, rows[i].said) || after[rows[i].level] != before[rows[i].level] + 1)
            fail_msg("%s was not found by itself:\n%s", rows[i].said, w.out);
        w.o = kept;
    }
}

/* ---- the command ---- */

static void test_command(void **state)
{
    struct world w = make_world(*state);
    struct ops_io io = {&w, on_write, on_stopped};
    const struct ops_command *c = ops_find("doctor", NULL);
    const struct ops_option json = {"json", ""};
    struct ops_args args = {.options = &json, .option_count = 1};
    assert_non_null(c);
    w.o.backup_folder = "";
    assert_int_equal(ops_run(c, &w.o, &args, &io), OPS_OK);
    assert_int_equal(w.out[0], '{');
    assert_true(says(&w, "\"check\":\"integrity\",\"result\":\"ok\""));
    assert_true(says(&w, "\"problems\":0}\n"));
    damage(w.f, "UPDATE guilds SET deleting = 1");
    args.option_count = 0;
    w.len = 0;
    assert_int_equal(ops_run(c, &w.o, &args, &io), OPS_FAILED);
    assert_true(says(&w, "1 problems"));
    w.stop = true; /* nobody listens: it ends early, and does not say that all is well */
    w.len = 0;
    assert_int_equal(ops_run(c, &w.o, &args, &io), OPS_FAILED);
    assert_false(says(&w, "integrity"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_all_is_well), TEST(test_database), TEST(test_many),
        TEST(test_machine),     TEST(test_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
