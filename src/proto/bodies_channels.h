#pragma once

/* Request bodies about channels, overwrites, stages and voice (see bodies.h). */

#include "proto/bodies.h"

/* What a request says about a channel; a bit each, also of channel_draft.set (core/channels.h). */
enum body_channel_field {
    BODY_CHANNEL_NAME,
    BODY_CHANNEL_TYPE,
    BODY_CHANNEL_POSITION,
    BODY_CHANNEL_TOPIC,
    BODY_CHANNEL_NSFW,
    BODY_CHANNEL_RATE_LIMIT,
    BODY_CHANNEL_BITRATE,
    BODY_CHANNEL_USER_LIMIT,
    BODY_CHANNEL_PARENT,
    BODY_CHANNEL_OVERWRITES,
    BODY_CHANNEL_RTC_REGION,
    BODY_CHANNEL_VIDEO_QUALITY,
    BODY_CHANNEL_AUTO_ARCHIVE,
    BODY_CHANNEL_THREAD_RATE_LIMIT,
    BODY_CHANNEL_SORT_ORDER,
    BODY_CHANNEL_FORUM_LAYOUT,
    BODY_CHANNEL_REACTION,
    BODY_CHANNEL_FLAGS,
    BODY_CHANNEL_TAGS,
    BODY_CHANNEL_ICON, /* of group direct messages */
    BODY_CHANNEL_FIELDS
};

struct body_forum_tag {
    uint64_t present;
    uint64_t null;
    uint64_t id; /* 0: a new one */
    struct slice name;
    bool moderated;
    uint64_t emoji_id;
    struct slice emoji_name;
};

struct body_reaction {
    uint64_t present;
    uint64_t null;
    uint64_t emoji_id;
    struct slice emoji_name;
};

/* Of POST and PATCH. */
struct body_channel {
    uint64_t present; /* enum body_channel_field */
    uint64_t null;
    struct slice name;
    int64_t type;
    int64_t position;
    struct slice topic;
    bool nsfw;
    int64_t rate_limit_per_user;
    int64_t bitrate;
    int64_t user_limit;
    uint64_t parent_id;
    struct body_array permission_overwrites; /* struct body_overwrite */
    struct slice rtc_region;
    int64_t video_quality_mode;
    int64_t default_auto_archive_duration;
    int64_t default_thread_rate_limit_per_user;
    int64_t default_sort_order;
    int64_t default_forum_layout;
    struct body_reaction default_reaction_emoji;
    int64_t flags;
    struct body_array available_tags; /* struct body_forum_tag */
    bool lock_permissions;
    struct slice icon; /* a data URI; of group direct messages, as the next one */
    uint64_t owner;
};

enum body_channel_place_field { BODY_PLACE_POSITION, BODY_PLACE_PARENT };

struct body_channel_place {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    int64_t position;
    uint64_t parent_id;
    bool lock_permissions;
};

/* A body that is a list. */
struct body_list {
    uint64_t present;
    uint64_t null;
    struct body_array items;
};

enum body_overwrite_put_field { BODY_OVERWRITE_TYPE };

struct body_overwrite_put {
    uint64_t present;
    uint64_t null;
    int64_t type;
    uint64_t allow;
    uint64_t deny;
};

enum body_stage_field { BODY_STAGE_TOPIC, BODY_STAGE_PRIVACY };

struct body_stage {
    uint64_t present;
    uint64_t null;
    uint64_t channel_id;
    struct slice topic;
    int64_t privacy_level;
    uint64_t guild_scheduled_event_id;
    bool send_start_notification;
};

struct body_voice_status {
    uint64_t present;
    uint64_t null;
    struct slice status;
};

enum body_voice_field { BODY_VOICE_CHANNEL, BODY_VOICE_SUPPRESS, BODY_VOICE_REQUEST };

struct body_voice_state {
    uint64_t present; /* enum body_voice_field */
    uint64_t null;
    uint64_t channel_id;
    bool suppress;
    int64_t request_to_speak_at_ms;
};

extern const struct shape SHAPE_CHANNEL_CREATE;    /* struct body_channel */
extern const struct shape SHAPE_CHANNEL_EDIT;      /* struct body_channel */
extern const struct shape SHAPE_CHANNEL_POSITIONS; /* struct body_list of body_channel_place */
extern const struct shape SHAPE_OVERWRITE_PUT;
extern const struct shape SHAPE_STAGE_CREATE; /* struct body_stage */
extern const struct shape SHAPE_STAGE_EDIT;   /* struct body_stage */
extern const struct shape SHAPE_VOICE_STATUS;
extern const struct shape SHAPE_VOICE_SELF;  /* struct body_voice_state */
extern const struct shape SHAPE_VOICE_OTHER; /* struct body_voice_state */
