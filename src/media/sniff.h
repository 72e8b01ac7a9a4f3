#pragma once

/*
 * What a file really is, told from its bytes: type, size in pixels, whether it moves, how long it
 * sounds. Nothing is decoded; headers and the chain of blocks are followed, strictly inside the
 * bytes. Pure: no memory, no I/O. Sources: PNG (RFC 2083, APNG 1.0), JPEG (ITU T.81), GIF89a, WebP
 * (RFC 9649), AVIF (ISO 23000-22), Ogg (RFC 3533), Vorbis I, Opus (RFC 7845), MP3 (ISO 11172-3),
 * Lottie.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

enum sniff_type {
    SNIFF_PNG,
    SNIFF_APNG,
    SNIFF_JPEG,
    SNIFF_GIF,
    SNIFF_WEBP,
    SNIFF_AVIF,
    SNIFF_OGG,
    SNIFF_MP3,
    SNIFF_LOTTIE,
    SNIFF_TYPE_COUNT
};

struct sniffed {
    enum sniff_type type;
    uint32_t width; /* pixels; 0 for sounds */
    uint32_t height;
    bool animated;
    uint32_t duration_ms; /* of sounds */
};

enum {
    SNIFF_PIXELS_MAX = 16384, /* a side; 0 pixels and more than this are no image (ours) */
    SNIFF_JSON_DEPTH_MAX = 64
};

/* False: none of them, or damaged. */
MUST_CHECK bool sniff(struct slice bytes, struct sniffed *out);
/* "image/png" ...; static. */
const char *sniff_content_type(enum sniff_type type);
