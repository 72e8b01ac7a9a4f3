/* Counting unread mentions. */

#include "core/read_state_counts.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/snowflake.h"
#include "core/core_priv.h"
#include "proto/notification_settings.h"
#include "store/id_list.h"
#include "store/notification_settings.h"
#include "store/read_states.h"
#include "store/rows.h"

struct hit {
    uint64_t channel;
    uint64_t message;
    struct guild_id guild;
};

/* A role of the user, everyone included, and where. */
struct held_role {
    uint64_t role;
    const struct membership *in;
};

struct counting {
    struct sql_conn *sql;
    struct user_id user;
    const struct membership *memberships;
    size_t membership_count;
    struct arena *arena;
    struct held_role *roles; /* ascending */
    size_t role_count;
    uint64_t *blocked; /* ascending */
    size_t blocked_count;
    struct rows hits; /* struct hit */
    struct read_summary out;
    struct rows added; /* struct read_state: channels without a row */
};

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_place(const void *a, const void *b)
{
    const struct hit *x = a;
    const struct hit *y = b;
    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    return by_id(&x->message, &y->message);
}

static bool is_blocked(const struct counting *x, struct user_id author)
{
    return x->blocked_count > 0 &&
           bsearch(&author.v, x->blocked, x->blocked_count, sizeof *x->blocked, by_id) != NULL;
}

static const struct membership *membership_in(const struct counting *x, struct guild_id guild)
{
    for (size_t i = 0; i < x->membership_count; i++)
        if (x->memberships[i].guild.v == guild.v)
            return &x->memberships[i];
    return NULL;
}

static const struct notification_settings *settings_of(const struct counting *x,
                                                       struct guild_id guild)
{
    for (size_t i = 0; i < x->out.setting_count; i++)
        if (x->out.settings[i].guild.v == guild.v)
            return &x->out.settings[i];
    return NULL;
}

static int by_entity(const void *a, const void *b)
{
    const struct read_state *x = a;
    const struct read_state *y = b;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    return by_id(&x->entity, &y->entity);
}

/* NULL: there is no row. */
static struct read_state *state_of(const struct counting *x, uint64_t channel)
{
    const struct read_state key = {.type = READ_STATE_CHANNEL, .entity = channel};
    return x->out.count == 0 ? NULL
                             : bsearch(&key, x->out.states, x->out.count, sizeof key, by_entity);
}

/* Above what a mention is unread. Who was away and has come back was not called meanwhile. */
static uint64_t base_of(const struct counting *x, uint64_t channel, const struct membership *in)
{
    const struct read_state *s = state_of(x, channel);
    uint64_t joined = snowflake_at(in->member.joined_at_ms);
    return s != NULL && s->last_acked > joined ? s->last_acked : joined;
}

static enum err add_hit(struct counting *x, const struct mention_row *m,
                        const struct membership *in)
{
    if (in == NULL || m->author.v == x->user.v || is_blocked(x, m->author) ||
        m->message.v <= base_of(x, m->channel.v, in))
        return ERR_OK;
    struct hit *h = rows_push(&x->hits, x->arena, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    *h = (struct hit){m->channel.v, m->message.v, in->guild};
    return ERR_OK;
}

static enum err count_user(struct counting *x)
{
    struct mention_row *list = NULL;
    size_t count = 0;
    enum err e =
        mentions_of_user(x->sql, x->user, INT64_MAX, READ_COUNT_MENTIONS, x->arena, &list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        if (list[i].guild.v != 0)
            e = add_hit(x, &list[i], membership_in(x, list[i].guild));
    return e;
}

/* Whether mentions of that role are to be told of. */
static bool wants(const struct counting *x, struct guild_id guild, uint64_t role)
{
    const struct notification_settings *s = settings_of(x, guild);
    if (s == NULL)
        return true;
    return !notification_settings_has(s->document, role == guild.v ? NOTIFICATION_SUPPRESS_EVERYONE
                                                                   : NOTIFICATION_SUPPRESS_ROLES);
}

static enum err collect_roles(struct counting *x)
{
    size_t room = x->membership_count;
    for (size_t i = 0; i < x->membership_count; i++)
        room += x->memberships[i].member.role_count;
    x->roles = arena_array(x->arena, room + 1, sizeof *x->roles);
    if (x->roles == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->membership_count; i++) {
        const struct membership *in = &x->memberships[i];
        if (wants(x, in->guild, in->guild.v))
            x->roles[x->role_count++] = (struct held_role){in->guild.v, in};
        bool wants_roles = wants(x, in->guild, 0);
        for (size_t k = 0; wants_roles && k < in->member.role_count; k++)
            x->roles[x->role_count++] = (struct held_role){in->member.roles[k].v, in};
    }
    return ERR_OK;
}

/* Nothing above the oldest of these is unread anywhere. */
static uint64_t oldest_base(const struct counting *x)
{
    uint64_t oldest = UINT64_MAX >> 1;
    for (size_t i = 0; i < x->membership_count; i++) {
        uint64_t joined = snowflake_at(x->memberships[i].member.joined_at_ms);
        oldest = joined < oldest ? joined : oldest;
    }
    return oldest;
}

static enum err count_role(struct counting *x, uint64_t role)
{
    struct mention_row *list = NULL;
    size_t count = 0;
    const struct membership *in = NULL;
    for (size_t i = 0; i < x->role_count; i++)
        if (x->roles[i].role == role)
            in = x->roles[i].in;
    enum err e = mentions_of_role(x->sql, role, 0, INT64_MAX, READ_COUNT_ROLE_MENTIONS, x->arena,
                                  &list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = add_hit(x, &list[i], in);
    return e;
}

/* One question sorts out the roles that nobody has mentioned, which are nearly all. */
static enum err count_roles(struct counting *x)
{
    struct slice packed;
    uint64_t *mentioned = NULL;
    size_t count = 0;
    enum err e = collect_roles(x);
    if (e != ERR_OK || x->role_count == 0)
        return e;
    uint64_t *ids = arena_array(x->arena, x->role_count, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->role_count; i++)
        ids[i] = x->roles[i].role;
    e = id_list_pack(ids, x->role_count, x->arena, &packed);
    if (e == ERR_OK)
        e = mentions_roles_after(x->sql, packed, oldest_base(x), x->arena, &mentioned, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = count_role(x, mentioned[i]);
    return e;
}

/* The state of a channel, made if there is no row. */
static struct read_state *need_state(struct counting *x, uint64_t channel, struct guild_id guild)
{
    struct read_state *s = state_of(x, channel);
    if (s != NULL)
        return s;
    s = rows_push(&x->added, x->arena, sizeof *s);
    if (s != NULL)
        *s = (struct read_state){.type = READ_STATE_CHANNEL, .entity = channel, .guild = guild};
    return s;
}

/* The same message may mention somebody in several ways. */
static enum err take_hits(struct counting *x)
{
    struct hit *list = x->hits.items;
    if (x->hits.count > 1)
        qsort(list, x->hits.count, sizeof *list, by_place);
    struct read_state *s = NULL;
    for (size_t i = 0; i < x->hits.count; i++) {
        bool is_new = i == 0 || list[i].channel != list[i - 1].channel;
        if (is_new)
            s = need_state(x, list[i].channel, list[i].guild);
        if (s == NULL)
            return ERR_NO_MEMORY;
        if ((is_new || list[i].message != list[i - 1].message) && s->mention_count < READ_COUNT_MAX)
            s->mention_count++;
    }
    return ERR_OK;
}

static enum err count_direct(struct counting *x, const struct dm_channel *list, size_t count)
{
    struct slice blocked;
    enum err e = id_list_pack(x->blocked, x->blocked_count, x->arena, &blocked);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        const struct read_state *known = state_of(x, list[i].id.v);
        uint64_t base = known != NULL ? known->last_acked : 0;
        uint64_t unread = 0;
        if (list[i].last_message.v > base)
            e = messages_of_others(x->sql, list[i].id, base, x->user, blocked, READ_COUNT_MAX,
                                   &unread);
        if (e != ERR_OK || unread == 0)
            continue;
        struct read_state *s = need_state(x, list[i].id.v, (struct guild_id){0});
        if (s == NULL)
            return ERR_NO_MEMORY;
        s->mention_count = unread;
    }
    return e;
}

static enum err join_added(struct counting *x)
{
    const struct read_state *added = x->added.items;
    struct read_state *all = arena_array(x->arena, x->out.count + x->added.count + 1, sizeof *all);
    if (all == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->out.count; i++) {
        all[i] = x->out.states[i];
        if (all[i].version > x->out.version)
            x->out.version = all[i].version;
    }
    for (size_t i = 0; i < x->added.count; i++)
        all[x->out.count + i] = added[i];
    x->out.states = all;
    x->out.count += x->added.count;
    return ERR_OK;
}

enum err read_summary_read(struct tx *tx, const struct session_snapshot *of, struct arena *arena,
                           struct read_summary *out)
{
    struct user_id user = of->user.id;
    struct counting x = {.sql = tx_sql(tx),
                         .user = user,
                         .memberships = of->memberships,
                         .membership_count = of->membership_count,
                         .arena = arena};
    enum err e = read_states_of(x.sql, user, LIMIT_READ_STATES, arena, &x.out.states, &x.out.count);
    if (e == ERR_OK)
        e = notification_settings_of(x.sql, user, LIMIT_NOTIFICATION_SETTINGS, arena,
                                     &x.out.settings, &x.out.setting_count);
    if (e == ERR_OK)
        e = blocked_of(x.sql, user, LIMIT_BLOCKED, arena, &x.blocked, &x.blocked_count);
    if (e == ERR_OK)
        e = count_user(&x);
    if (e == ERR_OK)
        e = count_roles(&x);
    if (e == ERR_OK)
        e = take_hits(&x);
    if (e == ERR_OK)
        e = count_direct(&x, of->people.dms, of->people.dm_count);
    if (e == ERR_OK)
        e = join_added(&x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

static bool holds(const struct membership *in, uint64_t role)
{
    bool held = role == in->guild.v;
    for (size_t i = 0; i < in->member.role_count && !held; i++)
        held = in->member.roles[i].v == role;
    return held;
}

/* Mentions of a channel as hits: there is no row to compare with, `after` is the base. */
static enum err count_channel(struct counting *x, struct channel_id channel, uint64_t after)
{
    struct mention_row *users = NULL;
    struct mention_row *roles = NULL;
    size_t user_count = 0;
    size_t role_count = 0;
    enum err e = mentions_in_channel(x->sql, x->user, channel, after, READ_COUNT_MAX, x->arena,
                                     &users, &user_count);
    if (e == ERR_OK)
        e = mentions_of_roles_in_channel(x->sql, channel, after, READ_COUNT_MAX, x->arena, &roles,
                                         &role_count);
    for (size_t i = 0; i < user_count && e == ERR_OK; i++)
        e = add_hit(x, &users[i], x->memberships);
    for (size_t i = 0; i < role_count && e == ERR_OK; i++)
        if (holds(x->memberships, roles[i].role) && wants(x, x->memberships->guild, roles[i].role))
            e = add_hit(x, &roles[i], x->memberships);
    return e == ERR_OK ? take_hits(x) : e;
}

static enum err count_one_direct(struct counting *x, struct channel_id channel, uint64_t after,
                                 uint64_t *count)
{
    struct slice blocked;
    enum err e = id_list_pack(x->blocked, x->blocked_count, x->arena, &blocked);
    return e == ERR_OK
               ? messages_of_others(x->sql, channel, after, x->user, blocked, READ_COUNT_MAX, count)
               : e;
}

enum err read_state_count(struct tx *tx, const struct access *a, uint64_t after,
                          struct arena *arena, uint64_t *count)
{
    const struct membership in = {.guild = a->view->guild.id, .member = a->member};
    struct notification_settings settings;
    struct read_state base = {.entity = a->channel->id.v, .last_acked = after};
    struct counting x = {.sql = tx_sql(tx),
                         .user = a->subject.user,
                         .memberships = &in,
                         .membership_count = 1,
                         .arena = arena,
                         .out = {.states = &base, .count = 1}};
    enum err e = blocked_of(x.sql, x.user, LIMIT_BLOCKED, arena, &x.blocked, &x.blocked_count);
    if (e == ERR_OK && a->dm != NULL)
        return count_one_direct(&x, a->channel->id, after, count);
    if (e == ERR_OK)
        e = notification_settings_find(x.sql, x.user, in.guild, arena, &settings);
    x.out.settings = &settings;
    x.out.setting_count = 1;
    if (e == ERR_OK)
        e = count_channel(&x, a->channel->id, after);
    if (e == ERR_OK)
        *count = base.mention_count;
    return e;
}
