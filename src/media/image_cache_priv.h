#pragma once

/* What image_cache.c (one entry) and image_cache_trim.c (all of them) share. */

#include <stdatomic.h>
#include <stdbool.h>

#include "media/image_cache.h"

enum { CACHE_FANS = 256, CACHE_PATH_BYTES = 4096, CACHE_BLOCK = 4096, CACHE_UNKNOWN = -1 };

struct image_cache {
    struct image_cache_options o;
    /* On the disk, in whole blocks; CACHE_UNKNOWN before the first count. Relaxed: a bound that is
     * kept a little late is kept. */
    _Atomic int64_t bytes;
    _Atomic unsigned writes;  /* tells temporary files apart */
    _Atomic bool trimming;    /* one at a time; whoever comes second goes on (acquire, release) */
    _Atomic unsigned trim_at; /* the folder that is looked at next */
};

/* DATA/media/.cache/<fan>, or a file there. False: too long. */
bool cache_path(const struct image_cache *c, const char *fan, const char *file,
                char out[CACHE_PATH_BYTES]);
/* What a file of so many bytes takes. */
int64_t cache_blocks(uint64_t bytes);
void cache_count(struct image_cache *c, int64_t delta);
/* Counts what is there, the first time; then brings it below the bound, if it is beyond. */
void cache_trim(struct image_cache *c);
