#pragma once

/* Welcome screen, new member welcome, onboarding: as the API shows them, and as they are kept (the
 * shapes of bodies_onboarding.h read that back). */

#include "model/guild_view.h"
#include "model/permissions.h"
#include "proto/bodies_onboarding.h"
#include "wire/json_write.h"

/* What may be shown of a channel or role: all of it (kept), or what is still there (shown). */
enum proto_how { PROTO_KEPT, PROTO_SHOWN };

/* Who reads: channels that are gone are left out, and those that `who` does not see. */
struct welcome_reader {
    const struct guild_view *view; /* NULL: nothing is left out */
    const struct subject *who;     /* NULL: somebody who sees all, whatever it is */
};
void proto_welcome_screen(struct json_writer *w, const struct body_welcome *b,
                          struct welcome_reader reader);
void proto_new_member(struct json_writer *w, const struct body_new_member *b, struct guild_id guild,
                      struct welcome_reader reader);
/* view: of PROTO_SHOWN; what is gone is left out. */
void proto_onboarding(struct json_writer *w, const struct body_onboarding *b, struct guild_id guild,
                      enum proto_how how, const struct guild_view *view);
/* One prompt of it, with its braces. */
void proto_onboarding_prompt(struct json_writer *w, const struct body_onboarding_prompt *p,
                             enum proto_how how, const struct guild_view *view);
