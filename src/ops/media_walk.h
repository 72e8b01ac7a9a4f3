#pragma once

/* All files of the media folder: immutable, named by their contents. Names that begin with a dot
 * are of files that are not there yet, and are passed over. */

#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

enum { MEDIA_DEPTH_MAX = 4, MEDIA_PATH_MAX = 4096 };

/* `name` is relative to the data folder: "media/ab/cdef". */
typedef enum err (*media_fn)(void *ctx, const char *name, uint64_t bytes);

/* In no order. The first error of fn ends it and is returned; IO with a sentence in `why`: a folder
 * cannot be read, or there is something that is no file. No folder: no files. */
MUST_CHECK enum err media_walk(const char *data, media_fn fn, void *ctx, char *why, size_t why_len);
