#pragma once

/*
 * What pictures look like, and pictures made from pictures: sizes and placeholders of uploads,
 * thumbnails and other formats for the CDN. The pixels are touched by a process of their own, which
 * may do nothing else (media/image_pool.h); here are the use-cases around it: reading blobs,
 * keeping what was made (media/image_cache.h), and making it once for all who ask at a time.
 *
 * Everything blocks, for a bounded time: workers, never loops, never inside a transaction.
 * Images are a convenience: whoever calls has an answer without them too (no placeholder, the file
 * as it was uploaded), and no failure here is one of a message.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "media/image_job.h"

struct core;
struct blob_store;
struct log;
struct metrics;
struct clock;

/* Processes, cache, and who makes what just now. Built by main, which outlives the core with it. */
struct images;

struct images_options {
    struct blob_store *blobs;
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    const char *data;
    unsigned processes;
    uint64_t memory_bytes_max; /* of a process */
    uint64_t pixels_max;       /* of a picture, all frames of it */
    uint32_t time_ms_max;      /* for a picture */
    unsigned callers_max;      /* threads that may wait for pictures at a time, at least 1 */
    uint64_t cache_bytes_max;
};

MUST_CHECK enum err images_new(const struct images_options *o, struct images **out);
/* Who waits is sent away, and nobody is let in any more. NULL allowed. */
void images_stop(struct images *i);
/* NULL allowed; nulls the caller's copy. */
void images_free(struct images **i);

/* Longest wait of image_describe; the message of an upload waits for it. */
enum { IMAGE_DESCRIBE_MS = 1000 };

struct image_facts {
    uint32_t width; /* pixels as they are shown: a turned photograph is described turned */
    uint32_t height;
    bool animated;
    char placeholder[IMAGE_PLACEHOLDER_BYTES]; /* ThumbHash in base64 with a NUL; "": none */
};

/*
 * Looks at a blob (64 hex digits). NOT_FOUND: no such blob; UNSUPPORTED_MEDIA_TYPE: of no
 * type that is known, or damaged. If the blob is an image, but its pixels cannot be had (images are
 * off, none of the kind, beyond a budget, nobody has time), width, height and animated are those of
 * its header and the placeholder is "": that is ERR_OK.
 */
MUST_CHECK enum err image_describe(struct core *c, const char *blob, struct image_facts *out);

/* A picture as it is served. */
struct image_made {
    bool already;             /* the blob itself is what is wanted; nothing was appended */
    const char *content_type; /* static; NULL if already */
};

/*
 * Appends the blob, made as `want` says. UNSUPPORTED_MEDIA_TYPE: it cannot be made from this blob,
 * for a minute at least; OVERLOADED: not now; FEATURE_DISABLED: images are off. The caller serves
 * the original then.
 */
MUST_CHECK enum err image_make(struct core *c, const char *blob, const struct image_want *want,
                               struct buf *out, struct image_made *made);
/* Tells what is made of this blob in this way from everything else: an ETag with its quotes and a
 * NUL. NO_MEMORY. */
enum { IMAGE_TAG_BYTES = 36, IMAGE_BLOB_BYTES = 65 };
MUST_CHECK enum err image_tag(const char *blob, const struct image_want *want,
                              char out[IMAGE_TAG_BYTES]);
/* Whether image_make does anything here. */
bool images_enabled(const struct core *c);
/* The blob is gone: so is what was made from it. */
void image_forget(struct core *c, const char *blob);
