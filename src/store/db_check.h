#pragma once

/* Looking at a database that is at rest inside a file, as a backup's: what it contains, and whether
 * it is sound. Long reads on the caller's thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"

struct db_place {
    const char *file;
    uint64_t offset;
    uint64_t bytes;
};

/* Called for each table with its number of rows, in order of names. */
typedef void (*db_table_fn)(void *ctx, const char *table, uint64_t rows);
/* Versions of the schema: the newest migration that it has, and the one that a program must know to
 * be able to use it. */
struct db_versions {
    uint64_t schema;
    uint64_t needed;
};

/* `stopped` ends it with STOPPING. STORE: it is no
 * database of ours, or damaged; `why` gets a sentence. */
struct db_look {
    struct db_place place;
    db_table_fn table;
    bool (*stopped)(void *ctx);
    void *ctx;
};
MUST_CHECK enum err db_look(const struct db_look *l, struct db_versions *out, char *why,
                            size_t why_len);

/* PRAGMA integrity_check and foreign_key_check; STORE and a sentence with the first finding. */
MUST_CHECK enum err db_check(const struct db_look *l, char *why, size_t why_len);
