#pragma once

/*
 * Requests to join: of strangers, to guilds that list themselves and want to be asked; and of
 * members who have to pass a screening that somebody looks at. Those who may kick decide.
 */

#include "core/access.h"
#include "store/join_requests.h"

/* In a closure that holds the guild's stream: stores the request and emits
 * GUILD_JOIN_REQUEST_CREATE. The earlier one, if it is still open, is given again. MISSING_ACCESS
 * so soon after a rejection; MAX_JOIN_REQUESTS. responses: JSON, or data NULL. */
MUST_CHECK enum err join_request_submit(struct tx *tx, const struct actor *by,
                                        struct guild_id guild, struct slice responses,
                                        struct arena *arena, struct join_request *out);

/* In a closure that holds the guild's stream: whoever has come in has nothing to ask any more.
 * Emits GUILD_JOIN_REQUEST_DELETE if a request is open. */
MUST_CHECK enum err join_request_drop(struct tx *tx, const struct actor *by, struct guild_id guild,
                                      struct user_id user, struct arena *arena);

struct join_request_list {
    struct join_request *items; /* in the arena */
    size_t count;
    uint64_t total; /* of the status, counted up to LIMIT_JOIN_REQUESTS_GUILD */
};
MUST_CHECK enum err join_request_list(struct core *c, const struct join_request_page *p,
                                      struct arena *arena, struct join_request_list *out);
/* Of the caller. UNKNOWN_JOIN_REQUEST: also for a guild that there is not. */
MUST_CHECK enum err join_request_mine(struct core *c, const struct principal *who,
                                      struct guild_id guild, struct arena *arena,
                                      struct join_request *out);
/* Seconds until the caller may ask again; 0: now. */
MUST_CHECK enum err join_request_wait(struct core *c, const struct principal *who,
                                      struct guild_id guild, struct arena *arena, uint64_t *wait_s);
/* Takes an open one back. Emits GUILD_JOIN_REQUEST_DELETE. UNKNOWN_JOIN_REQUEST. */
MUST_CHECK enum err join_request_withdraw(struct core *c, const struct actor *by,
                                          struct guild_id guild);
struct join_request_verdict {
    bool approved;
    struct slice rejection_reason; /* data NULL: none */
};
/* Approved: the person joins, or, a member already, has passed the screening. id: of the request.
 * Emits GUILD_JOIN_REQUEST_UPDATE. UNKNOWN_JOIN_REQUEST: also for one that is decided. */
MUST_CHECK enum err join_request_decide(struct core *c, const struct actor *by,
                                        const struct access *a, uint64_t id,
                                        const struct join_request_verdict *v, struct arena *arena,
                                        struct join_request *out);
