/* The route table, expanded. */

#include "api/routes.h"

#include "api/handlers.h"
#include "model/permissions.h"
#include "proto/bodies.h"
#include "proto/bodies_automod.h"
#include "proto/bodies_channels.h"
#include "proto/bodies_events.h"
#include "proto/bodies_expressions.h"
#include "proto/bodies_guilds.h"
#include "proto/bodies_invites.h"
#include "proto/bodies_members.h"
#include "proto/bodies_messages.h"
#include "proto/bodies_onboarding.h"
#include "proto/bodies_people.h"
#include "proto/bodies_polls.h"
#include "proto/bodies_read_states.h"
#include "proto/bodies_retention.h"
#include "proto/bodies_roles.h"
#include "proto/bodies_uploads.h"
#include "proto/user_settings.h"

/* `permissions` and `shape` are constant expressions, which a static table needs. */
const struct route routes[] = {
#define X(verb, pattern, at, who, within, bits, name, most, window, body, ok, place, why, fn,      \
          text)                                                                                    \
    {.method = HTTP_METHOD_##verb,                                                                 \
     .path = pattern,                                                                              \
     .base = ROUTE_BASE_##at,                                                                      \
     .auth = ROUTE_AUTH_##who,                                                                     \
     .scope = ROUTE_SCOPE_##within,                                                                \
     .permissions = bits,                                                                          \
     .bucket = name,                                                                               \
     .limit = most,                                                                                \
     .window_ms = window,                                                                          \
     .shape = body,                                                                                \
     .status = ok,                                                                                 \
     .where = ROUTE_WHERE_##place,                                                                 \
     .reason = ROUTE_##why,                                                                        \
     .handler = route_##fn,                                                                        \
     .summary = text},
#include "api/routes.def"
#undef X
};

const size_t route_count = sizeof routes / sizeof *routes;
