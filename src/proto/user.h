#pragma once

/* Discord's user object (docs, "User Object"), public and for the user's own eyes. */

#include "model/entities.h"
#include "wire/json_write.h"

void proto_user(struct json_writer *w, const struct user *u);
/* With email, verified, mfa_enabled, locale, premium_type (GET /users/@me and READY). */
void proto_user_self(struct json_writer *w, const struct user *u);
/* Without the braces. */
void proto_user_self_keys(struct json_writer *w, const struct user *u);
