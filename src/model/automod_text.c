/*
 * Text made ready for AutoMod. Who wants to get past a keyword writes it in other cases, with
 * letters of other widths and styles, with an accent as a character of its own or strewn over
 * everything, or with characters in between that nobody sees; folding undoes that. The table
 * (automod_folding.def) is Unicode's NFKC and lower case as far as that makes one character of one;
 * marks are joined to the letter before, or left out. What only looks alike, as letters of several
 * scripts do, stays different. The text is valid UTF-8 (the JSON reader saw to that).
 */

#include "model/automod_priv.h"

#include <string.h>

#include "base/map.h"

enum { BULKY_LINKS = 10, BULKY_LINES = 60 };

struct range {
    uint32_t first;
    uint32_t last;
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Soft hyphen, joiners, directional marks, variation selectors, tags. */
static bool invisible(uint32_t c)
{
    static const struct range ranges[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},     {0x1160, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},
        {0x2060, 0x206f},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    return c >= 0xad && within(ranges, sizeof ranges / sizeof *ranges, c);
}

/* Marks that can be put on any letter, where they mean nothing. */
static bool strewn(uint32_t c)
{
    static const struct range ranges[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x1ab0, 0x1aff},
                                          {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}};
    return c >= 0x300 && within(ranges, sizeof ranges / sizeof *ranges, c);
}

bool automod_word_character(uint32_t c)
{
    /* What beside ASCII is no letter: punctuation, signs, pictures. */
    static const struct range others[] = {
        {0x80, 0xa9},     {0xab, 0xb4},       {0xb6, 0xb9},     {0xbb, 0xbf},     {0xd7, 0xd7},
        {0xf7, 0xf7},     {0x37e, 0x37e},     {0x387, 0x387},   {0x55a, 0x55f},   {0x589, 0x58a},
        {0x5be, 0x5be},   {0x5c0, 0x5c0},     {0x5c3, 0x5c3},   {0x5f3, 0x5f4},   {0x609, 0x60d},
        {0x61b, 0x61f},   {0x66a, 0x66d},     {0x6d4, 0x6d4},   {0x700, 0x70d},   {0x964, 0x965},
        {0x970, 0x970},   {0xe4f, 0xe4f},     {0xe5a, 0xe5b},   {0xf04, 0xf14},   {0x104a, 0x104f},
        {0x10fb, 0x10fb}, {0x1360, 0x1368},   {0x1400, 0x1400}, {0x166d, 0x166e}, {0x1680, 0x1680},
        {0x169b, 0x169c}, {0x16eb, 0x16ed},   {0x17d4, 0x17d6}, {0x17d8, 0x17da}, {0x1800, 0x180a},
        {0x2000, 0x206f}, {0x20a0, 0x20cf},   {0x2190, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004},
        {0x3008, 0x3020}, {0x3030, 0x3030},   {0x303d, 0x303d}, {0x30fb, 0x30fb}, {0xfd3e, 0xfd3f},
        {0xfe10, 0xfe6f}, {0xff00, 0xff0f},   {0xff1a, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65},
        {0xfff0, 0xffff}, {0x1f000, 0x1faff},
    };
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
    return !within(others, sizeof others / sizeof *others, c);
}

static uint32_t fold(uint32_t c)
{
    static const struct {
        struct range from;
        uint32_t step;
        int32_t add;
    } folds[] = {
#define FOLD(first, last, step, add) {{first, last}, step, add},
#define JOIN(letter, mark, both)
#include "model/automod_folding.def"
#undef FOLD
#undef JOIN
    };
    size_t low = 0;
    size_t high = sizeof folds / sizeof *folds;
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 32 : c;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (folds[middle].from.last < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sizeof folds / sizeof *folds || c < folds[low].from.first ||
        (c - folds[low].from.first) % folds[low].step != 0)
        return c;
    return (uint32_t)((int32_t)c + folds[low].add);
}

/* Of a letter and the mark behind it; 0: there is none. */
static uint32_t join(uint32_t letter, uint32_t mark)
{
    static const struct {
        uint16_t letter;
        uint16_t mark;
        uint16_t both;
    } joins[] = {
#define FOLD(first, last, step, add)
#define JOIN(letter, mark, both) {letter, mark, both},
#include "model/automod_folding.def"
#undef FOLD
#undef JOIN
    };
    size_t low = 0;
    size_t high = sizeof joins / sizeof *joins;
    if (mark < 0x300 || mark > 0x309a || letter > 0xffff)
        return 0;
    uint32_t key = letter << 16 | mark;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (((uint32_t)joins[middle].letter << 16 | joins[middle].mark) < key)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < sizeof joins / sizeof *joins && joins[low].letter == letter &&
                 joins[low].mark == mark;
    return found ? joins[low].both : 0;
}

/* The character at byte *at, which moves behind it. */
static uint32_t next(struct slice s, size_t *at)
{
    unsigned char lead = (unsigned char)s.data[(*at)++];
    if (lead < 0x80)
        return lead;
    unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    uint32_t c = lead & (0x3fu >> more);
    for (; more > 0 && *at < s.len; more--)
        c = c << 6 | ((unsigned char)s.data[(*at)++] & 0x3fu);
    return c;
}

struct automod_text *automod_text_new(struct slice text, struct arena *arena)
{
    struct automod_text *t = arena_zalloc(arena, sizeof *t);
    if (t == NULL)
        return NULL;
    t->source = text;
    t->folded = arena_alloc(arena, (text.len + 1) * sizeof *t->folded);
    t->at = arena_alloc(arena, (text.len + 1) * sizeof *t->at);
    if (t->folded == NULL || t->at == NULL)
        return NULL;
    for (size_t at = 0; at < text.len;) {
        size_t begin = at;
        uint32_t c = next(text, &at);
        uint32_t both = t->len == 0 ? 0 : join(t->folded[t->len - 1], c);
        if (both != 0)
            t->folded[t->len - 1] = both;
        if (both != 0 || invisible(c) || strewn(c))
            continue;
        t->at[t->len] = (uint32_t)begin;
        t->folded[t->len++] = fold(c);
    }
    t->at[t->len] = (uint32_t)text.len;
    return t;
}

size_t automod_text_characters(struct slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; count++)
        (void)next(text, &at);
    return count;
}

bool automod_visible(struct slice text)
{
    for (size_t at = 0; at < text.len;) {
        uint32_t c = next(text, &at);
        if (fold(c) > ' ' && c != '*' && !invisible(c) && !strewn(c))
            return true;
    }
    return false;
}

size_t automod_text_index(const struct automod_text *text, size_t at)
{
    size_t low = 0;
    size_t high = text->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text->at[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t automod_digest(const struct automod_text *text, uint64_t seed)
{
    uint64_t h = map_hash(seed, text->len + 1);
    for (size_t i = 0; i < text->len; i++)
        h = map_hash(h, text->folded[i]);
    return h;
}

static bool seen(const uint64_t *list, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* "<@1>", "<@!1>" or "<@&1>" at the beginning: the id, with the top bit for a role; 0: none. */
static uint64_t mention(struct slice s)
{
    uint64_t id;
    bool role = s.len > 2 && s.data[2] == '&';
    size_t skip = role || (s.len > 2 && s.data[2] == '!') ? 3 : 2;
    if (s.len < skip + 2 || s.data[1] != '@')
        return 0;
    struct slice rest = {s.data + skip, s.len - skip};
    size_t end = slice_find(rest, '>');
    if (end == rest.len || !slice_to_u64((struct slice){rest.data, end}, &id))
        return 0;
    return role ? id | UINT64_C(1) << 63 : id;
}

/* A limit is 50 at most, so that counting to 64 is counting enough. */
size_t automod_mentions(struct slice text)
{
    enum { COUNTED = 64 };
    uint64_t ids[COUNTED];
    size_t count = 0;
    for (size_t i = 0; i < text.len && count < COUNTED; i++) {
        if (text.data[i] != '<')
            continue;
        uint64_t id = mention((struct slice){text.data + i, text.len - i});
        if (id != 0 && !seen(ids, count, id))
            ids[count++] = id;
    }
    return count;
}

bool automod_bulky(struct slice text)
{
    size_t links = 0;
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
        if (text.data[i] == ':' && text.len - i >= 3 && memcmp(text.data + i, "://", 3) == 0)
            links++;
    }
    return links > BULKY_LINKS || lines > BULKY_LINES;
}
