#pragma once

/*
 * An SQLite database that is a part of another file: so a backup is written straight into its
 * archive, and checked inside it, without a second copy on the disk. There is no locking and no
 * journal: one connection that writes, or any number that read.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"

struct slice_db;

struct slice_db_options {
    const char *file;
    uint64_t offset; /* of the database's first byte */
    uint64_t bytes;  /* of the database; not looked at if it is written */
    bool writing;    /* the file exists; the database is made, and grows behind the offset */
};

/* STORE_IO (the file cannot be opened: errno), NO_MEMORY, STORE. A database in WAL form is refused
 * by SQLite at its first use. */
MUST_CHECK enum err slice_db_open(const struct slice_db_options *o, struct slice_db **out);
/* Until slice_db_close. */
sqlite3 *slice_db_handle(const struct slice_db *d);
/* Every statement and backup must be finished. NULL allowed. */
void slice_db_close(struct slice_db **d);
