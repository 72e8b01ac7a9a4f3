#pragma once

/*
 * The processes that know images, as the rest of the server sees them: one function that answers a
 * question about a blob, or says why not. A process is begun when somebody asks and ended when
 * nobody has asked for a while; one that dies or takes too long is ended and another begun, with
 * growing pauses if that does not help. If there is no libvips, or no sandbox, it says so once in
 * the log and refuses from then on.
 *
 * Each process has a thread of the server (a keeper), begun with it the first time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "media/blob.h"
#include "media/image_wire.h"

struct image_pool;

struct image_pool_options {
    struct blob_store *blobs; /* outlives it; also the next two */
    const struct log *log;
    struct metrics *metrics;
    unsigned processes; /* most at a time, 1 to IMAGE_PROCESSES_MAX */
    uint64_t memory_bytes_max;
    uint64_t pixels_max;
    uint32_t time_ms_max; /* of one question */
};

enum { IMAGE_PROCESSES_MAX = 8, IMAGE_WAITING_MAX = 64 };

struct image_question {
    const char *blob; /* 64 hex digits */
    bool describe;    /* else make it as: */
    struct image_want want;
    uint32_t wait_ms; /* until some process is free */
    uint32_t time_ms; /* then; 0: time_ms_max */
};

MUST_CHECK enum err image_pool_new(const struct image_pool_options *o, struct image_pool **out);
/*
 * Workers. What is made is appended to `out` (NULL for describe); on failure a part of it may have
 * been. NOT_FOUND: no such blob. UNSUPPORTED_MEDIA_TYPE: not with this blob, and asking again will
 * not help (*said has the size if that could be read, else zeros). OVERLOADED: not now.
 * FEATURE_DISABLED: not on this machine, or it is stopping. Also what reading a blob gives.
 */
MUST_CHECK enum err image_pool_ask(struct image_pool *p, const struct image_question *q,
                                   struct image_said *said, struct buf *out);
/* No more questions; those under way end at once. */
void image_pool_stop(struct image_pool *p);
/* After it: ends the processes. Nobody may be asking. NULL allowed; nulls the caller's copy. */
void image_pool_free(struct image_pool **p);
