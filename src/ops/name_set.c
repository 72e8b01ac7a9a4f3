#include "ops/name_set.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/token.h"

enum { DIGEST_BYTES = 16, SET_BYTES_MAX = 512 * 1024 * 1024 };

void name_set_init(struct name_set *s)
{
    buf_init(&s->digests, MEM_CORE, SET_BYTES_MAX);
    s->sorted = 0;
}

void name_set_deinit(struct name_set *s)
{
    buf_deinit(&s->digests);
}

bool name_set_add(struct name_set *s, const char *name)
{
    uint8_t digest[TOKEN_HASH_LEN];
    crypto_digest(slice_from(name), digest);
    buf_append(&s->digests, digest, DIGEST_BYTES);
    return !s->digests.failed;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, DIGEST_BYTES);
}

void name_set_sort(struct name_set *s)
{
    s->sorted = s->digests.len / DIGEST_BYTES;
    if (s->sorted > 0)
        qsort(s->digests.data, s->sorted, DIGEST_BYTES, compare);
}

bool name_set_has(const struct name_set *s, const char *name)
{
    uint8_t digest[TOKEN_HASH_LEN];
    if (s->sorted == 0)
        return false;
    crypto_digest(slice_from(name), digest);
    return bsearch(digest, s->digests.data, s->sorted, DIGEST_BYTES, compare) != NULL;
}
