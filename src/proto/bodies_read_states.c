/* The shapes of bodies about read states and notification settings (see bodies.c). Counts that
 * clients send are dropped: the server counts. */

#include "proto/bodies_read_states.h"

#include "base/limits.h"
#include "model/read_state.h"
#include "proto/body_rows.h"

static const struct field ack_fields[] = {
    BOOL("manual", body_ack, manual, N, BIT_UNUSED),
    INT("flags", body_ack, flags, N, 0, INT32_MAX, BODY_ACK_FLAGS),
    INT("last_viewed", body_ack, last_viewed, N, 0, INT32_MAX, BODY_ACK_LAST_VIEWED),
    IGNORED("token"),
    IGNORED("mention_count"),
};
const struct shape SHAPE_ACK = SHAPE("Acknowledgement", ack_fields, body_ack);

static const int64_t types[] = {READ_STATE_CHANNEL,
                                READ_STATE_GUILD_EVENTS,
                                READ_STATE_GUILD_HOME,
                                READ_STATE_ONBOARDING,
                                READ_STATE_NOTIFICATION_CENTER,
                                READ_STATE_MESSAGE_REQUESTS,
                                INT64_MIN};
static const struct field ack_item_fields[] = {
    ID("channel_id", body_ack_item, channel_id, R),
    ID("message_id", body_ack_item, message_id, R),
    ENUM("read_state_type", body_ack_item, read_state_type, N, types),
};
static const struct shape ack_item_shape =
    SHAPE("Acknowledged channel", ack_item_fields, body_ack_item);
static const struct field ack_bulk_fields[] = {
    ARRAY("read_states", body_ack_bulk, read_states, R, LIMIT_ACK_BULK, &ack_item_shape),
};
const struct shape SHAPE_ACK_BULK = SHAPE("Acknowledgements", ack_bulk_fields, body_ack_bulk);

static const struct field mute_config_fields[] = {
    TIME("end_time", body_mute_config, end_time, N),
    INT("selected_time_window", body_mute_config, selected_time_window, N, -1, INT32_MAX,
        BIT_UNUSED),
};
static const struct shape mute_config_shape =
    SHAPE("Mute config", mute_config_fields, body_mute_config);

static const int64_t levels[] = {0, 1, 2, 3, INT64_MIN};
static const int64_t highlights[] = {0, 1, 2, INT64_MIN};
#define BOTH                                                                                       \
    INT("flags", body_notification, flags, N, 0, INT32_MAX, BODY_NOTIFICATION_FLAGS),              \
        ENUM_P("message_notifications", body_notification, message_notifications, N, levels,       \
               BODY_NOTIFICATION_LEVEL),                                                           \
        BOOL("muted", body_notification, muted, N, BODY_NOTIFICATION_MUTED),                       \
        OBJECT("mute_config", body_notification, mute_config, N, &mute_config_shape,               \
               BODY_NOTIFICATION_MUTE_CONFIG)

static const struct field override_fields[] = {
    BOTH,
    ID("channel_id", body_notification, channel_id, N),
    BOOL("collapsed", body_notification, collapsed, N, BODY_NOTIFICATION_COLLAPSED),
};
const struct shape SHAPE_CHANNEL_OVERRIDE =
    SHAPE("Channel override", override_fields, body_notification);

static const struct field settings_fields[] = {
    BOTH,
    ENUM_P("notify_highlights", body_notification, notify_highlights, N, highlights,
           BODY_NOTIFICATION_HIGHLIGHTS),
    BOOL("hide_muted_channels", body_notification, hide_muted_channels, N,
         BODY_NOTIFICATION_HIDE_MUTED),
    BOOL("mobile_push", body_notification, mobile_push, N, BODY_NOTIFICATION_MOBILE_PUSH),
    BOOL("mute_scheduled_events", body_notification, mute_scheduled_events, N,
         BODY_NOTIFICATION_MUTE_EVENTS),
    BOOL("suppress_everyone", body_notification, suppress_everyone, N,
         BODY_NOTIFICATION_SUPPRESS_EVERYONE),
    BOOL("suppress_roles", body_notification, suppress_roles, N, BODY_NOTIFICATION_SUPPRESS_ROLES),
    {.name = "channel_overrides",
     .type = FIELD_JSON,
     .flags = N,
     .present = BIT_UNUSED,
     AT(body_notification, channel_overrides)},
};
const struct shape SHAPE_NOTIFICATION_SETTINGS =
    SHAPE("Notification settings", settings_fields, body_notification);

static const struct field notifications_fields[] = {
    {.name = "guilds",
     .type = FIELD_JSON,
     .flags = R,
     .present = BIT_UNUSED,
     AT(body_notifications, guilds)},
};
const struct shape SHAPE_NOTIFICATIONS =
    SHAPE("Notification settings of several guilds", notifications_fields, body_notifications);
