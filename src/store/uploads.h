#pragma once

/* Files that are sent ahead of their message: SQL, no rules (those are in core/uploads.c). */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

struct upload_row {
    uint64_t id;
    struct channel_id channel;
    struct user_id user;
    uint64_t declared_size;
    uint64_t size;
    uint32_t width;
    uint32_t height;
    int64_t expires_at_ms;
    struct slice token;
    struct slice filename;
    struct slice hash; /* data NULL: the bytes have not come yet */
    struct slice content_type;
    struct slice placeholder; /* data NULL: none */
};

MUST_CHECK enum err uploads_insert(struct sql_conn *c, const struct upload_row *u);
/* UPLOAD_NOT_FOUND; whether it has expired is the caller's to ask. */
MUST_CHECK enum err uploads_find(struct sql_conn *c, struct slice token, struct arena *arena,
                                 struct upload_row *out);
/* What came: size, hash, type and measures. *there false: the row is gone. */
MUST_CHECK enum err uploads_set_file(struct sql_conn *c, const struct upload_row *u, bool *there);
/* Of this user, channel and hash, once: *there false: it is gone, or another's. */
MUST_CHECK enum err uploads_take(struct sql_conn *c, uint64_t id, struct user_id user,
                                 struct channel_id channel, struct slice hash, bool *there);
MUST_CHECK enum err uploads_delete(struct sql_conn *c, uint64_t id);
/* How many the user has, and what they may come to. */
MUST_CHECK enum err uploads_pending(struct sql_conn *c, struct user_id user, uint64_t *count,
                                    uint64_t *bytes);
/* At most `max` that expired before before_ms, longest ago first; or all of a user (some of them).
 */
MUST_CHECK enum err uploads_expired(struct sql_conn *c, int64_t before_ms, unsigned max,
                                    struct arena *arena, struct upload_row **out, size_t *count);
MUST_CHECK enum err uploads_of_user(struct sql_conn *c, struct user_id user, unsigned max,
                                    struct arena *arena, struct upload_row **out, size_t *count);
