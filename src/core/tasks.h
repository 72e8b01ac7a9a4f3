#pragma once

/*
 * Long work in small steps: deleting a guild, erasing a person. It is begun by a use-case
 * (guild_delete.h, user_erase.h) whose effect is there at once; the rest is done by whoever calls
 * core_task_step, and goes on after a restart. In the server that is the upkeep thread.
 */

#include "core/core.h"
#include "store/tasks.h"

/*
 * Does one step of one task: some hundred rows at most. *more: there is more to do now. Errors of
 * one task do not hold up another. Any thread that may block, also several at once.
 */
MUST_CHECK enum err core_task_step(struct core *c, bool *more);

/* Who calls core_task_step is told when a use-case has begun a task. fn: any thread, never blocks.
 * Given once; NULL when no use-case runs any more: nobody is told. */
void core_on_task(struct core *c, void (*fn)(void *ctx), void *ctx);

struct task_progress {
    bool running;     /* false: there is no such task (any more) */
    const char *what; /* what it is doing now */
    unsigned step;    /* from 1 */
    unsigned steps;
    uint64_t done_rows;
};
MUST_CHECK enum err core_task_progress(struct core *c, enum task_kind kind, uint64_t subject,
                                       struct task_progress *out);
