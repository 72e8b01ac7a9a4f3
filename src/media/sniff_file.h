#pragma once

/*
 * What any file is, told from its first and last few KiB, whatever its name and its sender say: its
 * media type, and the size in pixels of pictures and films. Nothing is decoded; of large files a
 * few places are read, a bounded number. Unlike sniff.h, which asks whether something is a whole
 * image of a few kinds, this never refuses: what nobody knows is application/octet-stream.
 *
 * Text is text: a file of characters is text/plain, be it HTML, SVG or a program, so that nothing
 * that a browser would run is ever called by a name that makes it do so. No memory but the stack.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"

/* Where the bytes are. */
struct sniff_source {
    void *ctx;
    uint64_t size;
    /* At most len bytes from offset on; *got less than len only at the end. */
    enum err (*read)(void *ctx, uint64_t offset, void *into, size_t len, size_t *got);
};

enum sniff_class {
    SNIFF_CLASS_OTHER,
    SNIFF_CLASS_IMAGE,
    SNIFF_CLASS_VIDEO,
    SNIFF_CLASS_AUDIO,
    SNIFF_CLASS_TEXT,
    SNIFF_CLASS_DOCUMENT
};

struct sniffed_file {
    const char *content_type; /* static */
    enum sniff_class class;
    uint32_t width; /* as the file states it, however much that is; 0: it does not */
    uint32_t height;
    bool animated;
};

/* The errors of src->read. */
MUST_CHECK enum err sniff_file(const struct sniff_source *src, struct sniffed_file *out);
/* Of a type as sniff_file gives it, or as it was stored: whether a browser may show it in place. */
bool sniff_type_inline(const char *content_type, size_t len);
