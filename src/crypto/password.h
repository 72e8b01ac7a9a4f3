#pragma once

/* Passwords: Argon2id through libsodium (RFC 9106; 19 MiB, 2 passes: OWASP's minimum). One hash
 * takes 15 to 25 ms of CPU: never on a loop, and only in the small hashing pool. */

#include <stdbool.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

enum { PASSWORD_HASH_LEN = 128 }; /* with NUL: libsodium's crypto_pwhash_STRBYTES */

/* Once, before any thread; false if libsodium cannot start. */
MUST_CHECK bool crypto_init(void);
/* NO_MEMORY if 19 MiB are not to be had. */
MUST_CHECK enum err password_hash(struct slice password, char out[PASSWORD_HASH_LEN]);
bool password_verify(struct slice password, const char *hash);
/* As slow as a verification, always false: for unknown user names, so that time does not tell. */
bool password_verify_nobody(struct slice password);
