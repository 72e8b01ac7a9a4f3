/*
 * JSON to terms without a tree. The difficulty: a map and a list say how many entries they have
 * before the first, JSON only ends; so four bytes are left open and filled in when the level is
 * closed. The text is our own, so what is not JSON is only noticed, not explained.
 */

#include <stdlib.h>
#include <string.h>

#include "wire/etf.h"
#include "wire/etf_tags.h"
#include "wire/utf8.h"

enum { SMALL_ATOM_MAX = 255 };

static size_t put_u32(char *out, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (char)(uint8_t)(v >> (24 - 8 * i));
    return 4;
}

static void append_u32(struct buf *b, uint32_t v)
{
    char raw[4];
    buf_append(b, raw, put_u32(raw, v));
}

static void append_tag(struct buf *b, enum etf_tag tag)
{
    buf_putc(b, (char)tag);
}

/* SMALL_INTEGER, INTEGER or SMALL_BIG; at most 11 bytes. */
static size_t put_integer(char *out, uint64_t magnitude, bool negative)
{
    if (!negative && magnitude <= UINT8_MAX) {
        out[0] = (char)ETF_SMALL_INTEGER;
        out[1] = (char)(uint8_t)magnitude;
        return 2;
    }
    if (magnitude <= INT32_MAX) {
        out[0] = (char)ETF_INTEGER;
        uint32_t v = (uint32_t)magnitude;
        return 1 + put_u32(out + 1, negative ? 0 - v : v);
    }
    size_t n = 0;
    for (; magnitude != 0; magnitude >>= 8)
        out[3 + n++] = (char)(uint8_t)magnitude;
    out[0] = (char)ETF_SMALL_BIG;
    out[1] = (char)n;
    out[2] = negative;
    return 3 + n;
}

size_t etf_dispatch_head(char out[ETF_HEAD_MAX], uint64_t seq, uint32_t pairs)
{
    static const char S_KEY[] = {(char)ETF_SMALL_ATOM, 1, 's'};
    out[0] = (char)ETF_VERSION;
    out[1] = (char)ETF_MAP;
    size_t n = 2 + put_u32(out + 2, pairs + 1);
    memcpy(out + n, S_KEY, sizeof S_KEY);
    n += sizeof S_KEY;
    return n + put_integer(out + n, seq, false);
}

static void begin(struct etf_writer *w, struct buf *out, bool map, unsigned atom_depth)
{
    w->out = out;
    w->depth = 0;
    w->atom_depth = atom_depth;
    w->name_next = false;
    w->failed = false;
    w->levels[0] = (struct etf_level){.map = map, .key_next = map};
}

void etf_begin_message(struct etf_writer *w, struct buf *out)
{
    begin(w, out, false, 3); /* the value, its keys, and those of d */
    append_tag(out, ETF_VERSION);
}

void etf_begin_pairs(struct etf_writer *w, struct buf *out, bool envelope)
{
    begin(w, out, true, envelope ? 1 : 0);
}

void etf_splice(struct etf_writer *w, uint32_t count)
{
    struct etf_level *at = &w->levels[w->depth];
    if (!at->map || !at->key_next)
        w->failed = true;
    at->count += count;
}

bool etf_end(const struct etf_writer *w)
{
    return !w->failed && !w->out->failed && w->depth == 0 &&
           (w->levels[0].map ? w->levels[0].key_next : w->levels[0].count == 1);
}

/* A value is complete, or begins: of a map, a key is next. */
static void count_value(struct etf_writer *w)
{
    struct etf_level *at = &w->levels[w->depth];
    if (at->map && at->key_next)
        w->failed = true;
    at->count++;
    at->key_next = at->map;
    w->name_next = false;
}

static void open_level(struct etf_writer *w, bool map)
{
    count_value(w);
    if (w->depth + 1 == ETF_DEPTH_MAX) {
        w->failed = true;
        return;
    }
    append_tag(w->out, map ? ETF_MAP : ETF_LIST);
    w->levels[++w->depth] =
        (struct etf_level){.count_at = w->out->len, .map = map, .key_next = map};
    append_u32(w->out, 0);
}

static void close_level(struct etf_writer *w, bool map)
{
    struct etf_level *at = &w->levels[w->depth];
    if (w->depth == 0 || at->map != map || (map && !at->key_next) || w->out->failed) {
        w->failed = true;
        return;
    }
    if (!map && at->count == 0)
        w->out->len = at->count_at - 1; /* the empty list is NIL alone */
    else
        put_u32(w->out->data + at->count_at, at->count);
    if (!map)
        append_tag(w->out, ETF_NIL);
    w->depth--;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

/* The four digits at i. */
static bool read_unit(struct slice s, size_t i, uint32_t *out)
{
    uint32_t v = 0;
    if (s.len < 4 || i > s.len - 4)
        return false;
    for (size_t k = i; k < i + 4; k++) {
        int digit = hex_digit(s.data[k]);
        if (digit < 0)
            return false;
        v = v << 4 | (uint32_t)digit;
    }
    *out = v;
    return true;
}

static void append_rune(struct buf *b, uint32_t c)
{
    char raw[4];
    size_t n = 1;
    if (c < 0x80) {
        raw[0] = (char)c;
    } else {
        n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t LEAD[] = {0, 0, 0xC0, 0xE0, 0xF0};
        for (size_t k = n; k-- > 1; c >>= 6)
            raw[k] = (char)(uint8_t)(0x80 | (c & 0x3F));
        raw[0] = (char)(uint8_t)(LEAD[n] | c);
    }
    buf_append(b, raw, n);
}

/* What follows a backslash at i: appends what it means and gives the index after it; 0: malformed.
 */
static size_t take_escape(struct buf *out, struct slice s, size_t i)
{
    static const char FROM[] = "\"\\/bfnrt";
    static const char TO[] = "\"\\/\b\f\n\r\t";
    uint32_t c;
    uint32_t low;
    const char *p = i < s.len && s.data[i] != '\0' ? strchr(FROM, s.data[i]) : NULL;
    if (p != NULL) {
        buf_putc(out, TO[p - FROM]);
        return i + 1;
    }
    if (i >= s.len || s.data[i] != 'u' || !read_unit(s, i + 1, &c))
        return 0;
    i += 5;
    bool pair = c >= 0xD800 && c < 0xDC00 && s.len - i >= 6 && s.data[i] == '\\' &&
                s.data[i + 1] == 'u' && read_unit(s, i + 2, &low) && low >= 0xDC00 && low < 0xE000;
    if (pair) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        i += 6;
    }
    append_rune(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    return i;
}

/* The string whose first character is at i, decoded; the index after its closing quote, or 0. */
static size_t take_chars(struct buf *out, struct slice s, size_t i)
{
    while (i < s.len) {
        size_t from = i;
        while (i < s.len && s.data[i] != '"' && s.data[i] != '\\')
            i++;
        buf_append(out, s.data + from, i - from);
        if (i == s.len)
            return 0;
        if (s.data[i] == '"')
            return i + 1;
        i = take_escape(out, s, i + 1);
        if (i == 0)
            return 0;
    }
    return 0;
}

/* What was begun as an atom at `head` is too long for one, and becomes a binary. */
static void widen(struct buf *out, size_t head, size_t len)
{
    enum { MORE = 3 }; /* a length of four bytes instead of one */
    if (!buf_reserve(out, MORE))
        return;
    char *at = out->data + head;
    memmove(at + 2 + MORE, at + 2, len);
    out->len += MORE;
    at[0] = (char)ETF_BINARY;
}

/* The length of what was written at `head`, now that it is known. */
static void close_string(struct etf_writer *w, size_t head, bool *atom)
{
    size_t len = w->out->len - head - (*atom ? 2 : 5);
    if (*atom && len > SMALL_ATOM_MAX) {
        *atom = false;
        widen(w->out, head, len);
    }
    if (w->out->failed || len > UINT32_MAX)
        w->failed = true;
    else if (*atom)
        w->out->data[head + 1] = (char)(uint8_t)len;
    else
        put_u32(w->out->data + head + 1, (uint32_t)len);
}

/* A key or a string: a binary, or an atom. */
static size_t take_string(struct etf_writer *w, struct slice s, size_t i)
{
    struct etf_level *at = &w->levels[w->depth];
    bool key = at->map && at->key_next;
    bool atom = key ? w->depth < w->atom_depth : w->name_next;
    size_t head = w->out->len;
    append_tag(w->out, atom ? ETF_SMALL_ATOM : ETF_BINARY);
    buf_append(w->out, "\0\0\0", atom ? 1 : 4);
    size_t from = w->out->len;
    i = take_chars(w->out, s, i);
    close_string(w, head, &atom);
    if (i == 0 || w->failed) {
        w->failed = true;
        return s.len;
    }
    bool name = key && atom && w->out->len == from + 1 && w->out->data[from] == 't';
    if (!key)
        count_value(w);
    at->key_next = at->map && !key;
    w->name_next = name;
    return i;
}

/* strtod wants an end: the digits are copied to where their value goes. */
static void put_real(struct etf_writer *w, struct slice digits)
{
    enum { FLOAT_LEN = 9 };
    char raw[FLOAT_LEN] = {(char)ETF_NEW_FLOAT};
    if (!buf_reserve(w->out, digits.len + 1))
        return;
    char *text = w->out->data + w->out->len;
    memcpy(text, digits.data, digits.len);
    text[digits.len] = '\0';
    double v = strtod(text, NULL);
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    for (unsigned k = 0; k < FLOAT_LEN - 1; k++)
        raw[1 + k] = (char)(uint8_t)(bits >> (56 - 8 * k));
    buf_append(w->out, raw, sizeof raw);
}

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static size_t take_number(struct etf_writer *w, struct slice s, size_t i)
{
    size_t n = 0;
    while (i + n < s.len && is_number_char(s.data[i + n]))
        n++;
    struct slice digits = slice_of(s.data + i, n);
    bool negative = digits.data[0] == '-';
    uint64_t magnitude;
    if (slice_to_u64(slice_of(digits.data + negative, n - negative), &magnitude)) {
        char raw[ETF_HEAD_MAX];
        buf_append(w->out, raw, put_integer(raw, magnitude, negative && magnitude != 0));
    } else {
        put_real(w, digits);
    }
    count_value(w);
    return i + n;
}

static size_t take_word(struct etf_writer *w, struct slice s, size_t i)
{
    static const struct {
        struct slice word;
        struct slice atom;
    } WORDS[] = {
        {{"true", 4}, {"true", 4}}, {{"false", 5}, {"false", 5}}, {{"null", 4}, {"nil", 3}}};
    struct slice rest = slice_of(s.data + i, s.len - i);
    for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0]; k++) {
        if (!slice_starts_with(rest, WORDS[k].word))
            continue;
        append_tag(w->out, ETF_SMALL_ATOM);
        buf_putc(w->out, (char)WORDS[k].atom.len);
        buf_append_slice(w->out, WORDS[k].atom);
        count_value(w);
        return i + WORDS[k].word.len;
    }
    w->failed = true;
    return s.len;
}

void etf_text(struct etf_writer *w, struct slice json)
{
    size_t i = 0;
    while (i < json.len && !w->failed) {
        char c = json.data[i];
        if (c == '"') {
            i = take_string(w, json, i + 1);
            continue;
        }
        if (c == ',' || c == ':' || c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            i++;
        } else if (c == '{' || c == '[') {
            open_level(w, c == '{');
            i++;
        } else if (c == '}' || c == ']') {
            close_level(w, c == '}');
            i++;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            i = take_number(w, json, i);
        } else {
            i = take_word(w, json, i);
        }
    }
}
