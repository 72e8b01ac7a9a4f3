#pragma once

/*
 * multipart/form-data (RFC 7578, RFC 2046 §5.1): a complete body into its parts. Pure: no memory,
 * slices into the body. Strict where two readers could see different parts: nothing before the
 * first boundary or after the last, CRLF at every line's end, one name a part.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

enum {
    MULTIPART_PARTS_MAX = 32,
    MULTIPART_HEADERS_MAX = 8,         /* of a part */
    MULTIPART_HEADER_BYTES_MAX = 2048, /* of a part, together */
    MULTIPART_BOUNDARY_MAX = 70        /* RFC 2046 §5.1.1 */
};

struct multipart_part {
    struct slice name;
    struct slice filename;     /* data NULL: it is no file */
    struct slice content_type; /* data NULL: not stated */
    struct slice body;
};

/* From the Content-Type header. False: it is no multipart/form-data with a well-formed boundary. */
MUST_CHECK bool multipart_boundary(struct slice content_type, struct slice *boundary);
/* BAD_REQUEST (malformed), ENTITY_TOO_LARGE (more parts or headers than the limits). */
MUST_CHECK enum err multipart_parse(struct slice body, struct slice boundary,
                                    struct multipart_part parts[MULTIPART_PARTS_MAX],
                                    size_t *count);
