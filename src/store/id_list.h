#pragma once

/* Lists of ids in one column: 8 bytes each, big-endian, so that a row needs no table beside it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

/* The bytes of `count` ids, in the arena; data NULL for none. NO_MEMORY. */
MUST_CHECK enum err id_list_pack(const uint64_t *ids, size_t count, struct arena *arena,
                                 struct slice *out);
/* The ids of a column (data NULL: none), in the arena; NULL with *count 0 for none. */
MUST_CHECK enum err id_list_unpack(struct slice blob, struct arena *arena, uint64_t **out,
                                   size_t *count);
/* One more at *at (of some bytes that the caller has), which moves behind it. */
enum { ID_LIST_BYTES = 8 };
void id_list_put(char **at, uint64_t id);
/* How many there are, and the one at `i`, without memory. */
size_t id_list_count(struct slice blob);
uint64_t id_list_at(struct slice blob, size_t i);
