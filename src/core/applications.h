#pragma once

/* Applications, their bots, and adding a bot to a guild. */

#include "core/access.h"
#include "crypto/token.h"

/* MAX_APPLICATIONS. */
MUST_CHECK enum err application_create(struct core *c, const struct actor *by, struct slice name,
                                       struct slice description, struct arena *arena,
                                       struct application *out);
/* UNKNOWN_APPLICATION. */
MUST_CHECK enum err application_get(struct core *c, struct application_id id, struct arena *arena,
                                    struct application *out);
/* Makes the bot user if there is none, and a new token (the old one is revoked, its sessions
 * closed). NOT_APPLICATION_OWNER, UNKNOWN_APPLICATION. */
MUST_CHECK enum err application_bot_token(struct core *c, const struct actor *by,
                                          struct application_id id, char token[TOKEN_TEXT_MAX]);
/*
 * Adds the application's bot to the guild of `a` (MANAGE_GUILD was checked), with a managed role
 * that has `permissions` (bits that the actor lacks are refused: MISSING_PERMISSIONS). NO_BOT. A
 * bot that is a member already stays as it is. Emits GUILD_ROLE_CREATE, GUILD_MEMBER_ADD,
 * GUILD_CREATE (user).
 */
MUST_CHECK enum err application_authorize(struct core *c, const struct actor *by,
                                          const struct access *a, struct application_id id,
                                          uint64_t permissions);
