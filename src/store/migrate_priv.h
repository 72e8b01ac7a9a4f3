#pragma once

/* What the operator's side of migrations shares: migrate_target.c, migrate_verify.c. */

#include "store/migrate_files.h"
#include "store/sql.h"

struct migrate_work {
    const struct migrate_target *target;
    struct sql_conn *sql;
    struct migration_list list; /* the program's */
    char *why;
    size_t why_len;
};

typedef enum err (*migrate_target_fn)(struct migrate_work *w, void *ctx);
/* Connects, collects the program's migrations, calls fn, and closes; `why` is never empty after an
 * error. */
MUST_CHECK enum err migrate_with_target(const struct migrate_target *t, bool write,
                                        migrate_target_fn fn, void *ctx, char *why, size_t why_len);
