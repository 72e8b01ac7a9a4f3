#pragma once

/* What attachments.c and uploads.c share: finding out what a file is. */

#include "core/attachments.h"
#include "core/core_priv.h"

/* Type by content, measures, placeholder, into `a` (in the arena). `until_ms` (monotonic): from
 * then on pictures are no longer looked at, only their headers. UNKNOWN_ASSET, STORE_IO. */
MUST_CHECK enum err attachment_describe(struct core *c, const char *blob, uint64_t size,
                                        uint64_t until_ms, struct arena *arena,
                                        struct attachment *a);
/* When to stop looking at pictures of a request that begins now. */
uint64_t attachment_describe_until(const struct core *c);
