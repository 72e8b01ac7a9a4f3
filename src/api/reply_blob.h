#pragma once

/*
 * A reply whose body is a blob, read from the store in pieces while the client takes them: GET and
 * HEAD, one range (Range, If-Range: 206, 416), If-None-Match (304). The handler writes its other
 * header lines (Cache-Control, Content-Disposition ...) into r->x->head before or after, but only
 * if reply_blob returned ERR_OK.
 */

#include "api/request.h"

struct reply_blob {
    struct slice name;         /* of the blob: 64 hex digits */
    uint64_t size;             /* of the blob */
    struct slice content_type; /* copied */
    struct slice etag;         /* with its quotes; data NULL: made from the name */
};

/* The status and the body of the reply: 200, 206, 304, 416. UNKNOWN_ASSET: its bytes are lost. */
MUST_CHECK enum err reply_blob(struct request *r, const struct reply_blob *b);
/* Whether If-None-Match names the tag (RFC 9110 §13.1.2): for replies that are made, not stored. */
bool request_has_etag(const struct request *r, struct slice etag);
