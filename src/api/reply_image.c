/* The difficulty: a picture that could not be made in time must not be cached for a year under the
 * address of the one that was asked for. So a substitute has the original's tag and a short life.
 */

#include "api/reply_image.h"

#include <string.h>

#include "core/images.h"

enum { SIDE_MIN = 1 };

/* ---- what is asked ---- */

static const struct {
    const char *ending;
    enum image_format format;
} formats[] = {
    {"png", IMAGE_FORMAT_PNG},   {"jpg", IMAGE_FORMAT_JPEG}, {"jpeg", IMAGE_FORMAT_JPEG},
    {"webp", IMAGE_FORMAT_WEBP}, {"gif", IMAGE_FORMAT_GIF},  {"avif", IMAGE_FORMAT_AVIF},
};

static bool format_named(struct slice name, enum image_format *out)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (name.data != NULL && slice_eq_cstr(name, formats[i].ending)) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

/* Powers of two (docs, "Image Formatting"), and the others that Discord's clients ask for. */
static bool is_size(int64_t size)
{
    static const int16_t sizes[] = {16,  20,  22,  24,   28,   32,   40,   44,   48,  56,  60,
                                    64,  80,  96,  100,  128,  160,  240,  256,  300, 320, 480,
                                    512, 600, 640, 1024, 1280, 1536, 2048, 3072, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] == size)
            return true;
    return false;
}

static void read_size(struct request *r, struct image_want *want)
{
    int64_t size = 0;
    request_query_int(r, "size", 16, IMAGE_SIDE_MAX, &size);
    if (size != 0 && !is_size(size))
        request_form_error(r, "size", "IMAGE_SIZE_INVALID", "Must be a power of two, 16 to 4096.");
    want->width = want->height = (uint32_t)size;
}

static void read_box(struct request *r, struct image_want *want)
{
    int64_t width = 0, height = 0;
    request_query_int(r, "width", SIDE_MIN, INT32_MAX, &width);
    request_query_int(r, "height", SIDE_MIN, INT32_MAX, &height);
    want->width = (uint32_t)(width > IMAGE_SIDE_MAX ? IMAGE_SIDE_MAX : width);
    want->height = (uint32_t)(height > IMAGE_SIDE_MAX ? IMAGE_SIDE_MAX : height);
}

/* True: it was named. */
static bool read_format(struct request *r, struct image_want *want)
{
    struct slice name = request_query(r, "format");
    if (name.data == NULL)
        return false;
    if (format_named(name, &want->format))
        return true;
    request_form_error(r, "format", "IMAGE_FORMAT_INVALID",
                       "Must be one of png, jpg, jpeg, webp, gif, avif.");
    return false;
}

static void read_quality(struct request *r, struct image_want *want)
{
    bool webp_or_avif = want->format == IMAGE_FORMAT_WEBP || want->format == IMAGE_FORMAT_AVIF;
    struct slice quality = request_query(r, "quality");
    want->lossless = webp_or_avif && quality.data != NULL && slice_eq_cstr(quality, "lossless");
    struct slice animated = request_query(r, "animated");
    bool said = animated.data != NULL;
    if (want->format == IMAGE_FORMAT_WEBP)
        want->animated = said && slice_eq_cstr(animated, "true");
    else
        want->animated = !said || !slice_eq_cstr(animated, "false");
}

void image_asked_of_asset(struct request *r, struct slice ending, struct image_asked *out)
{
    *out = (struct image_asked){.original = false};
    read_size(r, &out->want);
    bool named = format_named(ending, &out->want.format);
    named = read_format(r, &out->want) || named;
    read_quality(r, &out->want);
    out->original = !named && out->want.width == 0;
}

void image_asked_of_file(struct request *r, struct image_asked *out)
{
    *out = (struct image_asked){.original = false};
    read_box(r, &out->want);
    bool named = read_format(r, &out->want);
    read_quality(r, &out->want);
    out->original = !named && out->want.width == 0 && out->want.height == 0;
}

/* ---- the reply ---- */

/* SAME: no picture that can be read. */
static enum image_format format_of(struct slice content_type)
{
    static const struct {
        const char *type;
        enum image_format format;
    } types[] = {
        {"image/png", IMAGE_FORMAT_PNG},   {"image/apng", IMAGE_FORMAT_PNG},
        {"image/jpeg", IMAGE_FORMAT_JPEG}, {"image/gif", IMAGE_FORMAT_GIF},
        {"image/webp", IMAGE_FORMAT_WEBP}, {"image/avif", IMAGE_FORMAT_AVIF},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (content_type.data != NULL && slice_eq_cstr(content_type, types[i].type))
            return types[i].format;
    return IMAGE_FORMAT_SAME;
}

/* The blob is it, whatever its pixels are. A WebP may move where a still one is wanted. */
static bool is_original(const struct image_asked *asked, enum image_format from)
{
    const struct image_want *want = &asked->want;
    if (asked->original || from == IMAGE_FORMAT_SAME)
        return true;
    bool same = want->format == from || want->format == IMAGE_FORMAT_SAME;
    return same && want->width == 0 && want->height == 0 && want->animated;
}

static void reply_made(struct request *r, struct slice tag, const char *content_type)
{
    if (content_type != NULL)
        r->x->content_type = slice_from(content_type);
    buf_append_cstr(&r->x->head, "ETag: ");
    buf_append_slice(&r->x->head, tag);
    buf_append_cstr(&r->x->head, "\r\n");
}

static enum err make(struct request *r, const struct reply_blob *b, const struct image_want *want,
                     bool *lasting)
{
    char blob[IMAGE_BLOB_BYTES], text[IMAGE_TAG_BYTES];
    struct image_made made;
    memcpy(blob, b->name.data, sizeof blob - 1);
    blob[sizeof blob - 1] = '\0';
    if (!images_enabled(request_core(r)) || image_tag(blob, want, text) != ERR_OK)
        return reply_blob(r, b);
    struct slice tag = slice_from(text);
    struct buf *body = reply_body(r, (struct slice){NULL, 0});
    if (request_has_etag(r, tag)) {
        r->x->status = 304;
        reply_made(r, tag, NULL);
        *lasting = true;
        return ERR_OK;
    }
    enum err e = image_make(request_core(r), blob, want, body, &made);
    *lasting = e == ERR_OK;
    if (e == ERR_OK && !made.already) {
        reply_made(r, tag, made.content_type);
        return ERR_OK;
    }
    buf_reset(body);
    return reply_blob(r, b);
}

enum err reply_image(struct request *r, const struct reply_blob *b, const struct image_asked *asked,
                     bool *lasting)
{
    enum image_format from = format_of(b->content_type);
    *lasting = is_original(asked, from);
    if (*lasting)
        return reply_blob(r, b);
    bool moves = from == IMAGE_FORMAT_GIF || from == IMAGE_FORMAT_WEBP;
    if (asked->want.format == IMAGE_FORMAT_GIF && !moves)
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    return make(r, b, &asked->want, lasting);
}
