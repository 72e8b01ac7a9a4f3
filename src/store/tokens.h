#pragma once

/* Tokens, by the hash of their text: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

enum token_kind { TOKEN_KIND_PERSON = 0, TOKEN_KIND_BOT = 1 };

struct token_id {
    uint8_t hash[32];
};

MUST_CHECK enum err tokens_insert(struct sql_conn *c, const struct token_id *t, struct user_id user,
                                  enum token_kind kind, int64_t created_at_ms);
/* The whole principal in one look-up: on the path of every request. UNKNOWN_TOKEN. */
MUST_CHECK enum err tokens_principal(struct sql_conn *c, const struct token_id *t,
                                     struct principal *out);
MUST_CHECK enum err tokens_delete(struct sql_conn *c, const struct token_id *t, bool *deleted);
MUST_CHECK enum err tokens_of_user(struct sql_conn *c, struct user_id user, struct arena *arena,
                                   struct token_id **out, size_t *count);
MUST_CHECK enum err tokens_delete_of_user(struct sql_conn *c, struct user_id user);
