#pragma once

/*
 * What the process of images may do: compute, use memory up to a bound, and talk over the sockets
 * that it has. Entered when everything is loaded, and never left. Linux only (seccomp, prctl).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"

struct image_sandbox {
    uint64_t memory_bytes; /* beyond what the process has mapped already */
    uint64_t cpu_s;        /* of its whole life */
};

/* As its first step: dies with its parent, whose id is given. False: the parent is gone. */
MUST_CHECK bool image_sandbox_follow(long parent);
/* False: it could not be entered; the process must not go on. */
MUST_CHECK bool image_sandbox_enter(const struct image_sandbox *s);
