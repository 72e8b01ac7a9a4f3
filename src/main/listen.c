#include "main/listen.h"

#include <string.h>

bool listen_parse(struct slice text, struct listen_address *out)
{
    size_t colon = text.len;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    struct slice host = slice_of(text.data, colon - 1);
    struct slice port_text = slice_of(text.data + colon, text.len - colon);
    if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = slice_of(host.data + 1, host.len - 2);
    else if (slice_find(host, ':') < host.len)
        return false; /* an IPv6 address without brackets is ambiguous */
    uint64_t port;
    if (host.len == 0 || host.len > LISTEN_HOST_MAX || !slice_to_u64(port_text, &port) ||
        port > UINT16_MAX)
        return false;
    memcpy(out->host, host.data, host.len);
    out->host[host.len] = '\0';
    out->port = (uint16_t)port;
    return true;
}
