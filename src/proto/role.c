/* Role objects (docs, "Role Object"). */

#include "proto/guild.h"

static void color_or_null(struct json_writer *w, const char *key, uint32_t color)
{
    if ((color & ROLE_COLOR_SET) == 0)
        json_kv_null(w, key);
    else
        json_kv_u64(w, key, color & ~(uint32_t)ROLE_COLOR_SET);
}

static void role_colors(struct json_writer *w, const struct role *r)
{
    json_kv_u64(w, "color", r->color);
    json_key(w, "colors");
    json_object_begin(w);
    json_kv_u64(w, "primary_color", r->color);
    color_or_null(w, "secondary_color", r->secondary_color);
    color_or_null(w, "tertiary_color", r->tertiary_color);
    json_object_end(w);
}

void proto_role(struct json_writer *w, const struct role *r)
{
    json_object_begin(w);
    json_kv_id(w, "id", r->id.v);
    json_kv_str(w, "name", r->name);
    json_kv_id(w, "permissions", r->permissions); /* a string: it does not fit into a double */
    json_kv_i64(w, "position", r->position);
    role_colors(w, r);
    json_kv_bool(w, "hoist", r->hoist);
    json_kv_bool(w, "managed", r->managed);
    json_kv_bool(w, "mentionable", r->mentionable);
    json_kv_str_or_null(w, "icon", r->icon);
    json_kv_str_or_null(w, "unicode_emoji", r->unicode_emoji);
    json_kv_u64(w, "flags", r->flags);
    if (r->bot.v != 0) {
        json_key(w, "tags");
        json_object_begin(w);
        json_kv_id(w, "bot_id", r->bot.v);
        json_kv_id(w, "integration_id", r->id.v); /* the same number, see core/integrations.c */
        json_object_end(w);
    }
    json_object_end(w);
}
