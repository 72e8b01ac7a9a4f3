#pragma once

/*
 * Connections of the SQL driver, without a store: of SQLite on a file of the test's own, or, with
 * GUILDHALL_TEST_POSTGRES (a URL), of PostgreSQL in a schema of the test's own. Static functions,
 * since each test is a program.
 */

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/postgres.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"

enum { SQL_FIXTURE_TEXT = 512 };

struct sql_fixture {
    const char *url; /* NULL: SQLite */
    char dir[SQL_FIXTURE_TEXT];
    char name[SQL_FIXTURE_TEXT]; /* of the file, or of the schema */
    char why[SQL_FIXTURE_TEXT];
    struct sql_conn *c; /* has the table items */
};

static struct postgres_options sql_fixture_options(const struct sql_fixture *f)
{
    return (struct postgres_options){
        .url = f->url, .statement_ms = 20000, .lock_ms = 10000, .clock = clock_system()};
}

static void sql_fixture_exec(struct sql_conn *c, const char *text)
{
    assert_int_equal(sql_exec(c, text), ERR_OK);
}

static struct sql_conn *sql_fixture_postgres(struct sql_fixture *f,
                                             const struct postgres_options *o)
{
    struct sql_conn *c = NULL;
    char text[SQL_FIXTURE_TEXT * 3];
    enum err e = postgres_open(o, &c, f->why, sizeof f->why);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
    snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS %s; SET search_path TO %s", f->name,
             f->name);
    sql_fixture_exec(c, text);
    return c;
}

static struct sql_conn *sql_fixture_sqlite(struct sql_fixture *f, enum sqlite_role role)
{
    struct sql_conn *c = NULL;
    struct sqlite_options o = {.file = f->name, .role = role, .clock = clock_system()};
    assert_int_equal(sqlite_open(&o, &c, f->why, sizeof f->why), ERR_OK);
    if (role == SQLITE_ROLE_WRITER)
        sql_fixture_exec(c, "PRAGMA foreign_keys=ON");
    return c;
}

/* Another connection to the same database, for reading. */
UNUSED static struct sql_conn *sql_fixture_reader(struct sql_fixture *f)
{
    struct postgres_options o = sql_fixture_options(f);
    return f->url != NULL ? sql_fixture_postgres(f, &o) : sql_fixture_sqlite(f, SQLITE_ROLE_READER);
}

static void sql_fixture_items(struct sql_fixture *f)
{
    char text[SQL_FIXTURE_TEXT];
    snprintf(text, sizeof text,
             "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, name TEXT UNIQUE, "
             "owner BIGINT REFERENCES items (id), data %s, flag SMALLINT NOT NULL DEFAULT 0, "
             "level INTEGER)",
             f->url != NULL ? "BYTEA" : "BLOB");
    sql_fixture_exec(f->c, text);
}

static int sql_fixture_setup(void **state)
{
    static _Atomic unsigned count;
    struct sql_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->url = getenv("GUILDHALL_TEST_POSTGRES");
    snprintf(f->dir, sizeof f->dir, "sql-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    if (f->url != NULL)
        snprintf(f->name, sizeof f->name, "sql_test_%ld_%u", (long)getpid(),
                 atomic_fetch_add(&count, 1));
    else
        snprintf(f->name, sizeof f->name, "%.100s/test.db", f->dir);
    struct postgres_options o = sql_fixture_options(f);
    f->c = f->url != NULL ? sql_fixture_postgres(f, &o) : sql_fixture_sqlite(f, SQLITE_ROLE_WRITER);
    sql_fixture_items(f);
    *state = f;
    return 0;
}

static void sql_fixture_drop(struct sql_fixture *f)
{
    struct postgres_options o = sql_fixture_options(f);
    char text[SQL_FIXTURE_TEXT * 3];
    struct sql_conn *c = sql_fixture_postgres(f, &o);
    snprintf(text, sizeof text, "DROP SCHEMA %s CASCADE", f->name);
    sql_fixture_exec(c, text);
    sql_conn_close(&c);
}

static int sql_fixture_teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    struct sql_fixture *f = *state;
    sql_conn_close(&f->c);
    if (f->url != NULL)
        sql_fixture_drop(f);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] && f->url == NULL; i++) {
        char file[SQL_FIXTURE_TEXT * 2];
        snprintf(file, sizeof file, "%s%s", f->name, ends[i]);
        unlink(file);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

/* ---- what tests do with items ---- */

UNUSED static struct sql_stmt *item_query(struct sql_conn *c, uint64_t id, struct slice name,
                                          uint64_t owner)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO items (id, name, owner) VALUES ($1, $2, $3)");
    sql_bind_u64(s, 1, id);
    sql_bind_text(s, 2, name);
    sql_bind_id_or_null(s, 3, owner);
    return s;
}

UNUSED static enum err item_add(struct sql_conn *c, uint64_t id)
{
    return sql_run(item_query(c, id, (struct slice){NULL, 0}, 0));
}

UNUSED static enum err item_send(struct sql_conn *c, uint64_t id)
{
    return sql_send(item_query(c, id, (struct slice){NULL, 0}, 0));
}

UNUSED static uint64_t items_count(struct sql_conn *c)
{
    uint64_t count = UINT64_MAX;
    struct sql_stmt *s = sql_query(c, "SELECT count(*) FROM items");
    if (sql_step(s))
        count = sql_u64(s, 0);
    assert_int_equal(sql_done(s), ERR_OK);
    return count;
}

UNUSED static void write_begin(struct sql_conn *c)
{
    assert_int_equal(sql_begin(c, c->driver->begin_write), ERR_OK);
}
