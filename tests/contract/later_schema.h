#pragma once

/*
 * With GUILDHALL_TEST_LATER set, the tests of repositories and core run on the schema of a later
 * release: one that has expanded every table, and says that today's program can live with it. The
 * tests are the same ones: what a release promises by "compatible" is that they all pass.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "contract/test_db.h"
#include "store/migrate.h"
#include "store/schema.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

static const char later_table[] =
    "CREATE TABLE later (id BIGINT NOT NULL PRIMARY KEY, name TEXT);"
    "INSERT INTO later (id) VALUES (1);"
    "CREATE INDEX users_later ON users (later);"
    "ALTER TABLE messages ADD COLUMN later_text TEXT;"
    "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms, compatible)"
    " SELECT version + 1, '9999_later.sql', checksum, 1, version"
    " FROM schema_migrations ORDER BY version DESC LIMIT 1;"
    "INSERT INTO schema_backfills (version, rows_done, started_at_ms, finished_at_ms)"
    " SELECT max(version), 0, 0, 0 FROM schema_migrations";

static void later_expand(struct sql_conn *c, struct arena *a)
{
    struct schema schema;
    assert_int_equal(schema_list(c, a, &schema), ERR_OK);
    for (size_t i = 0; i < schema.count; i++) {
        struct slice key = schema.items[i].key;
        struct slice word;
        if (!slice_next(&key, ' ', &word) || !slice_eq_cstr(word, "table") ||
            slice_starts_with(key, SLICE("schema_")))
            continue;
        char text[256];
        snprintf(text, sizeof text, "ALTER TABLE %.*s ADD COLUMN later INTEGER NOT NULL DEFAULT 7",
                 SLICE_ARG(key));
        assert_int_equal(sql_exec(c, text), ERR_OK);
    }
    assert_int_equal(sql_exec(c, later_table), ERR_OK);
}

/* On an empty database. */
UNUSED static void later_schema_make(const char *folder, const struct test_db *db)
{
    if (getenv("GUILDHALL_TEST_LATER") == NULL)
        return;
    const struct schema_driver *driver = db->server != NULL ? &postgres_schema : &sqlite_schema;
    struct migrate_target t = {.path = folder, .url = db->url, .o = {.clock = clock_system()}};
    struct sql_conn *c = NULL;
    struct arena arena;
    char why[512] = "";
    assert_int_equal(driver->connect(&t, true, &c, why, sizeof why), ERR_OK);
    assert_int_equal(migrate(c, &t.o, why, sizeof why), ERR_OK);
    arena_init(&arena, MEM_STORE, (size_t)8 * 1024 * 1024);
    later_expand(c, &arena);
    arena_deinit(&arena);
    sql_conn_close(&c);
}
