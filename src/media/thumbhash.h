#pragma once

/*
 * ThumbHash, the placeholder of a picture in at most 25 bytes: average colours, proportions and the
 * lowest frequencies of its brightness, two colour axes and transparency. Discord shows it as
 * `placeholder` with placeholder_version 1. Pure; takes 320 KiB of stack. Source:
 * evanw.github.io/thumbhash ("How it works"), whose published encoder these bytes are compared with
 * in the tests.
 */

#include <stddef.h>
#include <stdint.h>

enum { THUMBHASH_SIDE_MAX = 100, THUMBHASH_BYTES_MAX = 25 };

/* `rgba`: width × height pixels of 4 bytes, rows from the top, not multiplied by their opacity.
 * Sides 1 to THUMBHASH_SIDE_MAX (asserted). Returns how many bytes of `out` it wrote. */
size_t thumbhash_encode(const unsigned char *rgba, unsigned width, unsigned height,
                        unsigned char out[THUMBHASH_BYTES_MAX]);
