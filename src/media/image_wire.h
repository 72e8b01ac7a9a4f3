#pragma once

/*
 * What crosses the socket between the server and its process of images (image_pool.c,
 * image_worker.c). Both are the same program of the same machine, so structs cross as they are.
 *
 *   process: hello
 *   server:  ask, with the source as a sealed file in memory (SCM_RIGHTS)
 *   process: said, then said.bytes bytes of the picture
 *   ...      one at a time; end of file ends the process
 */

#include <stdbool.h>
#include <stdint.h>

#include "media/image_job.h"

enum {
    IMAGE_WIRE_MAGIC = 0x47496d31,              /* "GIm1" */
    IMAGE_SOURCE_BYTES_MAX = 128 * 1024 * 1024, /* of a file that is looked at; ours */
    IMAGE_MADE_BYTES_MAX = 15 * 1024 * 1024,    /* fits into LIMIT_REPLY_BYTES */
    IMAGE_PLACE_SIDE = 100,                     /* pixels that the placeholder is made from */
};

/* The word that makes the program a process of images, and the descriptor of its socket. */
#define IMAGE_WORKER_WORD "image-worker"
enum { IMAGE_WORKER_FD = 3 };

enum image_hello_state {
    IMAGE_HELLO_READY,
    IMAGE_HELLO_NO_LIBRARY,
    IMAGE_HELLO_NO_SANDBOX,
};

struct image_hello {
    uint32_t magic;
    uint32_t state; /* enum image_hello_state */
    bool avif;
};

struct image_ask {
    uint32_t magic;
    bool describe; /* else make */
    struct image_want want;
    uint64_t source_bytes;
    uint64_t pixels_max;
};

enum image_outcome {
    IMAGE_OUTCOME_MADE,
    IMAGE_OUTCOME_ALREADY,   /* the source is what is wanted */
    IMAGE_OUTCOME_UNKNOWN,   /* no image, damaged, of a type that we cannot read or write */
    IMAGE_OUTCOME_TOO_LARGE, /* more pixels than allowed, or more bytes came of it */
    IMAGE_OUTCOME_COUNT
};

struct image_said {
    uint32_t magic;
    uint32_t outcome; /* enum image_outcome */
    uint32_t format;  /* enum image_format, never SAME; of what was made */
    uint32_t width;   /* of the source */
    uint32_t height;
    bool animated;
    uint32_t bytes; /* that follow */
    char placeholder[IMAGE_PLACEHOLDER_BYTES];
};
