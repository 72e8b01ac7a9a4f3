#pragma once

/* "data:image/png;base64,iVBOR..." (RFC 2397), the form in which images come in JSON bodies. */

#include <stdbool.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/slice.h"

enum data_uri_verdict {
    DATA_URI_OK,
    DATA_URI_INVALID,   /* no such thing, or not base64 */
    DATA_URI_TOO_LARGE, /* more than `out` may hold */
    DATA_URI_NO_MEMORY
};

/* The bytes into `out`, whose maximum is the limit. The stated type is not looked at, because what
 * the bytes are decides. */
MUST_CHECK enum data_uri_verdict data_uri_decode(struct slice uri, struct buf *out);
