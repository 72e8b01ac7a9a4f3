#pragma once

/*
 * Moving a whole store to another place: PostgreSQL, or a data folder. Reading goes on; writes must
 * be frozen (store_freeze), and stay so, or what is written after the copy is lost to it.
 */

#include "store/store.h"
#include "store/table_copy.h"

struct move {
    struct store *from; /* frozen */
    const char *to;     /* postgres://..., or sqlite:FOLDER */
    struct arena *arena;
    table_progress_fn progress; /* NULL allowed */
    void *ctx;
    const struct clock *clock;
    const struct log *log;
};

/*
 * Makes the schema at the target, copies everything in one transaction, reads it back and compares.
 * On any error the target has no rows. `why` gets a sentence, without a password. INVALID_FORM:
 * `to` is not an address; STORE_CONFLICT: there is an installation at the target already;
 * STORE_LOCKED; else as store_open and table_copy_run.
 */
MUST_CHECK enum err store_move(const struct move *m, struct table_sums *sums, char *why,
                               size_t why_len);
