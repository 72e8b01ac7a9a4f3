#pragma once

/* Request bodies about guilds as a whole (see bodies.h). */

#include "proto/bodies.h"

enum body_guild_field {
    BODY_GUILD_NAME,
    BODY_GUILD_DESCRIPTION,
    BODY_GUILD_ICON,
    BODY_GUILD_BANNER,
    BODY_GUILD_SPLASH,
    BODY_GUILD_DISCOVERY_SPLASH,
    BODY_GUILD_HOME_HEADER,
    BODY_GUILD_OWNER,
    BODY_GUILD_AFK_CHANNEL,
    BODY_GUILD_AFK_TIMEOUT,
    BODY_GUILD_SYSTEM_CHANNEL,
    BODY_GUILD_SYSTEM_FLAGS,
    BODY_GUILD_RULES_CHANNEL,
    BODY_GUILD_UPDATES_CHANNEL,
    BODY_GUILD_ALERTS_CHANNEL,
    BODY_GUILD_VERIFICATION,
    BODY_GUILD_NOTIFICATIONS,
    BODY_GUILD_FILTER,
    BODY_GUILD_LOCALE,
    BODY_GUILD_FEATURES,
    BODY_GUILD_PROGRESS_BAR
};

/* Of PATCH. Images are data URIs. */
struct body_guild_edit {
    uint64_t present; /* enum body_guild_field */
    uint64_t null;
    struct slice name;
    struct slice description;
    struct slice icon;
    struct slice banner;
    struct slice splash;
    struct slice discovery_splash;
    struct slice home_header;
    uint64_t owner_id;
    uint64_t afk_channel_id;
    int64_t afk_timeout;
    uint64_t system_channel_id;
    int64_t system_channel_flags;
    uint64_t rules_channel_id;
    uint64_t public_updates_channel_id;
    uint64_t safety_alerts_channel_id;
    int64_t verification_level;
    int64_t default_message_notifications;
    int64_t explicit_content_filter;
    struct slice preferred_locale;
    struct body_array features; /* struct body_text_item */
    bool premium_progress_bar_enabled;
};

/*
 * A guild as it is to be, with roles and channels that name each other by placeholders: numbers of
 * the sender's choice. Of POST /guilds, and of what a template stores.
 */
enum body_plan_field {
    BODY_PLAN_ID,
    BODY_PLAN_PERMISSIONS,
    BODY_PLAN_COLORS,
    BODY_PLAN_PRIMARY,
    BODY_PLAN_SECONDARY,
    BODY_PLAN_TERTIARY,
    BODY_PLAN_POSITION,
    BODY_PLAN_PARENT,
    BODY_PLAN_SORT_ORDER,
    BODY_PLAN_SOURCE_TYPE,
    BODY_PLAN_AFK_CHANNEL,
    BODY_PLAN_SYSTEM_CHANNEL
};

struct body_plan_colors {
    uint64_t present; /* enum body_plan_field, also below */
    uint64_t null;
    int64_t primary_color;
    int64_t secondary_color;
    int64_t tertiary_color;
};

/* The first one is @everyone. */
struct body_plan_role {
    uint64_t present;
    uint64_t null;
    int64_t id;
    struct slice name;
    uint64_t permissions;
    int64_t color;
    struct body_plan_colors colors;
    bool hoist;
    bool mentionable;
    struct slice unicode_emoji;
};

struct body_plan_overwrite {
    uint64_t present;
    uint64_t null;
    int64_t id;
    int64_t type;
    uint64_t allow;
    uint64_t deny;
};

struct body_plan_tag {
    uint64_t present;
    uint64_t null;
    struct slice name;
    bool moderated;
    struct slice emoji_name;
};

struct body_plan_reaction {
    uint64_t present;
    uint64_t null;
    struct slice emoji_name;
};

struct body_plan_channel {
    uint64_t present;
    uint64_t null;
    int64_t id;
    struct slice name;
    int64_t type;
    int64_t source_type; /* what it is if the type says less; see proto/template.h */
    int64_t position;
    struct slice topic;
    bool nsfw;
    int64_t rate_limit_per_user;
    int64_t bitrate;
    int64_t user_limit;
    int64_t parent_id;
    struct body_array permission_overwrites; /* struct body_plan_overwrite */
    struct slice rtc_region;
    int64_t video_quality_mode;
    int64_t default_auto_archive_duration;
    int64_t default_thread_rate_limit_per_user;
    int64_t default_sort_order;
    int64_t default_forum_layout;
    struct body_plan_reaction default_reaction_emoji;
    int64_t flags;
    struct body_array available_tags; /* struct body_plan_tag */
};

struct body_guild_create {
    uint64_t present;
    uint64_t null;
    struct slice name;
    struct slice description;
    struct slice icon; /* a data URI */
    int64_t verification_level;
    int64_t default_message_notifications;
    int64_t explicit_content_filter;
    struct slice preferred_locale;
    struct body_array roles;    /* struct body_plan_role */
    struct body_array channels; /* struct body_plan_channel */
    int64_t afk_channel_id;
    int64_t afk_timeout;
    int64_t system_channel_id;
    int64_t system_channel_flags;
};

enum body_template_field { BODY_TEMPLATE_NAME, BODY_TEMPLATE_DESCRIPTION };

struct body_template {
    uint64_t present; /* enum body_template_field */
    uint64_t null;
    struct slice name;
    struct slice description;
};

struct body_template_use {
    uint64_t present;
    uint64_t null;
    struct slice name;
    struct slice icon; /* a data URI */
};

extern const struct shape SHAPE_GUILD_CREATE;
extern const struct shape SHAPE_GUILD_EDIT;
extern const struct shape SHAPE_GUILD_PLAN;      /* struct body_guild_create */
extern const struct shape SHAPE_TEMPLATE_CREATE; /* struct body_template */
extern const struct shape SHAPE_TEMPLATE_EDIT;   /* struct body_template */
extern const struct shape SHAPE_TEMPLATE_USE;
