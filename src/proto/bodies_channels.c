/* The shapes of bodies about channels, overwrites, stages and voice. What a channel of its type
 * does not have is dropped by the use-case, not refused here (core/channels.h). */

#include "proto/bodies_channels.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { BITRATE_MIN = 8000, BITRATE_MAX = 384000, STAGE_USERS_MAX = 10000, EMOJI_TEXT_MAX = 100 };

static const struct field forum_tag_fields[] = {
    ID("id", body_forum_tag, id, N),
    STR("name", body_forum_tag, name, RT, 1, LIMIT_FORUM_TAG_NAME_MAX),
    BOOL("moderated", body_forum_tag, moderated, N, BIT_UNUSED),
    ID("emoji_id", body_forum_tag, emoji_id, N),
    STR("emoji_name", body_forum_tag, emoji_name, N, 0, EMOJI_TEXT_MAX),
};
static const struct shape forum_tag_shape = SHAPE("Forum tag", forum_tag_fields, body_forum_tag);

static const struct field reaction_fields[] = {
    ID("emoji_id", body_reaction, emoji_id, N),
    STR("emoji_name", body_reaction, emoji_name, N, 0, EMOJI_TEXT_MAX),
};
static const struct shape reaction_shape =
    SHAPE("Default reaction", reaction_fields, body_reaction);

static const int64_t channel_types[] = {0, 2, 4, 5, 13, 15, 16, INT64_MIN};
static const int64_t video_modes[] = {1, 2, INT64_MIN};
static const int64_t archive_minutes[] = {60, 1440, 4320, 10080, INT64_MIN};
static const int64_t sort_orders[] = {0, 1, INT64_MIN};
static const int64_t forum_layouts[] = {0, 1, 2, INT64_MIN};

/* clang-format off */
#define CHANNEL_FIELDS(name_rule)                                                                  \
    STR_P("name", body_channel, name, name_rule, 1, LIMIT_CHANNEL_NAME_MAX, BODY_CHANNEL_NAME),    \
    ENUM_P("type", body_channel, type, N, channel_types, BODY_CHANNEL_TYPE),                       \
    INT("position", body_channel, position, N, 0, INT32_MAX, BODY_CHANNEL_POSITION),               \
    STR_P("topic", body_channel, topic, NT, 0, LIMIT_FORUM_TOPIC_MAX, BODY_CHANNEL_TOPIC),         \
    BOOL("nsfw", body_channel, nsfw, N, BODY_CHANNEL_NSFW),                                        \
    INT("rate_limit_per_user", body_channel, rate_limit_per_user, N, 0, LIMIT_SLOWMODE_S,          \
        BODY_CHANNEL_RATE_LIMIT),                                                                  \
    INT("bitrate", body_channel, bitrate, N, BITRATE_MIN, BITRATE_MAX, BODY_CHANNEL_BITRATE),      \
    INT("user_limit", body_channel, user_limit, N, 0, STAGE_USERS_MAX, BODY_CHANNEL_USER_LIMIT),   \
    ID_P("parent_id", body_channel, parent_id, N, BODY_CHANNEL_PARENT),                            \
    ARRAY_P("permission_overwrites", body_channel, permission_overwrites, N,                       \
            LIMIT_CHANNEL_OVERWRITES, &SHAPE_OVERWRITE, BODY_CHANNEL_OVERWRITES),                  \
    STR_P("rtc_region", body_channel, rtc_region, N, 0, 64, BODY_CHANNEL_RTC_REGION),              \
    ENUM_P("video_quality_mode", body_channel, video_quality_mode, N, video_modes,                 \
           BODY_CHANNEL_VIDEO_QUALITY),                                                            \
    ENUM_P("default_auto_archive_duration", body_channel, default_auto_archive_duration, N,        \
           archive_minutes, BODY_CHANNEL_AUTO_ARCHIVE),                                            \
    INT("default_thread_rate_limit_per_user", body_channel, default_thread_rate_limit_per_user, N, \
        0, LIMIT_SLOWMODE_S, BODY_CHANNEL_THREAD_RATE_LIMIT),                                      \
    ENUM_P("default_sort_order", body_channel, default_sort_order, N, sort_orders,                 \
           BODY_CHANNEL_SORT_ORDER),                                                               \
    ENUM_P("default_forum_layout", body_channel, default_forum_layout, N, forum_layouts,           \
           BODY_CHANNEL_FORUM_LAYOUT),                                                             \
    OBJECT("default_reaction_emoji", body_channel, default_reaction_emoji, N, &reaction_shape,     \
           BODY_CHANNEL_REACTION),                                                                 \
    INT("flags", body_channel, flags, N, 0, INT32_MAX, BODY_CHANNEL_FLAGS),                        \
    ARRAY_P("available_tags", body_channel, available_tags, N, LIMIT_FORUM_TAGS,                   \
            &forum_tag_shape, BODY_CHANNEL_TAGS),                                                  \
    IGNORED("default_tag_setting")
/* clang-format on */

static const struct field channel_create_fields[] = {CHANNEL_FIELDS(RT)};
const struct shape SHAPE_CHANNEL_CREATE =
    SHAPE("Channel create", channel_create_fields, body_channel);

static const struct field channel_edit_fields[] = {
    CHANNEL_FIELDS(NT),
    IMAGE("icon", body_channel, icon, N, BODY_CHANNEL_ICON),
    ID("owner", body_channel, owner, N),
    BOOL("lock_permissions", body_channel, lock_permissions, N, BIT_UNUSED),
};
const struct shape SHAPE_CHANNEL_EDIT = SHAPE("Channel edit", channel_edit_fields, body_channel);

static const struct field place_fields[] = {
    ID("id", body_channel_place, id, R),
    INT("position", body_channel_place, position, N, 0, INT32_MAX, BODY_PLACE_POSITION),
    ID_P("parent_id", body_channel_place, parent_id, N, BODY_PLACE_PARENT),
    BOOL("lock_permissions", body_channel_place, lock_permissions, N, BIT_UNUSED),
};
static const struct shape place_shape = SHAPE("Channel position", place_fields, body_channel_place);
static const struct field positions_fields[] = {
    ARRAY(NULL, body_list, items, R, LIMIT_GUILD_CHANNELS, &place_shape),
};
const struct shape SHAPE_CHANNEL_POSITIONS =
    SHAPE("Channel positions", positions_fields, body_list);

static const int64_t overwrite_types[] = {0, 1, INT64_MIN};
static const struct field overwrite_put_fields[] = {
    {.name = "type",
     .type = FIELD_ENUM,
     .present = BODY_OVERWRITE_TYPE,
     .flags = FIELD_NULLABLE | FIELD_NUMERIC_STRING,
     .choices = overwrite_types,
     AT(body_overwrite_put, type)},
    BITS("allow", body_overwrite_put, allow, N),
    BITS("deny", body_overwrite_put, deny, N),
    IGNORED("id"),
};
const struct shape SHAPE_OVERWRITE_PUT =
    SHAPE("Overwrite edit", overwrite_put_fields, body_overwrite_put);

static const int64_t privacy_levels[] = {2, INT64_MIN};
#define STAGE_TOPIC(rule)                                                                          \
    STR_P("topic", body_stage, topic, rule, 1, LIMIT_STAGE_TOPIC, BODY_STAGE_TOPIC)
#define STAGE_PRIVACY                                                                              \
    ENUM_P("privacy_level", body_stage, privacy_level, N, privacy_levels, BODY_STAGE_PRIVACY)
static const struct field stage_create_fields[] = {
    ID("channel_id", body_stage, channel_id, R),
    STAGE_TOPIC(RT),
    STAGE_PRIVACY,
    ID("guild_scheduled_event_id", body_stage, guild_scheduled_event_id, N),
    BOOL("send_start_notification", body_stage, send_start_notification, N, BIT_UNUSED),
};
const struct shape SHAPE_STAGE_CREATE = SHAPE("Stage create", stage_create_fields, body_stage);
static const struct field stage_edit_fields[] = {STAGE_TOPIC(FIELD_TRIM), STAGE_PRIVACY};
const struct shape SHAPE_STAGE_EDIT = SHAPE("Stage edit", stage_edit_fields, body_stage);

static const struct field voice_status_fields[] = {
    STR("status", body_voice_status, status, NT, 0, LIMIT_VOICE_STATUS),
};
const struct shape SHAPE_VOICE_STATUS =
    SHAPE("Voice status", voice_status_fields, body_voice_status);

#define VOICE_CHANNEL ID_P("channel_id", body_voice_state, channel_id, N, BODY_VOICE_CHANNEL)
#define VOICE_SUPPRESS BOOL("suppress", body_voice_state, suppress, N, BODY_VOICE_SUPPRESS)

static const struct field voice_self_fields[] = {
    VOICE_CHANNEL,
    VOICE_SUPPRESS,
    TIME_P("request_to_speak_timestamp", body_voice_state, request_to_speak_at_ms, N,
           BODY_VOICE_REQUEST),
};
const struct shape SHAPE_VOICE_SELF = SHAPE("Own voice state", voice_self_fields, body_voice_state);

static const struct field voice_other_fields[] = {VOICE_CHANNEL, VOICE_SUPPRESS};
const struct shape SHAPE_VOICE_OTHER = SHAPE("Voice state", voice_other_fields, body_voice_state);
