/*
 * Guild Subscriptions (ops 14 and 37): the commands. A key that is named replaces what was asked
 * for before, one that is not leaves it. What is too much is cut, what is no such command ends the
 * connection (4002). Bots have no such commands.
 */
#include <string.h>

#include "gateway/member_roster.h"

enum {
    RANGE_INDEX_MAX = 1000000, /* ours: beyond any list */
    BULK_GUILDS_MAX = 200,     /* of one command (ours) */
    BULK_LISTS_MAX = 20,       /* ... of which lists are looked at: each may be 2,500 rows (ours) */
};

/* What a command says of one guild. */
struct wanted {
    const json_t *typing;
    const json_t *threads;
    const json_t *activities;
    bool has_channels;
    bool has_members;
    uint32_t channel_count;
    struct subscribed_channel channels[SUBSCRIPTION_CHANNELS_MAX];
    uint32_t member_count;
    uint64_t members[SUBSCRIPTION_MEMBERS_MAX];
};

static bool present(const json_t *v)
{
    return v != NULL && !json_is_null(v);
}

static bool read_flag(const json_t *d, const char *key, const json_t **out)
{
    const json_t *v = json_object_get(d, key);
    *out = present(v) ? v : NULL;
    return *out == NULL || json_is_boolean(v);
}

static bool read_range(const json_t *v, struct member_range *out)
{
    const json_t *first = json_array_get(v, 0);
    const json_t *last = json_array_get(v, 1);
    if (json_array_size(v) != 2 || !json_is_integer(first) || !json_is_integer(last))
        return false;
    json_int_t a = json_integer_value(first);
    json_int_t b = json_integer_value(last);
    if (a < 0 || b < a)
        return false;
    a = a > RANGE_INDEX_MAX ? RANGE_INDEX_MAX : a;
    b = b >= a + MEMBER_RANGE_ROWS ? a + MEMBER_RANGE_ROWS - 1 : b;
    *out = (struct member_range){(uint32_t)a, (uint32_t)b};
    return true;
}

static bool read_ranges(const json_t *v, struct member_ranges *out)
{
    if (!json_is_array(v))
        return false;
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct member_range one;
        if (!read_range(json_array_get(v, i), &one))
            return false;
        if (i < SUBSCRIPTION_RANGES_MAX)
            (void)member_ranges_add(out, one);
    }
    return true;
}

static bool read_channels(const json_t *v, struct wanted *out)
{
    const char *key;
    json_t *ranges;
    out->has_channels = present(v);
    if (!out->has_channels)
        return true;
    if (!json_is_object(v))
        return false;
    json_object_foreach((json_t *)(uintptr_t)v, key, ranges)
    {
        struct subscribed_channel one = {0};
        if (!slice_to_u64(slice_from(key), &one.id) || !read_ranges(ranges, &one.ranges))
            return false;
        if (out->channel_count < SUBSCRIPTION_CHANNELS_MAX && one.ranges.count > 0)
            out->channels[out->channel_count++] = one;
    }
    return true;
}

static bool read_members(const json_t *v, struct wanted *out)
{
    out->has_members = present(v);
    if (!out->has_members)
        return true;
    if (!json_is_array(v))
        return false;
    for (size_t i = 0; i < json_array_size(v); i++) {
        uint64_t id;
        if (!json_read_snowflake(json_array_get(v, i), &id))
            return false;
        if (out->member_count < SUBSCRIPTION_MEMBERS_MAX)
            out->members[out->member_count++] = id;
    }
    return true;
}

static bool read_wanted(const json_t *d, struct wanted *out)
{
    memset(out, 0, sizeof *out);
    return json_is_object(d) && read_flag(d, "typing", &out->typing) &&
           read_flag(d, "threads", &out->threads) && read_flag(d, "activities", &out->activities) &&
           read_channels(json_object_get(d, "channels"), out) &&
           read_members(json_object_get(d, "members"), out);
}

/* With room for the members of `w`, or those it has; what it was moves over. NULL: no memory. */
static struct guild_subscription *obtain(struct guild_link *l, const struct wanted *w)
{
    struct guild_subscription *old = l->subscription;
    if (old != NULL && (!w->has_members || w->member_count <= old->member_count))
        return old;
    size_t room = w->member_count * sizeof old->members[0];
    struct guild_subscription *sub = mem_zalloc(MEM_GATEWAY, sizeof *sub + room);
    if (sub == NULL)
        return NULL;
    sub->link = l;
    for (size_t i = 0; i < SUBSCRIPTION_CHANNELS_MAX; i++)
        sub->seats[i].link = l;
    if (old != NULL) {
        sub->typing = old->typing;
        sub->threads = old->threads;
        sub->activities = old->activities;
        sub->channel_count = old->channel_count;
        memcpy(sub->channels, old->channels, sizeof sub->channels);
        subscription_free(l);
    }
    l->subscription = sub;
    return sub;
}

static void flag(bool *to, const json_t *v)
{
    if (v != NULL)
        *to = json_is_true(v);
}

static void subscribe(struct guild_link *l, const struct wanted *w)
{
    struct guild_subscription *sub = obtain(l, w);
    if (sub == NULL)
        return;
    flag(&sub->typing, w->typing);
    flag(&sub->threads, w->threads);
    flag(&sub->activities, w->activities);
    if (w->has_channels) {
        sub->channel_count = w->channel_count;
        memcpy(sub->channels, w->channels, sizeof sub->channels);
    }
    if (w->has_members) {
        sub->member_count = w->member_count;
        memcpy(sub->members, w->members, w->member_count * sizeof sub->members[0]);
    }
    subscription_resolve(sub);
}

/* False: it is no such command. Of a guild that the session is not in nothing is heard; nor of
 * lists when there are no *lists left. */
static bool obey(struct session *s, uint64_t guild, const json_t *d, unsigned *lists)
{
    struct wanted w;
    if (!read_wanted(d, &w))
        return false;
    struct guild_link *l = session_link(s, guild);
    if (w.channel_count > 0 && (*lists)-- == 0) {
        w.has_channels = false;
        *lists = 0;
    }
    if (l != NULL && l->class != NULL)
        subscribe(l, &w);
    return true;
}

void subscription_restore(struct guild_link *l, const json_t *saved)
{
    struct wanted w;
    if (read_wanted(saved, &w))
        subscribe(l, &w);
}

void gw_op_guild_subscriptions(struct session *s, const json_t *d)
{
    uint64_t guild;
    unsigned lists = 1;
    if (s->who.bot)
        gw_conn_close(s->conn, ERR_GW_UNKNOWN_OPCODE);
    else if (!json_read_snowflake(json_object_get(d, "guild_id"), &guild) ||
             !obey(s, guild, d, &lists))
        gw_conn_close(s->conn, ERR_GW_DECODE);
}

void gw_op_guild_subscriptions_bulk(struct session *s, const json_t *d)
{
    const json_t *all = json_object_get(d, "subscriptions");
    const char *key;
    json_t *one;
    unsigned lists = BULK_LISTS_MAX;
    if (s->who.bot) {
        gw_conn_close(s->conn, ERR_GW_UNKNOWN_OPCODE);
        return;
    }
    bool ok = json_is_object(all) && json_object_size(all) <= BULK_GUILDS_MAX;
    if (ok) {
        json_object_foreach((json_t *)(uintptr_t)all, key, one)
        {
            uint64_t guild;
            ok = ok && s->conn != NULL && slice_to_u64(slice_from(key), &guild) &&
                 obey(s, guild, one, &lists);
        }
    }
    if (!ok && s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_DECODE);
}
