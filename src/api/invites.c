/* Invites: making them, looking at them, following them. */

#include "core/invites.h"

#include "api/handlers.h"
#include "core/guilds.h"
#include "proto/bodies.h"
#include "proto/guild.h"

enum { MAX_AGE_DEFAULT_S = 86400 }; /* docs, "Create Channel Invite" */

enum err route_invites_create(struct request *r)
{
    const struct body_invite_create *body = r->body;
    bool aged = BODY_SENT(*body, BODY_INVITE_MAX_AGE) && !BODY_NULL(*body, BODY_INVITE_MAX_AGE);
    struct invite_draft draft = {
        .max_age_s = aged ? (uint32_t)body->max_age : MAX_AGE_DEFAULT_S,
        .max_uses = (uint32_t)body->max_uses,
        .temporary = body->temporary,
        .unique = body->unique,
    };
    struct invite invite;
    enum err e = invite_create(request_core(r), &r->actor, &r->access, &draft, &r->arena, &invite);
    if (e == ERR_OK)
        proto_invite(reply_json(r), &invite, r->access.view, true);
    return e;
}

/* Presence is not tracked yet: nobody counts as present. */
static enum err write_counts(struct request *r, struct json_writer *w, struct guild_id guild)
{
    uint64_t members;
    enum err e = guild_member_count(request_core(r), guild, &members);
    if (e != ERR_OK)
        return e;
    json_kv_u64(w, "approximate_member_count", members);
    json_kv_u64(w, "approximate_presence_count", 0);
    return ERR_OK;
}

enum err route_invites_get(struct request *r)
{
    bool with_counts = false;
    struct invite invite;
    struct guild_view *view = NULL;
    request_query_bool(r, "with_counts", &with_counts);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = invite_get(request_core(r), request_param(r, "code"), &r->arena, &invite, &view);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_invite_keys(w, &invite, view, false);
    if (with_counts)
        e = write_counts(r, w, invite.guild);
    json_object_end(w);
    guild_view_unref(&view);
    return e;
}

enum err route_invites_accept(struct request *r)
{
    struct invite invite;
    struct guild_view *view = NULL;
    bool joined;
    enum err e = invite_accept(request_core(r), &r->actor, request_param(r, "code"), &r->arena,
                               &invite, &view, &joined);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_invite_keys(w, &invite, view, false);
    json_kv_bool(w, "new_member", joined);
    json_object_end(w);
    guild_view_unref(&view);
    return ERR_OK;
}
