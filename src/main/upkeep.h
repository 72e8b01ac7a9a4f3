#pragma once

/*
 * Work that is never urgent, in small steps, on one thread of low priority: each row of a table has
 * a function that does one step and says whether there is more. Errors are logged once, and again
 * only when they change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"

struct upkeep;

struct upkeep_step {
    const char *name;
    uint64_t period_ms; /* from a step that left nothing to do to the next */
    /* One step, a few ms; *more (false at first): there is more to do now. Or ERR_*: again after a
     * period. */
    enum err (*fn)(void *ctx, bool *more);
    void *ctx;
};

enum { UPKEEP_STEPS_MAX = 16 }; /* bits of an uint32_t, too */

struct upkeep_options {
    const char *thread_name; /* at most 15 bytes */
    struct upkeep_step steps[UPKEEP_STEPS_MAX];
    size_t step_count;
    const struct clock *clock;
    const struct log *log;
};

/* NO_MEMORY. */
MUST_CHECK enum err upkeep_start(const struct upkeep_options *o, struct upkeep **out);
/* Any thread: all steps are due now; */
void upkeep_wake(struct upkeep *u);
/* or this one, by its place in the table. */
void upkeep_wake_step(struct upkeep *u, size_t step);
/* Any thread: true from upkeep_stop on; for steps that are longer than they should be. */
bool upkeep_is_stopping(struct upkeep *u);
/* Returns when the step under way has ended. NULL allowed. */
void upkeep_stop(struct upkeep **u);
