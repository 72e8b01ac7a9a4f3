#pragma once

/* Request bodies about direct messages, relations, settings and profiles (see bodies.h). */

#include "proto/bodies.h"

enum body_dm_open_field { BODY_DM_RECIPIENT, BODY_DM_RECIPIENTS, BODY_DM_TOKENS };

struct body_dm_open {
    uint64_t present; /* enum body_dm_open_field */
    uint64_t null;
    uint64_t recipient_id;
    struct body_array recipients;    /* of body_id_item */
    struct body_array access_tokens; /* of body_text_item */
};

struct body_friend_request {
    uint64_t present;
    uint64_t null;
    struct slice username;
};

enum body_relationship_field { BODY_RELATIONSHIP_TYPE };

struct body_relationship {
    uint64_t present; /* enum body_relationship_field */
    uint64_t null;
    int64_t type;
};

enum body_relationship_edit_field { BODY_RELATIONSHIP_NICKNAME };

struct body_relationship_edit {
    uint64_t present; /* enum body_relationship_edit_field */
    uint64_t null;
    struct slice nickname;
};

struct body_relationships_bulk {
    uint64_t present;
    uint64_t null;
    struct body_array user_ids; /* of body_id_item */
};

struct body_note {
    uint64_t present;
    uint64_t null;
    struct slice note;
};

enum body_profile_field {
    BODY_PROFILE_USERNAME,
    BODY_PROFILE_GLOBAL_NAME,
    BODY_PROFILE_AVATAR,
    BODY_PROFILE_BANNER,
    BODY_PROFILE_ACCENT_COLOR,
    BODY_PROFILE_BIO,
    BODY_PROFILE_PRONOUNS,
    BODY_PROFILE_EMAIL,
    BODY_PROFILE_NEW_PASSWORD
};

struct body_profile {
    uint64_t present; /* enum body_profile_field */
    uint64_t null;
    struct slice username;
    struct slice global_name;
    struct slice avatar; /* data URIs */
    struct slice banner;
    int64_t accent_color;
    struct slice bio;
    struct slice pronouns;
    struct slice email;
    struct slice password;
    struct slice new_password;
};

extern const struct shape SHAPE_USER_EDIT;
extern const struct shape SHAPE_PROFILE_EDIT;
extern const struct shape SHAPE_DM_OPEN;
extern const struct shape SHAPE_FRIEND_REQUEST;
extern const struct shape SHAPE_RELATIONSHIP;
extern const struct shape SHAPE_RELATIONSHIP_EDIT;
extern const struct shape SHAPE_RELATIONSHIPS_BULK;
extern const struct shape SHAPE_NOTE;
