#pragma once

/* The manifest of a backup, held against what is there. Private to src/ops. */

#include "base/slice.h"
#include "ops/backup_read.h"

/* `found` has what the archive was seen to contain; its schema is filled in. BAD_REQUEST with a
 * sentence in r->why where they differ; STORE_NEWER. */
MUST_CHECK enum err backup_manifest_check(const struct backup_reading *r, struct slice text,
                                          struct backup_contents *found);
