#pragma once

/*
 * From method and path to a row of the route table: a tree of path segments, built once from the
 * table and never changed, so every thread may read it. A literal segment wins over a parameter.
 */

#include <stdbool.h>

#include "api/routes.h"
#include "base/attrs.h"

struct router;

enum router_verdict {
    ROUTER_FOUND,
    ROUTER_NOT_FOUND,
    ROUTER_WRONG_METHOD,  /* the path exists: match->allowed */
    ROUTER_WRONG_VERSION, /* /api/vN with an N that is not served */
    ROUTER_OPTIONS        /* OPTIONS of a path that exists: match->allowed */
};

struct router_match {
    const struct route *route;
    struct slice params[ROUTE_PARAMS_MAX]; /* still percent-encoded; point into the path */
    unsigned param_count;
    unsigned allowed; /* bit per enum http_method, HEAD and OPTIONS included */
};

/* NULL when memory is short. The table must outlive the router. */
MUST_CHECK struct router *router_new(const struct route *table, size_t count);
void router_free(struct router **r);
/* path: as sent, without query. Allocates nothing. */
enum router_verdict router_match(const struct router *r, enum http_method method, struct slice path,
                                 struct router_match *out);
/* Position of "{name}" among the parameters of a path pattern; ROUTE_PARAMS_MAX if there is none.
 */
unsigned router_param_index(const char *pattern, const char *name);
