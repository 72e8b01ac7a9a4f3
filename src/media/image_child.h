#pragma once

/*
 * The server's end of one process of images: begun, asked, watched, ended. Owned by one thread,
 * which must outlive the process (it is told to die with the thread that began it). Everything
 * blocks, until the moment given at most.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "media/image_wire.h"

struct image_child {
    pid_t pid; /* 0: there is none */
    int fd;
    unsigned asked; /* how often */
    bool avif;
};

struct image_child_options {
    uint64_t memory_bytes;
    uint64_t cpu_s;
};

enum image_child_end {
    IMAGE_CHILD_OK,
    IMAGE_CHILD_DIED, /* or said what it never says */
    IMAGE_CHILD_TIME,
    IMAGE_CHILD_SHUT,       /* stop_fd became readable */
    IMAGE_CHILD_NO_LIBRARY, /* from start: it will not be better next time */
    IMAGE_CHILD_NO_SANDBOX,
    IMAGE_CHILD_NO_MEMORY /* `out` has no room: it is not the process's fault, but it ends */
};

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t image_child_now_ms(void);
/* With anything but OK there is no process. */
MUST_CHECK enum image_child_end image_child_start(struct image_child *c,
                                                  const struct image_child_options *o,
                                                  uint64_t until_ms, int stop_fd);
/* source: a file that will not change, of ask->source_bytes. With anything but OK the process has
 * been ended, and `out` may hold a part. */
MUST_CHECK enum image_child_end image_child_ask(struct image_child *c, const struct image_ask *ask,
                                                int source, uint64_t until_ms, int stop_fd,
                                                struct image_said *said, struct buf *out);
/* Ends and reaps it; no process: nothing. */
void image_child_end(struct image_child *c);
