#pragma once

/* People and their credentials: register, log in, log out; and finding out whose token it is. */

#include "base/arena.h"
#include "core/core.h"
#include "crypto/token.h"
#include "model/entities.h"

struct account_registration {
    struct slice username; /* already folded by validate_username */
    struct slice password;
    struct slice email;       /* folded by validate_email; data NULL: none */
    struct slice global_name; /* data NULL: none */
};

enum account_conflict { ACCOUNT_FREE, ACCOUNT_USERNAME_TAKEN, ACCOUNT_EMAIL_TAKEN };

/* Hashes the password (JOB_HASH workers only), makes user, credential and token in one transaction.
 * FEATURE_DISABLED if registration is closed; STORE_CONFLICT with *conflict saying which. */
MUST_CHECK enum err account_register(struct core *c, const struct account_registration *r,
                                     struct slice request_id, char token[TOKEN_TEXT_MAX],
                                     struct user_id *user, enum account_conflict *conflict);
/* login: user name or e-mail. UNAUTHORIZED for an unknown one or a wrong password, equally slow. */
MUST_CHECK enum err account_login(struct core *c, struct slice login, struct slice password,
                                  struct slice request_id, char token[TOKEN_TEXT_MAX],
                                  struct user_id *user);
/* Revokes the token that the request was made with; sessions that it opened are closed. */
MUST_CHECK enum err account_logout(struct core *c, const struct actor *by);
/* The principal of a token (without "Bot " or "Bearer "). UNAUTHORIZED if it is none, or revoked.
 * `bot_prefix`: tokens of bots must come with it over HTTP, tokens of people without; pass -1 for
 * the gateway, where both forms are taken. */
MUST_CHECK enum err account_authenticate(struct core *c, struct slice token, int bot_prefix,
                                         struct principal *out);
/* UNKNOWN_USER. */
MUST_CHECK enum err account_get(struct core *c, struct user_id id, struct arena *arena,
                                struct user *out);
