#pragma once

/*
 * Space that deleted rows leave behind. SQLite keeps free pages in its file, for rows to come; what
 * is more than a reserve is given back to the disk in small steps (databases made by this version;
 * older ones by `guildhall store vacuum`). PostgreSQL's autovacuum does all that by itself.
 */

#include <stdbool.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "store/store.h"

struct space {
    uint64_t bytes;      /* of the database's file, as it is in use */
    uint64_t free_bytes; /* of these, for rows to come; 0 on PostgreSQL */
    bool gives_back;     /* space_give_back can do something about it */
};
MUST_CHECK enum err space_of(struct store *s, struct space *out);

/* One step: a few dozen pages, one or two ms of the writer. *more: there are more. */
MUST_CHECK enum err space_give_back(struct store *s, bool *more);

/*
 * Makes sure that deleted text is in no file of the database any more: deleted rows are overwritten
 * when they go (PRAGMA secure_delete), but the write-ahead log still has what it was told earlier.
 * So it is emptied. RETRY: a reader still needs it. On PostgreSQL nothing is done: there dead rows
 * stay until autovacuum comes, and in its own log until that is recycled.
 */
MUST_CHECK enum err space_scrub(struct store *s);

/* Rewrites a database that no process has open, without its free pages, so that it can give space
 * back from then on. Needs as much free disk again as the database is large. `why`: a sentence. */
MUST_CHECK enum err space_vacuum(const char *folder, const struct log *log, char *why,
                                 size_t why_len);
