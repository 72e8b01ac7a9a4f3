#pragma once

/* Plain pictures that the server draws itself: two colours, a bit a pixel, written as PNG files. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"

enum { PICTURE_SIDE_MAX = 1024, PICTURE_BYTES_MAX = 60000 };

struct picture {
    unsigned width; /* pixels; width * height / 8 stays below PICTURE_BYTES_MAX */
    unsigned height;
    unsigned char ground[3]; /* red, green, blue */
    unsigned char ink[3];
    unsigned row_bytes;  /* of picture_init, as is what follows */
    unsigned char *rows; /* a filter byte, then a bit a pixel: owned */
};

/* Width, height and colours are set; all ground. False when memory is short. */
MUST_CHECK bool picture_init(struct picture *p);
void picture_deinit(struct picture *p);
/* Outside of the picture: nothing. */
void picture_ink(struct picture *p, unsigned x, unsigned y);
/* Appends the file. out->failed when memory is short. */
void picture_write(const struct picture *p, struct buf *out);
