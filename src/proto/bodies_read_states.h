#pragma once

/* Request bodies about read states and notification settings (see bodies.h). */

#include "proto/bodies.h"

enum body_ack_key { BODY_ACK_FLAGS, BODY_ACK_LAST_VIEWED };

struct body_ack {
    uint64_t present; /* enum body_ack_key */
    uint64_t null;
    bool manual;
    int64_t flags;
    int64_t last_viewed;
};

struct body_ack_item {
    uint64_t present;
    uint64_t null;
    uint64_t channel_id;
    uint64_t message_id;
    int64_t read_state_type;
};

struct body_ack_bulk {
    uint64_t present;
    uint64_t null;
    struct body_array read_states; /* struct body_ack_item */
};

/* What a settings object and one of its channel overrides have in common; which field is of which,
 * and its bit in `present`: the table in notification_settings.c. */
struct body_mute_config {
    uint64_t present;
    uint64_t null;
    int64_t end_time; /* wall milliseconds; 0: for good */
    int64_t selected_time_window;
};
enum body_notification_key {
    BODY_NOTIFICATION_FLAGS,
    BODY_NOTIFICATION_LEVEL,
    BODY_NOTIFICATION_HIGHLIGHTS,
    BODY_NOTIFICATION_COLLAPSED,
    BODY_NOTIFICATION_HIDE_MUTED,
    BODY_NOTIFICATION_MOBILE_PUSH,
    BODY_NOTIFICATION_MUTED,
    BODY_NOTIFICATION_MUTE_EVENTS,
    BODY_NOTIFICATION_SUPPRESS_EVERYONE,
    BODY_NOTIFICATION_SUPPRESS_ROLES,
    BODY_NOTIFICATION_MUTE_CONFIG
};
struct body_notification {
    uint64_t present; /* enum body_notification_key */
    uint64_t null;
    uint64_t channel_id; /* of an override */
    int64_t flags;
    int64_t message_notifications;
    int64_t notify_highlights;
    bool collapsed;
    bool hide_muted_channels;
    bool mobile_push;
    bool muted;
    bool mute_scheduled_events;
    bool suppress_everyone;
    bool suppress_roles;
    struct body_mute_config mute_config;
    const struct json_t *channel_overrides; /* objects by channel, or a list of them */
};

struct body_notifications {
    uint64_t present;
    uint64_t null;
    const struct json_t *guilds; /* settings by guild */
};

extern const struct shape SHAPE_ACK;
extern const struct shape SHAPE_ACK_BULK;
extern const struct shape SHAPE_NOTIFICATION_SETTINGS;
extern const struct shape SHAPE_CHANNEL_OVERRIDE;
extern const struct shape SHAPE_NOTIFICATIONS;
