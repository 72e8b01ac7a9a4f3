#pragma once

/*
 * One request on its way through the API: what its row of the route table asked for, and what came
 * of it. It begins on the loop; if its row says so it moves to a worker, which owns it from then
 * on. It ends when its reply is handed back to the HTTP server.
 */

#include <stdbool.h>
#include <stdint.h>

#include "api/client_address.h"
#include "api/router.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/limits.h"
#include "bus/ratelimit.h"
#include "core/access.h"
#include "core/core.h"
#include "net/http_server.h"
#include "net/workers.h"
#include "wire/json_write.h"

struct api;
struct upload;
struct request_uploads;

enum request_limit {
    REQUEST_LIMIT_NONE,   /* not counted: no headers */
    REQUEST_LIMIT_WITHIN, /* counted and allowed */
    REQUEST_LIMIT_BUCKET, /* over the limit of the route's bucket */
    REQUEST_LIMIT_GLOBAL  /* over the limit of all routes together */
};

struct request {
    struct job job;
    uint32_t magic;
    struct api *api;
    struct http_exchange *x;
    const struct route *route; /* NULL: none was found */
    struct router_match match;
    struct arena arena;
    struct principal principal; /* user 0 if the row asks for nobody */
    struct actor actor;
    struct access access; /* view NULL unless the row has a scope */
    struct json_t *json;  /* owned: slices of `body` point into it */
    void *body;           /* the struct of the row's shape */
    struct form_errors *errors;
    struct upload *upload;                 /* what was streamed of the body (request_upload.c) */
    const struct request_uploads *uploads; /* see request_upload.h; NULL: the route takes none */
    struct slice refusal; /* words of a guild for an error, in place of its text; data NULL: none */
    uint64_t wait_ms;     /* of SLOWMODE: how long; 0: nobody said */
    enum request_limit limit;
    struct ratelimit_verdict verdict; /* of the bucket, or of the global limit if that is over */
    struct json_writer writer;
    char id[LIMIT_REQUEST_ID_BYTES + 1];
    char address[ADDRESS_TEXT_MAX]; /* of the client; "" if it is not known */
};

struct core *request_core(const struct request *r);
struct slice request_id(const struct request *r);
/* Of the client; data NULL if it is not known. */
struct slice request_address(const struct request *r);
/* Wall time. */
int64_t request_now_ms(const struct request *r);

/* A segment of the path, decoded; NULL data if it is malformed. `name` without braces. */
struct slice request_param(struct request *r, const char *name);
/* An id in the path. INVALID_FORM with an error at `name`. */
MUST_CHECK enum err request_param_id(struct request *r, const char *name, uint64_t *out);

/* Query parameters. Absent: *out stays. Bad values become form errors at `name`; the handler checks
 * request_form_ok once after reading all. */
void request_query_id(struct request *r, const char *name, uint64_t *out);
void request_query_int(struct request *r, const char *name, int64_t min, int64_t max, int64_t *out);
void request_query_bool(struct request *r, const char *name, bool *out);
/* Decoded into the arena; data NULL if absent. */
struct slice request_query(struct request *r, const char *name);

/* Adds a form error, for what a shape cannot say; the handler returns INVALID_FORM. */
void request_form_error(struct request *r, const char *path, const char *code, const char *message);
/* ERR_OK, or INVALID_FORM if there are form errors. */
MUST_CHECK enum err request_form_ok(const struct request *r);

/* "ws://host" or "http://host" as clients reach this server, without a slash at the end. */
void request_write_url(struct request *r, struct buf *out, bool websocket);

/* The writer of a JSON reply; one value. */
struct json_writer *reply_json(struct request *r);
/* A reply of another type; content_type is static. */
struct buf *reply_body(struct request *r, struct slice content_type);
