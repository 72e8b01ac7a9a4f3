#pragma once

/*
 * All rows of all tables from one database to another, of the same backend or not, and the proof
 * that they arrived: for moving an installation, and for backups of PostgreSQL. Tables, columns,
 * keys and their order are read from the schema, so that a new table is copied without a line here.
 *
 * Connections are the caller's and have no other use meanwhile; they must be closed before the
 * arena is dropped, since their statements are texts in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/errors.h"
#include "store/sql.h"

/* The rows of a table in the order of its key, as one SHA-256. Equal rows give equal sums on every
 * backend. */
struct table_sum {
    const char *table;
    uint64_t rows;
    unsigned char sha256[32];
};

struct table_sums {
    struct table_sum *items; /* in an order in which no row comes before one that it refers to */
    size_t count;
};

/* Called now and then, with how far `table` is; false ends the work with STOPPING. */
typedef bool (*table_progress_fn)(void *ctx, const char *table, uint64_t rows);

struct table_copy {
    struct sql_conn *from;      /* outside of a transaction; all is read as of one moment */
    struct sql_conn *to;        /* outside of a transaction, migrated; what is there goes */
    struct arena *arena;        /* for results and statements: 8 MiB are plenty */
    table_progress_fn progress; /* NULL allowed */
    void *ctx;
};

/*
 * One transaction on `to`: all or nothing. Before its commit everything is read back and compared.
 * On success *sums is what was copied. STORE with a sentence in `why`: the schemas differ, or what
 * was read back is not what was written; else any error of sql.h.
 */
MUST_CHECK enum err table_copy_run(const struct table_copy *t, struct table_sums *sums, char *why,
                                   size_t why_len);
/* The sums of a database as of one moment. */
MUST_CHECK enum err table_sums_read(struct sql_conn *c, struct arena *arena,
                                    struct table_sums *out);
