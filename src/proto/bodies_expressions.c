/* The shapes of bodies about emojis, stickers and sounds. */

#include "proto/bodies_expressions.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum {
    STICKER_NAME_MIN = 2,
    STICKER_NAME_MAX = 30,
    STICKER_DESCRIPTION_MAX = 100, /* or empty; 2 is the least otherwise (docs) */
    STICKER_TAGS_MAX = 200,
    SOUND_NAME_MIN = 2,
    SOUND_NAME_MAX = 32,
    SOUND_EMOJI_NAME_MAX = 32
};

/* What characters a name may have is checked where it is stored (core/emojis.c). */
#define EMOJI_NAME(need)                                                                           \
    STR_P("name", body_emoji, name, (need) | FIELD_TRIM, LIMIT_EMOJI_NAME_MIN,                     \
          LIMIT_EMOJI_NAME_MAX, BODY_EMOJI_NAME)
#define EMOJI_ROLES                                                                                \
    ARRAY_P("roles", body_emoji, roles, N, LIMIT_GUILD_ROLES, &SHAPE_ID_ITEM, BODY_EMOJI_ROLES)

static const struct field emoji_create_fields[] = {
    EMOJI_NAME(R),
    IMAGE("image", body_emoji, image, R, BIT_UNUSED),
    EMOJI_ROLES,
};
const struct shape SHAPE_EMOJI_CREATE = SHAPE("Emoji create", emoji_create_fields, body_emoji);

static const struct field emoji_edit_fields[] = {EMOJI_NAME(0), EMOJI_ROLES};
const struct shape SHAPE_EMOJI_EDIT = SHAPE("Emoji edit", emoji_edit_fields, body_emoji);

#define STICKER_ROWS(need)                                                                         \
    STR_P("name", body_sticker, name, (need) | FIELD_TRIM, STICKER_NAME_MIN, STICKER_NAME_MAX,     \
          BODY_STICKER_NAME),                                                                      \
        STR_P("description", body_sticker, description, NT, 0, STICKER_DESCRIPTION_MAX,            \
              BODY_STICKER_DESCRIPTION),                                                           \
        STR_P("tags", body_sticker, tags, (need) | FIELD_TRIM, 1, STICKER_TAGS_MAX,                \
              BODY_STICKER_TAGS)

static const struct field sticker_create_fields[] = {
    STICKER_ROWS(R),
    FILE_PART("file", body_sticker, file),
};
const struct shape SHAPE_STICKER_CREATE = {
    .name = "Sticker create",
    .fields = sticker_create_fields,
    .field_count = sizeof sticker_create_fields / sizeof *sticker_create_fields,
    .size = sizeof(struct body_sticker),
    .is_form = true,
};

static const struct field sticker_edit_fields[] = {STICKER_ROWS(0)};
const struct shape SHAPE_STICKER_EDIT = SHAPE("Sticker edit", sticker_edit_fields, body_sticker);

#define SOUND_ROWS(need)                                                                           \
    STR_P("name", body_sound, name, (need) | FIELD_TRIM, SOUND_NAME_MIN, SOUND_NAME_MAX,           \
          BODY_SOUND_NAME),                                                                        \
        {.name = "volume",                                                                         \
         .type = FIELD_NUMBER,                                                                     \
         .flags = N,                                                                               \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .present = BODY_SOUND_VOLUME,                                                             \
         AT(body_sound, volume)},                                                                  \
        ID_P("emoji_id", body_sound, emoji_id, N, BODY_SOUND_EMOJI_ID),                            \
        STR_P("emoji_name", body_sound, emoji_name, N, 0, SOUND_EMOJI_NAME_MAX,                    \
              BODY_SOUND_EMOJI_NAME)

static const struct field sound_create_fields[] = {
    SOUND_ROWS(R),
    IMAGE("sound", body_sound, sound, R, BIT_UNUSED),
};
const struct shape SHAPE_SOUND_CREATE = SHAPE("Sound create", sound_create_fields, body_sound);

static const struct field sound_edit_fields[] = {SOUND_ROWS(0)};
const struct shape SHAPE_SOUND_EDIT = SHAPE("Sound edit", sound_edit_fields, body_sound);
