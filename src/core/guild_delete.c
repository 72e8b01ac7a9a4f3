/*
 * Deleting a guild. One closure marks it; from then on every repository that begins at the guild
 * does not find it, so that nothing can be changed or read in it, and the steps that follow have it
 * to themselves. Members are told first and the log goes last: a session that has missed something
 * still learns from its user's stream that the guild is gone.
 */

#include "core/guild_delete.h"

#include "core/guilds.h"
#include "core/media.h"
#include "core/tasks_priv.h"
#include "proto/events.h"
#include "store/attachments.h"
#include "store/guilds.h"
#include "store/read_states.h"

/* ---- the beginning ---- */

static enum err insert_task(struct tx *tx, struct guild_id id)
{
    struct task t = {.id = tx_id(tx),
                     .kind = TASK_GUILD_DELETE,
                     .subject = id.v,
                     .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

enum err guild_delete_begin(struct tx *tx, struct guild_id id)
{
    enum err e = guild_removal_begin(tx_sql(tx), id);
    return e == ERR_OK ? insert_task(tx, id) : e;
}

static enum err begin(struct tx *tx, void *ctx)
{
    const struct guild_id *id = ctx;
    bool found;
    bool deleting;
    enum err e = guild_removal_state(tx_sql(tx), *id, &found, &deleting);
    if (e != ERR_OK || !found)
        return e == ERR_OK ? ERR_UNKNOWN_GUILD : e;
    if (deleting)
        return insert_task(tx, *id); /* it has one, unless somebody has taken it away by hand */
    e = tx_lock(tx, core_guild_stream(*id));
    if (e == ERR_OK)
        e = guild_delete_begin(tx, *id);
    return e == ERR_UNKNOWN_GUILD ? ERR_OK : e; /* somebody else was faster */
}

enum err guild_delete(struct core *c, struct guild_id id)
{
    enum err e = id.v == 0 ? ERR_UNKNOWN_GUILD : store_write(c->store, begin, &id);
    if (e != ERR_OK)
        return e;
    views_forget(c, id);
    tasks_begun(c);
    log_info(c->o.log, "tasks", "a guild is being deleted", LOG_U("guild", id.v));
    return ERR_OK;
}

static enum err begin_own(struct tx *tx, void *ctx)
{
    const struct access *a = ctx;
    struct guild_record r;
    struct arena arena;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = access_recheck(tx, a, 0);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), a->view->guild.id, &arena, &r);
    if (e == ERR_OK && r.guild.owner.v != a->subject.user.v)
        e = ERR_NOT_OWNER;
    arena_deinit(&arena);
    return e == ERR_OK ? guild_delete_begin(tx, a->view->guild.id) : e;
}

enum err guild_delete_own(struct core *c, const struct access *a)
{
    struct guild_id id = a->view->guild.id;
    struct access copy = *a;
    enum err e = store_write(c->store, begin_own, &copy);
    if (e != ERR_OK)
        return e;
    views_forget(c, id);
    tasks_begun(c);
    log_info(c->o.log, "tasks", "a guild is being deleted by its owner", LOG_U("guild", id.v));
    return ERR_OK;
}

/* ---- the steps ---- */

static struct guild_id guild_of(const struct task_run *x)
{
    return (struct guild_id){x->task.subject};
}

static enum err act_members(struct tx *tx, struct task_run *x)
{
    struct user_id list[TASK_EVENTS];
    size_t count = 0;
    enum err e = guild_removal_first_members(tx_sql(tx), guild_of(x), TASK_EVENTS, list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = core_emit(tx, event_guild_left(list[i], guild_of(x)), &task_actor);
    if (e == ERR_OK && count > 0)
        e = guild_removal_members(tx_sql(tx), guild_of(x), list[count - 1], count);
    x->task.done_rows += count;
    x->step_done = count < TASK_EVENTS;
    return e;
}

static enum err act_invites(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = guild_removal_invites(tx_sql(tx), guild_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

/* What one channel holds; *rows 0 when it is empty. */
static enum err empty_channel(struct tx *tx, struct channel_id channel, uint64_t *rows)
{
    enum err e = guild_removal_messages(tx_sql(tx), channel, TASK_ROWS, tx_now_ms(tx), rows);
    if (e == ERR_OK && *rows == 0)
        e = guild_removal_nonces(tx_sql(tx), channel, TASK_ROWS, rows);
    if (e == ERR_OK && *rows == 0)
        e = read_states_forget_entity(tx_sql(tx), channel.v, TASK_ROWS, rows);
    return e;
}

/* cursor_a: the channel. */
static enum err act_messages(struct tx *tx, struct task_run *x)
{
    struct channel_id channel;
    uint64_t rows = 0;
    enum err e = ERR_OK;
    for (int i = 0; i < TASK_CHANNELS && e == ERR_OK && rows == 0; i++) {
        e = guild_removal_next_channel(tx_sql(tx), guild_of(x), x->task.cursor_a, &channel);
        if (e != ERR_OK)
            return e;
        x->step_done = channel.v == 0;
        if (x->step_done)
            return ERR_OK;
        e = empty_channel(tx, channel, &rows);
        x->task.cursor_a = rows > 0 ? channel.v : channel.v + 1;
    }
    x->task.done_rows += rows;
    return e;
}

static enum err act_channels(struct tx *tx, struct task_run *x)
{
    struct channel_id channel;
    uint64_t rows = 0;
    enum err e = guild_removal_next_channel(tx_sql(tx), guild_of(x), 0, &channel);
    if (e != ERR_OK)
        return e;
    x->step_done = channel.v == 0;
    if (x->step_done)
        return ERR_OK;
    e = guild_removal_overwrites(tx_sql(tx), channel, TASK_ROWS, &rows);
    if (e == ERR_OK && rows < TASK_ROWS)
        e = guild_removal_channel(tx_sql(tx), channel);
    x->task.done_rows += rows + (rows < TASK_ROWS);
    return e;
}

static enum err act_roles(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = guild_removal_roles(tx_sql(tx), guild_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

/* cursor_a: the kind of rows. */
static enum err act_parts(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum guild_part part = (enum guild_part)x->task.cursor_a;
    x->step_done = part >= GUILD_PART_EVENT_USERS;
    if (x->step_done)
        return ERR_OK;
    enum err e = guild_removal_part(tx_sql(tx), part, guild_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->task.cursor_a += rows < TASK_ROWS;
    return e;
}

/* Event by event, each when nobody is interested in it any more. */
static enum err act_events(struct tx *tx, struct task_run *x)
{
    bool more = true;
    enum err e = ERR_OK;
    for (int i = 0; i < TASK_CHANNELS && more && e == ERR_OK; i++) {
        uint64_t rows = 0;
        e = guild_removal_part(tx_sql(tx), GUILD_PART_EVENT_USERS, guild_of(x), TASK_ROWS, &rows);
        x->task.done_rows += rows;
        if (e != ERR_OK || rows == TASK_ROWS)
            return e;
        e = guild_removal_event(tx_sql(tx), guild_of(x), &more);
        x->task.done_rows += more;
    }
    x->step_done = !more;
    return e;
}

/* The files go when upkeep finds that nobody refers to them. */
static enum err act_media(struct tx *tx, struct task_run *x)
{
    unsigned gone = 0;
    enum err e = media_release_guild(tx, guild_of(x), TASK_ROWS, &gone);
    x->task.done_rows += gone;
    x->step_done = gone < TASK_ROWS;
    return e == ERR_OK && x->step_done ? usage_forget(tx_sql(tx), USAGE_GUILD, guild_of(x).v) : e;
}

static enum err act_log(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = guild_removal_log(tx_sql(tx), core_guild_stream(guild_of(x)), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

static enum err act_end(struct tx *tx, struct task_run *x)
{
    x->task.done_rows++;
    x->step_done = true;
    return guild_removal_end(tx_sql(tx), guild_of(x), core_guild_stream(guild_of(x)));
}

/* A loader that began before the mark may have brought a view back; by now all of them have ended.
 */
static void ended(struct core *c, uint64_t subject)
{
    views_forget(c, (struct guild_id){subject});
}

static const struct task_step steps[] = {
    {"telling the members", NULL, act_members, NULL},
    {"deleting invites", NULL, act_invites, NULL},
    {"deleting messages", NULL, act_messages, NULL},
    {"deleting channels", NULL, act_channels, NULL},
    {"deleting roles", NULL, act_roles, NULL},
    /* Before the log, so that a task which an older version began takes them too. */
    {"deleting bans, time-outs, requests and the audit log", NULL, act_parts, NULL},
    {"deleting scheduled events", NULL, act_events, NULL},
    {"letting go of images", NULL, act_media, NULL},
    {"deleting the log", NULL, act_log, NULL},
    {"deleting the guild", NULL, act_end, NULL},
};

const struct task_plan task_guild_delete = {
    .name = "guild_delete",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
    .ended = ended,
};
