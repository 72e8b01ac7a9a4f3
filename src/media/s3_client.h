#pragma once

/*
 * Requests to an S3-compatible object store, by libcurl, signed with AWS Signature Version 4
 * (docs.aws.amazon.com, "Authenticating Requests"). Connections are kept and used again. Functions
 * block; any number of threads may call them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/slice.h"

struct s3_options {
    const char *url; /* "https://s3.example.org"; the bucket is the first part of the path */
    const char *bucket;
    const char *region;
    const char *access_key;
    const char *secret_key;
    const char *prefix; /* of all keys; may be "" */
    const struct log *log;
    uint64_t connect_timeout_ms; /* 0: 5,000 */
    /* A transfer that moves less than a kilobyte a second for so long is given up. 0: 15. */
    uint64_t stall_timeout_s;
    unsigned requests_max; /* at once. 0: 32 */
};

struct s3_client;

/* Copies the options' texts. NO_MEMORY. Makes no connection. */
MUST_CHECK enum err s3_client_new(const struct s3_options *o, struct s3_client **out);
void s3_client_free(struct s3_client **c);

enum s3_method { S3_GET, S3_HEAD, S3_PUT, S3_DELETE };

struct s3_request {
    enum s3_method method;
    const char *key;   /* below the prefix; "": the bucket itself */
    const char *query; /* sorted and encoded, without '?'; NULL: none */
    /* PUT: the SHA-256 of what is sent, in hex, and what is sent: a slice, or `length` bytes of a
     * file from its beginning. */
    const char *payload_hash;
    struct slice bytes;
    int file; /* -1: `bytes` */
    uint64_t length;
    /* GET: so many bytes from `offset`; 0: all. */
    uint64_t offset;
    uint64_t range;
    /* What came of it. */
    struct buf *body; /* appended to; NULL: thrown away */
    long status;
    uint64_t content_length; /* HEAD */
};

/*
 * ERR_OK with r->status 200..299, and 416 (a range behind the end); NOT_FOUND for 404 of an object;
 * STORE_FULL for 507; STORE_AWAY: no answer, or 5xx, or too many ask already (media/s3_gate.h);
 * STORE_IO: refused (403 ...), no bucket, or more bytes than `body` may hold. All but NOT_FOUND are
 * logged, with what was asked and the server's own code, never the key.
 */
MUST_CHECK enum err s3_send(struct s3_client *c, struct s3_request *r);
/* The prefix of all keys. */
const char *s3_prefix(const struct s3_client *c);
