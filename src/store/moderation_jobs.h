#pragma once

/* What the tasks of moderation work on (core/ban_messages.c, core/prune.c), and what they look for:
 * a bounded number of rows at a time. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

struct moderation_job {
    uint64_t id;
    struct guild_id guild;
    struct user_id actor;
    int64_t since_ms;
    uint32_t days; /* as the moderator said it; for the audit log */
    const uint64_t *ids;
    size_t id_count;
    struct slice reason; /* data NULL: none */
};

MUST_CHECK enum err moderation_jobs_insert(struct sql_conn *c, const struct moderation_job *j,
                                           struct arena *arena);
/* *found: false if it is gone, as with its guild. */
MUST_CHECK enum err moderation_jobs_find(struct sql_conn *c, uint64_t id, struct arena *arena,
                                         struct moderation_job *out, bool *found);
MUST_CHECK enum err moderation_jobs_delete(struct sql_conn *c, uint64_t id);

struct authored_message {
    struct message_id id;
    struct user_id author;
};
/* The channel's messages with id > after: `limit` of them, whoever wrote them. */
MUST_CHECK enum err authored_messages(struct sql_conn *c, struct channel_id channel, uint64_t after,
                                      size_t limit, struct authored_message *list, size_t *count);

/* Members without roles, as far as pruning cares. */
struct prune_row {
    struct user_id user;
    int64_t seen_at_ms; /* by the account or, if that is not known, by having joined */
    bool bot;
};
/* Of the members with id > after, `limit` are looked at; *last: the last of them, 0: there are
 * none. `list` (room for `limit`) gets those that hold no role but those of `roles`, and have not
 * been seen since since_ms. */
MUST_CHECK enum err prune_page(struct sql_conn *c, struct guild_id guild, uint64_t after,
                               size_t limit, int64_t since_ms, const uint64_t *roles,
                               size_t role_count, struct prune_row *list, size_t *count,
                               uint64_t *last, size_t *looked_at);
