/* What a session looks at in a guild: from what it asked for, and what it may see, to its seats at
 * lists; and how that survives a restart. */
#include <string.h>

#include "gateway/member_roster.h"
#include "model/permissions.h"

/* Several channels may have one list: then it is one seat, at all their ranges. */
struct wish {
    struct member_list *list;
    struct member_ranges ranges;
};

static const struct channel *visible(const struct guild_link *l, uint64_t id)
{
    const struct guild_view *v = l->guild->view;
    if (v == NULL || l->class == NULL)
        return NULL;
    const struct channel *ch = guild_view_channel(v, (struct channel_id){id});
    if (ch == NULL || ch->type == CHANNEL_TYPE_CATEGORY)
        return NULL;
    uint64_t held = l->class->permissions[ch - v->channels];
    return (held & PERMISSION_VIEW_CHANNEL) != 0 ? ch : NULL;
}

static size_t wishes_of(struct guild_subscription *sub, struct member_roster *r,
                        struct wish out[SUBSCRIPTION_CHANNELS_MAX])
{
    size_t n = 0;
    for (uint32_t i = 0; i < sub->channel_count; i++) {
        const struct channel *ch = visible(sub->link, sub->channels[i].id);
        struct member_list *l = ch == NULL ? NULL : member_list_get(r, ch);
        if (l == NULL)
            continue;
        size_t k = 0;
        while (k < n && out[k].list != l)
            k++;
        if (k == n)
            out[n++] = (struct wish){.list = l};
        for (uint32_t m = 0; m < sub->channels[i].ranges.count; m++)
            (void)member_ranges_add(&out[k].ranges, sub->channels[i].ranges.list[m]);
    }
    return n;
}

static bool wished(const struct wish *wishes, size_t n, const struct member_list *l)
{
    for (size_t i = 0; i < n; i++)
        if (wishes[i].list == l)
            return true;
    return false;
}

static struct member_seat *seat_for(struct guild_subscription *sub, const struct member_list *l)
{
    struct member_seat *empty = NULL;
    for (size_t i = 0; i < SUBSCRIPTION_CHANNELS_MAX; i++) {
        struct member_seat *seat = &sub->seats[i];
        if (seat->look != NULL && seat->look->list == l)
            return seat;
        if (seat->look == NULL && empty == NULL)
            empty = seat;
    }
    return empty;
}

static void leave_all(struct guild_subscription *sub)
{
    for (size_t i = 0; i < SUBSCRIPTION_CHANNELS_MAX; i++)
        member_seat_leave(&sub->seats[i]);
}

void subscription_resolve(struct guild_subscription *sub)
{
    struct guild_sub *s = sub->link->guild;
    struct wish wishes[SUBSCRIPTION_CHANNELS_MAX];
    size_t n = 0;
    sub->stale = false;
    struct member_roster *r =
        sub->channel_count > 0 && s->view != NULL ? member_roster_get(s) : s->roster;
    if (r != NULL && sub->channel_count > 0) {
        if (!list_linked(&sub->node))
            list_push_back(&r->subscriptions, &sub->node);
        n = wishes_of(sub, r, wishes);
    } else {
        list_remove(&sub->node);
    }
    for (size_t i = 0; i < SUBSCRIPTION_CHANNELS_MAX; i++) {
        struct member_seat *seat = &sub->seats[i];
        if (seat->look != NULL && !wished(wishes, n, seat->look->list))
            member_seat_leave(seat);
    }
    for (size_t i = 0; i < n; i++) {
        struct member_seat *seat = seat_for(sub, wishes[i].list);
        if (seat != NULL)
            member_seat_take(seat, wishes[i].list, &wishes[i].ranges);
    }
    presence_watch(sub->link, sub->link->class != NULL && (sub->member_count > 0 || n > 0));
    member_roster_release(s);
}

/* In one of the ranges that the session looks at. */
static bool shows(const struct guild_subscription *sub, uint64_t user)
{
    const struct member_roster *r = sub->link->guild->roster;
    const struct member_card *c = r == NULL || !r->loaded ? NULL : map_get(&r->cards, user);
    for (size_t i = 0; c != NULL && i < SUBSCRIPTION_CHANNELS_MAX; i++) {
        const struct member_look *look = sub->seats[i].look;
        if (look != NULL &&
            member_ranges_hold(&look->ranges, member_rows_index(&look->list->rows, &c->place)))
            return true;
    }
    return false;
}

bool subscription_wants_presence(const struct guild_link *l, uint64_t user)
{
    const struct guild_subscription *sub = l->subscription;
    for (uint32_t i = 0; sub != NULL && i < sub->member_count; i++)
        if (sub->members[i] == user)
            return true;
    return sub != NULL && sub->activities && shows(sub, user);
}

void subscription_free(struct guild_link *l)
{
    struct guild_subscription *sub = l->subscription;
    if (sub == NULL)
        return;
    l->subscription = NULL;
    list_remove(&sub->node);
    leave_all(sub);
    presence_watch(l, false);
    mem_free(MEM_GATEWAY, sub);
    member_roster_release(l->guild);
}

/* --- hand-over --- */

static json_t *saved_ranges(const struct member_ranges *r)
{
    json_t *out = json_array();
    for (uint32_t i = 0; out != NULL && i < r->count; i++) {
        json_t *one = json_pack("[I,I]", (json_int_t)r->list[i].first, (json_int_t)r->list[i].last);
        (void)json_array_append_new(out, one);
    }
    return out;
}

static json_t *saved_channels(const struct guild_subscription *sub)
{
    json_t *out = json_object();
    for (uint32_t i = 0; out != NULL && i < sub->channel_count; i++) {
        char id[SLICE_U64_DIGITS + 1];
        id[slice_put_u64(id, sub->channels[i].id)] = '\0';
        (void)json_object_set_new(out, id, saved_ranges(&sub->channels[i].ranges));
    }
    return out;
}

static json_t *saved_members(const struct guild_subscription *sub)
{
    json_t *out = json_array();
    for (uint32_t i = 0; out != NULL && i < sub->member_count; i++) {
        char id[SLICE_U64_DIGITS + 1];
        id[slice_put_u64(id, sub->members[i])] = '\0';
        (void)json_array_append_new(out, json_string(id));
    }
    return out;
}

/* In the shape of the command (op 14), so that restoring is obeying it. */
json_t *subscription_save(const struct guild_link *l)
{
    const struct guild_subscription *sub = l->subscription;
    if (sub == NULL)
        return NULL;
    return json_pack("{s:b,s:b,s:b,s:o,s:o}", "typing", sub->typing, "threads", sub->threads,
                     "activities", sub->activities, "channels", saved_channels(sub), "members",
                     saved_members(sub));
}
