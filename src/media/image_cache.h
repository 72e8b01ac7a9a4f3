#pragma once

/*
 * Pictures that were made from blobs, kept on the disk: DATA/media/.cache/<2 digits of the blob>/
 * <62 digits>.<how it was made>. A cache, not a store: nothing is synced, what is damaged is made
 * again, backups pass it over (the dot), and the least recently used goes when it grows too large.
 * It also remembers what needs no making and, for an hour, what cannot be made. Workers; any number
 * at once.
 */

#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "media/image_job.h"

struct image_cache;

struct image_cache_options {
    const char *data;   /* outlives it; also the others */
    uint64_t bytes_max; /* 0: nothing is kept */
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
};

/* What is known of a blob and how it is wanted; stored, never renumbered. */
enum image_cached {
    IMAGE_CACHED_NOT = 0,
    IMAGE_CACHED_MADE = 1,
    IMAGE_CACHED_ALREADY = 2, /* the blob is it */
    IMAGE_CACHED_REFUSED = 3, /* it cannot be made: for an hour */
    IMAGE_CACHED_FAILED = 4   /* its process died or was too slow, which may have been the machine's
                               * fault: for a minute */
};

enum { IMAGE_CACHE_REFUSED_S = 3600, IMAGE_CACHE_FAILED_S = 60, IMAGE_CACHE_KEY_BYTES = 96 };

/* NULL when memory is short. */
MUST_CHECK struct image_cache *image_cache_new(const struct image_cache_options *o);
void image_cache_free(struct image_cache **c);

/* "<64 digits>.512x512.webp", with a NUL: what tells two pictures apart. */
void image_cache_key(const char *blob, const struct image_want *want,
                     char out[IMAGE_CACHE_KEY_BYTES]);
/* MADE: appended to `out`, *format says as what. Failing to read is as not having it. */
enum image_cached image_cache_get(struct image_cache *c, const char *key, struct buf *out,
                                  enum image_format *format);
/* Failing to write is logged and otherwise as if it had been forgotten at once. */
void image_cache_put(struct image_cache *c, const char *key, enum image_cached what,
                     enum image_format format, struct slice body);
/* The blob is deleted: what was made from it goes too. */
void image_cache_forget(struct image_cache *c, const char *blob);
/* Bytes on the disk, as far as it has counted. */
uint64_t image_cache_bytes(struct image_cache *c);
