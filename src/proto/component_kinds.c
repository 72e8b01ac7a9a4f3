/* The table of component types (docs, "Component Reference"). */

#include "proto/component_kinds.h"

#include "base/limits.h"
#include "proto/body_rows.h"

#define URL_P(key, body, member, rule, most, bit)                                                  \
    {                                                                                              \
        .name = key, .type = FIELD_URL, .flags = rule, .max = most, .present = bit,                \
        AT(body, member)                                                                           \
    }
#define ARRAY_OF(key, body, member, rule, least, most, item)                                       \
    {                                                                                              \
        .name = key, .type = FIELD_ARRAY, .flags = rule, .min = least, .max = most, .shape = item, \
        .present = BIT_UNUSED, AT(body, member)                                                    \
    }
#define JSON(key, body, member, rule)                                                              \
    {                                                                                              \
        .name = key, .type = FIELD_JSON, .flags = rule, .present = BIT_UNUSED, AT(body, member)    \
    }

static const struct field emoji_fields[] = {
    ID("id", component_emoji, id, N),
    STR("name", component_emoji, name, N, 0, 32),
    BOOL("animated", component_emoji, animated, N, BIT_UNUSED),
};
static const struct shape emoji_shape = SHAPE("Component emoji", emoji_fields, component_emoji);

static const struct field media_fields[] = {
    URL_P("url", component_media, url, R | FIELD_ATTACHMENT_URL, LIMIT_URL, BIT_UNUSED),
};
static const struct shape media_shape = SHAPE("Unfurled media item", media_fields, component_media);

static const struct field option_fields[] = {
    STR("label", component_option, label, R, 1, 100),
    STR("value", component_option, value, R, 1, 100),
    STR("description", component_option, description, N, 0, 100),
    OBJECT("emoji", component_option, emoji, N, &emoji_shape, COMPONENT_HAS_EMOJI),
    BOOL("default", component_option, is_default, N, BIT_UNUSED),
};
static const struct shape option_shape = SHAPE("Select option", option_fields, component_option);

static const struct field default_fields[] = {
    ID("id", component_default, id, R),
    STR("type", component_default, type, R, 1, 16),
};
static const struct shape default_shape =
    SHAPE("Select default value", default_fields, component_default);

static const int64_t channel_types[] = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, INT64_MIN};
static const struct field channel_type_fields[] = {
    {.name = NULL, .type = FIELD_ENUM, .choices = channel_types, AT(component_channel_type, value)},
};
static const struct shape channel_type_shape =
    SHAPE("Channel type", channel_type_fields, component_channel_type);

static const struct field gallery_item_fields[] = {
    OBJECT("media", component_gallery_item, media, R, &media_shape, BIT_UNUSED),
    STR("description", component_gallery_item, description, N, 1, 1024),
    BOOL("spoiler", component_gallery_item, spoiler, N, BIT_UNUSED),
};
static const struct shape gallery_item_shape =
    SHAPE("Media gallery item", gallery_item_fields, component_gallery_item);

#define COMMON                                                                                     \
    INT("type", component, type, R, 0, INT32_MAX, BIT_UNUSED),                                     \
        INT("id", component, id, N, 0, INT32_MAX, BIT_UNUSED)
#define CUSTOM_ID(rule)                                                                            \
    STR_P("custom_id", component, custom_id, rule, 1, LIMIT_CUSTOM_ID, COMPONENT_HAS_CUSTOM_ID)
#define DESCRIBED                                                                                  \
    STR("description", component, description, N, 1, 1024),                                        \
        BOOL("spoiler", component, spoiler, N, BIT_UNUSED)
#define KIND_SHAPE(name, text) static const struct shape name##_shape = SHAPE(text, name, component)

static const struct field row[] = {COMMON, JSON("components", component, children_json, R)};
KIND_SHAPE(row, "Action row");

static const int64_t button_styles[] = {1, 2, 3, 4, 5, 6, INT64_MIN};
static const struct field button[] = {
    COMMON,
    CUSTOM_ID(N),
    ENUM("style", component, style, R, button_styles),
    STR("label", component, label, N, 0, 80),
    OBJECT("emoji", component, emoji, N, &emoji_shape, COMPONENT_HAS_EMOJI),
    URL_P("url", component, url, N, 512, COMPONENT_HAS_URL),
    ID_P("sku_id", component, sku_id, N, COMPONENT_HAS_SKU),
    BOOL("disabled", component, disabled, N, BIT_UNUSED),
};
KIND_SHAPE(button, "Button");

#define SELECT                                                                                     \
    COMMON, CUSTOM_ID(R), STR("placeholder", component, placeholder, N, 0, 150),                   \
        INT("min_values", component, min_values, N, 0, 25, COMPONENT_HAS_MIN),                     \
        INT("max_values", component, max_values, N, 1, 25, COMPONENT_HAS_MAX),                     \
        BOOL("disabled", component, disabled, N, BIT_UNUSED), IGNORED("required")
#define DEFAULTS ARRAY("default_values", component, defaults, N, 25, &default_shape)

static const struct field string_select[] = {
    SELECT,
    ARRAY_OF("options", component, options, R, 1, 25, &option_shape),
};
KIND_SHAPE(string_select, "String select");
static const struct field entity_select[] = {SELECT, DEFAULTS};
KIND_SHAPE(entity_select, "User, role or mentionable select");
static const struct field channel_select[] = {
    SELECT,
    DEFAULTS,
    ARRAY("channel_types", component, channel_types, N, 25, &channel_type_shape),
};
KIND_SHAPE(channel_select, "Channel select");

static const struct field section[] = {
    COMMON,
    JSON("components", component, children_json, R),
    JSON("accessory", component, accessory_json, R),
};
KIND_SHAPE(section, "Section");
static const struct field text[] = {
    COMMON,
    STR("content", component, content, RT, 1, LIMIT_COMPONENTS_V2_TEXT),
};
KIND_SHAPE(text, "Text display");
static const struct field thumbnail[] = {
    COMMON,
    OBJECT("media", component, media, R, &media_shape, BIT_UNUSED),
    DESCRIBED,
};
KIND_SHAPE(thumbnail, "Thumbnail");
static const struct field gallery[] = {
    COMMON,
    ARRAY_OF("items", component, items, R, 1, 10, &gallery_item_shape),
};
KIND_SHAPE(gallery, "Media gallery");
static const struct field file[] = {
    COMMON,
    OBJECT("file", component, media, R, &media_shape, BIT_UNUSED),
    BOOL("spoiler", component, spoiler, N, BIT_UNUSED),
};
KIND_SHAPE(file, "File");
static const int64_t spacings[] = {1, 2, INT64_MIN};
static const struct field separator[] = {
    COMMON,
    BOOL("divider", component, divider, N, COMPONENT_HAS_DIVIDER),
    ENUM_P("spacing", component, spacing, N, spacings, COMPONENT_HAS_SPACING),
};
KIND_SHAPE(separator, "Separator");
static const struct field container[] = {
    COMMON,
    INT("accent_color", component, accent_color, N, 0, 0xffffff, COMPONENT_HAS_ACCENT),
    BOOL("spoiler", component, spoiler, N, BIT_UNUSED),
    JSON("components", component, children_json, R),
};
KIND_SHAPE(container, "Container");

/* clang-format off */
#define SELECTS                                                                                    \
    (COMPONENT_BIT(COMPONENT_STRING_SELECT) | COMPONENT_BIT(COMPONENT_USER_SELECT) |               \
     COMPONENT_BIT(COMPONENT_ROLE_SELECT) | COMPONENT_BIT(COMPONENT_MENTIONABLE_SELECT) |          \
     COMPONENT_BIT(COMPONENT_CHANNEL_SELECT))
#define IN_CONTAINER                                                                               \
    (COMPONENT_BIT(COMPONENT_ROW) | COMPONENT_BIT(COMPONENT_SECTION) |                             \
     COMPONENT_BIT(COMPONENT_TEXT) | COMPONENT_BIT(COMPONENT_GALLERY) |                            \
     COMPONENT_BIT(COMPONENT_FILE) | COMPONENT_BIT(COMPONENT_SEPARATOR))

const struct component_kind component_kinds[COMPONENT_TYPES] = {
    [0] = {.children = COMPONENT_BIT(COMPONENT_CONTAINER) | IN_CONTAINER,
           .children_max = LIMIT_COMPONENTS_V2}, /* the message itself */
    [COMPONENT_ROW] = {&row_shape, COMPONENT_BIT(COMPONENT_BUTTON) | SELECTS, 5, 0, false},
    [COMPONENT_BUTTON] = {&button_shape, 0, 0, 0, false},
    [COMPONENT_STRING_SELECT] = {&string_select_shape, 0, 0, 0, false},
    [COMPONENT_USER_SELECT] = {&entity_select_shape, 0, 0, 0, false},
    [COMPONENT_ROLE_SELECT] = {&entity_select_shape, 0, 0, 0, false},
    [COMPONENT_MENTIONABLE_SELECT] = {&entity_select_shape, 0, 0, 0, false},
    [COMPONENT_CHANNEL_SELECT] = {&channel_select_shape, 0, 0, 0, false},
    [COMPONENT_SECTION] = {&section_shape, COMPONENT_BIT(COMPONENT_TEXT), 3,
                           COMPONENT_BIT(COMPONENT_BUTTON) | COMPONENT_BIT(COMPONENT_THUMBNAIL),
                           true},
    [COMPONENT_TEXT] = {&text_shape, 0, 0, 0, true},
    [COMPONENT_THUMBNAIL] = {&thumbnail_shape, 0, 0, 0, true},
    [COMPONENT_GALLERY] = {&gallery_shape, 0, 0, 0, true},
    [COMPONENT_FILE] = {&file_shape, 0, 0, 0, true},
    [COMPONENT_SEPARATOR] = {&separator_shape, 0, 0, 0, true},
    [COMPONENT_CONTAINER] = {&container_shape, IN_CONTAINER, LIMIT_COMPONENTS_V2, 0, true},
};
/* clang-format on */
