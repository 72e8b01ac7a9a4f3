#include "main/chores.h"

#include "base/mem.h"
#include "core/audit.h"
#include "core/invites.h"
#include "core/media.h"
#include "core/media_files.h"
#include "core/polls.h"
#include "core/retention.h"
#include "core/tasks.h"
#include "core/uploads.h"
#include "main/upkeep.h"
#include "ops/backup_schedule.h"
#include "store/backfill.h"
#include "store/event_log_trim.h"
#include "store/space.h"

enum { SECOND_MS = 1000, HOUR_MS = 60 * 60 * 1000, MINUTE_MS = 60 * 1000, DAY_MS = 24 * HOUR_MS };

struct chores {
    struct ops *ops;
    uint64_t keep_ms;       /* of the event log; 0: for ever */
    uint64_t keep_audit_ms; /* likewise of the audit log */
    uint64_t keep_messages_s;
    struct retention_walk messages;
    struct stream trimmed;
    struct upkeep *upkeep;
    bool tasks_running;
    struct backup_schedule schedule;
    struct upkeep *backups; /* NULL: none are scheduled */
};

static enum err do_task(void *ctx, bool *more)
{
    struct chores *c = ctx;
    enum err e = core_task_step(c->ops->core, more);
    /* What a task has deleted is free now: let that be looked at. */
    if (e == ERR_OK && c->tasks_running && !*more)
        upkeep_wake(c->upkeep);
    c->tasks_running = *more;
    return e;
}

static enum err do_backfill(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return backfill_step(c->ops->store, more);
}

static enum err trim_log(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return event_log_trim_step(c->ops->store, c->keep_ms, &c->trimmed, more);
}

static enum err trim_audit_log(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return audit_expire_step(c->ops->core, c->keep_audit_ms, more);
}

static enum err expire_messages(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return retention_step(c->ops->core, c->keep_messages_s, &c->messages, more);
}

static enum err expire_invites(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return invite_expire_step(c->ops->core, more);
}

static enum err collect_media(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return media_collect_step(c->ops->core, more);
}

static enum err sweep_media(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return media_sweep_step(c->ops->core, more);
}

static enum err expire_uploads(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return uploads_expire_step(c->ops->core, more);
}

static enum err end_polls(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return poll_end_step(c->ops->core, more);
}

static enum err give_space_back(void *ctx, bool *more)
{
    struct chores *c = ctx;
    return space_give_back(c->ops->store, more);
}

/* One row a kind of work: how often it is looked for. */
static const struct {
    const char *name;
    uint64_t period_ms;
    enum err (*fn)(void *ctx, bool *more);
} STEPS[] = {
    /* The first. Use-cases wake it (on_task); it looks by itself for those that wait for another,
     * and for what other servers of the same database have left behind. */
    {"tasks", SECOND_MS, do_task},
    {"online migrations", MINUTE_MS, do_backfill},
    {"event log retention", HOUR_MS, trim_log},
    {"audit log retention", HOUR_MS, trim_audit_log},
    {"message retention", 10 * MINUTE_MS, expire_messages},
    {"expired invites", MINUTE_MS, expire_invites},
    {"ended polls", SECOND_MS, end_polls},
    {"unused uploads", 10 * MINUTE_MS, expire_uploads},
    {"unused media", 10 * MINUTE_MS, collect_media},
    {"half-written media", HOUR_MS, sweep_media},
    {"free space", 5 * MINUTE_MS, give_space_back},
};
enum { STEP_TASKS, STEP_COUNT = sizeof STEPS / sizeof STEPS[0] };

static void on_task(void *ctx)
{
    struct chores *c = ctx;
    upkeep_wake_step(c->upkeep, STEP_TASKS);
}

static enum err start_upkeep(struct chores *c)
{
    struct upkeep_options o = {.thread_name = "upkeep",
                               .step_count = STEP_COUNT,
                               .clock = c->ops->clock,
                               .log = c->ops->log};
    for (size_t i = 0; i < STEP_COUNT; i++)
        o.steps[i] = (struct upkeep_step){STEPS[i].name, STEPS[i].period_ms, STEPS[i].fn, c};
    return upkeep_start(&o, &c->upkeep);
}

/* ---- scheduled backups: on a thread of their own, since one may take hours ---- */

static void on_output(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len; /* nobody waits for progress; how it ends is in the log */
}

static bool backups_are_stopping(void *ctx)
{
    struct chores *c = ctx;
    return upkeep_is_stopping(c->backups);
}

static enum err do_backup(void *ctx, bool *more)
{
    struct chores *c = ctx;
    const struct ops_io io = {c, on_output, backups_are_stopping};
    *more = false;
    return backup_schedule_run(&c->schedule, &io);
}

static enum err start_backups(struct chores *c, const struct config *config,
                              struct metrics *metrics)
{
    if (config->backup_folder[0] == '\0')
        return ERR_OK;
    c->schedule = (struct backup_schedule){.o = c->ops,
                                           .folder = config->backup_folder,
                                           .every_ms = config->backup_every_hours * HOUR_MS,
                                           .keep = config->backup_keep,
                                           .metrics = metrics};
    struct upkeep_options o = {.thread_name = "backups",
                               .steps = {{"scheduled backup", MINUTE_MS / 2, do_backup, c}},
                               .step_count = 1,
                               .clock = c->ops->clock,
                               .log = c->ops->log};
    return upkeep_start(&o, &c->backups);
}

enum err chores_start(const struct config *config, struct ops *ops, struct metrics *metrics,
                      struct chores **out)
{
    struct chores *c = mem_zalloc(MEM_MAIN, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->ops = ops;
    c->keep_ms = config->events_retention_days * DAY_MS;
    c->keep_audit_ms = config->audit_retention_days * DAY_MS;
    c->keep_messages_s = config->messages_retention_days * (DAY_MS / SECOND_MS);
    enum err e = start_upkeep(c);
    if (e == ERR_OK)
        e = start_backups(c, config, metrics);
    if (e != ERR_OK) {
        chores_stop(&c);
        return e;
    }
    core_on_task(ops->core, on_task, c);
    *out = c;
    return ERR_OK;
}

void chores_wake(void *ctx)
{
    struct chores *c = ctx;
    upkeep_wake(c->upkeep);
}

void chores_stop(struct chores **cp)
{
    struct chores *c = *cp;
    if (c == NULL)
        return;
    core_on_task(c->ops->core, NULL, NULL);
    upkeep_stop(&c->backups);
    upkeep_stop(&c->upkeep);
    mem_free(MEM_MAIN, c);
    *cp = NULL;
}
