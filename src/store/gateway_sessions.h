#pragma once

/* Gateway sessions between a planned stop of a server and its next start: rows of whoever had the
 * worker id, in the order of their numbers. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"
#include "store/tokens.h"

struct gateway_session_row {
    uint32_t number;
    struct user_id user;
    struct token_id token;
    int64_t expires_at_ms;
    struct slice state;
};

/* A run of payloads that sessions refer to. */
struct gateway_payload_row {
    uint32_t number;
    int64_t expires_at_ms;
    struct slice payloads;
};

/* Pages have at least one row if there are any, and end once they have `bytes_max`. */
enum { GATEWAY_ROWS_PAGE = 256 };

MUST_CHECK enum err gateway_sessions_insert(struct sql_conn *c, unsigned worker,
                                            const struct gateway_session_row *row);
/* Those with at least that number that expire after now, in the arena. */
MUST_CHECK enum err gateway_sessions_page(struct sql_conn *c, unsigned worker, uint32_t from,
                                          int64_t now_ms, size_t bytes_max, struct arena *arena,
                                          struct gateway_session_row rows[GATEWAY_ROWS_PAGE],
                                          size_t *count);
MUST_CHECK enum err gateway_payloads_insert(struct sql_conn *c, unsigned worker,
                                            const struct gateway_payload_row *row);
MUST_CHECK enum err gateway_payloads_page(struct sql_conn *c, unsigned worker, uint32_t from,
                                          size_t bytes_max, struct arena *arena,
                                          struct gateway_payload_row rows[GATEWAY_ROWS_PAGE],
                                          size_t *count);
/* All sessions of the worker, and what has expired of others. */
MUST_CHECK enum err gateway_sessions_clear(struct sql_conn *c, unsigned worker, int64_t now_ms);
/* Likewise some rows of payloads; *more: there are others. */
MUST_CHECK enum err gateway_payloads_clear(struct sql_conn *c, unsigned worker, int64_t now_ms,
                                           bool *more);
/* Everything of everybody: somebody is being erased, and what is theirs may be in any of it. */
MUST_CHECK enum err gateway_sessions_forget(struct sql_conn *c);
