#pragma once

/*
 * Where gateway sessions lie between a planned stop of the server and its next start. What is in
 * them is the gateway's affair. Rows of payloads hold text of messages: they live no longer than
 * that, and erasing a person while the server is stopped takes all of them.
 */

#include "base/arena.h"
#include "core/core.h"
#include "core/guilds.h"
#include "store/gateway_sessions.h"

/* All or nothing; a handful of megabytes a call. Not on a loop, as all of these. */
MUST_CHECK enum err handover_put(struct core *c, unsigned worker,
                                 const struct gateway_session_row *sessions, size_t session_count,
                                 const struct gateway_payload_row *payloads, size_t payload_count);
/* Pages as in store/gateway_sessions.h; sessions that have expired are not in them. */
MUST_CHECK enum err handover_sessions(struct core *c, unsigned worker, uint32_t from,
                                      struct arena *arena,
                                      struct gateway_session_row rows[GATEWAY_ROWS_PAGE],
                                      size_t *count);
MUST_CHECK enum err handover_payloads(struct core *c, unsigned worker, uint32_t from,
                                      struct arena *arena,
                                      struct gateway_payload_row rows[GATEWAY_ROWS_PAGE],
                                      size_t *count);
/* Nothing is there any more: whoever has read it has it alone. */
MUST_CHECK enum err handover_clear(struct core *c, unsigned worker);

/* Who a saved session is now, and where its user is a member: one read transaction, as
 * session_snapshot_load without what only READY needs. UNKNOWN_TOKEN. */
struct session_standing {
    struct principal who;
    uint64_t user_position;
    struct membership *memberships; /* in the arena */
    size_t membership_count;
};
MUST_CHECK enum err session_standing_load(struct core *c, const struct token_id *token,
                                          struct arena *arena, struct session_standing *out);
