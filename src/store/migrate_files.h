#pragma once

/* The migrations in hand: those in the binary, or those of a folder. Private to src/store. */

#include "base/arena.h"
#include "base/errors.h"
#include "store/migrate.h"

enum {
    MIGRATIONS_MAX = 1000,
    MIGRATION_BYTES_MAX = 1024 * 1024,
    MIGRATION_ONLINE_ROWS_MAX = 10000,
    MIGRATION_CHECKSUM_LEN = 32 /* SHA-256 */
};

struct migration {
    const char *name;
    const unsigned char *text; /* a NUL follows */
    size_t len;
    uint64_t version;
    uint64_t compatible;   /* the oldest schema version whose programs run on this one */
    uint64_t needs;        /* the online migration that must have finished before; 0: none */
    uint64_t online_rows;  /* an online one: rows that a step changes at most; 0: not online */
    const char *statement; /* of an online one: a step; its address is a key of statement caches */
    unsigned char checksum[MIGRATION_CHECKSUM_LEN];
};

struct migration_list {
    struct migration *items; /* items[i] is version i + 1 */
    size_t count;
    struct arena arena; /* owns the array, and names and texts that were read from a folder */
};

/* Those of dir/backend, or of the binary if dir is NULL. STORE (bad name or header, gap, too
 * large), IO, NO_MEMORY; `why` gets a sentence or stays empty. */
MUST_CHECK enum err migration_list_init(struct migration_list *l, const char *dir,
                                        const char *backend, char *why, size_t why_len);
void migration_list_deinit(struct migration_list *l);

/* Fills in what the head of m's text says, and the step of an online one (in the arena). STORE: a
 * number that is none, or more than one statement; `why` gets a sentence. */
MUST_CHECK enum err migration_read_header(struct migration *m, struct arena *arena, char *why,
                                          size_t why_len);
