#pragma once

/* Online migrations, for store.c and migrate.c: see backfill.h. */

#include "store/migrate_files.h"
#include "store/sql.h"

struct backfill;
struct store;

/* Looks whether anything is under way; then s->backfill is made. Errors as of store_read and
 * migration_list_init. */
MUST_CHECK enum err backfill_open(struct store *s, const char *migrations_dir, char *why,
                                  size_t why_len);
/* NULL allowed. No step may be under way. */
void backfill_close(struct backfill **b);

/*
 * Runs m to its end on a connection outside of a transaction, with foreign keys on. Calls `watch`
 * once a second; STOPPING when it says so. Does nothing if m has finished.
 */
MUST_CHECK enum err backfill_finish(struct sql_conn *c, const struct migration *m,
                                    const struct clock *clock, migrate_watch_fn watch, void *ctx);
