#pragma once

/* What the upgrade request of a gateway connection asks for: version, encoding, compression. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/forms.h"
#include "wire/http.h"

struct gw_terms {
    uint32_t version; /* 0: none of ours */
    enum gw_encoding encoding;
    enum gw_compress compress;
    bool window_bits; /* GW_PER_MESSAGE: the answer has to name server_max_window_bits */
};

/* NULL, or why the request is refused. Only with per_message is permessage-deflate agreed to, and
 * only without a compression of the query's. */
const char *gw_negotiate(const struct http_request *r, bool per_message, struct gw_terms *out);
/* The header line that agrees to permessage-deflate (RFC 7692 §7.1); "" if it was not. */
const char *gw_extension_line(const struct gw_terms *t);
