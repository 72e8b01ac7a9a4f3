#pragma once

/* The widget as a picture: a badge that says how many members the guild has. */

#include "base/attrs.h"
#include "base/buf.h"

/* Appends a PNG file; `scale`: 1 to 4. False when memory is short. */
MUST_CHECK bool widget_image_write(uint64_t members, unsigned scale, struct buf *out);
