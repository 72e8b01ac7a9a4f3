/* HMAC. */

#include "crypto/hmac.h"

#include <assert.h>
#include <sodium.h>

_Static_assert((int)HMAC_KEY_BYTES == (int)crypto_auth_hmacsha256_KEYBYTES, "a key is a key");
_Static_assert((int)HMAC_BYTES == (int)crypto_auth_hmacsha256_BYTES, "a sum is a sum");

void hmac_sha256(const unsigned char key[HMAC_KEY_BYTES], struct slice data,
                 unsigned char out[HMAC_BYTES])
{
    int failed = crypto_auth_hmacsha256(out, (const unsigned char *)data.data, data.len, key);
    assert(failed == 0);
    (void)failed;
}
