#pragma once

/* Bodies of the welcome screen, screening, onboarding, and the widget. The first three are also the
 * shapes in which these are kept (proto/document.h). */

#include "proto/body.h"

/* ---- the welcome screen ---- */

struct body_welcome_channel {
    uint64_t present;
    uint64_t null;
    uint64_t channel_id;
    struct slice description;
    uint64_t emoji_id;
    struct slice emoji_name;
};

enum body_welcome_field { BODY_WELCOME_ENABLED, BODY_WELCOME_DESCRIPTION, BODY_WELCOME_CHANNELS };

struct body_welcome {
    uint64_t present;
    uint64_t null;
    bool enabled;
    struct slice description;
    struct body_array welcome_channels; /* struct body_welcome_channel */
};

/* ---- screening ---- */

struct body_long_text {
    uint64_t present;
    uint64_t null;
    struct slice value;
};

struct body_screening_field {
    uint64_t present;
    uint64_t null;
    struct slice field_type;
    struct slice label;
    struct slice description;
    struct slice placeholder;
    bool required;
    struct body_array values;  /* struct body_long_text */
    struct body_array choices; /* struct body_long_text */
};

enum body_screening_bit {
    BODY_SCREENING_ENABLED,
    BODY_SCREENING_FIELDS,
    BODY_SCREENING_DESCRIPTION
};

struct body_screening {
    uint64_t present;
    uint64_t null;
    struct slice version; /* of the kept form: when it was last changed */
    bool enabled;
    struct body_array form_fields; /* struct body_screening_field */
    struct slice description;
};

/* The answers themselves are of any type: screening_answers (screening.h) reads them. */
struct body_screening_answers {
    uint64_t present;
    uint64_t null;
    struct slice version;
};

/* ---- onboarding ---- */

struct body_onboarding_option {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    struct slice title;
    struct slice description;
    uint64_t emoji_id;
    struct slice emoji_name;
    bool emoji_animated;
    struct body_array role_ids;    /* struct body_id_item */
    struct body_array channel_ids; /* struct body_id_item */
};

struct body_onboarding_prompt {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    struct slice title;
    bool single_select;
    bool required;
    bool in_onboarding;
    int64_t type;
    struct body_array options; /* struct body_onboarding_option */
};

enum body_onboarding_field {
    BODY_ONBOARDING_PROMPTS,
    BODY_ONBOARDING_CHANNELS,
    BODY_ONBOARDING_ENABLED,
    BODY_ONBOARDING_MODE
};

struct body_onboarding {
    uint64_t present;
    uint64_t null;
    struct body_array prompts;             /* struct body_onboarding_prompt */
    struct body_array default_channel_ids; /* struct body_id_item */
    bool enabled;
    int64_t mode;
};

struct body_onboarding_responses {
    uint64_t present;
    uint64_t null;
    struct body_array onboarding_responses; /* struct body_id_item */
};

/* ---- new members ---- */

struct body_member_action {
    uint64_t present;
    uint64_t null;
    uint64_t channel_id;
    int64_t action_type;
    struct slice title;
    struct slice description;
};

struct body_resource_channel {
    uint64_t present;
    uint64_t null;
    uint64_t channel_id;
    struct slice title;
    struct slice description;
};

struct body_welcome_message {
    uint64_t present;
    uint64_t null;
    struct body_array author_ids; /* struct body_id_item */
    struct slice message;
};

enum body_new_member_field {
    BODY_NEW_MEMBER_ENABLED,
    BODY_NEW_MEMBER_MESSAGE,
    BODY_NEW_MEMBER_ACTIONS,
    BODY_NEW_MEMBER_RESOURCES
};

struct body_new_member {
    uint64_t present;
    uint64_t null;
    bool enabled;
    struct body_welcome_message welcome_message;
    struct body_array new_member_actions; /* struct body_member_action */
    struct body_array resource_channels;  /* struct body_resource_channel */
};

/* ---- the widget ---- */

enum body_widget_field { BODY_WIDGET_ENABLED, BODY_WIDGET_CHANNEL };

struct body_widget {
    uint64_t present;
    uint64_t null;
    bool enabled;
    uint64_t channel_id;
};

extern const struct shape SHAPE_WELCOME;
extern const struct shape SHAPE_SCREENING;
extern const struct shape SHAPE_SCREENING_ANSWERS;
extern const struct shape SHAPE_ONBOARDING;
extern const struct shape SHAPE_ONBOARDING_RESPONSES;
extern const struct shape SHAPE_NEW_MEMBER;
extern const struct shape SHAPE_WIDGET;
