/*
 * Guild, member, invite and application objects. Strict libraries want every
 * required key of the schema, so what Guildhall does not have yet is written as Discord writes it
 * for a guild without the feature: null, zero or an empty list.
 */

#include "proto/guild.h"

#include "proto/expressions.h"
#include "proto/incident.h"
#include "proto/invite.h"
#include "proto/user.h"

/* docs, "Guild Age-Restriction Level". */
enum { NSFW_EXPLICIT = 1, NSFW_RESTRICTED = 3 };
enum { MAX_MEMBERS = 500000, MAX_VIDEO_USERS = 25, MAX_STAGE_VIDEO_USERS = 50 };

/* Permission sets travel as decimal strings: they do not fit into a double. */
static void kv_bits(struct json_writer *w, const char *key, uint64_t bits)
{
    json_kv_id(w, key, bits);
}

static void guild_identity(struct json_writer *w, const struct guild *g)
{
    json_kv_id(w, "id", g->id.v);
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_id(w, "owner_id", g->owner.v);
    json_kv_str(w, "preferred_locale", g->preferred_locale);
    json_kv_cstr(w, "region", "deprecated");
    json_kv_str_or_null(w, "icon", g->icon);
    json_kv_str_or_null(w, "home_header", g->home_header);
    json_kv_str_or_null(w, "splash", g->splash);
    json_kv_str_or_null(w, "discovery_splash", g->discovery_splash);
    json_kv_str_or_null(w, "banner", g->banner);
    json_kv_str_or_null(w, "vanity_url_code", g->vanity_code);
    json_kv_null(w, "application_id");
    proto_features(w, g->features);
}

static void guild_channels(struct json_writer *w, const struct guild *g)
{
    json_kv_id_or_null(w, "afk_channel_id", g->afk_channel.v);
    json_kv_u64(w, "afk_timeout", g->afk_timeout);
    json_kv_id_or_null(w, "system_channel_id", g->system_channel.v);
    json_kv_u64(w, "system_channel_flags", g->system_channel_flags);
    json_kv_id_or_null(w, "rules_channel_id", g->rules_channel.v);
    json_kv_id_or_null(w, "public_updates_channel_id", g->public_updates_channel.v);
    json_kv_id_or_null(w, "safety_alerts_channel_id", g->safety_alerts_channel.v);
    json_kv_bool(w, "widget_enabled", g->widget_enabled);
    json_kv_id_or_null(w, "widget_channel_id", g->widget_channel.v);
}

static void guild_rules(struct json_writer *w, const struct guild *g)
{
    json_kv_u64(w, "verification_level", g->verification_level);
    json_kv_u64(w, "default_message_notifications", g->default_message_notifications);
    json_kv_u64(w, "explicit_content_filter", g->explicit_content_filter);
    json_kv_u64(w, "mfa_level", 0);
    json_kv_bool(w, "nsfw", g->nsfw_level == NSFW_EXPLICIT || g->nsfw_level == NSFW_RESTRICTED);
    json_kv_u64(w, "nsfw_level", g->nsfw_level);
    json_key(w, "incidents_data");
    proto_incidents_or_null(w, g);
}

static void guild_limits(struct json_writer *w, const struct guild *g)
{
    json_kv_null(w, "max_presences");
    json_kv_u64(w, "max_members", MAX_MEMBERS);
    json_kv_u64(w, "max_video_channel_users", MAX_VIDEO_USERS);
    json_kv_u64(w, "max_stage_video_channel_users", MAX_STAGE_VIDEO_USERS);
    json_kv_u64(w, "premium_tier", 0);
    json_kv_u64(w, "premium_subscription_count", 0);
    json_kv_bool(w, "premium_progress_bar_enabled", g->premium_progress_bar);
}

void proto_guild_property_keys(struct json_writer *w, const struct guild *g)
{
    guild_identity(w, g);
    guild_channels(w, g);
    guild_rules(w, g);
    guild_limits(w, g);
}

void proto_guild_list_keys(struct json_writer *w, const struct guild_view *v)
{
    json_key(w, "emojis");
    proto_emojis(w, v);
    json_key(w, "stickers");
    proto_stickers(w, v);
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < v->role_count; i++)
        proto_role(w, &v->roles[i]);
    json_array_end(w);
}

void proto_guild_keys(struct json_writer *w, const struct guild_view *v)
{
    proto_guild_property_keys(w, &v->guild);
    proto_guild_list_keys(w, v);
}

void proto_guild(struct json_writer *w, const struct guild_view *v)
{
    json_object_begin(w);
    proto_guild_keys(w, v);
    json_object_end(w);
}

void proto_guild_partial_keys(struct json_writer *w, const struct guild_view *v, bool owner,
                              uint64_t permissions)
{
    json_kv_id(w, "id", v->guild.id.v);
    json_kv_str(w, "name", v->guild.name);
    json_kv_str_or_null(w, "icon", v->guild.icon);
    json_kv_str_or_null(w, "banner", v->guild.banner);
    json_kv_bool(w, "owner", owner);
    kv_bits(w, "permissions", permissions);
    proto_features(w, v->guild.features);
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
    json_kv_str_or_null(w, "avatar", m->avatar);
    json_kv_str_or_null(w, "banner", m->banner);
    json_kv_null(w, "premium_since");
    json_kv_bool(w, "pending", m->pending);
    json_kv_u64(w, "flags", m->flags);
}

void proto_member(struct json_writer *w, const struct member *m, bool with_user)
{
    json_object_begin(w);
    proto_member_keys(w, m, with_user);
    json_object_end(w);
}
