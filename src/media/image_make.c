/*
 * The difficulty: a few bytes can claim to be any number of pixels. So the size is read from the
 * header, all frames counted, and compared with the budget before anything is decoded; what lies
 * within it and is costly still ends by the clock of the parent or the bound of memory.
 */

#include "media/image_make.h"

#include <string.h>

#include "media/sniff.h"
#include "media/thumbhash.h"
#include "wire/base64.h"

enum { JPEG_QUALITY = 85, WEBP_QUALITY = 80, AVIF_QUALITY = 55, RGBA = 4 };

struct making {
    const struct image_vips *v;
    const struct image_ask *ask;
    struct slice source;
    struct sniffed sniffed;
    enum image_format from; /* of the source */
    enum image_format to;   /* never SAME */
    bool moving;            /* all frames are wanted, and there are some */
};

/* ---- what it is ---- */

static enum image_format format_of(enum sniff_type type)
{
    switch (type) {
    case SNIFF_PNG:
    case SNIFF_APNG:
        return IMAGE_FORMAT_PNG;
    case SNIFF_JPEG:
        return IMAGE_FORMAT_JPEG;
    case SNIFF_GIF:
        return IMAGE_FORMAT_GIF;
    case SNIFF_WEBP:
        return IMAGE_FORMAT_WEBP;
    case SNIFF_AVIF:
        return IMAGE_FORMAT_AVIF;
    default:
        return IMAGE_FORMAT_SAME; /* no image */
    }
}

static const char *frames_option(const struct making *m)
{
    bool many = m->moving && (m->from == IMAGE_FORMAT_GIF || m->from == IMAGE_FORMAT_WEBP);
    return many ? "[n=-1]" : "";
}

/* Reads the header only. Sizes are of a frame. */
static enum image_outcome measure(struct making *m, struct image_said *said)
{
    const struct image_vips *v = m->v;
    VipsImage *image = v->open(m->source.data, m->source.len, frames_option(m), NULL);
    if (image == NULL)
        return IMAGE_OUTCOME_UNKNOWN;
    uint64_t width = (uint64_t)v->width(image);
    uint64_t frame = (uint64_t)v->page_height(image);
    uint64_t pixels = width * (uint64_t)v->height(image);
    bool turned = v->turned(image) != 0;
    v->unref(image);
    said->width = (uint32_t)(turned ? frame : width);
    said->height = (uint32_t)(turned ? width : frame);
    return pixels > m->ask->pixels_max ? IMAGE_OUTCOME_TOO_LARGE : IMAGE_OUTCOME_MADE;
}

/* An animated PNG is kept as it is, whatever its size: we can read its first frame only. */
static bool is_already(const struct making *m, const struct image_said *said)
{
    const struct image_want *want = &m->ask->want;
    if (m->from != m->to)
        return false;
    if (m->sniffed.type == SNIFF_APNG)
        return true;
    bool fits = (want->width == 0 || said->width <= want->width) &&
                (want->height == 0 || said->height <= want->height);
    return fits && (want->animated || !m->sniffed.animated);
}

/* ---- making ---- */

static VipsImage *shrunk(const struct making *m, uint32_t width, uint32_t height)
{
    VipsImage *out = NULL;
    char *data = (char *)(uintptr_t)m->source.data; /* libvips does not write there */
    if (m->v->thumbnail(data, m->source.len, &out, (int)width, "height", (int)height, "size",
                        VIPS_SIZE_DOWN_VALUE, "option_string", frames_option(m), "export_profile",
                        "srgb", NULL) != 0)
        return NULL;
    return out;
}

static uint32_t side(uint32_t wanted)
{
    return wanted == 0 || wanted > IMAGE_SIDE_MAX ? (uint32_t)IMAGE_SIDE_MAX : wanted;
}

/* What the file says of cameras, places and programs stays behind ("strip"). */
static int save(const struct making *m, VipsImage *image, void **body, size_t *len)
{
    const struct image_vips *v = m->v;
    int lossless = m->ask->want.lossless;
    switch (m->to) {
    case IMAGE_FORMAT_PNG:
        return v->save_png(image, body, len, "compression", 6, "strip", 1, NULL);
    case IMAGE_FORMAT_JPEG:
        return v->save_jpeg(image, body, len, "Q", JPEG_QUALITY, "optimize_coding", 1, "strip", 1,
                            NULL);
    case IMAGE_FORMAT_WEBP:
        return v->save_webp(image, body, len, "Q", WEBP_QUALITY, "lossless", lossless, "effort", 3,
                            "strip", 1, NULL);
    case IMAGE_FORMAT_GIF:
        return v->save_gif(image, body, len, "effort", 3, "strip", 1, NULL);
    case IMAGE_FORMAT_AVIF:
        return v->save_heif(image, body, len, "Q", AVIF_QUALITY, "lossless", lossless, "effort", 2,
                            "compression", VIPS_HEIF_AV1_VALUE, "strip", 1, NULL);
    default:
        return -1;
    }
}

static enum image_outcome make(const struct making *m, struct image_result *out)
{
    const struct image_want *want = &m->ask->want;
    size_t len = 0;
    VipsImage *image = shrunk(m, side(want->width), side(want->height));
    if (image == NULL)
        return IMAGE_OUTCOME_UNKNOWN;
    int failed = save(m, image, &out->body, &len);
    m->v->unref(image);
    if (failed != 0)
        return IMAGE_OUTCOME_UNKNOWN;
    if (len > IMAGE_MADE_BYTES_MAX)
        return IMAGE_OUTCOME_TOO_LARGE;
    out->said.format = (uint32_t)m->to;
    out->said.bytes = (uint32_t)len;
    return IMAGE_OUTCOME_MADE;
}

/* ---- the placeholder ---- */

/* In place of `image`, which is given up: what one step makes of it. NULL: nothing. */
static VipsImage *next(const struct image_vips *v, VipsImage *image, int failed, VipsImage *made)
{
    v->unref(image);
    return failed == 0 ? made : NULL;
}

/* As 8-bit RGBA; gives `image` up. */
static VipsImage *as_rgba(const struct image_vips *v, VipsImage *image)
{
    VipsImage *made = NULL;
    int failed = v->colourspace(image, &made, VIPS_INTERPRETATION_SRGB_VALUE, NULL);
    image = next(v, image, failed, made);
    if (image != NULL && v->bands(image) < RGBA) {
        failed = v->add_alpha(image, &made, NULL);
        image = next(v, image, failed, made);
    }
    if (image != NULL) {
        failed = v->cast_uchar(image, &made, NULL);
        image = next(v, image, failed, made);
    }
    return image;
}

static void write_placeholder(const unsigned char *pixels, unsigned width, unsigned height,
                              struct image_said *said)
{
    unsigned char hash[THUMBHASH_BYTES_MAX];
    size_t len = thumbhash_encode(pixels, width, height, hash);
    _Static_assert(BASE64_LEN(THUMBHASH_BYTES_MAX) < IMAGE_PLACEHOLDER_BYTES, "room");
    (void)base64_encode(hash, len, said->placeholder);
}

static enum image_outcome describe(const struct making *m, struct image_said *said)
{
    const struct image_vips *v = m->v;
    size_t len = 0;
    VipsImage *image = shrunk(m, IMAGE_PLACE_SIDE, IMAGE_PLACE_SIDE);
    image = image == NULL ? NULL : as_rgba(v, image);
    if (image == NULL)
        return IMAGE_OUTCOME_UNKNOWN;
    unsigned width = (unsigned)v->width(image);
    unsigned height = (unsigned)v->height(image);
    bool fits = v->bands(image) == RGBA && width <= IMAGE_PLACE_SIDE && height <= IMAGE_PLACE_SIDE;
    unsigned char *pixels = fits ? v->pixels(image, &len) : NULL;
    v->unref(image);
    bool whole = pixels != NULL && len == (size_t)width * height * RGBA;
    if (whole)
        write_placeholder(pixels, width, height, said);
    v->release(pixels);
    return whole ? IMAGE_OUTCOME_MADE : IMAGE_OUTCOME_UNKNOWN;
}

/* ---- the answer ---- */

static enum image_outcome answer(struct making *m, struct image_result *out)
{
    const struct image_want *want = &m->ask->want;
    if (!sniff(m->source, &m->sniffed) || format_of(m->sniffed.type) == IMAGE_FORMAT_SAME)
        return IMAGE_OUTCOME_UNKNOWN;
    m->from = format_of(m->sniffed.type);
    m->to = want->format == IMAGE_FORMAT_SAME ? m->from : want->format;
    bool moves = m->to == IMAGE_FORMAT_GIF || m->to == IMAGE_FORMAT_WEBP;
    m->moving = !m->ask->describe && want->animated && moves && m->sniffed.animated;
    out->said.animated = m->sniffed.animated;
    enum image_outcome outcome = measure(m, &out->said);
    if (outcome != IMAGE_OUTCOME_MADE)
        return outcome;
    if (m->ask->describe)
        return describe(m, &out->said);
    return is_already(m, &out->said) ? IMAGE_OUTCOME_ALREADY : make(m, out);
}

void image_answer(const struct image_vips *v, const struct image_ask *ask, struct slice source,
                  struct image_result *out)
{
    struct making m = {.v = v, .ask = ask, .source = source};
    memset(out, 0, sizeof *out);
    out->said.magic = IMAGE_WIRE_MAGIC;
    out->said.outcome = (uint32_t)answer(&m, out);
    v->error_clear();
}

void image_result_release(const struct image_vips *v, struct image_result *r)
{
    v->release(r->body);
    r->body = NULL;
}
