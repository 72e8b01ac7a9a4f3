#pragma once

/* "host:port" of a listener. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

enum { LISTEN_HOST_MAX = 255 };

struct listen_address {
    char host[LISTEN_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    uint16_t port;                  /* 0: any */
};

/* "127.0.0.1:8080", "localhost:0", "[::1]:8080". False if it is not of that form. */
MUST_CHECK bool listen_parse(struct slice text, struct listen_address *out);
