/*
 * Code points as words see them. utf8proc has the tables of Unicode; which marks are accents, and
 * which scripts do without spaces, is a decision: a vowel sign of Devanagari or Thai is as much
 * a part of its word as a letter, a dakuten makes another syllable, an acute accent does not.
 */

#include "base/words_fold.h"

#include <utf8proc.h>

struct range {
    int32_t first, last;
};

static bool in_ranges(const struct range *list, size_t count, int32_t c)
{
    for (size_t i = 0; i < count && c >= list[i].first; i++)
        if (c <= list[i].last)
            return true;
    return false;
}
#define IN(list, c) in_ranges(list, sizeof(list) / sizeof((list)[0]), c)

/* Accents, points and selectors that readers leave out. Ascending, also below. */
static const struct range accents[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A}, {0x0640, 0x0640}, {0x064B, 0x065F},
    {0x0670, 0x0670}, {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

static const struct range unspaced[] = {
    {0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1100, 0x11FF}, {0x1780, 0x17FF},   {0x3005, 0x3007},
    {0x3021, 0x3029}, {0x3031, 0x303C}, {0x3041, 0x309F}, {0x30A1, 0x30FA},   {0x30FC, 0x318F},
    {0x31A0, 0x31BF}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7FF}, {0xF900, 0xFAFF}, {0xFF66, 0xFFDC}, {0x1AFF0, 0x1B16F}, {0x20000, 0x3FFFF},
};

/* Letters that Unicode does not take apart, as people type them who do not have the key. */
static const struct {
    int32_t from;
    int32_t to[2];
} letters[] = {
    {0x00E6, {'a', 'e'}}, {0x00F0, {'d', 0}},   {0x00F8, {'o', 0}},
    {0x0111, {'d', 0}},   {0x0127, {'h', 0}},   {0x0131, {'i', 0}},
    {0x0142, {'l', 0}},   {0x0153, {'o', 'e'}}, {0x0167, {'t', 0}},
};

static bool is_mark(utf8proc_category_t k)
{
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME;
}

static bool is_letter(utf8proc_category_t k)
{
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
           (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

static enum words_class class_of_ascii(int32_t c)
{
    bool letter = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    return letter ? WORDS_LETTER : c == '\'' ? WORDS_APOSTROPHE : WORDS_OTHER;
}

enum words_class words_class(int32_t c)
{
    if (c < 0x80)
        return class_of_ascii(c);
    utf8proc_category_t k = utf8proc_category(c);
    if (is_mark(k))
        return WORDS_MARK;
    if (c == 0x2019 || c == 0x02BC || c == 0x2018)
        return WORDS_APOSTROPHE;
    if (k == UTF8PROC_CATEGORY_CF)
        return WORDS_NOTHING; /* joiners, directions, soft hyphens */
    if (!is_letter(k))
        return WORDS_OTHER;
    return IN(unspaced, c) ? WORDS_UNSPACED : WORDS_LETTER;
}

static size_t put_letter(int32_t c, int32_t *out)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (letters[i].from != c)
            continue;
        out[0] = letters[i].to[0];
        out[1] = letters[i].to[1];
        return letters[i].to[1] != 0 ? 2 : 1;
    }
    out[0] = c;
    return 1;
}

/* Syllables of Hangul stay whole: taken apart they would be composed again at once. */
static size_t decompose(int32_t c, int32_t *out, size_t room)
{
    int boundary = 0;
    const utf8proc_option_t how = UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD;
    if (c >= 0xAC00 && c <= 0xD7A3) {
        out[0] = c;
        return 1;
    }
    utf8proc_ssize_t n = utf8proc_decompose_char(c, out, (utf8proc_ssize_t)room, how, &boundary);
    return n > 0 && (size_t)n <= room ? (size_t)n : 0;
}

size_t words_fold(const int32_t *in, size_t count, int32_t out[WORDS_FOLDED])
{
    size_t len = 0;
    bool composes = false;
    for (size_t i = 0; i < count && i < WORDS_PIECE; i++) {
        int32_t parts[18];
        size_t n = decompose(in[i], parts, sizeof parts / sizeof parts[0]);
        for (size_t k = 0; k < n; k++) {
            if (IN(accents, parts[k]))
                continue;
            composes |= parts[k] >= 0x0900;
            len += put_letter(parts[k], out + len);
        }
    }
    if (!composes)
        return len;
    utf8proc_ssize_t n = utf8proc_normalize_utf32(
        out, (utf8proc_ssize_t)len, (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    return n > 0 ? (size_t)n : len;
}

/* ---- emojis (UTS #51, "ED-17 emoji sequence") ---- */

enum { SELECTOR_TEXT = 0xFE0E, SELECTOR_EMOJI = 0xFE0F, JOINER = 0x200D, KEYCAP = 0x20E3 };

static bool is_tone(int32_t c)
{
    return c >= 0x1F3FB && c <= 0x1F3FF;
}

static bool is_tag(int32_t c)
{
    return c >= 0xE0020 && c <= 0xE007F;
}

static bool is_regional(int32_t c)
{
    return c >= 0x1F1E6 && c <= 0x1F1FF;
}

static bool is_pictograph(int32_t c)
{
    if (c < 0xA9)
        return false;
    return utf8proc_get_property(c)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
           is_tone(c);
}

bool words_emoji_begins(int32_t c)
{
    return is_pictograph(c) || is_regional(c);
}

static void take(struct words_emoji *e, int32_t c)
{
    const size_t max = sizeof e->plain / sizeof e->plain[0];
    if (c == SELECTOR_EMOJI || c == SELECTOR_TEXT || e->plain_len == max)
        return;
    if (e->bare_len < max && !(is_tone(c) && e->plain_len > 0))
        e->bare[e->bare_len++] = c;
    e->plain[e->plain_len++] = c;
}

/* One of digits, '#' and '*', an optional selector, and the cap. */
static size_t keycap(const int32_t *in, size_t count, struct words_emoji *out)
{
    bool key = (in[0] >= '0' && in[0] <= '9') || in[0] == '#' || in[0] == '*';
    size_t at = count > 1 && in[1] == SELECTOR_EMOJI ? 2 : 1;
    if (!key || at >= count || in[at] != KEYCAP)
        return 0;
    take(out, in[0]);
    take(out, KEYCAP);
    return at + 1;
}

static bool goes_on(const int32_t *in, size_t count, size_t at)
{
    int32_t c = in[at];
    if (c == SELECTOR_EMOJI || c == SELECTOR_TEXT || c == KEYCAP || is_tone(c) || is_tag(c))
        return true;
    if (c == JOINER)
        return at + 1 < count && is_pictograph(in[at + 1]);
    return in[at - 1] == JOINER && is_pictograph(c);
}

size_t words_emoji(const int32_t *in, size_t count, struct words_emoji *out)
{
    out->plain_len = out->bare_len = 0;
    size_t n = keycap(in, count, out);
    if (n > 0)
        return n;
    if (count > 1 && is_regional(in[0]) && is_regional(in[1])) {
        take(out, in[0]);
        take(out, in[1]);
        return 2;
    }
    if (!is_pictograph(in[0]))
        return 0;
    take(out, in[0]);
    for (n = 1; n < count && goes_on(in, count, n); n++)
        take(out, in[n]);
    return n;
}
