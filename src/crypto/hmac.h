#pragma once

/* HMAC-SHA-256 (RFC 2104): says that a text comes from who has the key. */

#include "base/slice.h"

enum { HMAC_KEY_BYTES = 32, HMAC_BYTES = 32 };

void hmac_sha256(const unsigned char key[HMAC_KEY_BYTES], struct slice data,
                 unsigned char out[HMAC_BYTES]);
