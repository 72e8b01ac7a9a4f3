#pragma once

/* Names of files as strangers send them, made into names that a path, a header and a disk can take.
 */

#include "base/arena.h"
#include "base/slice.h"

/*
 * Of `raw` (any bytes): what stands behind the last slash or backslash; spaces and what paths,
 * shells and addresses reserve become '_', controls, marks of direction and invisible characters
 * go, bytes that are no UTF-8 become '_'. At most LIMIT_FILENAME code points and
 * LIMIT_FILENAME_BYTES with its ending kept; never empty, never only dots. In the arena; data NULL
 * when memory is short. spoiler: it begins with "SPOILER_" from now on.
 */
struct slice attachment_name_clean(struct slice raw, bool spoiler, struct arena *arena);
/* Whether it says itself that it is one. */
bool attachment_name_is_spoiler(struct slice name);
