/* Users, and what belongs to the calling one. */

#include <stdlib.h>

#include "api/handlers.h"
#include "core/accounts.h"
#include "core/guilds.h"
#include "core/members.h"
#include "model/permissions.h"
#include "proto/guild.h"
#include "proto/user.h"

enum { MY_GUILDS_PAGE = 200 }; /* docs, "Get Current User Guilds" */

enum err route_users_me(struct request *r)
{
    struct user user;
    enum err e = account_get(request_core(r), r->principal.user, &r->arena, &user);
    if (e == ERR_OK)
        proto_user_self(reply_json(r), &user);
    return e;
}

enum err route_users_get(struct request *r)
{
    struct user_id id;
    struct user user;
    enum err e = request_param_id(r, "user_id", &id.v);
    if (e == ERR_OK)
        e = account_get(request_core(r), id, &r->arena, &user);
    if (e == ERR_OK)
        proto_user(reply_json(r), &user);
    return e;
}

struct page {
    uint64_t before;
    uint64_t after;
    int64_t limit;
};

static int compare_guilds(const void *a, const void *b)
{
    const struct membership *left = a;
    const struct membership *right = b;
    return (left->guild.v > right->guild.v) - (left->guild.v < right->guild.v);
}

/* Ascending by id; with `before` the page ends there, else it begins after `after`. */
static struct membership *page_of(struct session_snapshot *s, const struct page *p, size_t *count)
{
    size_t first = 0;
    size_t end = s->membership_count;
    if (end > 0)
        qsort(s->memberships, end, sizeof *s->memberships, compare_guilds);
    while (first < end && s->memberships[first].guild.v <= p->after)
        first++;
    while (p->before != 0 && end > first && s->memberships[end - 1].guild.v >= p->before)
        end--;
    size_t limit = (size_t)p->limit;
    if (end - first > limit && p->before != 0 && p->after == 0)
        first = end - limit;
    *count = end - first < limit ? end - first : limit;
    return end > 0 ? s->memberships + first : NULL;
}

/* A guild that is gone since the snapshot is no error: the caller is not in it any more. */
static enum err write_guild(struct request *r, struct json_writer *w, const struct membership *m)
{
    struct guild_view *view;
    enum err e = guild_view_get(request_core(r), m->guild, &view);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_GUILD ? ERR_OK : e;
    struct subject who = {r->principal.user, m->member.roles, m->member.role_count,
                          m->member.timed_out_until_ms};
    proto_guild_partial(w, view, view->guild.owner.v == r->principal.user.v,
                        permissions_in_guild(view, &who, request_now_ms(r)));
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_users_my_guilds(struct request *r)
{
    struct page page = {.limit = MY_GUILDS_PAGE};
    struct session_snapshot snapshot;
    size_t count;
    request_query_id(r, "before", &page.before);
    request_query_id(r, "after", &page.after);
    request_query_int(r, "limit", 1, MY_GUILDS_PAGE, &page.limit);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = session_snapshot_load(request_core(r), &r->principal, &r->arena, &snapshot);
    if (e != ERR_OK)
        return e;
    const struct membership *first = page_of(&snapshot, &page, &count);
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = write_guild(r, w, &first[i]);
    json_array_end(w);
    return e;
}

enum err route_users_leave_guild(struct request *r)
{
    struct guild_id id;
    enum err e = request_param_id(r, "guild_id", &id.v);
    return e == ERR_OK ? member_leave(request_core(r), &r->actor, id) : e;
}
