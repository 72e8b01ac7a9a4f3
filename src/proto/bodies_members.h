#pragma once

/* Request bodies about members and moderation (see bodies.h). */

#include "proto/bodies.h"

enum body_member_field {
    BODY_MEMBER_NICK,
    BODY_MEMBER_ROLES,
    BODY_MEMBER_MUTE,
    BODY_MEMBER_DEAF,
    BODY_MEMBER_CHANNEL,
    BODY_MEMBER_TIME_OUT,
    BODY_MEMBER_FLAGS,
    BODY_MEMBER_AVATAR,
    BODY_MEMBER_BANNER
};

struct body_member_edit {
    uint64_t present; /* enum body_member_field */
    uint64_t null;
    struct slice nick;
    struct body_array roles; /* of body_id_item */
    bool mute;
    bool deaf;
    uint64_t channel_id;
    int64_t timed_out_until_ms;
    int64_t flags;
};

struct body_member_self {
    uint64_t present; /* enum body_member_field */
    uint64_t null;
    struct slice nick;
    struct slice avatar; /* data URIs */
    struct slice banner;
};

struct body_member_add {
    uint64_t present; /* enum body_member_field */
    uint64_t null;
    struct slice access_token;
    struct slice nick;
    struct body_array roles; /* of body_id_item */
    bool mute;
    bool deaf;
};

enum body_ban_field { BODY_BAN_SECONDS, BODY_BAN_DAYS };

struct body_ban {
    uint64_t present; /* enum body_ban_field */
    uint64_t null;
    int64_t delete_message_seconds;
    int64_t delete_message_days;
    bool ban_addresses;
};

struct body_bulk_ban {
    uint64_t present;
    uint64_t null;
    struct body_array user_ids; /* of body_id_item */
    int64_t delete_message_seconds;
    bool ban_addresses;
};

struct body_address_ban {
    uint64_t present;
    uint64_t null;
    uint64_t user_id;
};

enum body_prune_field { BODY_PRUNE_DAYS, BODY_PRUNE_COUNT, BODY_PRUNE_ROLES };

struct body_prune {
    uint64_t present; /* enum body_prune_field */
    uint64_t null;
    int64_t days;
    bool compute_prune_count;
    struct body_array include_roles; /* of body_id_item */
};

enum body_incidents_field { BODY_INCIDENTS_INVITES, BODY_INCIDENTS_DMS };

struct body_incidents {
    uint64_t present; /* enum body_incidents_field */
    uint64_t null;
    int64_t invites_disabled_until_ms;
    int64_t dms_disabled_until_ms;
};

extern const struct shape SHAPE_MEMBER_EDIT;
extern const struct shape SHAPE_MEMBER_SELF;
extern const struct shape SHAPE_MEMBER_ADD;
extern const struct shape SHAPE_BAN;
extern const struct shape SHAPE_BULK_BAN;
extern const struct shape SHAPE_ADDRESS_BAN;
extern const struct shape SHAPE_PRUNE;
extern const struct shape SHAPE_INCIDENTS;
