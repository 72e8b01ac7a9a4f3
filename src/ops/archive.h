#pragma once

/*
 * The form of a backup: a tar archive (POSIX ustar) that ordinary tools read, in a form so strict
 * that each archive of the same contents is the same bytes: plain files, mode 0600, no owner, one
 * time for all. Sizes beyond 8 GiB are written in base 256, as GNU tar does. Pure functions;
 * backup_write.h and backup_read.h move the bytes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

enum { ARCHIVE_BLOCK_BYTES = 512, ARCHIVE_NAME_MAX = 256, ARCHIVE_END_BYTES = 1024 };

struct archive_entry {
    char name[ARCHIVE_NAME_MAX];
    uint64_t bytes;
    uint64_t mtime_s;
};

/* Names that are safe to write to a disk and to list for sha256sum: relative, no empty part, none
 * that begins with a dot, no control characters and no backslash. */
bool archive_name_is_good(const char *name);
/* False: the name is not good, or does not fit ustar's fields. */
MUST_CHECK bool archive_header(const struct archive_entry *e,
                               unsigned char out[ARCHIVE_BLOCK_BYTES]);
/* Accepts only what archive_header writes. */
MUST_CHECK bool archive_parse(const unsigned char block[ARCHIVE_BLOCK_BYTES],
                              struct archive_entry *out);
/* Zero bytes that follow contents of this size. */
uint64_t archive_padding(uint64_t bytes);
