#pragma once

/*
 * What the tests of migrations share: an empty database and a folder of migrations that a test
 * writes itself. SQLite in a data folder, or, with GUILDHALL_TEST_POSTGRES (a URL), PostgreSQL in a
 * schema of the test's own. Static functions, since each test is a program.
 */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/test_db.h"
#include "store/migrate.h"
#include "store/schema.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/store.h"

enum { MF_TEXT = 1024, MF_ARENA = 64 * 1024 * 1024 };

struct migrate_fixture {
    char root[64];
    char data[128];
    char dir[128]; /* of migrations */
    struct test_db db;
    char why[MF_TEXT];
    _Atomic uint64_t mono_step_ns; /* the clock's step with each look */
    _Atomic uint64_t mono_ns;
    struct clock clock;
    struct arena arena;
    struct store *store;
};

static int64_t mf_wall_ms(void *ctx)
{
    (void)ctx;
    return INT64_C(1790000000000);
}

static uint64_t mf_mono_ns(void *ctx)
{
    struct migrate_fixture *f = ctx;
    return atomic_fetch_add(&f->mono_ns, atomic_load(&f->mono_step_ns));
}

static struct migrate_target mf_target(struct migrate_fixture *f)
{
    return (struct migrate_target){
        .path = f->data, .url = f->db.url, .o = {.dir = f->dir, .clock = clock_system()}};
}

static const struct schema_driver *mf_driver(const struct migrate_fixture *f)
{
    return f->db.server != NULL ? &postgres_schema : &sqlite_schema;
}

static struct sql_conn *mf_connect(struct migrate_fixture *f)
{
    struct sql_conn *c = NULL;
    struct migrate_target t = mf_target(f);
    enum err e = mf_driver(f)->connect(&t, true, &c, f->why, sizeof f->why);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
    return c;
}

UNUSED static void mf_exec(struct migrate_fixture *f, const char *text)
{
    struct sql_conn *c = mf_connect(f);
    assert_int_equal(sql_exec(c, text), ERR_OK);
    sql_conn_close(&c);
}

UNUSED static uint64_t mf_number(struct migrate_fixture *f, const char *text)
{
    struct sql_conn *c = mf_connect(f);
    struct sql_stmt *s = sql_query_text(c, text);
    assert_true(sql_step(s));
    uint64_t number = sql_u64(s, 0);
    assert_int_equal(sql_done(s), ERR_OK);
    sql_conn_close(&c);
    return number;
}

/* ---- migrations ---- */

static void mf_path(const struct migrate_fixture *f, const char *backend, const char *name,
                    char out[MF_TEXT])
{
    snprintf(out, MF_TEXT, "%s/%s/%s", f->dir, backend, name);
}

static void mf_write_for(struct migrate_fixture *f, const char *backend, const char *name,
                         const char *text)
{
    char path[MF_TEXT];
    mf_path(f, backend, name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* For both backends. */
UNUSED static void mf_write(struct migrate_fixture *f, const char *name, const char *text)
{
    mf_write_for(f, "sqlite", name, text);
    mf_write_for(f, "postgres", name, text);
}

UNUSED static void mf_remove(struct migrate_fixture *f, const char *name)
{
    char path[MF_TEXT];
    mf_path(f, "sqlite", name, path);
    assert_int_equal(unlink(path), 0);
    mf_path(f, "postgres", name, path);
    assert_int_equal(unlink(path), 0);
}

static void mf_copy(struct migrate_fixture *f, const char *backend, const char *name)
{
    static char text[65536];
    char path[MF_TEXT];
    snprintf(path, sizeof path, "%s/migrations/%s/%s", GUILDHALL_SOURCE_DIR, backend, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    mf_write_for(f, backend, name, text);
}

/* The real ones, up to a version. */
UNUSED static void mf_copy_real(struct migrate_fixture *f, size_t versions)
{
    for (size_t i = 0; i < versions; i++) {
        mf_copy(f, "sqlite", migrations_sqlite[i].name);
        mf_copy(f, "postgres", migrations_postgres[i].name);
    }
}

static enum err mf_migrate(struct migrate_fixture *f)
{
    struct migrate_options o = {.dir = f->dir, .clock = clock_system()};
    struct sql_conn *c = mf_connect(f);
    f->why[0] = '\0';
    enum err e = migrate(c, &o, f->why, sizeof f->why);
    sql_conn_close(&c);
    return e;
}

UNUSED static void mf_migrated(struct migrate_fixture *f)
{
    enum err e = mf_migrate(f);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
}

UNUSED static struct migration_row *mf_states(struct migrate_fixture *f, size_t *count)
{
    struct migrate_target t = mf_target(f);
    struct migration_row *rows = NULL;
    assert_int_equal(migrate_states(&t, &f->arena, &rows, count, f->why, sizeof f->why), ERR_OK);
    return rows;
}

UNUSED static struct schema mf_schema(struct migrate_fixture *f)
{
    struct schema schema;
    struct sql_conn *c = mf_connect(f);
    assert_int_equal(schema_list(c, &f->arena, &schema), ERR_OK);
    sql_conn_close(&c);
    return schema;
}

static void mf_print_difference(void *ctx, const struct schema_item *a, const struct schema_item *b)
{
    const struct slice none = SLICE("");
    (void)ctx;
    print_error("%.*s: \"%.*s\" and \"%.*s\"\n", SLICE_ARG(a != NULL ? a->key : b->key),
                SLICE_ARG(a != NULL ? a->value : none), SLICE_ARG(b != NULL ? b->value : none));
}

UNUSED static void mf_same_schema(const struct schema *a, const struct schema *b)
{
    assert_true(a->count > 0);
    assert_int_equal(schema_diff(a, b, mf_print_difference, NULL), 0);
}

/* ---- stores ---- */

UNUSED static struct store_options mf_options(struct migrate_fixture *f)
{
    return (struct store_options){.path = f->data,
                                  .url = f->db.url,
                                  .migrations_dir = f->dir,
                                  .readers = 2,
                                  .worker_id = 3,
                                  .batch_max = 64,
                                  .queue_max = 64,
                                  .read_limit_ms = 5000,
                                  .clock = clock_system()};
}

UNUSED static void mf_open(struct migrate_fixture *f)
{
    struct store_options o = mf_options(f);
    enum err e = store_open(&o, &f->store, f->why, sizeof f->why);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
}

/* ---- setup ---- */

static void mf_make(const char *path)
{
    assert_int_equal(mkdir(path, 0700), 0);
}

static int mf_setup(void **state)
{
    struct migrate_fixture *f = calloc(1, sizeof *f);
    char path[MF_TEXT];
    assert_non_null(f);
    snprintf(f->root, sizeof f->root, "migrate-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->data, sizeof f->data, "%s/data", f->root);
    snprintf(f->dir, sizeof f->dir, "%s/migrations", f->root);
    mf_make(f->data);
    mf_make(f->dir);
    mf_path(f, "sqlite", "", path);
    mf_make(path);
    mf_path(f, "postgres", "", path);
    mf_make(path);
    atomic_store(&f->mono_ns, 1);
    f->clock = (struct clock){mf_wall_ms, mf_mono_ns, f};
    arena_init(&f->arena, MEM_STORE, MF_ARENA);
    test_db_make(&f->db);
    *state = f;
    return 0;
}

static void mf_empty(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

static int mf_teardown(void **state)
{
    struct migrate_fixture *f = *state;
    char path[MF_TEXT];
    store_close(&f->store);
    test_db_drop(&f->db);
    mf_path(f, "sqlite", "", path);
    mf_empty(path);
    mf_path(f, "postgres", "", path);
    mf_empty(path);
    mf_empty(f->dir);
    mf_empty(f->data);
    mf_empty(f->root);
    arena_deinit(&f->arena);
    free(f);
    return 0;
}
