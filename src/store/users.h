#pragma once

/* Users and their credentials: SQL to structs, no rules. Runs inside a transaction, on its thread.
 */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* The public columns of a user `u` in a query of several tables; users_read reads them from
 * `column` on. Integers come first: after a text that found no memory a row must not be read on. */
#define USERS_COLUMNS "u.id, u.tenant_id, u.bot, u.flags, u.seen_at_ms, u.username, u.global_name"
enum { USERS_COLUMN_COUNT = 7 };
/* Slices into the arena; email stays empty. */
void users_read(struct sql_stmt *s, int column, struct arena *arena, struct user *out);

/* STORE_CONFLICT if the user name or e-mail is taken. */
MUST_CHECK enum err users_insert(struct sql_conn *c, const struct user *u, int64_t created_at_ms);
/* With the e-mail. UNKNOWN_USER. */
MUST_CHECK enum err users_find(struct sql_conn *c, struct user_id id, struct arena *arena,
                               struct user *out);
/* Seen on the day that begins at day_ms; nothing if that is known, or something later. */
MUST_CHECK enum err users_set_seen(struct sql_conn *c, struct user_id id, int64_t day_ms);
MUST_CHECK enum err users_username_taken(struct sql_conn *c, struct tenant_id tenant,
                                         struct slice username, bool *taken);
MUST_CHECK enum err users_email_taken(struct sql_conn *c, struct tenant_id tenant,
                                      struct slice email, bool *taken);

MUST_CHECK enum err credentials_insert(struct sql_conn *c, struct user_id user,
                                       struct slice password_hash);
/* Whether the user still has one: not once the account has been closed. */
MUST_CHECK enum err credentials_exist(struct sql_conn *c, struct user_id user, bool *exist);
struct credential {
    struct user_id user;
    struct slice password_hash; /* in the arena, NUL-terminated */
};
/* By user name, or by e-mail if `login` has an '@'; folded. UNKNOWN_USER. */
MUST_CHECK enum err credentials_find(struct sql_conn *c, struct tenant_id tenant,
                                     struct slice login, struct arena *arena,
                                     struct credential *out);
