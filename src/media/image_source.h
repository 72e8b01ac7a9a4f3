#pragma once

/* A blob as an open file that cannot change any more, for a process that may open none. */

#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "media/blob.h"

/* NOT_FOUND; UNSUPPORTED_MEDIA_TYPE: of more than bytes_max, or of none. The caller closes *fd. */
MUST_CHECK enum err image_source_open(struct blob_store *s, const char *blob, uint64_t bytes_max,
                                      int *fd, uint64_t *bytes);
