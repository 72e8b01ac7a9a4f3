/* OAuth2, as far as adding a bot to a guild goes: the request that Discord's consent page sends. */

#include "api/api_priv.h"
#include "api/handlers.h"
#include "core/applications.h"
#include "model/permissions.h"
#include "proto/bodies.h"

/* Scopes are separated by spaces (RFC 6749 §3.3). */
static bool has_bot_scope(struct slice scopes)
{
    struct slice part;
    while (slice_next(&scopes, ' ', &part)) {
        if (slice_eq(part, SLICE("bot")))
            return true;
    }
    return false;
}

static enum err read_query(struct request *r, struct application_id *client, uint64_t *permissions)
{
    request_query_id(r, "client_id", &client->v);
    request_query_id(r, "permissions", permissions);
    enum err e = request_form_ok(r);
    if (e == ERR_OK && client->v == 0) {
        request_form_error(r, "client_id", "BASE_TYPE_REQUIRED", "This field is required");
        return ERR_INVALID_FORM;
    }
    if (e == ERR_OK && !has_bot_scope(request_query(r, "scope")))
        return ERR_MISSING_SCOPE;
    return e;
}

/* The guild is named in the body, so the row cannot check it: the request's scope is entered here.
 */
static enum err enter_guild(struct request *r, uint64_t guild)
{
    enum err e = access_guild(request_core(r), &r->principal, (struct guild_id){guild}, &r->arena,
                              &r->access);
    if (e != ERR_OK)
        return e;
    bool may = (r->access.permissions & PERMISSION_MANAGE_GUILD) != 0;
    return may ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

static void write_location(struct request *r, bool authorized)
{
    char text[2 * API_URL_MAX];
    struct buf url = {.data = text, .cap = sizeof text, .max = sizeof text};
    request_write_url(r, &url, false);
    buf_append_cstr(&url, authorized ? "/" : "/?error=access_denied");
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_str(w, "location", buf_slice(&url));
    json_object_end(w);
}

enum err route_oauth2_authorize(struct request *r)
{
    const struct body_authorize *body = r->body;
    struct application_id client = {0};
    uint64_t permissions = body->permissions;
    enum err e = read_query(r, &client, body->permissions == 0 ? &permissions : &(uint64_t){0});
    if (e == ERR_OK && body->authorize)
        e = enter_guild(r, body->guild_id);
    if (e == ERR_OK && body->authorize)
        e = application_authorize(request_core(r), &r->actor, &r->access, client,
                                  permissions & PERMISSIONS_ALL);
    if (e == ERR_OK)
        write_location(r, body->authorize);
    return e;
}
