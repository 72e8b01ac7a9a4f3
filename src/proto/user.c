/* User objects. Guildhall keeps no badges or decorations: their keys are there, as null, because
 * strict client libraries refuse an object without them. */

#include "proto/user.h"

static void user_keys(struct json_writer *w, const struct user *u)
{
    json_kv_id(w, "id", u->id.v);
    json_kv_str(w, "username", u->username);
    json_kv_cstr(w, "discriminator", "0");
    json_kv_str_or_null(w, "global_name", u->global_name);
    json_kv_str_or_null(w, "avatar", u->avatar);
    json_kv_str_or_null(w, "banner", u->banner);
    if ((u->accent_color & ROLE_COLOR_SET) == 0)
        json_kv_null(w, "accent_color");
    else
        json_kv_u64(w, "accent_color", u->accent_color ^ ROLE_COLOR_SET);
    json_kv_null(w, "avatar_decoration_data");
    json_kv_null(w, "collectibles");
    json_kv_null(w, "primary_guild");
    json_kv_u64(w, "public_flags", u->flags);
    json_kv_u64(w, "flags", u->flags);
    json_kv_bool(w, "bot", u->bot);
}

void proto_user(struct json_writer *w, const struct user *u)
{
    json_object_begin(w);
    user_keys(w, u);
    json_object_end(w);
}

void proto_user_self(struct json_writer *w, const struct user *u)
{
    json_object_begin(w);
    proto_user_self_keys(w, u);
    json_object_end(w);
}

void proto_user_self_keys(struct json_writer *w, const struct user *u)
{
    user_keys(w, u);
    json_kv_str_or_null(w, "email", u->email);
    json_kv_bool(w, "verified", true);
    json_kv_bool(w, "mfa_enabled", false);
    json_kv_cstr(w, "locale", "en-US");
    json_kv_u64(w, "premium_type", 0);
    json_kv_null(w, "phone");
    json_kv_str(w, "bio", u->bio);
    json_kv_str(w, "pronouns", u->pronouns);
}
