#pragma once

/* Bodies of AutoMod's routes. The shapes of a rule's terms and actions also read what is stored. */

#include "proto/bodies.h"

enum body_automod_field {
    BODY_AUTOMOD_NAME,
    BODY_AUTOMOD_EVENT,
    BODY_AUTOMOD_TERMS,
    BODY_AUTOMOD_ACTIONS,
    BODY_AUTOMOD_ENABLED,
    BODY_AUTOMOD_ROLES,
    BODY_AUTOMOD_CHANNELS,
    BODY_AUTOMOD_MENTION_LIMIT
};

struct body_automod_terms {
    uint64_t present;
    uint64_t null;
    struct body_array keyword_filter; /* of body_text_item */
    struct body_array regex_patterns;
    struct body_array allow_list;
    struct body_array presets; /* of body_automod_preset */
    int64_t mention_total_limit;
    bool mention_raid_protection_enabled;
};

struct body_automod_preset {
    uint64_t present;
    uint64_t null;
    int64_t value;
};

struct body_automod_metadata {
    uint64_t present;
    uint64_t null;
    struct slice custom_message;
    uint64_t channel_id;
    int64_t duration_seconds;
};

struct body_automod_action {
    uint64_t present;
    uint64_t null;
    int64_t type;
    struct body_automod_metadata metadata;
};

struct body_automod_rule {
    uint64_t present; /* enum body_automod_field */
    uint64_t null;
    struct slice name;
    int64_t event_type;
    int64_t trigger_type;
    struct body_automod_terms trigger_metadata;
    struct body_array actions; /* of body_automod_action */
    bool enabled;
    struct body_array exempt_roles; /* of body_id_item */
    struct body_array exempt_channels;
};

extern const struct shape SHAPE_AUTOMOD_TERMS;
extern const struct shape SHAPE_AUTOMOD_ACTION;
extern const struct shape SHAPE_AUTOMOD_CREATE;
extern const struct shape SHAPE_AUTOMOD_EDIT;
