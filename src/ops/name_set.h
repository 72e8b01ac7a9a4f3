#pragma once

/* Names that were seen, 16 bytes each: media files may be millions. Two of them being taken for one
 * is as unlikely as a digest of 128 bits says. */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/buf.h"

struct name_set {
    struct buf digests;
    size_t sorted; /* so many of them are in order, and are looked at */
};

void name_set_init(struct name_set *s);
void name_set_deinit(struct name_set *s);
/* Shows in name_set_has only after name_set_sort. False: no memory, or more than 32 million. */
MUST_CHECK bool name_set_add(struct name_set *s, const char *name);
void name_set_sort(struct name_set *s);
bool name_set_has(const struct name_set *s, const char *name);
