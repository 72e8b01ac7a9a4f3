#pragma once

/* Bodies of invites, vanity codes, the directory and requests to join. */

#include "proto/body.h"

enum body_invite_field { BODY_INVITE_MAX_AGE };

struct body_invite_create {
    uint64_t present;
    uint64_t null;
    int64_t max_age;
    int64_t max_uses;
    bool temporary;
    bool unique;
    int64_t flags;
    int64_t target_type;
    uint64_t target_user_id;
    uint64_t target_application_id;
    struct body_array role_ids; /* struct body_id_item */
};

enum body_vanity_field { BODY_VANITY_CODE };

struct body_vanity {
    uint64_t present;
    uint64_t null;
    struct slice code;
};

enum body_directory_field { BODY_DIRECTORY_LISTED, BODY_DIRECTORY_JOIN_POLICY };

struct body_directory {
    uint64_t present;
    uint64_t null;
    bool listed;
    int64_t join_policy;
};

struct body_request_action {
    uint64_t present;
    uint64_t null;
    struct slice action;
    struct slice rejection_reason;
};

extern const struct shape SHAPE_INVITE_CREATE;
extern const struct shape SHAPE_VANITY;
extern const struct shape SHAPE_DIRECTORY;
extern const struct shape SHAPE_REQUEST_ACTION;
