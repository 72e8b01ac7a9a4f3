/* Keyed hashes. */

#include "crypto/keyed_hash.h"

#include <assert.h>
#include <sodium.h>

void keyed_hash(const unsigned char key[KEYED_HASH_KEY_BYTES], struct slice data,
                unsigned char out[KEYED_HASH_BYTES])
{
    int failed = crypto_generichash(out, KEYED_HASH_BYTES, (const unsigned char *)data.data,
                                    data.len, key, KEYED_HASH_KEY_BYTES);
    assert(failed == 0);
    (void)failed;
}
