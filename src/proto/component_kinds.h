#pragma once

/* The types of message components as data: which fields each has, and what may stand in it
 * (component_kinds.c). Shared by those who check and who write them. */

#include "proto/body.h"

enum component_type {
    COMPONENT_ROW = 1,
    COMPONENT_BUTTON = 2,
    COMPONENT_STRING_SELECT = 3,
    COMPONENT_USER_SELECT = 5,
    COMPONENT_ROLE_SELECT = 6,
    COMPONENT_MENTIONABLE_SELECT = 7,
    COMPONENT_CHANNEL_SELECT = 8,
    COMPONENT_SECTION = 9,
    COMPONENT_TEXT = 10,
    COMPONENT_THUMBNAIL = 11,
    COMPONENT_GALLERY = 12,
    COMPONENT_FILE = 13,
    COMPONENT_SEPARATOR = 14,
    COMPONENT_CONTAINER = 17
    /* 4 text input, 18 label, 19 file upload, 21 radio group, 22 checkbox group, 23 checkbox: of
     * modals alone, so messages do not know them. */
};

enum component_button_style { BUTTON_PRIMARY = 1, BUTTON_LINK = 5, BUTTON_PREMIUM = 6 };

struct component_emoji {
    uint64_t present;
    uint64_t null;
    uint64_t id; /* 0: Unicode */
    struct slice name;
    bool animated;
};

struct component_media {
    uint64_t present;
    uint64_t null;
    struct slice url;
};

struct component_option {
    uint64_t present; /* enum component_key */
    uint64_t null;
    struct slice label;
    struct slice value;
    struct slice description;
    struct component_emoji emoji;
    bool is_default;
};

struct component_default {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    struct slice type; /* "user", "role", "channel" */
};

struct component_channel_type {
    uint64_t present;
    uint64_t null;
    int64_t value;
};

struct component_gallery_item {
    uint64_t present;
    uint64_t null;
    struct component_media media;
    struct slice description;
    bool spoiler;
};

enum component_key {
    COMPONENT_HAS_EMOJI,
    COMPONENT_HAS_MIN,
    COMPONENT_HAS_MAX,
    COMPONENT_HAS_ACCENT,
    COMPONENT_HAS_DIVIDER,
    COMPONENT_HAS_SPACING,
    COMPONENT_HAS_CUSTOM_ID,
    COMPONENT_HAS_URL,
    COMPONENT_HAS_SKU
};

/* Any component; its type says which members mean something. */
struct component {
    uint64_t present; /* enum component_key */
    uint64_t null;
    int64_t type; /* enum component_type */
    int64_t id;   /* 0: to be given */
    int64_t style;
    int64_t min_values;
    int64_t max_values;
    int64_t accent_color;
    int64_t spacing;
    uint64_t sku_id;
    struct slice custom_id;
    struct slice label;
    struct slice url;
    struct slice placeholder;
    struct slice content;
    struct slice description;
    struct component_emoji emoji;
    struct component_media media;    /* also `file` */
    struct body_array options;       /* struct component_option */
    struct body_array defaults;      /* struct component_default */
    struct body_array channel_types; /* struct component_channel_type */
    struct body_array items;         /* struct component_gallery_item */
    bool disabled;
    bool spoiler;
    bool divider;
    const struct json_t *children_json;
    const struct json_t *accessory_json;
    struct component *children;
    size_t child_count;
    struct component *accessory; /* NULL: none */
};

/* Sets of types. */
#define COMPONENT_BIT(type) (UINT32_C(1) << (type))

struct component_kind {
    const struct shape *shape; /* NULL: no message has such a component */
    uint32_t children;         /* which types may stand in "components"; 0: it has none */
    unsigned children_max;
    uint32_t accessory; /* which may be its accessory; 0: it has none */
    bool v2;            /* only with the flag IS_COMPONENTS_V2 */
};

enum { COMPONENT_TYPES = 18 };
extern const struct component_kind component_kinds[COMPONENT_TYPES];
