#pragma once

/*
 * What only migrations and the operator's commands ask of a backend: sqlite_schema.c,
 * postgres_schema.c. Private to src/store. All functions run on a connection of sql.h, outside of a
 * transaction unless they say otherwise.
 */

#include <stdbool.h>

#include "base/errors.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/sql.h"

struct schema_driver {
    const char *name; /* as struct sql_driver's */
    /* A connection for the operator's commands, of no pool, without limits of time. For reading, a
     * database that is not there yet is an empty one. Errors as of store_open. */
    enum err (*connect)(const struct migrate_target *t, bool write, struct sql_conn **out,
                        char *why, size_t why_len);
    /* Makes schema_migrations as the first release made it; migrate_books.c adds the rest. */
    const char *books;
    /* One text with one row per item of the schema, as key and value (schema.h). */
    const char *list;

    /* Waits until no other program migrates this database, and keeps others out until `unlock` or
     * the end of the connection. On SQLite the folder's lock does that. */
    enum err (*lock)(struct sql_conn *c, const struct log *log);
    void (*unlock)(struct sql_conn *c);
    /* Off: foreign keys are not looked at, where tables can only be changed by rebuilding them. */
    enum err (*foreign_keys)(struct sql_conn *c, bool on);
    /* Inside a transaction. STORE_CONFLICT: a row refers to one that is not there. */
    enum err (*check_foreign_keys)(struct sql_conn *c);
    /* Inside a transaction, which from here on may take as long as it needs. */
    enum err (*lift_limits)(struct sql_conn *c);
    /* Also inside a transaction. */
    enum err (*has_column)(struct sql_conn *c, const char *table, const char *column, bool *has);
    /* Calls fn with a connection on which the database is empty, and forgets what fn does there. */
    enum err (*scratch)(struct sql_conn *c, enum err (*fn)(struct sql_conn *scratch, void *ctx),
                        void *ctx);
};

extern const struct schema_driver sqlite_schema;
extern const struct schema_driver postgres_schema;
