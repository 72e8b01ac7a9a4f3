#pragma once

/*
 * What may be asked of the process that knows images (image_pool.h), and what it answers: plain
 * values, which cross its socket as they are. Nothing of it is trusted on the way back but by its
 * sizes: what decoded a stranger's file may say anything.
 */

#include <stdbool.h>
#include <stdint.h>

enum image_format {
    IMAGE_FORMAT_SAME, /* that of the source, if it can be written; else PNG */
    IMAGE_FORMAT_PNG,
    IMAGE_FORMAT_JPEG,
    IMAGE_FORMAT_WEBP,
    IMAGE_FORMAT_GIF,
    IMAGE_FORMAT_AVIF,
    IMAGE_FORMAT_COUNT
};

/* How a picture is to be. Never larger than its source. */
struct image_want {
    enum image_format format;
    /* The box that it is fitted into, its proportions kept; 0: as large as the source. */
    uint32_t width;
    uint32_t height;
    bool lossless; /* WebP, AVIF */
    bool animated; /* all frames, if the format has them; else the first */
};

enum {
    IMAGE_SIDE_MAX = 4096,        /* of what is made */
    IMAGE_PLACEHOLDER_BYTES = 48, /* base64 of at most 25 bytes, and a NUL */
};
