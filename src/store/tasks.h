#pragma once

/*
 * Tasks: long work that is done in small steps and goes on after a restart (core/tasks.c does it).
 * A row says where the work stands; each step moves it in the transaction that does the step's
 * work, so that no step is done twice or left out.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "store/sql.h"

enum task_kind {
    TASK_GUILD_DELETE = 1,
    TASK_USER_ERASE = 2,
    TASK_CHANNEL_DELETE = 3,
    TASK_ROLE_DELETE = 4,
    TASK_BAN_MESSAGES = 5,
    TASK_PRUNE = 6,
    TASK_SCREENING_OPEN = 7,
    TASK_PROFILE_TELL = 19,
    TASK_SEARCH_REBUILD = 20,
    TASK_MESSAGE_PARTS = 21
};

struct task {
    uint64_t id;
    enum task_kind kind; /* may be a number that this version does not know */
    uint64_t subject;    /* of the guild, of the user ... */
    uint64_t step;
    uint64_t cursor_a; /* what they mean is the step's affair; 0 when a step begins, unless the task
                        * was inserted with a cursor_a */
    uint64_t cursor_b;
    uint64_t done_rows;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

/* *inserted: false if there is one of that kind for that subject already. */
MUST_CHECK enum err tasks_insert(struct sql_conn *c, const struct task *t, bool *inserted);
/* *found: false if there is none, and *out is untouched. */
MUST_CHECK enum err tasks_find(struct sql_conn *c, enum task_kind kind, uint64_t subject,
                               struct task *out, bool *found);
/* The first `limit` with id > after, ascending. */
MUST_CHECK enum err tasks_after(struct sql_conn *c, uint64_t after, size_t limit, struct task *list,
                                size_t *count);
/* The task as it is now, held until the end of the transaction: nobody else does its next step. To
 * be called before any lock is taken. */
MUST_CHECK enum err tasks_take(struct sql_conn *c, uint64_t id, int64_t now_ms, struct task *out,
                               bool *found);
/* Step, cursors and done_rows. */
MUST_CHECK enum err tasks_save(struct sql_conn *c, const struct task *t);
/* From the first step again. */
MUST_CHECK enum err tasks_restart(struct sql_conn *c, enum task_kind kind, uint64_t subject);
MUST_CHECK enum err tasks_delete(struct sql_conn *c, uint64_t id);
