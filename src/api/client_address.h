#pragma once

/*
 * Whose request it is, by address. Behind a proxy the peer is the proxy for everybody; one that the
 * operator has named is believed about where its requests come from (X-Forwarded-For), nobody else
 * is: anybody can write that header.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/slice.h"
#include "wire/http.h"

enum { PROXIES_MAX = 64, ADDRESS_BYTES = 16, ADDRESS_TEXT_MAX = 46 };

/* IPv4 is kept as IPv6 (::ffff:a.b.c.d), so that there is one kind. */
struct network {
    unsigned char bytes[ADDRESS_BYTES];
    unsigned prefix; /* bits, of 128 */
};

struct proxies {
    struct network list[PROXIES_MAX];
    size_t count;
};

/* "10.0.0.0/8, fd00::/8, 192.0.2.1"; "" is none. False, and *out undefined, if it is anything else.
 */
MUST_CHECK bool proxies_parse(struct slice text, struct proxies *out);
bool proxies_contain(const struct proxies *p, struct slice address);
/* The client's address and a NUL; its length. That is the peer's unless the peer is a trusted
 * proxy; then the last in X-Forwarded-For that is none. What cannot be read ends the search. */
size_t client_address(const struct proxies *p, const struct http_request *r, const char *peer,
                      char out[ADDRESS_TEXT_MAX]);
