#pragma once

/* UTF-8 (RFC 3629): validation, also incremental, and counting. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* state starts at 0; 0 again means "at a character boundary". False: invalid. */
bool utf8_feed(uint32_t *state, const char *data, size_t len);
bool utf8_valid(struct slice s);
/* Code points of valid UTF-8. */
size_t utf8_count(struct slice s);
/* Without leading and trailing white space as Discord trims it (ASCII space and controls, U+00A0,
 * U+1680, U+2000-U+200A, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF). */
struct slice utf8_trim(struct slice s);
