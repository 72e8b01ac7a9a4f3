/*
 * Erasing a person. The account is closed in one closure; the steps that follow take everything
 * away that belongs to it. The difficulty is a request that was on its way when the account was
 * closed: it may still join or make a guild, or post into one. Such writes end when the guild is
 * left, because that moves its permission generation; so guilds are left before messages are looked
 * for, and the last step looks again whether a guild has been added, and then all begins anew.
 */

#include "core/user_erase.h"

#include "base/limits.h"
#include "core/channels_priv.h"
#include "core/media.h"
#include "core/member_change.h"
#include "core/message_removal.h"
#include "core/place.h"
#include "core/tasks_priv.h"
#include "core/uploads.h"
#include "core/user_erase_priv.h"
#include "proto/events.h"
#include "proto/guild_events.h"
#include "store/attachments.h"
#include "store/gateway_sessions.h"
#include "store/guilds.h"
#include "store/id_list.h"
#include "store/members.h"
#include "store/messages.h"
#include "store/scheduled_events.h"
#include "store/space.h"
#include "store/tokens.h"
#include "store/users.h"

/* ---- the beginning ---- */

/* In a closure that holds the user's stream. */
static enum err revoke_tokens(struct tx *tx, struct user_id user, struct arena *arena)
{
    struct token_id *list = NULL;
    size_t count = 0;
    enum err e = tokens_of_user(tx_sql(tx), user, arena, &list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = core_emit_delta(tx, event_token_revoked(user, list[i].hash), &task_actor,
                            slice_of((const char *)list[i].hash, sizeof list[i].hash));
    return e == ERR_OK && count > 0 ? tokens_delete_of_user(tx_sql(tx), user) : e;
}

static enum err close_account(struct tx *tx, struct user_id user, struct arena *arena)
{
    struct task t = {.kind = TASK_USER_ERASE, .subject = user.v, .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = user_removal_blank(tx_sql(tx), user);
    if (e == ERR_OK)
        e = revoke_tokens(tx, user, arena);
    if (e != ERR_OK)
        return e;
    t.id = tx_id(tx);
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

enum err user_find_staying(struct tx *tx, struct user_id id, struct arena *arena, struct user *out)
{
    struct task t;
    bool going = false;
    enum err e = tasks_find(tx_sql(tx), TASK_USER_ERASE, id.v, &t, &going);
    if (e != ERR_OK || going)
        return e == ERR_OK ? ERR_UNKNOWN_USER : e;
    return users_find(tx_sql(tx), id, arena, out);
}

struct beginning {
    struct user_id user;
    struct arena arena;
};

static enum err begin(struct tx *tx, void *ctx)
{
    struct beginning *x = ctx;
    struct task t;
    bool found;
    arena_reset(&x->arena);
    enum err e = tasks_find(tx_sql(tx), TASK_USER_ERASE, x->user.v, &t, &found);
    if (e != ERR_OK || found)
        return e;
    /* What clients have not confirmed yet, while the server is stopped, may be theirs. */
    e = gateway_sessions_forget(tx_sql(tx));
    return e == ERR_OK ? close_account(tx, x->user, &x->arena) : e;
}

enum err user_erase(struct core *c, struct user_id id)
{
    struct beginning x = {.user = id};
    arena_init(&x.arena, MEM_CORE, TASK_ARENA_BYTES);
    enum err e = id.v == 0 ? ERR_UNKNOWN_USER : store_write(c->store, begin, &x);
    arena_deinit(&x.arena);
    if (e != ERR_OK)
        return e;
    tasks_begun(c);
    log_info(c->o.log, "tasks", "an account is being erased", LOG_U("user", id.v));
    return ERR_OK;
}

static struct user_id user_of(const struct task_run *x)
{
    return (struct user_id){x->task.subject};
}

/* ---- leaving guilds; cursor_a: the guild after the last one ---- */

static enum err read_heirs(struct tx *tx, void *ctx)
{
    struct task_run *x = ctx;
    return user_removal_heir(tx_sql(tx), x->membership.guild, user_of(x), x->scan.a, TASK_LOOKED_AT,
                             &x->heir, &x->scan.b);
}

static enum err read_membership(struct tx *tx, void *ctx)
{
    struct task_run *x = ctx;
    return user_removal_next_guild(tx_sql(tx), user_of(x), x->task.cursor_a, &x->membership);
}

/* Who is to own the guild: all members are looked at, page by page. */
static enum err look_guild(struct task_run *x)
{
    enum err e = store_read(x->core->store, read_membership, x);
    x->heir = (struct removal_heir){{0}, 0};
    x->scan = (struct removal_scan){0, 0, false};
    if (e != ERR_OK || x->membership.guild.v == 0 || !x->membership.owner)
        return e;
    do {
        x->scan.a = x->scan.b;
        e = store_read(x->core->store, read_heirs, x);
    } while (e == ERR_OK && x->scan.b != 0);
    return e;
}

/* Channels with an overwrite for the user, which goes. */
static enum err drop_overwrites(struct tx *tx, const struct guild_view *v, struct user_id user,
                                struct channel_id touched[LIMIT_GUILD_CHANNELS], size_t *count)
{
    size_t n = 0;
    for (size_t i = 0; i < v->channel_count && n < LIMIT_GUILD_CHANNELS; i++)
        for (size_t k = 0; k < v->channels[i].overwrite_count; k++)
            if (v->channels[i].overwrites[k].id == user.v)
                touched[n++] = v->channels[i].id;
    *count = n;
    return n == 0 ? ERR_OK : user_removal_overwrites(tx_sql(tx), v->guild.id, user);
}

/* What the guild sees of the structure: its new owner, and channels without the overwrites. */
static enum err announce_structure(struct tx *tx, struct task_run *x, const struct guild_view *old,
                                   struct user_id user, const struct channel_id *touched,
                                   size_t count)
{
    bool owned = old->guild.owner.v == user.v;
    struct view_change change = {.channels = touched, .channel_count = count};
    if (!owned && count == 0)
        return ERR_OK;
    change.parts = (owned ? VIEW_GUILD : 0) | (count > 0 ? VIEW_CHANNELS : 0);
    enum err e = views_restructured(tx, old->guild.id, change, &x->view);
    if (e == ERR_OK && owned)
        e = core_emit_structure(tx, event_guild_update(x->view, 0), &task_actor, x->view);
    if (e == ERR_OK && count > 0)
        e = channels_emit_updates(tx, &task_actor, x->view, touched, count, !owned);
    return e;
}

/* `old`: the structure from before the guild found a new owner. A bot's role goes with it
 * (member_depart). */
static enum err leave(struct tx *tx, struct task_run *x, const struct guild_view *old,
                      const struct member *member)
{
    struct channel_id touched[LIMIT_GUILD_CHANNELS];
    size_t count = 0;
    enum err e = drop_overwrites(tx, old, member->user.id, touched, &count);
    if (e == ERR_OK)
        e = announce_structure(tx, x, old, member->user.id, touched, count);
    return e == ERR_OK ? member_depart(tx, &task_actor, member) : e;
}

/* Nobody has joined since nobody was found: then there are a few bots at most, on one page. */
static enum err still_nobody(struct tx *tx, struct task_run *x, struct guild_id guild)
{
    struct removal_heir heir = {{0}, 0};
    uint64_t last;
    enum err e = user_removal_heir(tx_sql(tx), guild, user_of(x), 0, TASK_LOOKED_AT, &heir, &last);
    x->waits = e == ERR_OK && heir.user.v != 0;
    return e;
}

/* The guild goes to the heir, or with its owner (*gone). x->waits: things have changed since they
 * were looked at. */
static enum err settle_ownership(struct tx *tx, struct task_run *x, struct guild_id guild,
                                 bool *gone)
{
    struct guild_record r;
    bool member = false;
    enum err e = guilds_find(tx_sql(tx), guild, &x->arena, &r);
    if (e != ERR_OK || r.guild.owner.v != user_of(x).v)
        return e;
    if (x->heir.user.v == 0) {
        e = still_nobody(tx, x, guild);
        *gone = e == ERR_OK && !x->waits;
        return *gone ? guild_delete_begin(tx, guild) : e;
    }
    e = members_exists(tx_sql(tx), guild, x->heir.user, &member);
    x->waits = e == ERR_OK && !member;
    return e == ERR_OK && member ? user_removal_set_owner(tx_sql(tx), guild, x->heir.user) : e;
}

static enum err leave_owned(struct tx *tx, struct task_run *x, struct guild_id guild)
{
    struct member member;
    struct guild_view *old = NULL;
    bool gone = false;
    enum err e = views_now(tx, guild, &old);
    if (e == ERR_OK)
        e = settle_ownership(tx, x, guild, &gone);
    if (e == ERR_OK && !gone && !x->waits)
        e = members_find(tx_sql(tx), guild, user_of(x), &x->arena, &member);
    if (e == ERR_OK && !gone && !x->waits)
        e = leave(tx, x, old, &member);
    guild_view_unref(&old);
    return e;
}

/* The members step of the guild's own task removes whoever is still in it. Either unknown: since it
 * was looked at. */
static enum err leave_or_delete(struct tx *tx, struct task_run *x, struct guild_id guild)
{
    enum err e = tx_lock(tx, core_guild_stream(guild));
    if (e == ERR_OK)
        e = leave_owned(tx, x, guild);
    return e == ERR_UNKNOWN_GUILD || e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
}

static enum err act_guild(struct tx *tx, struct task_run *x)
{
    struct guild_id guild = x->membership.guild;
    enum err e = ERR_OK;
    x->step_done = guild.v == 0;
    if (x->step_done)
        return ERR_OK;
    if (!x->membership.deleting)
        e = leave_or_delete(tx, x, guild);
    x->task.cursor_a = guild.v + 1;
    x->task.done_rows++;
    return e;
}

/* ---- messages; cursors: channel and message looked at last ---- */

static void begin_scan(struct task_run *x)
{
    x->scan = (struct removal_scan){x->task.cursor_a, x->task.cursor_b, false};
    x->found = 0;
}

static enum err read_messages(struct tx *tx, void *ctx)
{
    struct task_run *x = ctx;
    struct removal_scan scan = x->scan;
    size_t found = 0;
    enum err e = user_removal_messages(tx_sql(tx), user_of(x), TASK_LOOKED_AT, &scan, x->messages,
                                       TASK_EVENTS, &found);
    if (e == ERR_OK) {
        x->scan = scan;
        x->found = found;
    }
    return e;
}

static enum err look_messages(struct task_run *x)
{
    enum err e = ERR_OK;
    begin_scan(x);
    for (int i = 0; i < TASK_READS && e == ERR_OK && x->found == 0 && !x->scan.ended; i++)
        e = store_read(x->core->store, read_messages, x);
    return e;
}

/* Those that are there still: what was deleted since they were looked at was announced. */
static enum err delete_and_tell(struct tx *tx, struct task_run *x, const struct place *p,
                                const uint64_t *ids)
{
    struct message_head list[TASK_EVENTS];
    struct slice packed;
    size_t count = 0;
    enum err e = messages_find_heads(tx, p, ids, x->found, &x->arena, list, &count);
    if (e == ERR_OK)
        e = messages_remove(tx, p, &task_actor, list, count, &x->arena, &packed);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = place_emit(tx, p, event_message_delete(p->guild, p->channel, list[i].id, 0),
                       &task_actor, LOG_NONE);
    return e;
}

/* Of a guild that is going nobody is told anything. */
static enum err delete_silently(struct tx *tx, struct task_run *x, const uint64_t *ids)
{
    struct slice packed;
    uint64_t deleted;
    enum err e = id_list_pack(ids, x->found, &x->arena, &packed);
    return e == ERR_OK ? messages_delete_many(tx_sql(tx), x->messages[0].channel, packed,
                                              tx_now_ms(tx), &deleted)
                       : e;
}

/* All of one channel. */
static enum err delete_found(struct tx *tx, struct task_run *x)
{
    uint64_t ids[TASK_EVENTS];
    struct dm_channel dm;
    struct place p;
    bool there = false;
    for (size_t i = 0; i < x->found; i++)
        ids[i] = x->messages[i].id.v;
    enum err e = place_find(tx, x->messages[0].channel, &x->arena, &dm, &p, &there);
    if (e == ERR_OK && there)
        e = place_lock(tx, &p);
    if (e != ERR_OK)
        return e;
    return there ? delete_and_tell(tx, x, &p, ids) : delete_silently(tx, x, ids);
}

static enum err act_messages(struct tx *tx, struct task_run *x)
{
    enum err e = x->found > 0 ? delete_found(tx, x) : ERR_OK;
    x->task.cursor_a = x->scan.a;
    x->task.cursor_b = x->scan.b;
    x->task.done_rows += x->found;
    x->step_done = x->scan.ended;
    return e;
}

/* ---- nonces: the recent ones (cursor_a: the channel), and those in the log ---- */

static enum err act_nonces(struct tx *tx, struct task_run *x)
{
    uint64_t channel = x->task.cursor_a;
    bool ended = false;
    enum err e = user_removal_nonces(tx_sql(tx), user_of(x), &channel, TASK_CHANNELS, &ended);
    x->task.cursor_a = channel;
    x->step_done = ended;
    return e;
}

static enum err read_log(struct tx *tx, struct task_run *x, enum stream_kind kind)
{
    struct removal_scan scan = x->scan;
    size_t found = 0;
    enum err e = user_removal_log(tx_sql(tx), user_of(x), kind, TASK_LOOKED_AT, &scan, x->rows,
                                  TASK_ROWS, &found);
    if (e == ERR_OK) {
        x->scan = scan;
        x->found = found;
    }
    return e;
}

static enum err read_guild_log(struct tx *tx, void *ctx)
{
    return read_log(tx, ctx, STREAM_GUILD);
}

static enum err read_people_log(struct tx *tx, void *ctx)
{
    return read_log(tx, ctx, STREAM_USER);
}

static enum err look_through(struct task_run *x, store_fn read)
{
    enum err e = ERR_OK;
    begin_scan(x);
    for (int i = 0; i < TASK_READS && e == ERR_OK && x->found == 0 && !x->scan.ended; i++)
        e = store_read(x->core->store, read, x);
    return e;
}

static enum err look_log(struct task_run *x)
{
    return look_through(x, read_guild_log);
}

static enum err look_people_log(struct task_run *x)
{
    return look_through(x, read_people_log);
}

static enum err forget_deltas(struct tx *tx, struct task_run *x, enum stream_kind kind)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->found && e == ERR_OK; i++)
        e = user_removal_forget_delta(tx_sql(tx), (struct stream){kind, x->rows[i].a},
                                      x->rows[i].b);
    x->task.cursor_a = x->scan.a;
    x->task.cursor_b = x->scan.b;
    x->step_done = x->scan.ended;
    return e;
}

static enum err act_log(struct tx *tx, struct task_run *x)
{
    return forget_deltas(tx, x, STREAM_GUILD);
}

static enum err act_people_log(struct tx *tx, struct task_run *x)
{
    return forget_deltas(tx, x, STREAM_USER);
}

/* ---- invites, applications, the account ---- */

static enum err act_invites(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = user_removal_invites(tx_sql(tx), user_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

/* ---- bans, requests, interest, images ---- */

static enum err act_bans(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    uint64_t kept = 0;
    enum err e = user_removal_bans(tx_sql(tx), user_of(x), TASK_ROWS, &rows);
    if (e == ERR_OK)
        e = user_removal_timeouts(tx_sql(tx), user_of(x), TASK_ROWS, &kept);
    x->task.done_rows += rows + kept;
    x->step_done = rows < TASK_ROWS && kept < TASK_ROWS;
    return e;
}

static enum err act_requests(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = user_removal_requests(tx_sql(tx), user_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

/* Guilds that were left before too. cursor_a: the one looked at last. */
static enum err act_audit(struct tx *tx, struct task_run *x)
{
    struct guild_id guild = {1};
    enum err e = ERR_OK;
    for (int i = 0; i < TASK_CHANNELS && guild.v != 0 && e == ERR_OK; i++) {
        e = user_removal_next_audit(tx_sql(tx), x->task.cursor_a, &guild);
        if (e == ERR_OK && guild.v != 0)
            e = user_removal_audit(tx_sql(tx), guild, user_of(x));
        if (guild.v != 0)
            x->task.cursor_a = guild.v;
    }
    x->step_done = guild.v == 0;
    return e;
}

/* Events count who is interested. */
static enum err act_interest(struct tx *tx, struct task_run *x)
{
    struct scheduled_event_id event = {1};
    enum err e = ERR_OK;
    for (int i = 0; i < TASK_CHANNELS && event.v != 0 && e == ERR_OK; i++) {
        bool changed;
        e = user_removal_interest(tx_sql(tx), user_of(x), &event);
        if (e == ERR_OK && event.v != 0)
            e = scheduled_events_remove_user(tx_sql(tx), event, user_of(x), &changed);
        x->task.done_rows += event.v != 0;
    }
    x->step_done = event.v == 0;
    return e;
}

static enum err act_images(struct tx *tx, struct task_run *x)
{
    unsigned gone = 0;
    enum err e = media_release_user(tx, user_of(x), TASK_ROWS, &gone);
    x->task.done_rows += gone;
    if (e != ERR_OK || gone == TASK_ROWS)
        return e;
    e = uploads_release_user(tx, user_of(x), TASK_ROWS, &gone);
    x->task.done_rows += gone;
    x->step_done = gone == 0;
    return e == ERR_OK && x->step_done ? usage_forget(tx_sql(tx), USAGE_USER, user_of(x).v) : e;
}

/* The bot has a task of its own; the application stays, without its texts, until that is done. */
static enum err erase_bot(struct tx *tx, struct task_run *x, const struct removal_application *a)
{
    struct task t;
    bool found;
    enum err e = tasks_find(tx_sql(tx), TASK_USER_ERASE, a->bot.v, &t, &found);
    if (e != ERR_OK || found)
        return e;
    e = user_removal_blank_application(tx_sql(tx), a->id);
    /* A bot's id is above its owner's, so locks are in order. */
    return e == ERR_OK ? close_account(tx, a->bot, &x->arena) : e;
}

/* cursor_a: the application looked at last. */
static enum err act_applications(struct tx *tx, struct task_run *x)
{
    struct removal_application a;
    enum err e = tx_lock(tx, core_user_stream(user_of(x))); /* nobody makes a bot meanwhile */
    if (e == ERR_OK)
        e = user_removal_next_application(tx_sql(tx), user_of(x), x->task.cursor_a, &a);
    if (e != ERR_OK)
        return e;
    x->step_done = a.id.v == 0;
    if (x->step_done)
        return ERR_OK;
    x->task.cursor_a = a.id.v;
    x->task.done_rows++;
    return a.bot.v == 0 ? user_removal_application(tx_sql(tx), a.id) : erase_bot(tx, x, &a);
}

/* Bots that are gone leave their applications without one. */
static enum err drop_applications(struct tx *tx, struct task_run *x)
{
    struct removal_application a = {{0}, {0}};
    enum err e;
    do {
        e = user_removal_next_application(tx_sql(tx), user_of(x), a.id.v, &a);
        if (e == ERR_OK && a.id.v != 0 && a.bot.v == 0)
            e = user_removal_application(tx_sql(tx), a.id);
    } while (e == ERR_OK && a.id.v != 0);
    return e;
}

static enum err act_account(struct tx *tx, struct task_run *x)
{
    struct removal_ties ties;
    enum err e = tx_lock(tx, core_user_stream(user_of(x)));
    if (e == ERR_OK)
        e = revoke_tokens(tx, user_of(x), &x->arena);
    if (e == ERR_OK)
        e = drop_applications(tx, x);
    if (e == ERR_OK)
        e = user_removal_ties(tx_sql(tx), user_of(x), &ties);
    if (e != ERR_OK)
        return e;
    x->waits = ties.applications || ties.guild_going;
    x->back = !x->waits && ties.guild;
    if (x->waits || x->back)
        return ERR_OK;
    x->task.done_rows++;
    x->step_done = true;
    return user_removal_end(tx_sql(tx), user_of(x));
}

/* ---- what the database's files still hold ---- */

static enum err scrub(struct task_run *x)
{
    return space_scrub(x->core->store);
}

static const struct task_step steps[] = {
    {"leaving guilds", look_guild, act_guild, NULL},
    {"leaving direct messages", NULL, user_erase_dms, NULL},
    {"deleting messages", look_messages, act_messages, NULL},
    {"forgetting nonces", NULL, act_nonces, NULL},
    {"looking through the guilds' logs", look_log, act_log, NULL},
    {"looking through people's logs", look_people_log, act_people_log, NULL},
    {"deleting invites", NULL, act_invites, NULL},
    {"deleting bans and time-outs", NULL, act_bans, NULL},
    {"deleting requests", NULL, act_requests, NULL},
    {"looking through the audit logs", NULL, act_audit, NULL},
    {"leaving scheduled events", NULL, act_interest, NULL},
    {"letting go of images", NULL, act_images, NULL},
    {"erasing applications and bots", NULL, act_applications, NULL},
    {"forgetting who mentioned them", NULL, user_erase_mentions, NULL},
    {"taking reactions back", NULL, user_erase_reactions, NULL},
    {"taking votes back", NULL, user_erase_votes, NULL},
    {"ending relations", NULL, user_erase_relations, NULL},
    {"forgetting notes and settings", NULL, user_erase_people, NULL},
    {"writing the index of words anew", user_erase_words_look, user_erase_words, NULL},
    {"deleting the account", NULL, act_account, NULL},
    {"emptying the database's log", NULL, NULL, scrub},
};

const struct task_plan task_user_erase = {
    .name = "user_erase",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
