#pragma once

/* What the files of the request path share. Handlers use request.h alone. */

#include "api/api.h"
#include "api/client_address.h"
#include "api/request.h"
#include "api/router.h"
#include "base/budget.h"

enum {
    API_MAGIC = 0x41504931,
    REQUEST_MAGIC = 0x52455131,
    API_URL_MAX = 256,
    API_STREAM_SLOTS = 1024
};

/* Made by main before the loops start, freed after the loops and workers have stopped. Constant in
 * between, so every thread reads it without a lock. */
struct api {
    uint32_t magic;
    struct api_options o;
    struct router *router;
    struct proxies proxies;
    /* Bodies that stream, by a hash of whose they are; nothing is read on the strength of them, so
     * relaxed order suffices. */
    _Atomic unsigned streams[API_STREAM_SLOTS];
    /* reply_blob.c; relaxed, likewise. */
    _Atomic unsigned wide_replies;
    _Atomic unsigned far_reads;
    /* Bytes that were made durable, by account; NULL: no limit. What nobody refers to stays for an
     * hour, so a quota of what is referred to bounds nothing. */
    struct budget *sent;
    struct slice
        url_host; /* of public_url, without scheme and trailing slash; data NULL: from Host */
    bool url_secure;
};

/* Steps of a worker's request (request_steps.c), in their order. */
MUST_CHECK enum err request_authenticate(struct request *r);
MUST_CHECK enum err request_authorize(struct request *r);
MUST_CHECK enum err request_read_reason(struct request *r);
/* request_body.c: content type, JSON, shape. */
MUST_CHECK enum err request_read_body(struct request *r);
void request_drop_body(struct request *r);
/* Its parts, for bodies with files: JSON into r->json and r->body; r->json by the row's shape. */
MUST_CHECK enum err request_read_json(struct request *r);
MUST_CHECK enum err request_decode(struct request *r);
struct upload;
struct upload_route;
/* request_upload.c: the same for routes that take files. */
MUST_CHECK enum err request_read_upload(struct request *r, const struct upload_route *row);
/* Whether it may come, and how much: then *out is ready to be fed. Worker. OVERLOADED: the caller
 * sends so many already, if it is a stream. */
MUST_CHECK enum err request_admit_upload(struct request *r, const struct upload_route *row,
                                         struct slice boundary, struct upload **out);

/* ratelimits.c. Loop thread: counts routes without authentication against the address of the peer,
 * and refuses addresses that keep being refused. */
MUST_CHECK enum err limits_take_address(struct request *r);
/* Worker: counts the caller. RATE_LIMITED. */
MUST_CHECK enum err limits_take_account(struct request *r);
/* After the status is known: remembers refusals of the address. */
void limits_note_status(struct request *r);
/* Header lines X-RateLimit-*, and Retry-After of a refusal. */
void limits_write_headers(struct request *r);
/* The opaque name of a bucket in X-RateLimit-Bucket. */
uint64_t limits_bucket_hash(const char *bucket);

/* reply.c */
/* Turns the reply into the body and status of an error. */
void reply_error(struct request *r, enum err e);
/* Header lines that every reply has, and those of its limits. */
void reply_write_head(struct request *r);
/* 405 and OPTIONS: the methods of a path as "GET, HEAD, ...". */
void reply_write_methods(struct buf *out, unsigned allowed);
/* 204 to a browser that asks before it sends. */
void reply_preflight(struct request *r);
