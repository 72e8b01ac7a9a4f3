/*
 * Emojis by the grammar of UTS #51 on the tables of the standard, not by a list of all sequences:
 * those that a later version of Unicode joins of known pictures need no change here.
 */

#include "model/unicode_emoji.h"

#include <stdint.h>
#include <string.h>

enum {
    PICTURE = 1 << 0,
    BASE = 1 << 1,
    TONE = 1 << 2,
    POINTS_MAX = 16, /* the longest that exists has ten */
    JOINER = 0x200D,
    AS_PICTURE = 0xFE0F,
    KEYCAP = 0x20E3,
    LETTER_A = 0x1F1E6, /* regional indicators */
    LETTERS = 26,
    BLACK_FLAG = 0x1F3F4,
    TAG_A = 0xE0061,
    TAG_END = 0xE007F,
    TAGS = 5
};

static const struct range {
    uint32_t first, last;
    unsigned flags;
} RANGES[] = {
#define X(from, to, what) {from, to, what},
#include "model/unicode_emoji.def"
};

static const uint32_t FLAGS[LETTERS] = {
#define F(pairs) pairs,
#include "model/unicode_emoji.def"
};

/* England, Scotland and Wales: the subdivisions that have a picture. */
static const char REGIONS[][TAGS + 1] = {"gbeng", "gbsct", "gbwls"};

/* A cursor over the code points with U+FE0F left out, and what is written of them. */
struct reader {
    uint32_t points[POINTS_MAX + 1]; /* ends with a 0 */
    size_t at;
    char *out;
    size_t len;
};

static const struct range *range_of(uint32_t point)
{
    size_t low = 0;
    size_t high = sizeof RANGES / sizeof RANGES[0];
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (RANGES[mid].last < point)
            low = mid + 1;
        else
            high = mid;
    }
    bool inside = low < sizeof RANGES / sizeof RANGES[0] && RANGES[low].first <= point;
    return inside ? &RANGES[low] : NULL;
}

/* Bytes of the code point at s, 0: it is none (the value is checked by whoever looks it up). */
static size_t decode(struct slice s, uint32_t *point)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 0;
    if (n == 0 || n > s.len)
        return 0;
    uint32_t v = n == 1 ? p[0] : p[0] & (0x7FU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        v = v << 6 | (p[i] & 0x3FU);
    }
    *point = v;
    return n;
}

static bool take_points(struct slice text, struct reader *r)
{
    size_t n = 0;
    while (text.len > 0) {
        uint32_t point;
        size_t bytes = decode(text, &point);
        if (bytes == 0 || point == 0)
            return false;
        text = slice_of(text.data + bytes, text.len - bytes);
        if (point == AS_PICTURE && n > 0)
            continue;
        if (n == POINTS_MAX)
            return false;
        r->points[n++] = point;
    }
    r->points[n] = 0;
    return n > 0;
}

static void put_byte(struct reader *r, uint32_t byte)
{
    r->out[r->len++] = (char)(unsigned char)byte;
}

/* POINTS_MAX code points, one in two followed by U+FE0F, would not fit; those that exist do. */
static bool put(struct reader *r, uint32_t point)
{
    if (r->len + 4 > UNICODE_EMOJI_BYTES)
        return false;
    if (point < 0x80) {
        put_byte(r, point);
    } else if (point < 0x800) {
        put_byte(r, 0xC0 | point >> 6);
        put_byte(r, 0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put_byte(r, 0xE0 | point >> 12);
        put_byte(r, 0x80 | (point >> 6 & 0x3F));
        put_byte(r, 0x80 | (point & 0x3F));
    } else {
        put_byte(r, 0xF0 | point >> 18);
        put_byte(r, 0x80 | (point >> 12 & 0x3F));
        put_byte(r, 0x80 | (point >> 6 & 0x3F));
        put_byte(r, 0x80 | (point & 0x3F));
    }
    return true;
}

static bool is_keycap(const uint32_t *p)
{
    bool key = (p[0] >= '0' && p[0] <= '9') || p[0] == '#' || p[0] == '*';
    return key && p[1] == KEYCAP && p[2] == 0;
}

static bool is_letter(uint32_t point)
{
    return point >= LETTER_A && point < LETTER_A + LETTERS;
}

static bool is_flag(const uint32_t *p)
{
    return is_letter(p[0]) && is_letter(p[1]) && p[2] == 0 &&
           (FLAGS[p[0] - LETTER_A] >> (p[1] - LETTER_A) & 1) != 0;
}

static bool is_region(const uint32_t *p)
{
    bool found = false;
    for (size_t i = 0; i < sizeof REGIONS / sizeof REGIONS[0] && !found; i++) {
        found = p[0] == BLACK_FLAG;
        for (size_t k = 0; k < TAGS && found; k++)
            found = p[k + 1] == TAG_A + (uint32_t)(REGIONS[i][k] - 'a');
        found = found && p[TAGS + 1] == TAG_END && p[TAGS + 2] == 0;
    }
    return found;
}

/* A picture and its skin tone. */
static bool take_picture(struct reader *r)
{
    const struct range *range = range_of(r->points[r->at]);
    if (range == NULL || !put(r, r->points[r->at++]))
        return false;
    const struct range *tone = range_of(r->points[r->at]);
    if (tone != NULL && (tone->flags & TONE) != 0)
        return (range->flags & BASE) != 0 && put(r, r->points[r->at++]);
    return (range->flags & PICTURE) != 0 || put(r, AS_PICTURE);
}

static bool take_joined(struct reader *r)
{
    if (!take_picture(r))
        return false;
    while (r->points[r->at] == JOINER) {
        if (!put(r, r->points[r->at++]) || !take_picture(r))
            return false;
    }
    return r->points[r->at] == 0;
}

static bool put_rest(struct reader *r)
{
    while (r->points[r->at] != 0)
        if (!put(r, r->points[r->at++]))
            return false;
    return true;
}

size_t unicode_emoji_normalise(struct slice text, char out[UNICODE_EMOJI_BYTES])
{
    char made[UNICODE_EMOJI_BYTES];
    struct reader r = {.out = made};
    bool ok = take_points(text, &r);
    if (ok && is_keycap(r.points))
        ok = put(&r, r.points[r.at++]) && put(&r, AS_PICTURE) && put_rest(&r);
    else if (ok && (is_flag(r.points) || is_region(r.points)))
        ok = put_rest(&r);
    else
        ok = ok && take_joined(&r);
    if (!ok)
        return 0;
    memcpy(out, made, r.len);
    return r.len;
}
