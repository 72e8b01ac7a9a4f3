#pragma once

/* Every handler of the route table; one file a resource defines them. They run after the request
 * path has done what the row says (authentication, scope, permissions, body). */

#include "api/request.h"

#define X(method, path, base, auth, scope, permissions, bucket, limit, window_ms, shape, status,   \
          where, reason, handler, summary)                                                         \
    enum err route_##handler(struct request *r);
/* A handler that two routes share is declared twice, which C allows. */
#include "api/routes.def"
#undef X
