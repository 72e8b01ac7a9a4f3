/* Invites: making them, looking at them, following them, taking them away. */

#include "core/invites.h"

#include "api/handlers.h"
#include "api/joining.h"
#include "core/online.h"
#include "proto/bodies.h"
#include "proto/bodies_invites.h"

enum { MAX_AGE_DEFAULT_S = 86400 }; /* docs, "Create Channel Invite" */

/* What is shown must be named, and nothing may be named that is not shown. */
static void check_target(struct request *r, const struct body_invite_create *b)
{
    bool user = b->target_type == 1, application = b->target_type == 2;
    if (user != (b->target_user_id != 0))
        request_form_error(r, "target_user_id", "INVITE_TARGET_INVALID",
                           "A stream's invite names its user, and no other does.");
    if (application != (b->target_application_id != 0))
        request_form_error(r, "target_application_id", "INVITE_TARGET_INVALID",
                           "An application's invite names it, and no other does.");
}

static enum err read_roles(struct request *r, const struct body_array *from,
                           struct invite_draft *draft)
{
    if (from->count == 0)
        return ERR_OK;
    struct role_id *roles = arena_array(&r->arena, from->count, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    draft->role_count = joining_ids(from, (uint64_t *)(void *)roles);
    draft->roles = roles;
    return ERR_OK;
}

enum err route_invites_create(struct request *r)
{
    static const struct invite_show all = {.metadata = true};
    const struct body_invite_create *body = r->body;
    bool aged = BODY_SENT(*body, BODY_INVITE_MAX_AGE) && !BODY_NULL(*body, BODY_INVITE_MAX_AGE);
    struct invite_draft draft = {
        .max_age_s = aged ? (uint32_t)body->max_age : MAX_AGE_DEFAULT_S,
        .max_uses = (uint32_t)body->max_uses,
        .temporary = body->temporary,
        .unique = body->unique,
        .flags = (uint32_t)body->flags,
        .target_type = (uint32_t)body->target_type,
        .target_user = {body->target_user_id},
        .target_application = {body->target_application_id},
    };
    struct invite_sheet made;
    check_target(r, body);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = read_roles(r, &body->role_ids, &draft);
    if (e == ERR_OK)
        e = invite_create(request_core(r), &r->actor, &r->access, &draft, &r->arena, &made);
    if (e == ERR_OK)
        proto_invite(reply_json(r), &made, &all);
    return e;
}

/* Of the channel or guild of the path. Who may only read the audit log does not see the counts. */
enum err route_invites_list(struct request *r)
{
    struct invite_sheet *list = NULL;
    size_t count = 0;
    const struct invite_show show = {
        .metadata = r->access.channel != NULL ||
                    permissions_meet(r->access.permissions, PERMISSION_MANAGE_GUILD)};
    enum err e = invite_list(request_core(r), &r->access, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_invite(w, &list[i], &show);
    json_array_end(w);
    return ERR_OK;
}

enum err route_invites_get(struct request *r)
{
    struct invite_show show = {.counts = false};
    struct invite_sheet found;
    bool expiration = true; /* it is always shown */
    request_query_bool(r, "with_counts", &show.counts);
    request_query_bool(r, "with_permissions", &show.nickname);
    request_query_bool(r, "with_expiration", &expiration);
    request_query_id(r, "guild_scheduled_event_id", &show.event.v);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = invite_get(request_core(r), request_param(r, "code"), &r->arena, &found);
    if (e != ERR_OK)
        return e;
    found.online = online_count(request_core(r), found.view->guild.id);
    proto_invite(reply_json(r), &found, &show);
    guild_view_unref(&found.view);
    return ERR_OK;
}

enum err route_invites_accept(struct request *r)
{
    static const struct invite_show plain = {.metadata = false};
    struct invite_sheet found;
    struct acceptance how;
    enum err e = invite_accept(request_core(r), &r->actor, request_param(r, "code"), &r->arena,
                               &found, &how);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_invite_keys(w, &found, &plain);
    json_kv_bool(w, "new_member", how.joined);
    json_kv_bool(w, "show_verification_form", how.pending);
    json_object_end(w);
    guild_view_unref(&found.view);
    return ERR_OK;
}

enum err route_invites_delete(struct request *r)
{
    static const struct invite_show plain = {.metadata = false};
    struct invite_sheet gone;
    enum err e =
        invite_delete(request_core(r), &r->actor, request_param(r, "code"), &r->arena, &gone);
    if (e != ERR_OK)
        return e;
    proto_invite(reply_json(r), &gone, &plain);
    guild_view_unref(&gone.view);
    return ERR_OK;
}
