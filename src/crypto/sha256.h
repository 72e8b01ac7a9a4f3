#pragma once

/* SHA-256 of what comes in pieces: for files that people check with sha256sum. */

#include "base/attrs.h"
#include "base/slice.h"

enum { SHA256_LEN = 32, SHA256_HEX_LEN = 64 };

struct sha256;

/* NULL when memory is short. */
MUST_CHECK struct sha256 *sha256_new(void);
void sha256_free(struct sha256 **h);
/* Begins anew. */
void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, struct slice data);
/* Ends it; sha256_begin comes next. */
void sha256_end(struct sha256 *h, unsigned char out[SHA256_LEN]);
/* In small letters, with a NUL. */
void sha256_hex(const unsigned char sum[SHA256_LEN], char out[SHA256_HEX_LEN + 1]);
