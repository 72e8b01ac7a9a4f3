/* guildhall doctor on SQLite: damage in the file, references that lead nowhere, old files, and what
 * the real machine says. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <sys/stat.h>

#include "contract/doctor_fixture.h"

static void close_store(struct core_fixture *f)
{
    store_close(&f->store);
    core_free(&f->core);
}

static void open_store(struct world *w)
{
    cf_open(w->f);
    w->o.store = w->f->store;
    w->o.core = w->f->core;
}

static void database_path(const struct core_fixture *f, char out[256])
{
    snprintf(out, 256, "%s/guildhall.db", f->folder);
}

/* On a connection without foreign keys, while the store is closed. */
static void change_file(struct world *w, const char *text)
{
    char path[256];
    sqlite3 *db = NULL;
    close_store(w->f);
    database_path(w->f, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    open_store(w);
}

/* Both ways: table by table while serving, and all at once alone. */
static void expect_both(struct world *w, const char *said, enum doctor_level level)
{
    struct doctor_machine m = good_machine(w);
    unsigned results[3];
    for (int serving = 0; serving < 2; serving++) {
        w->o.serving = serving != 0;
        run(w, &m, results);
        if (!says(w, said) || results[level] == 0)
            fail_msg("\"%s\" was not found, serving %d:\n%s", said, serving, w->out);
    }
}

static void test_references(void **state)
{
    struct world w = make_world(*state);
    change_file(
        &w,
        "INSERT INTO invites (code, guild_id, channel_id, inviter_id, max_age_s, max_uses, uses, "
        "temporary, created_at_ms, expires_at_ms) VALUES ('code', 1, 2, 3, 0, 0, 0, 0, 0, 0)");
    expect_both(&w, "refer to none in guilds", DOCTOR_PROBLEM);
}

/* Bytes in the middle of the file are not what they were. */
static void test_damage(void **state)
{
    struct world w = make_world(*state);
    struct person *p = cf_person(w.f, "writer");
    struct channel_id channel = cf_general(w.f, cf_guild(w.f, p));
    char text[1500];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 200; i++)
        (void)cf_post(w.f, p, channel, text);
    close_store(w.f);
    char path[256];
    struct stat st;
    database_path(w.f, path);
    assert_int_equal(stat(path, &st), 0);
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    for (long page = st.st_size / 4096 / 2; page < st.st_size / 4096 / 2 + 40; page++) {
        assert_int_equal(fseek(file, page * 4096 + 1, SEEK_SET), 0);
        assert_int_equal(fwrite("damage, damage, damage", 22, 1, file), 1);
    }
    fclose(file);
    open_store(&w);
    expect_both(&w, "problem  integrity", DOCTOR_PROBLEM);
}

static void test_old_file(void **state)
{
    struct world w = make_world(*state);
    change_file(&w, "PRAGMA journal_mode=DELETE; PRAGMA auto_vacuum=NONE; VACUUM");
    expect_both(&w, "guildhall store vacuum", DOCTOR_WARNING);
}

static void test_large_log(void **state)
{
    struct world w = make_world(*state);
    struct doctor_machine m = good_machine(&w);
    unsigned results[3];
    m.wal_bytes = UINT64_C(300) << 20;
    run(&w, &m, results);
    assert_true(says(&w, "warning  wal          the write-ahead log has 300 MiB"));
}

static void test_library(void **state)
{
    struct world w = make_world(*state);
    struct ops_io io = {&w, on_write, on_stopped};
    struct doctor d = {.o = &w.o, .io = &io, .check = "library"};
    doctor_judge_library(&d, "3.36.0", 3036000);
    doctor_judge_library(&d, "3.37.0", 3037000);
    assert_int_equal(d.results[DOCTOR_PROBLEM], 1);
    assert_int_equal(d.results[DOCTOR_OK], 1);
}

/* The files of a real folder. */
static void test_look(void **state)
{
    struct world w = make_world(*state);
    struct doctor_machine m;
    char path[256];
    assert_int_equal(chmod(w.f->folder, 0700), 0);
    database_path(w.f, path);
    assert_int_equal(chmod(path, 0600), 0);
    w.o.backup_folder = w.f->folder;
    doctor_look(&w.o, &m);
    assert_true(m.disk_bytes > 0 && m.disk_free <= m.disk_bytes && m.inodes_free > 0);
    assert_true(m.files_max > 0);
    assert_int_equal(m.folder_mode, 0700);
    assert_false(m.foreign);
    assert_int_equal(m.newest_backup_ms, 0);
    assert_int_equal(chmod(w.f->folder, 0755), 0);
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(path, sizeof path, "%s/guildhall-20260101T000000Z.tar", w.f->folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fclose(file);
    doctor_look(&w.o, &m);
    assert_int_equal(m.folder_mode, 0755);
    assert_int_not_equal(m.loose[0], '\0');
    assert_true(m.newest_backup_ms > 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_references), TEST(test_damage),  TEST(test_old_file),
        TEST(test_large_log),  TEST(test_library), TEST(test_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
