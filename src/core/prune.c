/*
 * Pruning. Who is to go is found by looking at all members page by page, outside of any write; the
 * closure that takes some of them out looks at each once more, for they may have been given a role
 * or have come back since.
 */

#include "core/prune.h"

#include "base/limits.h"
#include "core/acting.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/member_change.h"
#include "core/tasks_priv.h"
#include "store/guilds.h"
#include "store/members.h"
#include "store/moderation_jobs.h"

enum {
    PAGE = 2000,
    PAGES_COUNTED = 100, /* members looked at to count: 200,000 */
    BYTES_MAX = 1024 * 1024
};
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* ---- counting ---- */

static enum err check_roles(const struct access *now, const struct prune_wish *wish)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < wish->role_count && e == ERR_OK; i++)
        e = acting_role(now, (struct role_id){wish->roles[i]});
    return e;
}

struct count {
    struct guild_id guild;
    struct user_id owner;
    struct user_id actor;
    int64_t since_ms;
    const struct prune_wish *wish;
    struct prune_row *page;
    uint64_t last;
    size_t looked_at; /* of the last page */
    uint64_t found;
    uint64_t member_count;
};

static enum err count_page(struct tx *tx, void *ctx)
{
    struct count *x = ctx;
    size_t count;
    uint64_t last;
    enum err e = prune_page(tx_sql(tx), x->guild, x->last, PAGE, x->since_ms, x->wish->roles,
                            x->wish->role_count, x->page, &count, &last, &x->looked_at);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++) {
        const struct prune_row *row = &x->page[i];
        x->found += !row->bot && row->user.v != x->owner.v && row->user.v != x->actor.v;
    }
    x->last = last;
    return ERR_OK;
}

static enum err read_member_count(struct tx *tx, void *ctx)
{
    struct count *x = ctx;
    return guilds_member_count(tx_sql(tx), x->guild, &x->member_count);
}

static enum err count_all(struct core *c, struct count *x, uint64_t *out)
{
    enum err e = ERR_OK;
    uint64_t total = 0;
    x->looked_at = PAGE;
    for (int i = 0; i < PAGES_COUNTED && e == ERR_OK && x->looked_at == PAGE; i++) {
        e = store_read(c->store, count_page, x);
        total += x->looked_at;
    }
    if (e == ERR_OK && x->looked_at == PAGE)
        e = store_read(c->store, read_member_count, x);
    if (e != ERR_OK)
        return e;
    bool all = x->looked_at < PAGE || x->member_count <= total;
    *out = all ? x->found : (uint64_t)((double)x->found / (double)total * (double)x->member_count);
    return ERR_OK;
}

static int64_t since(int64_t now_ms, const struct prune_wish *wish)
{
    return now_ms - (int64_t)wish->days * DAY_MS;
}

enum err prune_count(struct core *c, const struct access *a, const struct prune_wish *wish,
                     uint64_t *count)
{
    struct arena arena;
    enum err e = check_roles(a, wish);
    if (e != ERR_OK)
        return e;
    struct count x = {.guild = a->view->guild.id,
                      .owner = a->view->guild.owner,
                      .actor = a->subject.user,
                      .since_ms = since(clock_wall_ms(c->o.clock), wish),
                      .wish = wish};
    arena_init(&arena, MEM_CORE, BYTES_MAX);
    x.page = arena_array(&arena, PAGE, sizeof *x.page);
    e = x.page == NULL ? ERR_NO_MEMORY : count_all(c, &x, count);
    arena_deinit(&arena);
    return e;
}

/* ---- the beginning ---- */

struct beginning {
    const struct actor *by;
    const struct access *a;
    const struct prune_wish *wish;
    struct arena arena;
    struct access now;
};

static enum err begin(struct tx *tx, void *ctx)
{
    struct beginning *x = ctx;
    bool inserted;
    const uint64_t need = PERMISSION_KICK_MEMBERS | PERMISSION_MANAGE_GUILD;
    enum err e = acting_begin(tx, x->a, need, &x->arena, &x->now);
    if (e == ERR_OK)
        e = check_roles(&x->now, x->wish);
    if (e != ERR_OK)
        return e;
    struct moderation_job job = {.id = tx_id(tx),
                                 .guild = x->now.view->guild.id,
                                 .actor = x->now.subject.user,
                                 .since_ms = since(tx_now_ms(tx), x->wish),
                                 .days = x->wish->days,
                                 .ids = x->wish->roles,
                                 .id_count = x->wish->role_count,
                                 .reason = x->by->reason};
    struct task t = {
        .id = job.id, .kind = TASK_PRUNE, .subject = job.id, .created_at_ms = tx_now_ms(tx)};
    e = moderation_jobs_insert(tx_sql(tx), &job, &x->arena);
    return e == ERR_OK ? tasks_insert(tx_sql(tx), &t, &inserted) : e;
}

enum err prune_begin(struct core *c, const struct actor *by, const struct access *a,
                     const struct prune_wish *wish)
{
    struct beginning x = {.by = by, .a = a, .wish = wish};
    arena_init(&x.arena, MEM_CORE, BYTES_MAX);
    enum err e = store_write(c->store, begin, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        tasks_begun(c);
    return e;
}

/* ---- the steps; cursor_a: the member looked at last ---- */

/* Whose task it is, as the actor of its events. */
struct pruner {
    struct moderation_job job;
    bool found; /* with a guild that is there */
    struct principal who;
    struct actor by;
};

static enum err find_job(struct tx *tx, struct task_run *x, struct pruner *p)
{
    bool deleting = false;
    *p = (struct pruner){.found = false};
    enum err e = moderation_jobs_find(tx_sql(tx), x->task.subject, &x->arena, &p->job, &p->found);
    if (e == ERR_OK && p->found)
        e = guild_removal_state(tx_sql(tx), p->job.guild, &p->found, &deleting);
    p->found = p->found && !deleting;
    p->who.user = p->job.actor;
    p->by = (struct actor){.who = &p->who, .reason = p->job.reason};
    return e;
}

/* Some who may go: x->rows[].a. */
static enum err read_candidates(struct tx *tx, void *ctx)
{
    struct task_run *x = ctx;
    struct pruner p;
    size_t count, looked_at;
    uint64_t last;
    x->found = 0;
    arena_reset(&x->arena);
    struct prune_row *page = arena_array(&x->arena, TASK_LOOKED_AT, sizeof *page);
    enum err e = page == NULL ? ERR_NO_MEMORY : find_job(tx, x, &p);
    if (e != ERR_OK || !p.found) {
        x->scan.ended = true;
        return e;
    }
    e = prune_page(tx_sql(tx), p.job.guild, x->scan.a, TASK_LOOKED_AT, p.job.since_ms, p.job.ids,
                   p.job.id_count, page, &count, &last, &looked_at);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count && x->found < TASK_EVENTS; i++)
        if (!page[i].bot && page[i].user.v != p.job.actor.v)
            x->rows[x->found++].a = page[i].user.v;
    bool full = x->found == TASK_EVENTS;
    x->scan.a = full ? x->rows[x->found - 1].a : (last != 0 ? last : x->scan.a);
    x->scan.ended = !full && looked_at < TASK_LOOKED_AT;
    return ERR_OK;
}

static enum err look_members(struct task_run *x)
{
    enum err e = ERR_OK;
    x->found = 0;
    x->scan = (struct removal_scan){x->task.cursor_a, 0, false};
    for (int i = 0; i < TASK_READS && e == ERR_OK && x->found == 0 && !x->scan.ended; i++)
        e = store_read(x->core->store, read_candidates, x);
    return e;
}

static bool is_protected(const struct moderation_job *job, const struct member *m)
{
    for (size_t i = 0; i < m->role_count; i++) {
        bool named = false;
        for (size_t k = 0; k < job->id_count && !named; k++)
            named = job->ids[k] == m->roles[i].v;
        if (!named)
            return true;
    }
    return false;
}

static enum err take_out(struct tx *tx, struct task_run *x, const struct pruner *p,
                         struct user_id owner, struct user_id user)
{
    struct member m;
    enum err e = members_find(tx_sql(tx), p->job.guild, user, &x->arena, &m);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
    bool seen = m.user.seen_at_ms >= p->job.since_ms || m.joined_at_ms >= p->job.since_ms;
    if (seen || user.v == owner.v || is_protected(&p->job, &m))
        return ERR_OK;
    x->task.done_rows++;
    return member_depart(tx, &p->by, &m);
}

static enum err take_out_all(struct tx *tx, struct task_run *x, const struct pruner *p)
{
    struct guild_record r;
    enum err e = tx_lock(tx, core_guild_stream(p->job.guild));
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), p->job.guild, &x->arena, &r);
    for (size_t i = 0; i < x->found && e == ERR_OK; i++)
        e = take_out(tx, x, p, r.guild.owner, (struct user_id){x->rows[i].a});
    return e;
}

static enum err act_members(struct tx *tx, struct task_run *x)
{
    struct pruner p;
    enum err e = find_job(tx, x, &p);
    if (e == ERR_OK && p.found && x->found > 0)
        e = take_out_all(tx, x, &p);
    x->task.cursor_a = x->scan.a;
    x->step_done = x->scan.ended || (e == ERR_OK && !p.found);
    return e;
}

static enum err audit(struct tx *tx, const struct task_run *x, const struct pruner *p)
{
    struct audit_note n;
    audit_note_init(&n);
    audit_option_number(&n, "delete_member_days", p->job.days);
    audit_option_number(&n, "members_removed", x->task.done_rows);
    enum err e = tx_lock(tx, core_guild_stream(p->job.guild));
    if (e == ERR_OK)
        e = audit_write(tx, &p->by, p->job.guild, AUDIT_MEMBER_PRUNE, 0, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err act_end(struct tx *tx, struct task_run *x)
{
    struct pruner p;
    x->step_done = true;
    enum err e = find_job(tx, x, &p);
    if (e == ERR_OK && p.found)
        e = audit(tx, x, &p);
    return e == ERR_OK ? moderation_jobs_delete(tx_sql(tx), x->task.subject) : e;
}

static const struct task_step steps[] = {
    {"removing members", look_members, act_members, NULL},
    {"writing the audit log", NULL, act_end, NULL},
};

const struct task_plan task_prune = {
    .name = "prune",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
