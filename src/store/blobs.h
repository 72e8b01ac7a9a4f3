#pragma once

/* Blobs and who refers to them: SQL, no files. What the columns mean stands in core/media.h. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

struct blob_row {
    struct slice hash; /* 64 hex digits */
    uint64_t size;
    uint32_t width;
    uint32_t height;
    struct slice content_type;
};

/* It is about to be put: makes the row, or has it looked at again from now_ms on. *taken false: it
 * is being removed at this moment. */
MUST_CHECK enum err blobs_announce(struct sql_conn *c, const struct blob_row *b, int64_t now_ms,
                                   bool *taken);
/* It has a reference from now on. *there false: there is no such blob, or it is being removed. */
MUST_CHECK enum err blobs_hold(struct sql_conn *c, struct slice hash, bool *there);
/* It may have lost its last reference. */
MUST_CHECK enum err blobs_let_go(struct sql_conn *c, struct slice hash, int64_t now_ms);

struct blob_reference {
    struct slice hash;
    int kind;
    uint64_t owner;
    uint64_t guild;
};
MUST_CHECK enum err blobs_refer(struct sql_conn *c, const struct blob_reference *r);
MUST_CHECK enum err blobs_unrefer(struct sql_conn *c, const struct blob_reference *r);
/* At most `max` references of an owner: guild 0 for those in all guilds. */
MUST_CHECK enum err blobs_of_owner(struct sql_conn *c, int kind, uint64_t owner, uint64_t guild,
                                   unsigned max, struct arena *arena, struct blob_reference **out,
                                   size_t *count);
MUST_CHECK enum err blobs_of_guild(struct sql_conn *c, struct guild_id guild, unsigned max,
                                   struct arena *arena, struct blob_reference **out, size_t *count);
/* UNKNOWN_ASSET. */
MUST_CHECK enum err blobs_find(struct sql_conn *c, struct slice hash, struct arena *arena,
                               struct blob_row *out);

/* Collection. At most `max` blobs that were let go before `before_ms`, or whose removal was begun,
 * longest ago first. */
MUST_CHECK enum err blobs_to_review(struct sql_conn *c, int64_t before_ms, unsigned max,
                                    struct arena *arena, struct slice **out, size_t *count);
/* Marks it as being removed if it was let go before `before_ms` and nobody refers to it, or if it
 * is being removed already; otherwise it is not looked at again until it is let go. *going:
 * whether. */
MUST_CHECK enum err blobs_condemn(struct sql_conn *c, struct slice hash, int64_t before_ms,
                                  bool *going);
/* Its file is gone. */
MUST_CHECK enum err blobs_forget(struct sql_conn *c, struct slice hash);
/* For the doctor: rows of blobs that are in use, in the order of their hashes, after `after`
 * (empty: from the first). */
MUST_CHECK enum err blobs_page(struct sql_conn *c, struct slice after, unsigned max,
                               struct arena *arena, struct blob_row **out, size_t *count);
