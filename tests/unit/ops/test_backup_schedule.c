/* Scheduled backups against a clock that the test moves: when one is due, which go, and that a bad
 * one never costs a good one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/password.h"
#include "ops/backup_schedule.h"

enum { PATH = 256, HOUR = 60 * 60 * 1000, MINUTE = 60 * 1000 };

struct scene {
    char root[64];
    char data[PATH];
    char folder[PATH];
    int64_t wall_ms;
    struct clock clock;
    struct store *store;
    struct metrics *metrics;
    struct ops ops;
    struct backup_schedule schedule;
    bool stopped;
};

static int64_t on_wall(void *ctx)
{
    struct scene *s = ctx;
    return s->wall_ms;
}

static uint64_t on_mono(void *ctx)
{
    (void)ctx;
    return clock_mono_ns(clock_system());
}

static void on_write(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
}

static bool is_stopped(void *ctx)
{
    struct scene *s = ctx;
    return s->stopped;
}

static void open_store(struct scene *s)
{
    char why[256];
    const struct store_options o = {.path = s->data,
                                    .readers = 1,
                                    .batch_max = 4,
                                    .queue_max = 16,
                                    .read_limit_ms = 1000,
                                    .clock = clock_system()};
    assert_int_equal(store_open(&o, &s->store, why, sizeof why), ERR_OK);
    s->ops = (struct ops){.store = s->store, .data = s->data, .store_url = "", .clock = &s->clock};
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_true(crypto_init());
    snprintf(s->root, sizeof s->root, "schedule-test-XXXXXX");
    assert_non_null(mkdtemp(s->root));
    snprintf(s->data, sizeof s->data, "%s/data", s->root);
    snprintf(s->folder, sizeof s->folder, "%s/backups", s->root);
    s->wall_ms = INT64_C(1795224225000); /* 2026-11-21T01:23:45 */
    s->clock = (struct clock){on_wall, on_mono, s};
    s->metrics = metrics_new();
    assert_non_null(s->metrics);
    open_store(s);
    s->schedule = (struct backup_schedule){
        .o = &s->ops, .folder = s->folder, .every_ms = 24 * HOUR, .keep = 3, .metrics = s->metrics};
    *state = s;
    return 0;
}

static int on_leftover(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct scene *s = *state;
    store_close(&s->store);
    metrics_free(&s->metrics);
    nftw(s->root, on_leftover, 16, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

static void run(struct scene *s)
{
    const struct ops_io io = {s, on_write, is_stopped};
    enum err e = backup_schedule_run(&s->schedule, &io);
    assert_int_equal(e, s->stopped ? ERR_STOPPING : ERR_OK);
}

static bool exists(const struct scene *s, const char *name)
{
    char path[PATH * 2];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return access(path, F_OK) == 0;
}

static void touch(const struct scene *s, const char *folder, const char *name)
{
    (void)s;
    char path[PATH * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
}

static struct backup_folder_look look(const struct scene *s)
{
    struct backup_folder_look l;
    assert_int_equal(backup_folder_look(s->folder, s->wall_ms, &l), ERR_OK);
    return l;
}

static void test_names(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "guildhall-20261121T012345Z.tar.partial",
        "guildhall-20260231T012345Z.tar",
        "guildhall-20261121T012360Z.tar",
        "guildhall-2026 121T012345Z.tar",
        "guildhall-20261121t012345Z.tar",
        "guildhall-20261121T012345Z.tgz",
        "Guildhall-20261121T012345Z.tar",
    };
    char name[BACKUP_NAME_MAX];
    backup_name(INT64_C(1795224225999), name);
    assert_string_equal(name, "guildhall-20261121T012345Z.tar");
    assert_true(backup_name_time(name) == INT64_C(1795224225000));
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (backup_name_time(BAD[i]) != 0)
            fail_msg("%s", BAD[i]);
    }
}

static void test_due(void **state)
{
    struct scene *s = *state;
    static const struct {
        int64_t newest_h, failed_min, due_min;
    } CASES[] = {
        {0, 0, 0},                      /* none yet: now */
        {100, 0, (100 + 24) * 60},      /* a day after the last one */
        {100, 124 * 60, 124 * 60 + 15}, /* that failed: a little later */
        {100, 130, 124 * 60},
        {0, 50, 65},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct backup_folder_look l = {.newest_ms = CASES[i].newest_h * HOUR};
        s->schedule.failed_at_ms = CASES[i].failed_min * MINUTE;
        assert_int_equal(backup_due_ms(&s->schedule, &l), CASES[i].due_min * MINUTE);
    }
}

static void test_one_a_day_and_three_stay(void **state)
{
    struct scene *s = *state;
    static const char *const FOREIGN[] = {"guildhall-20200101T000000Z.tar.old", "notes.txt",
                                          "guildhall-20209999T000000Z.tar"};
    run(s);
    assert_int_equal(look(s).count, 1);
    for (size_t i = 0; i < 3; i++)
        touch(s, s->folder, FOREIGN[i]);
    run(s); /* not due */
    assert_int_equal(look(s).count, 1);
    s->wall_ms += 24 * HOUR - 1;
    run(s);
    assert_int_equal(look(s).count, 1);
    for (int day = 1; day <= 5; day++) {
        s->wall_ms = INT64_C(1795224225000) + day * (int64_t)24 * HOUR;
        run(s);
        assert_int_equal(look(s).count, day < 2 ? 2 : 3);
        assert_true(look(s).newest_ms == s->wall_ms);
    }
    assert_string_equal(look(s).oldest, "guildhall-20261124T012345Z.tar");
    for (size_t i = 0; i < 3; i++)
        assert_true(exists(s, FOREIGN[i]));
    assert_true(metrics_get(s->metrics, METRIC_BACKUP_LAST_GOOD) == s->wall_ms / 1000);
    assert_int_equal(metrics_get(s->metrics, METRIC_BACKUP_FAILURES), 0);
}

static void test_restart_remembers(void **state)
{
    struct scene *s = *state;
    run(s);
    struct backup_schedule fresh = s->schedule;
    fresh.failed_at_ms = 0;
    s->schedule = fresh;
    metrics_set(s->metrics, METRIC_BACKUP_LAST_GOOD, 0);
    s->wall_ms += HOUR;
    run(s);
    assert_int_equal(look(s).count, 1);
    assert_true(metrics_get(s->metrics, METRIC_BACKUP_LAST_GOOD) == (s->wall_ms - HOUR) / 1000);
}

static void test_failure_is_tried_again(void **state)
{
    struct scene *s = *state;
    char media[PATH * 2];
    snprintf(media, sizeof media, "%s/media", s->data);
    run(s);
    s->wall_ms += 24 * HOUR;
    touch(s, s->data, "media"); /* a file where a folder should be */
    run(s);
    assert_int_equal(metrics_get(s->metrics, METRIC_BACKUP_FAILURES), 1);
    assert_int_equal(unlink(media), 0);
    s->wall_ms += 14 * MINUTE;
    run(s);
    assert_int_equal(look(s).count, 1);
    s->wall_ms += MINUTE;
    run(s);
    assert_int_equal(look(s).count, 2);
    assert_int_equal(metrics_get(s->metrics, METRIC_BACKUP_FAILURES), 1);
}

/* A row that refers to none: copied faithfully, and no good backup. */
static void damage(const struct scene *s)
{
    char path[PATH * 2];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/guildhall.db", s->data);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA foreign_keys=OFF;"
                                  "INSERT INTO credentials (user_id, password_hash) VALUES (7, '')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

static void test_a_bad_one_costs_no_good_one(void **state)
{
    struct scene *s = *state;
    s->schedule.keep = 1;
    run(s);
    store_close(&s->store);
    damage(s);
    open_store(s);
    for (int day = 1; day <= 3; day++) {
        s->wall_ms += 24 * HOUR;
        run(s);
        assert_int_equal(look(s).count, 1);
        assert_string_equal(look(s).oldest, "guildhall-20261121T012345Z.tar");
        assert_int_equal(metrics_get(s->metrics, METRIC_BACKUP_FAILURES), day);
        assert_true(exists(s, "guildhall-bad.tar"));
    }
}

/* As many as are kept, all of a time to come: they cost none that was made since. */
static void test_clock_that_was_wrong_for_days(void **state)
{
    struct scene *s = *state;
    int64_t right_ms = s->wall_ms;
    for (int day = 400; day < 403; day++) {
        s->wall_ms = right_ms + day * (int64_t)24 * HOUR;
        run(s);
    }
    for (int day = 0; day < 5; day++) {
        s->wall_ms = right_ms + day * (int64_t)24 * HOUR;
        run(s);
        assert_true(look(s).newest_ms == s->wall_ms);
        assert_int_equal(look(s).count, day < 3 ? day + 1 : 3);
    }
    assert_true(exists(s, "guildhall-20271226T012345Z.tar"));
}

static void test_clock_that_was_wrong(void **state)
{
    struct scene *s = *state;
    int64_t right_ms = s->wall_ms;
    s->wall_ms = right_ms + 400 * (int64_t)24 * HOUR;
    run(s);
    s->schedule.failed_at_ms = s->wall_ms;
    s->wall_ms = right_ms;
    run(s); /* what is in the future does not count, but the failure is taken as just now */
    assert_int_equal(look(s).count, 0);
    s->wall_ms += 15 * MINUTE;
    run(s);
    assert_int_equal(look(s).count, 1);
    assert_true(look(s).newest_ms == s->wall_ms);
    run(s);
    assert_int_equal(look(s).count, 1);
}

static void test_broken_off_is_gone_on_with(void **state)
{
    struct scene *s = *state;
    s->stopped = true;
    run(s);
    assert_int_equal(look(s).count, 0);
    assert_string_equal(look(s).partial, "guildhall-20261121T012345Z.tar");
    s->stopped = false;
    s->wall_ms += HOUR;
    run(s);
    assert_int_equal(look(s).count, 1);
    assert_string_equal(look(s).partial, "");
    assert_true(look(s).newest_ms == s->wall_ms);
    assert_false(exists(s, "guildhall-20261121T012345Z.tar.partial.sums"));
}

static void test_folder_that_cannot_be(void **state)
{
    struct scene *s = *state;
    const struct ops_io io = {s, on_write, is_stopped};
    snprintf(s->folder, sizeof s->folder, "%s/none/at/all", s->root);
    assert_int_equal(backup_schedule_run(&s->schedule, &io), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        cmocka_unit_test(test_names),          TEST(test_due),
        TEST(test_one_a_day_and_three_stay),   TEST(test_restart_remembers),
        TEST(test_failure_is_tried_again),     TEST(test_a_bad_one_costs_no_good_one),
        TEST(test_clock_that_was_wrong),       TEST(test_clock_that_was_wrong_for_days),
        TEST(test_broken_off_is_gone_on_with), TEST(test_folder_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
