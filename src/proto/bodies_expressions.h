#pragma once

/* Request bodies about emojis, stickers and sounds (see bodies.h). */

#include "proto/bodies.h"

enum body_emoji_field { BODY_EMOJI_NAME, BODY_EMOJI_ROLES };

/* Of POST and PATCH. */
struct body_emoji {
    uint64_t present; /* enum body_emoji_field */
    uint64_t null;
    struct slice name;
    struct slice image;      /* data URI */
    struct body_array roles; /* struct body_id_item */
};

enum body_sticker_field { BODY_STICKER_NAME, BODY_STICKER_DESCRIPTION, BODY_STICKER_TAGS };

/* Of POST (a form) and PATCH. */
struct body_sticker {
    uint64_t present; /* enum body_sticker_field */
    uint64_t null;
    struct slice name;
    struct slice description;
    struct slice tags;
    struct body_file file; /* of POST */
};

enum body_sound_field {
    BODY_SOUND_NAME,
    BODY_SOUND_VOLUME,
    BODY_SOUND_EMOJI_ID,
    BODY_SOUND_EMOJI_NAME
};

/* Of POST and PATCH. */
struct body_sound {
    uint64_t present; /* enum body_sound_field */
    uint64_t null;
    struct slice name;
    struct slice sound; /* data URI */
    double volume;
    uint64_t emoji_id;
    struct slice emoji_name;
};

extern const struct shape SHAPE_EMOJI_CREATE;
extern const struct shape SHAPE_EMOJI_EDIT;
extern const struct shape SHAPE_STICKER_CREATE;
extern const struct shape SHAPE_STICKER_EDIT;
extern const struct shape SHAPE_SOUND_CREATE;
extern const struct shape SHAPE_SOUND_EDIT;
