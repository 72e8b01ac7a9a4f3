#pragma once

/* How fast a long copy goes, and what people hear of it: a limit of bytes a second, a line of
 * progress at most twice a second, and the question whether to stop. One thread. */

#include "ops/ops.h"

struct pace {
    const struct clock *clock;
    const struct ops_io *io;
    const char *what;     /* in the lines: "copying" */
    uint64_t bytes_per_s; /* 0: no limit */
    uint64_t total;       /* 0: unknown; may be corrected */
    uint64_t done;
    uint64_t begun_ns;
    uint64_t allowed_ns; /* the moment at which the next byte may go */
    uint64_t said_ns;
};

void pace_begin(struct pace *p, const struct clock *clock, const struct ops_io *io,
                const char *what, uint64_t bytes_per_s);
/* So many bytes were copied: waits until that was allowed. False: stop. */
MUST_CHECK bool pace_spend(struct pace *p, uint64_t bytes);
/* Waits without spending. False: stop. */
MUST_CHECK bool pace_rest(struct pace *p, uint64_t ns);
