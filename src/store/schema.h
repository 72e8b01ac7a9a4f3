#pragma once

/*
 * The schema of a database as a list of lines that reads the same on every backend: what
 * `guildhall migrate verify` and the tests compare. Private to src/store and its tests.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/errors.h"
#include "store/sql.h"

enum { SCHEMA_ITEMS_MAX = 10000 };

/* "column guilds.name" is "text not null"; "index users_email" is "users (tenant_id, email) unique
 * where email is not null" ... */
struct schema_item {
    struct slice key;
    struct slice value;
};

struct schema {
    struct schema_item *items; /* by key, in the arena */
    size_t count;
};

/* All tables, keys, foreign keys, indexes, views and triggers of the connection's schema. NO_MEMORY
 * also beyond SCHEMA_ITEMS_MAX; STORE ... */
MUST_CHECK enum err schema_list(struct sql_conn *c, struct arena *arena, struct schema *out);

/* One difference; a side that does not have the item is NULL. */
typedef void (*schema_diff_fn)(void *ctx, const struct schema_item *a, const struct schema_item *b);
/* Calls fn for every item that only one has, or that is not the same in both; returns how many. */
size_t schema_diff(const struct schema *a, const struct schema *b, schema_diff_fn fn, void *ctx);
