#pragma once

/* The inside of backup_create.c, backup_resume.c and backup_database.c. */

#include "ops/backup_create.h"
#include "ops/name_set.h"

struct creation {
    const struct ops *o;
    const struct ops_io *io;
    struct backup_file f;
    struct name_set names; /* media that the archive has */
    uint64_t media_files;
    uint64_t media_bytes;
    uint64_t database_at; /* its first byte in the archive */
    uint64_t database_bytes;
    int64_t database_at_ms; /* the moment that the copy shows */
};

/* Keeps the media of an earlier attempt, as far as they are those of the media folder; cuts off the
 * rest. */
MUST_CHECK enum err backup_resume(struct creation *c);
/* Appends the database. */
MUST_CHECK enum err backup_database(struct creation *c);
