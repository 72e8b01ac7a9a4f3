/* Channel objects (docs, "Channel Object"): which keys a channel has depends on its type. */

#include "proto/guild.h"

static void overwrites(struct json_writer *w, const struct channel *c)
{
    json_key(w, "permission_overwrites");
    proto_overwrites(w, c->overwrites, c->overwrite_count);
}

void proto_overwrites(struct json_writer *w, const struct overwrite *list, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_kv_id(w, "id", list[i].id);
        json_kv_u64(w, "type", (uint64_t)list[i].type);
        json_kv_id(w, "allow", list[i].allow);
        json_kv_id(w, "deny", list[i].deny);
        json_object_end(w);
    }
    json_array_end(w);
}

void proto_forum_tags(struct json_writer *w, const struct forum_tag *list, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_kv_id(w, "id", list[i].id);
        json_kv_str(w, "name", list[i].name);
        json_kv_bool(w, "moderated", list[i].moderated);
        json_kv_id_or_null(w, "emoji_id", list[i].emoji);
        json_kv_str_or_null(w, "emoji_name", list[i].emoji_name);
        json_object_end(w);
    }
    json_array_end(w);
}

static void thread_keys(struct json_writer *w, const struct channel *c)
{
    if (c->default_auto_archive_duration != 0) /* the schema does not know null here */
        json_kv_u64(w, "default_auto_archive_duration", c->default_auto_archive_duration);
    json_kv_u64(w, "default_thread_rate_limit_per_user", c->default_thread_rate_limit_per_user);
}

static void text_keys(struct json_writer *w, const struct channel *c)
{
    json_kv_str_or_null(w, "topic", c->topic);
    json_kv_id_or_null(w, "last_message_id", c->last_message.v);
    json_kv_time_or_null(w, "last_pin_timestamp", c->last_pin_at_ms);
    json_kv_u64(w, "rate_limit_per_user", c->rate_limit_per_user);
    thread_keys(w, c);
}

static void voice_keys(struct json_writer *w, const struct channel *c)
{
    json_kv_u64(w, "bitrate", c->bitrate);
    json_kv_u64(w, "user_limit", c->user_limit);
    json_kv_str_or_null(w, "rtc_region", c->rtc_region);
    json_kv_u64(w, "video_quality_mode", c->video_quality_mode == 2 ? 2 : 1);
    json_kv_id_or_null(w, "last_message_id", c->last_message.v);
    json_kv_u64(w, "rate_limit_per_user", c->rate_limit_per_user);
    json_kv_str_or_null(w, "status", c->voice_status);
    if (c->type == CHANNEL_TYPE_STAGE)
        json_kv_str_or_null(w, "topic", c->topic);
}

static void default_reaction(struct json_writer *w, const struct channel *c)
{
    json_key(w, "default_reaction_emoji");
    if (c->default_reaction_emoji == 0 && c->default_reaction_emoji_name.data == NULL) {
        json_write_null(w);
        return;
    }
    json_object_begin(w);
    json_kv_id_or_null(w, "emoji_id", c->default_reaction_emoji);
    json_kv_str_or_null(w, "emoji_name", c->default_reaction_emoji_name);
    json_object_end(w);
}

static void forum_keys(struct json_writer *w, const struct channel *c)
{
    text_keys(w, c);
    json_key(w, "available_tags");
    proto_forum_tags(w, c->tags, c->tag_count);
    default_reaction(w, c);
    if (c->default_sort_order < 0)
        json_kv_null(w, "default_sort_order");
    else
        json_kv_i64(w, "default_sort_order", c->default_sort_order);
    json_kv_u64(w, "default_forum_layout", c->default_forum_layout);
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
    json_kv_u64(w, "flags", c->flags);
    kind_keys(w, c);
    overwrites(w, c);
}

void proto_channel(struct json_writer *w, const struct channel *c, bool with_guild_id)
{
    json_object_begin(w);
    proto_channel_keys(w, c, with_guild_id);
    json_object_end(w);
}
