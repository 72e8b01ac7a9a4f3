#pragma once

/* What the handlers around joining share. */

#include "proto/body.h"

/* The ids of an array of struct body_id_item, ascending, each once; `out` has room for all of them.
 * How many. */
size_t joining_ids(const struct body_array *from, uint64_t *out);
