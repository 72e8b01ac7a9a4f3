/* The shapes of bodies about roles. */

#include "proto/bodies_roles.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { COLOR_MAX = 0xFFFFFF, EMOJI_TEXT_MAX = 100 };

static const struct field color_fields[] = {
    INT("primary_color", body_role_colors, primary_color, N, 0, COLOR_MAX, BODY_COLOR_PRIMARY),
    INT("secondary_color", body_role_colors, secondary_color, N, 0, COLOR_MAX,
        BODY_COLOR_SECONDARY),
    INT("tertiary_color", body_role_colors, tertiary_color, N, 0, COLOR_MAX, BODY_COLOR_TERTIARY),
};
static const struct shape colors_shape = SHAPE("Role colors", color_fields, body_role_colors);

static const struct field role_fields[] = {
    STR_P("name", body_role, name, NT, 1, LIMIT_ROLE_NAME_MAX, BODY_ROLE_NAME),
    BITS_P("permissions", body_role, permissions, N, BODY_ROLE_PERMISSIONS),
    INT("color", body_role, color, N, 0, COLOR_MAX, BODY_ROLE_COLOR),
    OBJECT("colors", body_role, colors, N, &colors_shape, BODY_ROLE_COLORS),
    BOOL("hoist", body_role, hoist, N, BODY_ROLE_HOIST),
    BOOL("mentionable", body_role, mentionable, N, BODY_ROLE_MENTIONABLE),
    IMAGE("icon", body_role, icon, N, BODY_ROLE_ICON),
    STR_P("unicode_emoji", body_role, unicode_emoji, N, 0, EMOJI_TEXT_MAX, BODY_ROLE_UNICODE_EMOJI),
};
const struct shape SHAPE_ROLE = SHAPE("Role", role_fields, body_role);

static const struct field place_fields[] = {
    ID("id", body_role_place, id, R),
    INT("position", body_role_place, position, N, 0, INT32_MAX, BODY_ROLE_POSITION),
};
static const struct shape place_shape = SHAPE("Role position", place_fields, body_role_place);
/* One more than roles: @everyone is among them in what libraries send. */
static const struct field positions_fields[] = {
    ARRAY(NULL, body_list, items, R, LIMIT_GUILD_ROLES + 1, &place_shape),
};
const struct shape SHAPE_ROLE_POSITIONS = SHAPE("Role positions", positions_fields, body_list);
