/* Data URIs. */

#include "proto/data_uri.h"

#include "wire/base64.h"

enum data_uri_verdict data_uri_decode(struct slice uri, struct buf *out)
{
    const struct slice scheme = SLICE("data:");
    const struct slice coding = SLICE(";base64");
    size_t comma = slice_find(uri, ',');
    if (!slice_starts_with(uri, scheme) || comma == uri.len || comma < coding.len)
        return DATA_URI_INVALID;
    struct slice tail = {uri.data + comma - coding.len, coding.len};
    if (!slice_eq_nocase(tail, coding))
        return DATA_URI_INVALID;
    struct slice text = {uri.data + comma + 1, uri.len - comma - 1};
    size_t most = text.len / 4 * 3 + 3;
    if (text.len / 4 * 3 > out->max + 2) /* not worth decoding */
        return DATA_URI_TOO_LARGE;
    size_t room = most < out->max ? most : out->max;
    if (!buf_reserve(out, room))
        return DATA_URI_NO_MEMORY;
    size_t len = 0;
    if (!base64_decode(text, out->data + out->len, room, &len)) {
        bool full = text.len / 4 * 3 > out->max;
        return full ? DATA_URI_TOO_LARGE : DATA_URI_INVALID;
    }
    out->len += len;
    return DATA_URI_OK;
}
