#pragma once

/* From the body of POST /guilds, or what a template stores, to a draft of a guild. */

#include "api/request.h"
#include "core/guilds.h"
#include "proto/bodies_guilds.h"

/* Form errors of r name what is wrong with the body (INVALID_FORM). Lists go into the arena, texts
 * point into the body. The icon is the caller's affair. */
MUST_CHECK enum err guild_plan_draft(struct request *r, const struct body_guild_create *body,
                                     struct arena *arena, struct guild_draft *out);
/* Adds a form error at `path` unless it is one of the locales that clients have. */
void guild_plan_check_locale(struct request *r, const char *path, struct slice locale);
