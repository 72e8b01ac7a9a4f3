#pragma once

/*
 * What is an emoji (Unicode UTS #51): keycaps, flags, pictures with skin tones, and pictures joined
 * by U+200D. Clients write the same one with or without U+FE0F; it is stored in one form, the one
 * that Discord shows: fully qualified.
 */

#include <stddef.h>

#include "base/slice.h"

enum { UNICODE_EMOJI_BYTES = 64 };

/* The stored form of just one emoji; returns its length, 0 if the text is anything else. */
size_t unicode_emoji_normalise(struct slice text, char out[UNICODE_EMOJI_BYTES]);
