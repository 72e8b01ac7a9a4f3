#pragma once

/*
 * libvips, as much of it as we use, loaded when the process of images begins and never by the
 * server: its hundred libraries would be the server's start, memory and attack surface. Declared
 * here, so that building needs no header of it; its ABI (libvips.so.42) has been stable since 2013.
 * The functions with "..." take pairs of option name and value, then NULL.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"

typedef struct image_vips_image VipsImage; /* opaque: libvips' own name for it */

/* Of libvips' headers: VipsInterpretation, VipsSize, VipsForeignHeifCompression, VipsAccess. */
enum {
    VIPS_INTERPRETATION_SRGB_VALUE = 22,
    VIPS_SIZE_DOWN_VALUE = 2,
    VIPS_HEIF_AV1_VALUE = 4,
};

/* X(result, field, library's name, parameters) */
#define IMAGE_VIPS_FUNCTIONS(X)                                                                    \
    X(int, init, "vips_init", (const char *argv0))                                                 \
    X(void, concurrency_set, "vips_concurrency_set", (int threads))                                \
    X(void, cache_set_max, "vips_cache_set_max", (int operations))                                 \
    X(void, vector_set_enabled, "vips_vector_set_enabled", (int enabled))                          \
    X(void, block_untrusted_set, "vips_block_untrusted_set", (int blocked))                        \
    X(void, operation_block_set, "vips_operation_block_set", (const char *name, int blocked))      \
    X(void, error_clear, "vips_error_clear", (void))                                               \
    X(int, version, "vips_version", (int part))                                                    \
    X(VipsImage *, open, "vips_image_new_from_buffer",                                             \
      (const void *data, size_t len, const char *options, ...))                                    \
    X(int, width, "vips_image_get_width", (const VipsImage *image))                                \
    X(int, height, "vips_image_get_height", (const VipsImage *image))                              \
    X(int, page_height, "vips_image_get_page_height", (VipsImage * image))                         \
    X(int, pages, "vips_image_get_n_pages", (VipsImage * image))                                   \
    X(int, bands, "vips_image_get_bands", (const VipsImage *image))                                \
    X(int, turned, "vips_image_get_orientation_swap", (VipsImage * image))                         \
    X(int, thumbnail, "vips_thumbnail_buffer",                                                     \
      (void *data, size_t len, VipsImage **out, int width, ...))                                   \
    X(int, colourspace, "vips_colourspace", (VipsImage * in, VipsImage * *out, int space, ...))    \
    X(int, add_alpha, "vips_addalpha", (VipsImage * in, VipsImage * *out, ...))                    \
    X(int, cast_uchar, "vips_cast_uchar", (VipsImage * in, VipsImage * *out, ...))                 \
    X(void *, pixels, "vips_image_write_to_memory", (VipsImage * in, size_t * len))                \
    X(int, save_png, "vips_pngsave_buffer", (VipsImage * in, void **out, size_t *len, ...))        \
    X(int, save_jpeg, "vips_jpegsave_buffer", (VipsImage * in, void **out, size_t *len, ...))      \
    X(int, save_webp, "vips_webpsave_buffer", (VipsImage * in, void **out, size_t *len, ...))      \
    X(int, save_gif, "vips_gifsave_buffer", (VipsImage * in, void **out, size_t *len, ...))        \
    X(int, save_heif, "vips_heifsave_buffer", (VipsImage * in, void **out, size_t *len, ...))      \
    X(void, unref, "g_object_unref", (void *object))                                               \
    X(void, release, "g_free", (void *memory))

struct image_vips {
#define IMAGE_VIPS_FIELD(result, field, name, parameters) result(*field) parameters;
    IMAGE_VIPS_FUNCTIONS(IMAGE_VIPS_FIELD)
#undef IMAGE_VIPS_FIELD
    bool avif; /* reading and writing AVIF is there too */
};

/* Loads it and makes it safe for strangers' files: one thread, no cache, no code made at run time,
 * loaders of PNG, JPEG, GIF, WebP (and AVIF) and no others. Once a process, for good. False: not
 * there, or too old. */
MUST_CHECK bool image_vips_load(struct image_vips *v);
