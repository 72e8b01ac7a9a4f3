#pragma once

/* Base64 (RFC 4648): standard with padding, and URL-safe without. */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/slice.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
/* Both write a NUL after the text and return its length; room for BASE64_LEN(len) + 1 is needed. */
size_t base64_encode(const void *data, size_t len, char *out);
size_t base64url_encode(const void *data, size_t len, char *out);
/* Accepts either alphabet, padding optional. False on anything else or too little room. */
MUST_CHECK bool base64_decode(struct slice in, void *out, size_t capacity, size_t *len);
