#pragma once

/* BLAKE2b with a key: names a thing without showing it, to whoever does not have the key. */

#include "base/slice.h"

enum { KEYED_HASH_KEY_BYTES = 32, KEYED_HASH_BYTES = 16 };

void keyed_hash(const unsigned char key[KEYED_HASH_KEY_BYTES], struct slice data,
                unsigned char out[KEYED_HASH_BYTES]);
