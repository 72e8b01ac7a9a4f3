#pragma once

/* The migrations in hand: those in the binary, or those of a folder. Private to migrate.c. */

#include "base/arena.h"
#include "base/errors.h"
#include "store/migrate.h"

enum { MIGRATIONS_MAX = 1000, MIGRATION_BYTES_MAX = 1024 * 1024 };

struct migration_list {
    struct migration_file *files; /* files[i] is version i + 1 */
    size_t count;
    struct arena arena; /* owns the array, and names and texts that were read from a folder */
};

/* dir NULL: migrations_embedded. STORE (bad name, gap, too large), IO, NO_MEMORY; `why` gets a
 * sentence or stays empty. */
MUST_CHECK enum err migration_list_init(struct migration_list *l, const char *dir, char *why,
                                        size_t why_len);
void migration_list_deinit(struct migration_list *l);
