#pragma once

/* The functions of commands.def. A file that implements one includes this. */

#include "ops/ops.h"

#define X(word, second, fn, place, usage, help)                                                    \
    enum ops_result fn(struct ops *o, const struct ops_args *a, const struct ops_io *io);
#include "ops/commands.def"
#undef X
