#pragma once

/* Making a backup: what `guildhall backup create` and the schedule do. */

#include "ops/backup_write.h"

struct backup_request {
    const char *path;     /* absolute */
    uint64_t bytes_per_s; /* 0: no limit */
};

/*
 * Media, then the database as of one moment, then the media that came meanwhile: so each file that
 * the database names is there. A broken attempt is gone on with: its media are kept, the database
 * is copied anew. STOPPING, STORE_CONFLICT (the file exists), STORE_LOCKED, STORE_FULL, IO ...;
 * `why` gets a sentence (BACKUP_WHY_MAX bytes).
 */
MUST_CHECK enum err backup_create(const struct ops *o, const struct backup_request *r,
                                  const struct ops_io *io, char *why);
