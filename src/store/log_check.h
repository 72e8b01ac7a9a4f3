#pragma once

/*
 * Checks of what can be derived: the log's positions, counters, and who and what there is by the
 * log, compared with what the entities say. While serving: all reads are short and go on by key,
 * and are compared with the log as of the very moment of each read, so that writes under way are no
 * findings. A new thing that is derived from entities or log is one more row of log_checks.
 *
 * What is repaired: counters, and a stream's head that is behind its rows. What is lost is told,
 * and never made up.
 */

#include "store/store.h"

enum { LOG_FINDING_MAX = 192 };

struct log_finding {
    const char *kind; /* what is wrong, in a word: "member_count" ... */
    char text[LOG_FINDING_MAX];
    bool repaired;
};

struct log_check_run {
    struct store *store;
    bool repair;
    void (*on_finding)(void *ctx, const struct log_finding *f);
    bool (*stopped)(void *ctx); /* true: end early, with STOPPING */
    void *ctx;
    /* Out: of the check that ran last. */
    uint64_t looked_at;
    uint64_t findings;
    uint64_t repaired;
};

struct log_check {
    const char *name;
    const char *unit; /* what looked_at counts */
    enum err (*fn)(struct log_check_run *r);
};

extern const struct log_check log_checks[];
extern const size_t log_check_count;

/* Findings are not errors. STOPPING, or why the store could not be read or written. Blocks; not
 * inside a transaction. */
MUST_CHECK enum err log_check_run(const struct log_check *c, struct log_check_run *r);
