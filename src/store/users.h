#pragma once

/* Users and their credentials: SQL to structs, no rules. Runs inside a transaction, on its thread.
 */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* The public columns of a user `u` in a query of several tables; users_read reads them from
 * `column` on. Integers come first: after a text that found no memory a row must not be read on. */
#define USERS_COLUMNS                                                                              \
    "u.id, u.tenant_id, u.bot, u.flags, u.seen_at_ms, COALESCE(u.accent_color + 16777216, 0), "    \
    "u.username, u.global_name, u.avatar, u.banner"
enum { USERS_COLUMN_COUNT = 10 };
/* Slices into the arena; email stays empty. */
void users_read(struct sql_stmt *s, int column, struct arena *arena, struct user *out);

/* STORE_CONFLICT if the user name or e-mail is taken. */
MUST_CHECK enum err users_insert(struct sql_conn *c, const struct user *u, int64_t created_at_ms);
/* With the e-mail. UNKNOWN_USER. */
MUST_CHECK enum err users_find(struct sql_conn *c, struct user_id id, struct arena *arena,
                               struct user *out);
/* Those that are there of `ids` (as store/id_list.h packs them), each once, in no order; without
 * the e-mail. */
MUST_CHECK enum err users_find_many(struct sql_conn *c, struct slice ids, struct arena *arena,
                                    struct user **out, size_t *count);
/* Names, e-mail, pictures and profile. STORE_CONFLICT: a name or address is taken. */
MUST_CHECK enum err users_update(struct sql_conn *c, const struct user *u);
/* Seen on the day that begins at day_ms; nothing if that is known, or something later. */
MUST_CHECK enum err users_set_seen(struct sql_conn *c, struct user_id id, int64_t day_ms);
MUST_CHECK enum err users_username_taken(struct sql_conn *c, struct tenant_id tenant,
                                         struct slice username, bool *taken);
/* UNKNOWN_USER. */
MUST_CHECK enum err users_find_name(struct sql_conn *c, struct tenant_id tenant,
                                    struct slice username, struct user_id *out);
MUST_CHECK enum err users_email_taken(struct sql_conn *c, struct tenant_id tenant,
                                      struct slice email, bool *taken);

MUST_CHECK enum err credentials_insert(struct sql_conn *c, struct user_id user,
                                       struct slice password_hash);
MUST_CHECK enum err credentials_update(struct sql_conn *c, struct user_id user,
                                       struct slice password_hash);
/* In the arena, NUL-terminated; data NULL: there is none. */
MUST_CHECK enum err credentials_of(struct sql_conn *c, struct user_id user, struct arena *arena,
                                   struct slice *password_hash);
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
