/* The shapes of bodies about guilds as a whole. */

#include "proto/bodies_guilds.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum {
    DESCRIPTION_MAX = 300,
    FEATURES_MAX = 200,
    BITRATE_MIN = 8000,
    BITRATE_MAX = 384000,
    VOICE_USERS_MAX = 10000,
    EMOJI_TEXT_MAX = 100,
    COLOR_MAX = 0xffffff
};

static const int64_t verification_levels[] = {0, 1, 2, 3, 4, INT64_MIN};
static const int64_t notification_levels[] = {0, 1, INT64_MIN};
static const int64_t content_filters[] = {0, 1, 2, INT64_MIN};
static const int64_t afk_timeouts[] = {60, 300, 900, 1800, 3600, INT64_MIN};

static const struct field guild_edit_fields[] = {
    STR_P("name", body_guild_edit, name, FIELD_TRIM, LIMIT_GUILD_NAME_MIN, LIMIT_GUILD_NAME_MAX,
          BODY_GUILD_NAME),
    STR_P("description", body_guild_edit, description, NT, 0, DESCRIPTION_MAX,
          BODY_GUILD_DESCRIPTION),
    IMAGE("icon", body_guild_edit, icon, N, BODY_GUILD_ICON),
    IMAGE("banner", body_guild_edit, banner, N, BODY_GUILD_BANNER),
    IMAGE("splash", body_guild_edit, splash, N, BODY_GUILD_SPLASH),
    IMAGE("discovery_splash", body_guild_edit, discovery_splash, N, BODY_GUILD_DISCOVERY_SPLASH),
    IMAGE("home_header", body_guild_edit, home_header, N, BODY_GUILD_HOME_HEADER),
    ID_P("owner_id", body_guild_edit, owner_id, 0, BODY_GUILD_OWNER),
    ID_P("afk_channel_id", body_guild_edit, afk_channel_id, N, BODY_GUILD_AFK_CHANNEL),
    ENUM_P("afk_timeout", body_guild_edit, afk_timeout, N, afk_timeouts, BODY_GUILD_AFK_TIMEOUT),
    ID_P("system_channel_id", body_guild_edit, system_channel_id, N, BODY_GUILD_SYSTEM_CHANNEL),
    INT("system_channel_flags", body_guild_edit, system_channel_flags, N, 0, INT32_MAX,
        BODY_GUILD_SYSTEM_FLAGS),
    ID_P("rules_channel_id", body_guild_edit, rules_channel_id, N, BODY_GUILD_RULES_CHANNEL),
    ID_P("public_updates_channel_id", body_guild_edit, public_updates_channel_id, N,
         BODY_GUILD_UPDATES_CHANNEL),
    ID_P("safety_alerts_channel_id", body_guild_edit, safety_alerts_channel_id, N,
         BODY_GUILD_ALERTS_CHANNEL),
    ENUM_P("verification_level", body_guild_edit, verification_level, N, verification_levels,
           BODY_GUILD_VERIFICATION),
    ENUM_P("default_message_notifications", body_guild_edit, default_message_notifications, N,
           notification_levels, BODY_GUILD_NOTIFICATIONS),
    ENUM_P("explicit_content_filter", body_guild_edit, explicit_content_filter, N, content_filters,
           BODY_GUILD_FILTER),
    STR_P("preferred_locale", body_guild_edit, preferred_locale, N, 2, 8, BODY_GUILD_LOCALE),
    ARRAY_P("features", body_guild_edit, features, N, FEATURES_MAX, &SHAPE_TEXT_ITEM,
            BODY_GUILD_FEATURES),
    BOOL("premium_progress_bar_enabled", body_guild_edit, premium_progress_bar_enabled, N,
         BODY_GUILD_PROGRESS_BAR),
    IGNORED("region"),
    IGNORED("code"),
};
const struct shape SHAPE_GUILD_EDIT = SHAPE("Guild edit", guild_edit_fields, body_guild_edit);

/* ---- a guild with its roles and channels, from nothing or from a template ---- */

/* Placeholders: small numbers by which roles and channels of one body name each other. */
#define PLACE(key, body, member, rule, bit)                                                        \
    {                                                                                              \
        .name = key, .type = FIELD_INTEGER, .flags = (rule) | FIELD_NUMERIC_STRING, .min = 0,      \
        .max = INT64_MAX, .present = bit, AT(body, member)                                         \
    }

static const struct field plan_colors_fields[] = {
    INT("primary_color", body_plan_colors, primary_color, N, 0, COLOR_MAX, BODY_PLAN_PRIMARY),
    INT("secondary_color", body_plan_colors, secondary_color, N, 0, COLOR_MAX, BODY_PLAN_SECONDARY),
    INT("tertiary_color", body_plan_colors, tertiary_color, N, 0, COLOR_MAX, BODY_PLAN_TERTIARY),
};
static const struct shape plan_colors_shape =
    SHAPE("Colors of a planned role", plan_colors_fields, body_plan_colors);

static const struct field plan_role_fields[] = {
    PLACE("id", body_plan_role, id, N, BODY_PLAN_ID),
    STR("name", body_plan_role, name, NT, 0, LIMIT_ROLE_NAME_MAX),
    BITS_P("permissions", body_plan_role, permissions, N, BODY_PLAN_PERMISSIONS),
    INT("color", body_plan_role, color, N, 0, COLOR_MAX, BIT_UNUSED),
    OBJECT("colors", body_plan_role, colors, N, &plan_colors_shape, BODY_PLAN_COLORS),
    BOOL("hoist", body_plan_role, hoist, N, BIT_UNUSED),
    BOOL("mentionable", body_plan_role, mentionable, N, BIT_UNUSED),
    STR("unicode_emoji", body_plan_role, unicode_emoji, N, 0, EMOJI_TEXT_MAX),
    IGNORED("icon"),
    IGNORED("position"),
};
static const struct shape plan_role_shape = SHAPE("Planned role", plan_role_fields, body_plan_role);

static const int64_t overwrite_types[] = {0, 1, INT64_MIN};
static const struct field plan_overwrite_fields[] = {
    PLACE("id", body_plan_overwrite, id, FIELD_REQUIRED, BIT_UNUSED),
    {.name = "type",
     .type = FIELD_ENUM,
     .present = BIT_UNUSED,
     .flags = FIELD_NULLABLE | FIELD_NUMERIC_STRING,
     .choices = overwrite_types,
     AT(body_plan_overwrite, type)},
    BITS("allow", body_plan_overwrite, allow, N),
    BITS("deny", body_plan_overwrite, deny, N),
};
static const struct shape plan_overwrite_shape =
    SHAPE("Planned overwrite", plan_overwrite_fields, body_plan_overwrite);

static const struct field plan_tag_fields[] = {
    STR("name", body_plan_tag, name, RT, 1, LIMIT_FORUM_TAG_NAME_MAX),
    BOOL("moderated", body_plan_tag, moderated, N, BIT_UNUSED),
    STR("emoji_name", body_plan_tag, emoji_name, N, 0, EMOJI_TEXT_MAX),
    IGNORED("id"),
    IGNORED("emoji_id"),
};
static const struct shape plan_tag_shape = SHAPE("Planned tag", plan_tag_fields, body_plan_tag);

static const struct field plan_reaction_fields[] = {
    STR("emoji_name", body_plan_reaction, emoji_name, N, 0, EMOJI_TEXT_MAX),
    IGNORED("emoji_id"),
};
static const struct shape plan_reaction_shape =
    SHAPE("Planned reaction", plan_reaction_fields, body_plan_reaction);

static const int64_t channel_types[] = {0, 2, 4, 5, 13, 15, 16, INT64_MIN};
static const int64_t video_modes[] = {1, 2, INT64_MIN};
static const int64_t archive_minutes[] = {60, 1440, 4320, 10080, INT64_MIN};
static const int64_t sort_orders[] = {0, 1, INT64_MIN};
static const int64_t forum_layouts[] = {0, 1, 2, INT64_MIN};
static const struct field plan_channel_fields[] = {
    PLACE("id", body_plan_channel, id, N, BODY_PLAN_ID),
    STR("name", body_plan_channel, name, RT, 1, LIMIT_CHANNEL_NAME_MAX),
    ENUM("type", body_plan_channel, type, N, channel_types),
    ENUM_P("source_type", body_plan_channel, source_type, N, channel_types, BODY_PLAN_SOURCE_TYPE),
    INT("position", body_plan_channel, position, N, 0, INT32_MAX, BODY_PLAN_POSITION),
    STR("topic", body_plan_channel, topic, NT, 0, LIMIT_FORUM_TOPIC_MAX),
    BOOL("nsfw", body_plan_channel, nsfw, N, BIT_UNUSED),
    INT("rate_limit_per_user", body_plan_channel, rate_limit_per_user, N, 0, LIMIT_SLOWMODE_S,
        BIT_UNUSED),
    INT("bitrate", body_plan_channel, bitrate, N, BITRATE_MIN, BITRATE_MAX, BIT_UNUSED),
    INT("user_limit", body_plan_channel, user_limit, N, 0, VOICE_USERS_MAX, BIT_UNUSED),
    PLACE("parent_id", body_plan_channel, parent_id, N, BODY_PLAN_PARENT),
    ARRAY("permission_overwrites", body_plan_channel, permission_overwrites, N,
          LIMIT_CHANNEL_OVERWRITES, &plan_overwrite_shape),
    STR("rtc_region", body_plan_channel, rtc_region, N, 0, 64),
    ENUM("video_quality_mode", body_plan_channel, video_quality_mode, N, video_modes),
    ENUM("default_auto_archive_duration", body_plan_channel, default_auto_archive_duration, N,
         archive_minutes),
    INT("default_thread_rate_limit_per_user", body_plan_channel, default_thread_rate_limit_per_user,
        N, 0, LIMIT_SLOWMODE_S, BIT_UNUSED),
    ENUM_P("default_sort_order", body_plan_channel, default_sort_order, N, sort_orders,
           BODY_PLAN_SORT_ORDER),
    ENUM("default_forum_layout", body_plan_channel, default_forum_layout, N, forum_layouts),
    OBJECT("default_reaction_emoji", body_plan_channel, default_reaction_emoji, N,
           &plan_reaction_shape, BIT_UNUSED),
    INT("flags", body_plan_channel, flags, N, 0, INT32_MAX, BIT_UNUSED),
    ARRAY("available_tags", body_plan_channel, available_tags, N, LIMIT_FORUM_TAGS,
          &plan_tag_shape),
    IGNORED("default_tag_setting"),
    IGNORED("template"),
    IGNORED("theme_color"),
};
static const struct shape plan_channel_shape =
    SHAPE("Planned channel", plan_channel_fields, body_plan_channel);

/* clang-format off */
#define PLAN_FIELDS                                                                                \
    STR("description", body_guild_create, description, NT, 0, DESCRIPTION_MAX),                    \
    ENUM("verification_level", body_guild_create, verification_level, N, verification_levels),     \
    ENUM("default_message_notifications", body_guild_create, default_message_notifications, N,     \
         notification_levels),                                                                     \
    ENUM("explicit_content_filter", body_guild_create, explicit_content_filter, N,                 \
         content_filters),                                                                         \
    STR("preferred_locale", body_guild_create, preferred_locale, N, 2, 8),                         \
    ARRAY("roles", body_guild_create, roles, N, LIMIT_GUILD_ROLES, &plan_role_shape),              \
    ARRAY("channels", body_guild_create, channels, N, LIMIT_GUILD_CHANNELS, &plan_channel_shape),  \
    PLACE("afk_channel_id", body_guild_create, afk_channel_id, N, BODY_PLAN_AFK_CHANNEL),          \
    ENUM("afk_timeout", body_guild_create, afk_timeout, N, afk_timeouts),                          \
    PLACE("system_channel_id", body_guild_create, system_channel_id, N,                            \
          BODY_PLAN_SYSTEM_CHANNEL),                                                               \
    INT("system_channel_flags", body_guild_create, system_channel_flags, N, 0, INT32_MAX,          \
        BIT_UNUSED),                                                                               \
    IGNORED("region")
/* clang-format on */

static const struct field guild_create_fields[] = {
    STR("name", body_guild_create, name, RT, LIMIT_GUILD_NAME_MIN, LIMIT_GUILD_NAME_MAX),
    IMAGE("icon", body_guild_create, icon, N, BIT_UNUSED),
    PLAN_FIELDS,
    IGNORED("guild_template_code"),
    IGNORED("staff_only"),
};
const struct shape SHAPE_GUILD_CREATE =
    SHAPE("Guild create", guild_create_fields, body_guild_create);

/* What is stored, not what is sent: its name is the source's. */
static const struct field guild_plan_fields[] = {
    STR("name", body_guild_create, name, N, 0, LIMIT_GUILD_NAME_MAX),
    PLAN_FIELDS,
};
const struct shape SHAPE_GUILD_PLAN = SHAPE("Guild plan", guild_plan_fields, body_guild_create);

/* ---- templates ---- */

enum { TEMPLATE_NAME_MAX = 100, TEMPLATE_DESCRIPTION_MAX = 120 };

static const struct field template_create_fields[] = {
    STR_P("name", body_template, name, RT, 1, TEMPLATE_NAME_MAX, BODY_TEMPLATE_NAME),
    STR_P("description", body_template, description, NT, 0, TEMPLATE_DESCRIPTION_MAX,
          BODY_TEMPLATE_DESCRIPTION),
};
const struct shape SHAPE_TEMPLATE_CREATE =
    SHAPE("Template create", template_create_fields, body_template);
static const struct field template_edit_fields[] = {
    STR_P("name", body_template, name, FIELD_TRIM, 1, TEMPLATE_NAME_MAX, BODY_TEMPLATE_NAME),
    STR_P("description", body_template, description, NT, 0, TEMPLATE_DESCRIPTION_MAX,
          BODY_TEMPLATE_DESCRIPTION),
};
const struct shape SHAPE_TEMPLATE_EDIT =
    SHAPE("Template edit", template_edit_fields, body_template);
static const struct field template_use_fields[] = {
    STR("name", body_template_use, name, RT, LIMIT_GUILD_NAME_MIN, LIMIT_GUILD_NAME_MAX),
    IMAGE("icon", body_template_use, icon, N, BIT_UNUSED),
};
const struct shape SHAPE_TEMPLATE_USE =
    SHAPE("Template use", template_use_fields, body_template_use);
