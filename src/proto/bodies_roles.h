#pragma once

/* Request bodies about roles (see bodies.h). */

#include "proto/bodies_channels.h"

/* Bits of body_role.present, also of role_draft.set (core/roles.h). */
enum body_role_field {
    BODY_ROLE_NAME,
    BODY_ROLE_PERMISSIONS,
    BODY_ROLE_COLOR,
    BODY_ROLE_COLORS,
    BODY_ROLE_HOIST,
    BODY_ROLE_MENTIONABLE,
    BODY_ROLE_ICON,
    BODY_ROLE_UNICODE_EMOJI
};

enum body_role_color { BODY_COLOR_PRIMARY, BODY_COLOR_SECONDARY, BODY_COLOR_TERTIARY };

struct body_role_colors {
    uint64_t present; /* enum body_role_color */
    uint64_t null;
    int64_t primary_color;
    int64_t secondary_color;
    int64_t tertiary_color;
};

/* Of POST and PATCH. */
struct body_role {
    uint64_t present; /* enum body_role_field */
    uint64_t null;
    struct slice name;
    uint64_t permissions;
    int64_t color;
    struct body_role_colors colors;
    bool hoist;
    bool mentionable;
    struct slice icon; /* data URI */
    struct slice unicode_emoji;
};

enum body_role_place_field { BODY_ROLE_POSITION };

struct body_role_place {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    int64_t position;
};

extern const struct shape SHAPE_ROLE;           /* struct body_role */
extern const struct shape SHAPE_ROLE_POSITIONS; /* struct body_list of body_role_place */
