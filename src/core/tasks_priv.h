#pragma once

/* What the kinds of tasks (guild_delete.c, user_erase.c) and their runner (tasks.c) share. */

#include "core/core_priv.h"
#include "core/tasks.h"
#include "store/guild_removal.h"
#include "store/user_removal.h"

enum {
    TASK_ROWS = 400,       /* deleted by one step, when nobody needs to be told */
    TASK_EVENTS = 48,      /* events emitted by one step; each locks a stream, see tx_lock */
    TASK_LOOKED_AT = 2000, /* rows looked at by one read */
    TASK_READS = 5,        /* reads before a step says where it stands */
    TASK_CHANNELS = 64,    /* empty ones passed by one step */
    TASK_ARENA_BYTES = 1024 * 1024
};

/* One step under way. */
struct task_run {
    struct core *core;
    struct task task; /* as it was taken; the step moves cursors and done_rows */
    bool step_done;   /* out: nothing is left of this step */
    bool waits;       /* out: for another task; nothing was done */
    bool back;        /* out: from the first step again */
    bool finished;    /* out: of the whole task */
    struct arena arena;
    struct guild_view *view; /* of the guild that the step changed; a closure may run again */
    /* What look() found for the closure; holds for just these cursors. */
    struct removal_scan scan;
    struct removal_message messages[TASK_EVENTS];
    struct removal_scan rows[TASK_ROWS];
    size_t found;
    struct removal_membership membership;
    struct removal_heir heir;
    /* search_rebuild.c: what look() made for the closure; owned. */
    struct task_prepared *prepared;
};

struct task_step {
    const char *what;
    /* Outside of the transaction: reads that would be too long for it. NULL: none. */
    enum err (*look)(struct task_run *x);
    /* In the transaction. */
    enum err (*act)(struct tx *tx, struct task_run *x);
    /* Outside of any transaction instead of act: what can only be done there. */
    enum err (*outside)(struct task_run *x);
};

struct task_plan {
    const char *name;
    const struct task_step *steps;
    size_t step_count;
    void (*ended)(struct core *c, uint64_t subject); /* after the last commit; NULL: nothing */
};

extern const struct task_plan task_guild_delete;
extern const struct task_plan task_user_erase;
extern const struct task_plan task_channel_delete;
extern const struct task_plan task_role_delete;
extern const struct task_plan task_ban_messages;
extern const struct task_plan task_prune;
extern const struct task_plan task_screening_open;
extern const struct task_plan task_search_rebuild;
extern const struct task_plan task_message_parts;

/* NULL is allowed. */
void task_prepared_free(struct task_prepared **p);

extern const struct task_plan task_profile_tell;
/* In a closure: the user's guilds are told what the user looks like now. */
MUST_CHECK enum err profile_tell_begin(struct tx *tx, struct user_id user);

/* After the commit of what has begun a task: it need not wait for anybody's next look. */
void tasks_begun(struct core *c);
/* In a closure that holds the guild's stream. UNKNOWN_GUILD. */
MUST_CHECK enum err guild_delete_begin(struct tx *tx, struct guild_id id);
/* Nobody's request: events of tasks have no actor. */
extern const struct actor task_actor;
