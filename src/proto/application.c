/* The application object as its owner and its own bot see it (PrivateApplicationResponse). */

#include "proto/guild.h"
#include "proto/user.h"

static void endpoint_keys(struct json_writer *w)
{
    json_kv_cstr(w, "verify_key", "");
    json_kv_raw(w, "redirect_uris", "[]");
    json_kv_null(w, "interactions_endpoint_url");
    json_kv_null(w, "role_connections_verification_url");
    json_kv_raw(w, "eligible_oauth2_scopes", "[\"bot\"]");
}

static void count_keys(struct json_writer *w)
{
    json_kv_u64(w, "approximate_guild_count", 0);
    json_kv_u64(w, "approximate_user_install_count", 0);
    json_kv_u64(w, "approximate_user_authorization_count", 0);
}

void proto_application(struct json_writer *w, const struct application *a, const struct user *owner,
                       const struct user *bot)
{
    json_object_begin(w);
    json_kv_id(w, "id", a->id.v);
    json_kv_str(w, "name", a->name);
    json_kv_str(w, "description", a->description);
    json_kv_null(w, "icon");
    json_kv_null(w, "type");
    json_kv_bool(w, "bot_public", a->bot_public);
    json_kv_bool(w, "bot_require_code_grant", false);
    json_kv_u64(w, "flags", a->flags);
    json_kv_id(w, "flags_new", a->flags);
    endpoint_keys(w);
    count_keys(w);
    json_kv_u64(w, "explicit_content_filter", 0);
    json_kv_null(w, "team");
    if (owner != NULL) {
        json_key(w, "owner");
        proto_user(w, owner);
    }
    if (bot != NULL) {
        json_key(w, "bot");
        proto_user(w, bot);
    }
    json_object_end(w);
}
