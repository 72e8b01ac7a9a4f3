/* Request ids. Every answer carries one, also those to requests that never became any: whoever
 * reports a refusal must be able to name it. */

#include <string.h>

#include "base/limits.h"
#include "net/http_server.h"

enum { MADE_LEN = 16 };

static bool well_formed(struct slice id)
{
    if (id.data == NULL || id.len == 0 || id.len > LIMIT_REQUEST_ID_BYTES)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  c == '.' || c == '_' || c == '-';
        if (!ok)
            return false;
    }
    return true;
}

void http_request_id(const struct http_request *r, struct loop *l, char *out)
{
    struct slice sent = r != NULL ? http_header_get(r, SLICE("x-request-id")) : SLICE("");
    if (well_formed(sent)) {
        memcpy(out, sent.data, sent.len);
        out[sent.len] = '\0';
        return;
    }
    uint64_t random = loop_random(l);
    for (unsigned i = 0; i < MADE_LEN; i++)
        out[i] = "0123456789abcdef"[random >> (60 - 4 * i) & 15];
    out[MADE_LEN] = '\0';
}
