/*
 * Guild, role, channel, member, invite and application objects. Strict libraries want every
 * required key of the schema, so what Guildhall does not have yet is written as Discord writes it
 * for a guild without the feature: null, zero or an empty list.
 */

#include "proto/guild.h"

#include "proto/user.h"

enum { MAX_MEMBERS = 500000, MAX_VIDEO_USERS = 25, MAX_STAGE_VIDEO_USERS = 50 };

/* Permission sets travel as decimal strings: they do not fit into a double. */
static void kv_bits(struct json_writer *w, const char *key, uint64_t bits)
{
    json_kv_id(w, key, bits);
}

static void kv_empty_array(struct json_writer *w, const char *key)
{
    json_kv_raw(w, key, "[]");
}

static void role_colors(struct json_writer *w, const struct role *r)
{
    json_kv_u64(w, "color", r->color);
    json_key(w, "colors");
    json_object_begin(w);
    json_kv_u64(w, "primary_color", r->color);
    json_kv_null(w, "secondary_color");
    json_kv_null(w, "tertiary_color");
    json_object_end(w);
}

void proto_role(struct json_writer *w, const struct role *r)
{
    json_object_begin(w);
    json_kv_id(w, "id", r->id.v);
    json_kv_str(w, "name", r->name);
    kv_bits(w, "permissions", r->permissions);
    json_kv_i64(w, "position", r->position);
    role_colors(w, r);
    json_kv_bool(w, "hoist", r->hoist);
    json_kv_bool(w, "managed", r->managed);
    json_kv_bool(w, "mentionable", r->mentionable);
    json_kv_null(w, "icon");
    json_kv_null(w, "unicode_emoji");
    json_kv_u64(w, "flags", 0);
    if (r->bot.v != 0) {
        json_key(w, "tags");
        json_object_begin(w);
        json_kv_id(w, "bot_id", r->bot.v);
        json_object_end(w);
    }
    json_object_end(w);
}

static void overwrites(struct json_writer *w, const struct channel *c)
{
    json_key(w, "permission_overwrites");
    json_array_begin(w);
    for (size_t i = 0; i < c->overwrite_count; i++) {
        const struct overwrite *o = &c->overwrites[i];
        json_object_begin(w);
        json_kv_id(w, "id", o->id);
        json_kv_u64(w, "type", (uint64_t)o->type);
        kv_bits(w, "allow", o->allow);
        kv_bits(w, "deny", o->deny);
        json_object_end(w);
    }
    json_array_end(w);
}

static void text_keys(struct json_writer *w, const struct channel *c)
{
    json_kv_str_or_null(w, "topic", c->topic);
    json_kv_id_or_null(w, "last_message_id", c->last_message.v);
    json_kv_null(w, "last_pin_timestamp");
    json_kv_u64(w, "rate_limit_per_user", c->rate_limit_per_user);
}

static void voice_keys(struct json_writer *w, const struct channel *c)
{
    json_kv_u64(w, "bitrate", c->bitrate);
    json_kv_u64(w, "user_limit", c->user_limit);
    json_kv_null(w, "rtc_region");
    json_kv_id_or_null(w, "last_message_id", c->last_message.v);
    json_kv_u64(w, "rate_limit_per_user", c->rate_limit_per_user);
}

static void forum_keys(struct json_writer *w, const struct channel *c)
{
    text_keys(w, c);
    kv_empty_array(w, "available_tags");
    json_kv_null(w, "default_reaction_emoji");
    json_kv_null(w, "default_sort_order");
    json_kv_u64(w, "default_forum_layout", 0);
}

/* What only channels of its kind have. */
static void kind_keys(struct json_writer *w, const struct channel *c)
{
    switch (c->type) {
    case CHANNEL_TYPE_VOICE:
    case CHANNEL_TYPE_STAGE:
        voice_keys(w, c);
        break;
    case CHANNEL_TYPE_FORUM:
    case CHANNEL_TYPE_MEDIA:
        forum_keys(w, c);
        break;
    case CHANNEL_TYPE_CATEGORY:
        break;
    case CHANNEL_TYPE_TEXT:
    case CHANNEL_TYPE_ANNOUNCEMENT:
    case CHANNEL_TYPE_DM:
    case CHANNEL_TYPE_GROUP_DM:
        text_keys(w, c);
        break;
    }
}

void proto_channel_keys(struct json_writer *w, const struct channel *c, bool with_guild_id)
{
    json_kv_id(w, "id", c->id.v);
    json_kv_u64(w, "type", (uint64_t)c->type);
    if (with_guild_id)
        json_kv_id(w, "guild_id", c->guild.v);
    json_kv_str(w, "name", c->name);
    json_kv_id_or_null(w, "parent_id", c->parent.v);
    json_kv_i64(w, "position", c->position);
    json_kv_bool(w, "nsfw", c->nsfw);
    json_kv_u64(w, "flags", 0);
    kind_keys(w, c);
    overwrites(w, c);
}

void proto_channel(struct json_writer *w, const struct channel *c, bool with_guild_id)
{
    json_object_begin(w);
    proto_channel_keys(w, c, with_guild_id);
    json_object_end(w);
}

static void guild_identity(struct json_writer *w, const struct guild *g)
{
    json_kv_id(w, "id", g->id.v);
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_id(w, "owner_id", g->owner.v);
    json_kv_str(w, "preferred_locale", g->preferred_locale);
    json_kv_cstr(w, "region", "deprecated");
    json_kv_null(w, "icon");
    json_kv_null(w, "home_header");
    json_kv_null(w, "splash");
    json_kv_null(w, "discovery_splash");
    json_kv_null(w, "banner");
    json_kv_null(w, "vanity_url_code");
    json_kv_null(w, "application_id");
    kv_empty_array(w, "features");
    kv_empty_array(w, "emojis");
    kv_empty_array(w, "stickers");
}

static void guild_channels(struct json_writer *w, const struct guild *g)
{
    json_kv_id_or_null(w, "afk_channel_id", g->afk_channel.v);
    json_kv_u64(w, "afk_timeout", g->afk_timeout);
    json_kv_id_or_null(w, "system_channel_id", g->system_channel.v);
    json_kv_u64(w, "system_channel_flags", 0);
    json_kv_null(w, "rules_channel_id");
    json_kv_null(w, "public_updates_channel_id");
    json_kv_null(w, "safety_alerts_channel_id");
    json_kv_bool(w, "widget_enabled", false);
    json_kv_null(w, "widget_channel_id");
}

static void guild_rules(struct json_writer *w, const struct guild *g)
{
    json_kv_u64(w, "verification_level", g->verification_level);
    json_kv_u64(w, "default_message_notifications", g->default_message_notifications);
    json_kv_u64(w, "explicit_content_filter", g->explicit_content_filter);
    json_kv_u64(w, "mfa_level", 0);
    json_kv_bool(w, "nsfw", false);
    json_kv_u64(w, "nsfw_level", 0);
    json_kv_null(w, "incidents_data");
}

static void guild_limits(struct json_writer *w)
{
    json_kv_null(w, "max_presences");
    json_kv_u64(w, "max_members", MAX_MEMBERS);
    json_kv_u64(w, "max_video_channel_users", MAX_VIDEO_USERS);
    json_kv_u64(w, "max_stage_video_channel_users", MAX_STAGE_VIDEO_USERS);
    json_kv_u64(w, "premium_tier", 0);
    json_kv_u64(w, "premium_subscription_count", 0);
    json_kv_bool(w, "premium_progress_bar_enabled", false);
}

void proto_guild_keys(struct json_writer *w, const struct guild_view *v)
{
    guild_identity(w, &v->guild);
    guild_channels(w, &v->guild);
    guild_rules(w, &v->guild);
    guild_limits(w);
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < v->role_count; i++)
        proto_role(w, &v->roles[i]);
    json_array_end(w);
}

void proto_guild(struct json_writer *w, const struct guild_view *v)
{
    json_object_begin(w);
    proto_guild_keys(w, v);
    json_object_end(w);
}

void proto_guild_partial(struct json_writer *w, const struct guild_view *v, bool owner,
                         uint64_t permissions)
{
    json_object_begin(w);
    json_kv_id(w, "id", v->guild.id.v);
    json_kv_str(w, "name", v->guild.name);
    json_kv_null(w, "icon");
    json_kv_null(w, "banner");
    json_kv_bool(w, "owner", owner);
    kv_bits(w, "permissions", permissions);
    kv_empty_array(w, "features");
    json_object_end(w);
}

void proto_member_keys(struct json_writer *w, const struct member *m, bool with_user)
{
    if (with_user) {
        json_key(w, "user");
        proto_user(w, &m->user);
    }
    json_kv_str_or_null(w, "nick", m->nick);
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < m->role_count; i++)
        json_id(w, m->roles[i].v);
    json_array_end(w);
    json_kv_time(w, "joined_at", m->joined_at_ms);
    json_kv_time_or_null(w, "communication_disabled_until", m->timed_out_until_ms);
    json_kv_bool(w, "deaf", m->deaf);
    json_kv_bool(w, "mute", m->mute);
    json_kv_null(w, "avatar");
    json_kv_null(w, "banner");
    json_kv_null(w, "premium_since");
    json_kv_bool(w, "pending", false);
    json_kv_u64(w, "flags", 0);
}

void proto_member(struct json_writer *w, const struct member *m, bool with_user)
{
    json_object_begin(w);
    proto_member_keys(w, m, with_user);
    json_object_end(w);
}
