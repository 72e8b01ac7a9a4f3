/* Guilds. */

#include "core/guilds.h"

#include "api/handlers.h"
#include "proto/bodies.h"
#include "proto/guild.h"

enum err route_guilds_create(struct request *r)
{
    const struct body_guild_create *body = r->body;
    struct guild_draft draft = {
        .name = body->name,
        .verification_level = (uint32_t)body->verification_level,
        .default_message_notifications = (uint32_t)body->default_message_notifications,
        .explicit_content_filter = (uint32_t)body->explicit_content_filter,
    };
    struct guild_view *view;
    enum err e = guild_create(request_core(r), &r->actor, &draft, &view);
    if (e != ERR_OK)
        return e;
    proto_guild(reply_json(r), view);
    guild_view_unref(&view);
    return ERR_OK;
}

/* Presence is not tracked yet, so nobody counts as present; some libraries want both counts or
 * none. */
static void write_counts(struct json_writer *w, uint64_t members)
{
    json_kv_u64(w, "approximate_member_count", members);
    json_kv_u64(w, "approximate_presence_count", 0);
}

enum err route_guilds_get(struct request *r)
{
    bool with_counts = false;
    uint64_t members = 0;
    request_query_bool(r, "with_counts", &with_counts);
    enum err e = request_form_ok(r);
    if (e == ERR_OK && with_counts)
        e = guild_member_count(request_core(r), r->access.view->guild.id, &members);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_guild_keys(w, r->access.view);
    if (with_counts)
        write_counts(w, members);
    json_object_end(w);
    return ERR_OK;
}
