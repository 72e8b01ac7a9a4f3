/* Cleaning names of files, character by character. */

#include "core/attachment_names.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

enum { ENDING_BYTES_MAX = 32, CONTINUATION = 0x80 };

static const struct slice SPOILER = {"SPOILER_", sizeof "SPOILER_" - 1};
static const struct slice NAMELESS = {"unknown", sizeof "unknown" - 1};

/* The character at the front, which is cut off; its bytes in *text. 0: bytes that are none. */
static uint32_t next_char(struct slice *rest, struct slice *text)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)rest->data;
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 0;
    uint32_t c = len == 1 ? p[0] : len == 0 ? 0 : p[0] & (0x7fU >> len);
    bool good = len > 0 && len <= rest->len;
    for (size_t i = 1; good && i < len; i++) {
        good = (p[i] & 0xc0) == CONTINUATION;
        c = c << 6 | (p[i] & 0x3f);
    }
    good = good && c >= least[len] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
    len = good ? len : 1;
    *text = slice_of(rest->data, len);
    *rest = slice_of(rest->data + len, rest->len - len);
    return good ? c : 0;
}

/* Seen by nobody, or seen where they are not: controls, directions (bidi), widthless marks. The
 * joiner of emojis stays. */
static bool is_dropped(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0x01, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},
                  {0x200b, 0x200c}, {0x200e, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
                  {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static bool is_reserved(uint32_t c)
{
    return c == 0 || c == ' ' || c == 0xa0 || c == 0x3000 ||
           (c < 0x80 && strchr("<>:\"|?*%#&;'`$!\\/{}^~[]", (int)c) != NULL);
}

static struct slice last_part(struct slice path)
{
    size_t begin = path.len;
    while (begin > 0 && path.data[begin - 1] != '/' && path.data[begin - 1] != '\\')
        begin--;
    return slice_of(path.data + begin, path.len - begin);
}

static size_t count_chars(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.data[i] & 0xc0) != CONTINUATION;
    return n;
}

/* ".tar" or ".png"; empty: it has none. */
static struct slice ending_of(struct slice name)
{
    size_t dot = name.len;
    while (dot > 0 && name.data[dot - 1] != '.')
        dot--;
    if (dot <= 1 || name.len - dot + 1 > ENDING_BYTES_MAX)
        return slice_of(name.data + name.len, 0);
    return slice_of(name.data + dot - 1, name.len - dot + 1);
}

/* The longest front of whole characters within both limits. */
static struct slice cut(struct slice s, size_t bytes, size_t chars)
{
    size_t end = 0, n = 0;
    for (size_t i = 0; i < s.len && i < bytes; i++) {
        bool last = i + 1 == s.len || ((unsigned char)s.data[i + 1] & 0xc0) != CONTINUATION;
        if (last && ++n <= chars)
            end = i + 1;
    }
    return slice_of(s.data, end);
}

static void clean(struct slice rest, struct buf *out)
{
    struct slice text;
    while (rest.len > 0) {
        uint32_t c = next_char(&rest, &text);
        if (is_reserved(c))
            buf_putc(out, '_');
        else if (!is_dropped(c))
            buf_append_slice(out, text);
    }
    while (out->len > 0 && out->data[out->len - 1] == '.')
        out->len--; /* some disks drop it, and then it is another name */
}

bool attachment_name_is_spoiler(struct slice name)
{
    return slice_starts_with(name, SPOILER);
}

struct slice attachment_name_clean(struct slice raw, bool spoiler, struct arena *arena)
{
    char bytes[4096];
    struct buf all = {.data = bytes, .cap = sizeof bytes, .max = sizeof bytes};
    struct slice part = last_part(raw);
    struct slice kept = {NULL, 0};
    /* What is longer is cut further down anyway; its end decides over the ending. */
    if (part.len > sizeof bytes / 2)
        part = slice_of(part.data + part.len - sizeof bytes / 2, sizeof bytes / 2);
    if (part.len > 0)
        clean(part, &all);
    struct slice name = all.len > 0 ? buf_slice(&all) : NAMELESS;
    struct slice before = spoiler && !attachment_name_is_spoiler(name) ? SPOILER : slice_of("", 0);
    struct slice ending = ending_of(name);
    name.len -= ending.len;
    name = cut(name, LIMIT_FILENAME_BYTES - before.len - ending.len,
               LIMIT_FILENAME - before.len - count_chars(ending));
    const char *made =
        arena_printf(arena, "%.*s%.*s%.*s", SLICE_ARG(before), SLICE_ARG(name), SLICE_ARG(ending));
    if (made != NULL)
        kept = slice_from(made);
    return kept;
}
