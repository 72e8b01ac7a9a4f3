#pragma once

/* Requests to join guilds: SQL to structs, no rules. At most one a person and guild. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* In place of an earlier one of the same person. */
MUST_CHECK enum err join_requests_put(struct sql_conn *c, const struct join_request *r);
/* UNKNOWN_JOIN_REQUEST, here and below. */
MUST_CHECK enum err join_requests_find(struct sql_conn *c, struct guild_id guild,
                                       struct user_id user, struct arena *arena,
                                       struct join_request *out);
MUST_CHECK enum err join_requests_find_id(struct sql_conn *c, uint64_t id, struct arena *arena,
                                          struct join_request *out);
/* Status and who decided. */
MUST_CHECK enum err join_requests_decide(struct sql_conn *c, const struct join_request *r);
MUST_CHECK enum err join_requests_delete(struct sql_conn *c, struct guild_id guild,
                                         struct user_id user);
struct join_request_page {
    struct guild_id guild;
    enum join_request_status status;
    uint64_t before; /* ids below; 0: from the newest */
    uint64_t after;  /* ids above, the oldest first; 0: not asked */
    size_t limit;
};
MUST_CHECK enum err join_requests_list(struct sql_conn *c, const struct join_request_page *p,
                                       struct arena *arena, struct join_request **out,
                                       size_t *count);
/* Counted up to `most`. */
MUST_CHECK enum err join_requests_of_guild(struct sql_conn *c, struct guild_id guild,
                                           enum join_request_status status, uint64_t most,
                                           uint64_t *count);
/* Not decided, of the user everywhere; counted up to `most`. */
MUST_CHECK enum err join_requests_of_user(struct sql_conn *c, struct user_id user, uint64_t most,
                                          uint64_t *count);
