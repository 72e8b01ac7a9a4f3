#pragma once

/*
 * The HTTP API: routes a request by the route table, applies rate limits, authenticates, authorises
 * by the row, decodes the body by its shape, and runs the handler: on a worker, or on the loop
 * itself if the row says that it touches no store.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "bus/ratelimit.h"
#include "core/core.h"
#include "net/http_server.h"
#include "net/workers.h"

struct api;

struct api_options {
    struct core *core;
    struct workers *workers;
    struct ratelimit *ratelimit;
    const struct clock *clock;
    const struct random *random;
    const struct log *log;
    struct metrics *metrics;
    size_t body_bytes_max;     /* of texts beside files, as of bodies in memory */
    uint64_t stream_bytes_max; /* of a body with files */
    unsigned streams_per_user; /* such bodies under way; 0: no limit */
    uint64_t sent_bytes_max;   /* in files by one account, in an hour; 0: no limit */
    unsigned far_reads_max;    /* workers at once that wait for an object store; 0: no limit */
    const char *public_url;    /* "": from each request's Host header */
    bool limits_enabled;
    uint32_t requests_per_second;
    uint32_t identifies_per_day;
    uint32_t identify_concurrency; /* 0 is 1 */
    const char *trusted_proxies;   /* see client_address.h; NULL: none */
    bool metrics_route;            /* serve GET /metrics */
    /* For GET /readyz, any thread: NULL while this server should get traffic, or in a few words why
     * it should not. */
    const char *(*trouble)(void *ctx);
    void *trouble_ctx;
};

/* INVALID_FORM: trusted_proxies cannot be read. */
MUST_CHECK enum err api_new(const struct api_options *o, struct api **out);
void api_free(struct api **a);
/* Whether the address is one of trusted_proxies. Any thread. */
bool api_trusts(const struct api *a, const char *address);
/* http_handler.on_request with ctx = the api. Loop thread. */
void api_on_request(void *ctx, struct http_exchange *x);
/* http_handler.on_upload: a large body is read for routes that take images or files, from callers
 * who are known and may use them. Loop thread. */
void api_on_upload(void *ctx, struct http_exchange *x);
/* http_handler.takes_stream, on_piece and on_more, on_release. Loop thread. */
bool api_takes_stream(void *ctx, const struct http_request *q);
void api_on_stream(void *ctx, struct http_exchange *x);
void api_on_release(void *ctx, struct http_exchange *x);
/* docs/API.md, from the route table and the shapes. */
void api_docs_write(struct buf *out);
/* The route table for programs: an object a line. */
void api_routes_write(struct buf *out);
