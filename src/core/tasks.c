/*
 * Running tasks. A step is: look (reads outside of the transaction, if it has any), then one
 * closure that takes the task's row, does the work and moves the row. Whoever else runs the same
 * task waits at that row and then finds it moved, so that a step is done once, whoever does it.
 */

#include "core/tasks_priv.h"

enum { TASKS_LOOKED_AT = 64 };

const struct actor task_actor = {0};

static const struct task_plan *plan_of(enum task_kind kind)
{
    switch (kind) {
    case TASK_GUILD_DELETE:
        return &task_guild_delete;
    case TASK_USER_ERASE:
        return &task_user_erase;
    case TASK_CHANNEL_DELETE:
        return &task_channel_delete;
    case TASK_ROLE_DELETE:
        return &task_role_delete;
    case TASK_BAN_MESSAGES:
        return &task_ban_messages;
    case TASK_PRUNE:
        return &task_prune;
    case TASK_SCREENING_OPEN:
        return &task_screening_open;
    case TASK_PROFILE_TELL:
        return &task_profile_tell;
    case TASK_SEARCH_REBUILD:
        return &task_search_rebuild;
    case TASK_MESSAGE_PARTS:
        return &task_message_parts;
    }
    return NULL; /* of a later version: it stays until that one runs again */
}

static const struct task_step *step_of(const struct task *t)
{
    const struct task_plan *plan = plan_of(t->kind);
    return plan != NULL && t->step < plan->step_count ? &plan->steps[t->step] : NULL;
}

static bool same_place(const struct task *a, const struct task *b)
{
    return a->step == b->step && a->cursor_a == b->cursor_a && a->cursor_b == b->cursor_b &&
           a->done_rows == b->done_rows;
}

/* ---- one step ---- */

static void go_to(struct task *t, uint64_t step)
{
    t->step = step;
    t->cursor_a = 0;
    t->cursor_b = 0;
}

static enum err move(struct tx *tx, struct task_run *x)
{
    struct task *t = &x->task;
    if (x->step_done)
        go_to(t, t->step + 1);
    if (x->back)
        go_to(t, 0);
    x->finished = t->step == plan_of(t->kind)->step_count;
    return x->finished ? tasks_delete(tx_sql(tx), t->id) : tasks_save(tx_sql(tx), t);
}

struct attempt {
    struct task_run *run;
    struct task before;
    bool moved; /* out */
};

static enum err act(struct tx *tx, void *ctx)
{
    struct attempt *a = ctx;
    struct task_run *x = a->run;
    bool found;
    x->step_done = x->waits = x->back = x->finished = false;
    a->moved = false;
    arena_reset(&x->arena);
    enum err e = tasks_take(tx_sql(tx), a->before.id, tx_now_ms(tx), &x->task, &found);
    if (e != ERR_OK || !found || !same_place(&x->task, &a->before))
        return e; /* somebody else did it */
    const struct task_step *step = step_of(&x->task);
    if (step->act != NULL)
        e = step->act(tx, x);
    else
        x->step_done = true; /* done outside, a moment ago */
    if (e == ERR_OK && !x->waits) {
        e = move(tx, x);
        a->moved = true;
    }
    return e;
}

/* *moved: the task is further on, by whomever. */
static enum err run_step(struct task_run *x, bool *moved)
{
    struct attempt a = {.run = x, .before = x->task};
    const struct task_step *step = step_of(&x->task);
    *moved = false;
    if (step == NULL)
        return ERR_OK;
    enum err e = ERR_OK;
    if (step->look != NULL)
        e = step->look(x);
    if (e == ERR_OK && step->outside != NULL)
        e = step->outside(x);
    if (e == ERR_RETRY && step->outside != NULL)
        return ERR_OK; /* not now */
    if (e == ERR_OK)
        e = store_write(x->core->store, act, &a);
    if (e == ERR_OK)
        *moved = !x->waits;
    return e;
}

static void say_end(const struct task_run *x)
{
    const struct task_plan *plan = plan_of(x->task.kind);
    log_info(x->core->o.log, "tasks", "a task is done", LOG_S("task", plan->name),
             LOG_U("subject", x->task.subject), LOG_U("rows", x->task.done_rows));
    if (plan->ended != NULL)
        plan->ended(x->core, x->task.subject);
}

static enum err run_task(struct core *c, const struct task *t, bool *moved)
{
    struct task_run *x = mem_zalloc(MEM_CORE, sizeof *x);
    if (x == NULL)
        return ERR_NO_MEMORY;
    x->core = c;
    x->task = *t;
    arena_init(&x->arena, MEM_CORE, TASK_ARENA_BYTES);
    enum err e = run_step(x, moved);
    if (e == ERR_OK && x->finished)
        say_end(x);
    guild_view_unref(&x->view);
    task_prepared_free(&x->prepared);
    arena_deinit(&x->arena);
    mem_free(MEM_CORE, x);
    return e;
}

/* ---- whose turn it is ---- */

struct task_list {
    struct task tasks[TASKS_LOOKED_AT];
    size_t count;
    uint64_t after;
};

static enum err read_tasks(struct tx *tx, void *ctx)
{
    struct task_list *l = ctx;
    enum err e = tasks_after(tx_sql(tx), l->after, TASKS_LOOKED_AT, l->tasks, &l->count);
    size_t from_start = 0;
    if (e == ERR_OK && l->after != 0 && l->count < TASKS_LOOKED_AT)
        e = tasks_after(tx_sql(tx), 0, TASKS_LOOKED_AT - l->count, l->tasks + l->count,
                        &from_start);
    l->count += from_start; /* those after `after` twice: harmless */
    return e;
}

/* In turn, beginning after the one that was last: none starves, and one that waits for another does
 * not stand in its way. */
enum err core_task_step(struct core *c, bool *more)
{
    struct task_list l = {.after = atomic_load_explicit(&c->task_last, memory_order_relaxed)};
    bool moved = false;
    enum err failed = ERR_OK;
    enum err e = store_read(c->store, read_tasks, &l);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < l.count && !moved; i++) {
        e = run_task(c, &l.tasks[i], &moved);
        atomic_store_explicit(&c->task_last, l.tasks[i].id, memory_order_relaxed);
        if (failed == ERR_OK)
            failed = e;
    }
    *more = moved;
    return moved ? ERR_OK : failed;
}

/* ---- telling whoever does the steps ---- */

void core_on_task(struct core *c, void (*fn)(void *ctx), void *ctx)
{
    if (fn != NULL)
        c->on_task_ctx = ctx;
    atomic_store_explicit(&c->on_task, fn, memory_order_release);
}

void tasks_begun(struct core *c)
{
    void (*fn)(void *) = atomic_load_explicit(&c->on_task, memory_order_acquire);
    if (fn != NULL)
        fn(c->on_task_ctx);
}

/* ---- progress ---- */

struct progress_read {
    enum task_kind kind;
    uint64_t subject;
    struct task task;
    bool found;
};

static enum err read_progress(struct tx *tx, void *ctx)
{
    struct progress_read *r = ctx;
    return tasks_find(tx_sql(tx), r->kind, r->subject, &r->task, &r->found);
}

enum err core_task_progress(struct core *c, enum task_kind kind, uint64_t subject,
                            struct task_progress *out)
{
    struct progress_read r = {.kind = kind, .subject = subject};
    enum err e = store_read(c->store, read_progress, &r);
    if (e != ERR_OK)
        return e;
    const struct task_step *step = r.found ? step_of(&r.task) : NULL;
    *out = (struct task_progress){.running = r.found,
                                  .what = step != NULL ? step->what : "",
                                  .step = (unsigned)r.task.step + 1,
                                  .steps = (unsigned)plan_of(kind)->step_count,
                                  .done_rows = r.task.done_rows};
    return ERR_OK;
}
