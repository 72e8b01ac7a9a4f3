#pragma once

/* The route table as data (routes.def). Read by the router, by the request path, which does for a
 * handler what its row says, and by the documentation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errors.h"
#include "proto/body.h"
#include "wire/http.h"

struct request;

enum route_base { ROUTE_BASE_API, ROUTE_BASE_ROOT };
enum route_auth {
    ROUTE_AUTH_NONE = 0,
    ROUTE_AUTH_USER = 1,
    ROUTE_AUTH_BOT = 2,
    ROUTE_AUTH_ANY = 3
};
enum route_scope { ROUTE_SCOPE_NONE, ROUTE_SCOPE_GUILD, ROUTE_SCOPE_CHANNEL };
enum route_where { ROUTE_WHERE_LOOP, ROUTE_WHERE_READ, ROUTE_WHERE_WRITE, ROUTE_WHERE_HASH };

enum { ROUTE_NO_REASON = 0, ROUTE_REASON = 1 };

struct route {
    enum http_method method;
    const char *path;
    enum route_base base;
    enum route_auth auth;
    enum route_scope scope;
    uint64_t permissions; /* permissions_meet */
    const char *bucket;
    uint32_t limit;
    uint64_t window_ms;
    const struct shape *shape;
    int status; /* of success */
    enum route_where where;
    bool reason; /* X-Audit-Log-Reason is honoured */
    /* ERR_OK: the reply is written. INVALID_FORM: see the request's errors. */
    enum err (*handler)(struct request *r);
    const char *summary;
};

extern const struct route routes[];
extern const size_t route_count;

enum { ROUTE_PARAMS_MAX = 5 };
