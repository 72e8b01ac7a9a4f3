#include "http_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io.h"

static const char LENGTH[] = "\r\ncontent-length:";

size_t http_reply_length(const char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    for (const char *p = data; p < end; p++) {
        if (*p == '\r' && strncasecmp(p, LENGTH, sizeof LENGTH - 1) == 0)
            return (size_t)(end - data) + 4 + strtoul(p + sizeof LENGTH - 1, NULL, 10);
    }
    errno = 0;
    die("a reply without Content-Length");
}

int http_reply_status(const char *data)
{
    /* "HTTP/1.1 200": the head is complete, so the bytes are there. */
    return (int)strtoul(data + 9, NULL, 10);
}
