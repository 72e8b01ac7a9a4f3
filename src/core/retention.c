/*
 * Retention. A pass goes through the channels that may have something too old: all of them if the
 * installation has a limit, else those of guilds with rules. A step looks (a read), then deletes at
 * most fifty messages of one channel, told in one event; ids are times, so what is too old is the
 * beginning of a channel.
 */

#include "core/retention.h"

#include "base/limits.h"
#include "base/snowflake.h"
#include "core/audit.h"
#include "core/place.h"
#include "core/tasks_priv.h"
#include "proto/member_events.h"
#include "store/dms.h"
#include "store/id_list.h"
#include "store/message_walk.h"
#include "store/messages.h"

/* As many as one event may tell of would hold other writers up for too long. */
enum { BATCH = 50, CHANNELS_LOOKED_AT = 64, ARENA_BYTES = 256 * 1024 };

/* ---- rules ---- */

struct get {
    struct guild_id guild;
    struct arena *arena;
    struct retention_rule *list;
    size_t count;
};

static enum err read_rules(struct tx *tx, void *ctx)
{
    struct get *x = ctx;
    return retention_list(tx_sql(tx), x->guild, LIMIT_GUILD_CHANNELS + 1, x->arena, &x->list,
                          &x->count);
}

enum err retention_get(struct core *c, const struct access *a, struct arena *arena,
                       struct retention *out)
{
    struct get x = {.guild = a->view->guild.id, .arena = arena};
    enum err e = store_read(c->store, read_rules, &x);
    if (e != ERR_OK)
        return e;
    bool of_guild = x.count > 0 && x.list[0].channel.v == 0;
    *out = (struct retention){.rules = x.list + of_guild,
                              .count = x.count - of_guild,
                              .guild_keep_s = of_guild ? x.list[0].keep_s : 0};
    return ERR_OK;
}

struct set {
    const struct actor *by;
    const struct access *a;
    const struct retention_rule *rule;
    bool remove;
};

static enum err write_down(struct tx *tx, const struct set *x, uint64_t before, bool existed)
{
    struct audit_note n;
    struct guild_id guild = x->a->view->guild.id;
    uint64_t channel = x->rule->channel.v;
    audit_note_init(&n);
    if (!existed)
        audit_number_only(&n, "message_retention_seconds", (int64_t)x->rule->keep_s, true);
    else if (x->remove)
        audit_number_only(&n, "message_retention_seconds", (int64_t)before, false);
    else
        audit_number(&n, "message_retention_seconds", (int64_t)before, (int64_t)x->rule->keep_s);
    enum err e =
        audit_write(tx, x->by, guild, channel == 0 ? AUDIT_GUILD_UPDATE : AUDIT_CHANNEL_UPDATE,
                    channel == 0 ? guild.v : channel, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err check_channel(struct tx *tx, const struct set *x)
{
    struct guild_view *view = NULL;
    if (x->rule->channel.v == 0)
        return ERR_OK;
    enum err e = views_now(tx, x->a->view->guild.id, &view);
    if (e == ERR_OK && guild_view_channel(view, x->rule->channel) == NULL)
        e = ERR_UNKNOWN_CHANNEL;
    guild_view_unref(&view);
    return e;
}

static enum err write_rule(struct tx *tx, void *ctx)
{
    const struct set *x = ctx;
    struct guild_id guild = x->a->view->guild.id;
    uint64_t before = 0;
    bool existed = false;
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = check_channel(tx, x);
    if (e == ERR_OK)
        e = retention_find(tx_sql(tx), guild, x->rule->channel, &before, &existed);
    if (e != ERR_OK || (x->remove && !existed) ||
        (!x->remove && existed && before == x->rule->keep_s))
        return e; /* nothing changes */
    e = x->remove ? retention_delete(tx_sql(tx), guild, x->rule->channel)
                  : retention_put(tx_sql(tx), guild, x->rule);
    return e == ERR_OK ? write_down(tx, x, before, existed) : e;
}

enum err retention_set(struct core *c, const struct actor *by, const struct access *a,
                       const struct retention_rule *rule, bool remove)
{
    struct set x = {.by = by, .a = a, .rule = rule, .remove = remove};
    x.remove |= rule->channel.v == 0 && rule->keep_s == 0;
    return store_write(c->store, write_rule, &x);
}

/* ---- a step ---- */

struct step {
    uint64_t keep_s;
    struct retention_walk at;
    bool ended;
    struct guild_id guild; /* of what was found; 0: a direct message */
    struct channel_id channel;
    uint64_t ids[BATCH];
    size_t count;
    struct arena arena;
};

static uint64_t shorter(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Ids below it are too old; 0: none is. */
static enum err find_floor(struct tx *tx, const struct step *x, struct guild_id guild,
                           struct channel_id channel, uint64_t *floor)
{
    const struct channel_id all = {0};
    uint64_t keep_s = 0;
    bool found = false;
    enum err e = ERR_OK;
    if (guild.v != 0)
        e = retention_find(tx_sql(tx), guild, channel, &keep_s, &found);
    if (e == ERR_OK && guild.v != 0 && !found)
        e = retention_find(tx_sql(tx), guild, all, &keep_s, &found);
    keep_s = shorter(keep_s, x->keep_s);
    int64_t since_ms = tx_now_ms(tx) - (int64_t)keep_s * 1000;
    *floor = keep_s == 0 || since_ms <= 0 ? 0 : snowflake_at(since_ms);
    return e;
}

/* The next channel of the pass; the pass has ended if there is none. */
static enum err next_channel(struct tx *tx, struct step *x)
{
    struct retention_walk *at = &x->at;
    enum err e = ERR_OK;
    at->left = false;
    if (x->keep_s != 0) {
        e = message_walk_channel(tx_sql(tx), at->channel, &at->channel, &at->guild);
        x->ended = at->channel.v == 0;
        return e;
    }
    if (at->guild.v != 0)
        e = guild_removal_next_channel(tx_sql(tx), at->guild, at->channel.v + 1, &at->channel);
    if (e != ERR_OK || (at->guild.v != 0 && at->channel.v != 0))
        return e;
    at->channel.v = 0;
    e = retention_next_guild(tx_sql(tx), at->guild, &at->guild);
    x->ended = at->guild.v == 0;
    return e;
}

static enum err look_at(struct tx *tx, struct step *x)
{
    uint64_t floor = 0;
    x->guild = x->at.guild;
    x->channel = x->at.channel;
    enum err e = find_floor(tx, x, x->guild, x->channel, &floor);
    if (e != ERR_OK || floor == 0)
        return e;
    return message_walk_old(tx_sql(tx), x->channel, floor, BATCH, x->ids, &x->count);
}

static enum err look(struct tx *tx, void *ctx)
{
    struct step *x = ctx;
    enum err e = ERR_OK;
    x->count = 0;
    x->ended = false;
    for (int i = 0; i < CHANNELS_LOOKED_AT && e == ERR_OK && x->count == 0 && !x->ended; i++) {
        if (x->at.channel.v != 0 && !x->at.left)
            e = look_at(tx, x);
        if (e == ERR_OK && x->count == 0)
            e = next_channel(tx, x);
    }
    return e;
}

static enum err announce(struct tx *tx, struct step *x, const uint64_t *ids, size_t count,
                         struct slice delta)
{
    struct dm_channel dm;
    struct place p = {.channel = x->channel, .guild = x->guild};
    enum err e = ERR_OK;
    if (x->guild.v == 0) {
        e = dms_find(tx_sql(tx), x->channel, &x->arena, &dm);
        p.dm = &dm;
    }
    if (e == ERR_UNKNOWN_CHANNEL)
        return ERR_OK; /* nobody is left in it who could be told */
    if (e != ERR_OK)
        return e;
    return place_emit(tx, &p, event_messages_deleted(x->guild, x->channel, ids, count, 0),
                      &task_actor, delta);
}

static enum err lock(struct tx *tx, const struct step *x, bool *there)
{
    bool found = false;
    bool deleting = false;
    *there = true;
    if (x->guild.v == 0)
        return tx_lock(tx, (struct stream){STREAM_DM, x->channel.v});
    enum err e = guild_removal_state(tx_sql(tx), x->guild, &found, &deleting);
    *there = found && !deleting;
    return e == ERR_OK && *there ? tx_lock(tx, core_guild_stream(x->guild)) : e;
}

/* The rule may have changed since it was looked at; so may the pins. */
static enum err find_again(struct tx *tx, struct step *x)
{
    uint64_t floor = 0;
    enum err e = find_floor(tx, x, x->guild, x->channel, &floor);
    x->count = 0;
    if (e != ERR_OK || floor == 0)
        return e;
    return message_walk_old(tx_sql(tx), x->channel, floor, BATCH, x->ids, &x->count);
}

static enum err act(struct tx *tx, void *ctx)
{
    struct step *x = ctx;
    struct slice packed;
    uint64_t deleted;
    bool there = false;
    arena_reset(&x->arena);
    enum err e = lock(tx, x, &there);
    x->count = 0;
    if (e == ERR_OK && there)
        e = find_again(tx, x);
    if (e == ERR_OK)
        e = id_list_pack(x->ids, x->count, &x->arena, &packed);
    if (e != ERR_OK || x->count == 0)
        return e;
    e = messages_delete_many(tx_sql(tx), x->channel, packed, tx_now_ms(tx), &deleted);
    return e == ERR_OK ? announce(tx, x, x->ids, x->count, packed) : e;
}

enum err retention_step(struct core *c, uint64_t keep_s, struct retention_walk *w, bool *more)
{
    struct step x = {.keep_s = keep_s, .at = *w};
    *more = false;
    enum err e = store_read(c->store, look, &x);
    if (e != ERR_OK)
        return e;
    if (x.count > 0) {
        arena_init(&x.arena, MEM_CORE, ARENA_BYTES);
        e = store_write(c->store, act, &x);
        arena_deinit(&x.arena);
        x.at.left = x.count == 0;
    }
    if (e != ERR_OK)
        return e;
    if (x.ended)
        x.at = (struct retention_walk){.left = false};
    *w = x.at;
    *more = !x.ended;
    return ERR_OK;
}
