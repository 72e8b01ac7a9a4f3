/*
 * Deleting what banned people have written lately. Messages are not indexed by author, since every
 * post would pay for that; ids are times, though, so the end of each channel is looked through from
 * the moment on that the moderator named.
 */

#include "core/core_priv.h"
#include "core/message_removal.h"
#include "core/moderation_priv.h"
#include "core/tasks_priv.h"
#include "proto/member_events.h"
#include "store/moderation_jobs.h"

/* ---- the beginning ---- */

enum err ban_messages_begin(struct tx *tx, const struct actor *by, struct guild_id guild,
                            const uint64_t *users, size_t count, uint32_t delete_s,
                            struct arena *arena)
{
    bool inserted;
    struct moderation_job job = {.id = tx_id(tx),
                                 .guild = guild,
                                 .actor = by->who->user,
                                 .since_ms = tx_now_ms(tx) - (int64_t)delete_s * 1000,
                                 .ids = users,
                                 .id_count = count};
    struct task t = {
        .id = job.id, .kind = TASK_BAN_MESSAGES, .subject = job.id, .created_at_ms = tx_now_ms(tx)};
    enum err e = moderation_jobs_insert(tx_sql(tx), &job, arena);
    return e == ERR_OK ? tasks_insert(tx_sql(tx), &t, &inserted) : e;
}

/* ---- looking; cursors: the channel, and the message in it that was looked at last ---- */

struct look {
    struct task_run *run;
    struct moderation_job job;
    struct authored_message *page; /* of TASK_LOOKED_AT */
    size_t looked_at;
};

static bool is_theirs(const struct moderation_job *j, struct user_id author)
{
    for (size_t i = 0; i < j->id_count; i++)
        if (j->ids[i] == author.v)
            return true;
    return false;
}

static enum err next_channel(struct tx *tx, struct look *l)
{
    struct removal_scan *scan = &l->run->scan;
    struct channel_id next;
    uint64_t from = scan->a == 0 ? 0 : scan->a + 1;
    enum err e = guild_removal_next_channel(tx_sql(tx), l->job.guild, from, &next);
    if (e != ERR_OK)
        return e;
    scan->ended = next.v == 0;
    scan->a = next.v;
    scan->b = 0;
    return ERR_OK;
}

/* Some messages of the channel; *more: it has more. The job's id is of the moment of the ban: what
 * was written after it is not looked at, be it by somebody who was let in again. */
static enum err look_at_page(struct tx *tx, struct look *l, bool *more)
{
    struct task_run *x = l->run;
    size_t count;
    uint64_t floor = snowflake_at(l->job.since_ms) - 1;
    uint64_t after = x->scan.b > floor ? x->scan.b : floor;
    struct channel_id channel = {x->scan.a};
    bool later = false;
    enum err e = authored_messages(tx_sql(tx), channel, after, TASK_LOOKED_AT, l->page, &count);
    for (size_t i = 0; i < count && e == ERR_OK && x->found < TASK_EVENTS; i++) {
        later = l->page[i].id.v > l->job.id;
        if (later)
            break;
        x->scan.b = l->page[i].id.v;
        if (is_theirs(&l->job, l->page[i].author))
            x->messages[x->found++] =
                (struct removal_message){channel, l->page[i].id, l->job.guild};
    }
    l->looked_at += count;
    *more = !later && (count == TASK_LOOKED_AT || x->found == TASK_EVENTS);
    return e;
}

/* Up to a channel with something to delete: what one step deletes is of one channel. */
static enum err look_on(struct tx *tx, struct look *l)
{
    struct task_run *x = l->run;
    bool more = x->scan.a != 0;
    enum err e = ERR_OK;
    for (int i = 0; i < TASK_CHANNELS && e == ERR_OK && x->found == 0; i++) {
        if (!more)
            e = next_channel(tx, l);
        if (e != ERR_OK || x->scan.ended || l->looked_at >= TASK_LOOKED_AT)
            return e;
        e = look_at_page(tx, l, &more);
    }
    return e;
}

static enum err read_messages(struct tx *tx, void *ctx)
{
    struct look *l = ctx;
    struct task_run *x = l->run;
    bool found;
    x->found = 0;
    x->scan = (struct removal_scan){x->task.cursor_a, x->task.cursor_b, false};
    l->looked_at = 0;
    enum err e = moderation_jobs_find(tx_sql(tx), x->task.subject, &x->arena, &l->job, &found);
    if (e != ERR_OK)
        return e;
    if (!found) {
        x->scan.ended = true; /* gone with its guild */
        return ERR_OK;
    }
    return look_on(tx, l);
}

static enum err look_messages(struct task_run *x)
{
    struct look l = {.run = x};
    arena_reset(&x->arena);
    l.page = arena_array(&x->arena, TASK_LOOKED_AT, sizeof *l.page);
    return l.page == NULL ? ERR_NO_MEMORY : store_read(x->core->store, read_messages, &l);
}

/* ---- deleting ---- */

/* Those that are there still: what was deleted since they were looked at was announced. */
static enum err delete_found(struct tx *tx, struct task_run *x, const struct place *p,
                             size_t *count)
{
    struct message_head list[TASK_EVENTS];
    uint64_t ids[TASK_EVENTS];
    struct slice delta;
    for (size_t i = 0; i < x->found; i++)
        ids[i] = x->messages[i].id.v;
    enum err e = messages_find_heads(tx, p, ids, x->found, &x->arena, list, count);
    if (e == ERR_OK)
        e = messages_remove(tx, p, &task_actor, list, *count, &x->arena, &delta);
    for (size_t i = 0; i < *count; i++)
        ids[i] = list[i].id.v;
    if (e != ERR_OK || *count == 0)
        return e;
    return place_emit(tx, p, event_messages_deleted(p->guild, p->channel, ids, *count, 0),
                      &task_actor, delta);
}

static enum err act_messages(struct tx *tx, struct task_run *x)
{
    struct dm_channel none;
    struct place p;
    size_t count = 0;
    bool there = false;
    enum err e = ERR_OK;
    if (x->found > 0)
        e = place_find(tx, x->messages[0].channel, &x->arena, &none, &p, &there);
    if (e == ERR_OK && there)
        e = place_lock(tx, &p);
    if (e == ERR_OK && there)
        e = delete_found(tx, x, &p, &count);
    x->task.cursor_a = x->scan.a;
    x->task.cursor_b = x->scan.b;
    x->task.done_rows += count;
    x->step_done = x->scan.ended; /* also when the guild is gone, with the job */
    return e;
}

static enum err act_end(struct tx *tx, struct task_run *x)
{
    x->step_done = true;
    return moderation_jobs_delete(tx_sql(tx), x->task.subject);
}

static const struct task_step steps[] = {
    {"deleting messages", look_messages, act_messages, NULL},
    {"ending", NULL, act_end, NULL},
};

const struct task_plan task_ban_messages = {
    .name = "ban_messages",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
