#pragma once

/*
 * Migrations: files NNNN_name.sql, numbered from 0001 without gaps, each applied once, in order, in
 * a transaction of its own, and recorded with its SHA-256. A file that was applied never changes
 * again. Called by store_open before the writer thread exists.
 */

#include <stddef.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "store/sql.h"

struct migration_file {
    const char *name; /* "0001_first_light.sql" */
    const unsigned char *text;
    size_t len;
};

/* Those of migrations/ at build time, by name; ends with a NULL name (cmake/EmbedMigrations.cmake).
 */
extern const struct migration_file migrations_embedded[];

struct migrate_options {
    const char *dir; /* NULL: migrations_embedded */
    const struct clock *clock;
    const struct log *log;
};

/*
 * Brings the schema up to date and switches foreign keys on. STORE_NEWER: the database has a
 * version that this program does not know; STORE: a changed, missing or failing migration; IO: dir
 * cannot be read. `why` gets a sentence.
 */
MUST_CHECK enum err migrate(struct sql_conn *c, const struct migrate_options *o, char *why,
                            size_t why_len);
