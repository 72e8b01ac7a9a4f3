#pragma once

/*
 * The database's own record of its migrations: schema_migrations (one row an applied one) and
 * schema_backfills (one row an online one, with its progress). Private to src/store.
 */

#include "base/arena.h"
#include "store/migrate_files.h"
#include "store/sql.h"

/* Inside a transaction: makes the tables, or brings those of the first release up to date. */
MUST_CHECK enum err migrate_books_make(struct sql_conn *c);
/* All rows, by version. None if there are no tables. */
MUST_CHECK enum err migrate_books_read(struct sql_conn *c, struct arena *arena,
                                       struct migration_row **rows, size_t *count);
/* Inside the transaction that applies m. */
MUST_CHECK enum err migrate_books_add(struct sql_conn *c, const struct migration *m,
                                      int64_t now_ms);
/*
 * Are these rows such that a program with that list may use the database? Sets the changed flags.
 * STORE_NEWER; STORE: a gap, or a migration that has changed. `why` gets a sentence.
 */
MUST_CHECK enum err migrate_books_check(struct migration_row *rows, size_t count,
                                        const struct migration_list *list, char *why,
                                        size_t why_len);
