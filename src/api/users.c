/* Users, and what belongs to the calling one. */

#include "api/handlers.h"
#include "core/accounts.h"
#include "core/guilds.h"
#include "core/members.h"
#include "core/online.h"
#include "model/permissions.h"
#include "proto/guild.h"
#include "proto/invite.h"
#include "proto/user.h"

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

/* A guild that is gone since it was listed is no error: the caller is not in it any more. */
static enum err write_guild(struct request *r, struct json_writer *w, const struct own_guild *g,
                            bool with_counts)
{
    struct guild_view *view;
    enum err e = guild_view_get(request_core(r), g->member.guild, &view);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_GUILD ? ERR_OK : e;
    struct subject who = subject_of(&g->member);
    json_object_begin(w);
    proto_guild_partial_keys(w, view, view->guild.owner.v == r->principal.user.v,
                             permissions_in_guild(view, &who, request_now_ms(r)));
    if (with_counts)
        proto_guild_counts(w, g->member_count, online_count(request_core(r), g->member.guild));
    json_object_end(w);
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_users_my_guilds(struct request *r)
{
    uint64_t before = 0;
    uint64_t after = 0;
    int64_t limit = OWN_GUILDS_PAGE;
    bool with_counts = false;
    struct own_guild *list;
    size_t count;
    request_query_id(r, "before", &before);
    request_query_id(r, "after", &after);
    request_query_int(r, "limit", 1, OWN_GUILDS_PAGE, &limit);
    request_query_bool(r, "with_counts", &with_counts);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = guilds_list_own(request_core(r), r->principal.user, before, after, (size_t)limit,
                            &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = write_guild(r, w, &list[i], with_counts);
    json_array_end(w);
    return e;
}

enum err route_users_leave_guild(struct request *r)
{
    struct guild_id id;
    enum err e = request_param_id(r, "guild_id", &id.v);
    return e == ERR_OK ? member_leave(request_core(r), &r->actor, id) : e;
}
