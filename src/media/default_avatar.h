#pragma once

/* The pictures of people who have none: six plain ones, made as PNG files. */

#include "base/attrs.h"
#include "base/buf.h"

enum { DEFAULT_AVATARS = 6 };

/* Appends number `index` (below DEFAULT_AVATARS). out->failed when memory is short. */
void default_avatar_write(unsigned index, struct buf *out);
