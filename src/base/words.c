/*
 * Words of a text. The text is decoded in pieces; emojis and the markup of chat are taken out of
 * a piece before it is folded, since folding would take a keycap for a digit. What is folded goes
 * code point by code point into the word that is being written, which lasts across pieces: a flood
 * of marks, or a word without end, costs no memory.
 */

#include "base/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "base/words_fold.h"

enum { UNIT_BYTES = 24 }; /* a character of an unspaced script with its marks */

struct unit {
    char bytes[UNIT_BYTES];
    size_t len;
};

struct cutter {
    struct words *w;
    char word[WORDS_WORD_BYTES];
    size_t len;
    bool open;          /* letters came: an apostrophe may be inside the word */
    struct unit before; /* the neighbour; len 0: none */
    struct unit unit;   /* being written; len 0: none */
    bool paired;        /* `before` was written as a part of a pair */
    int32_t piece[WORDS_PIECE];
    size_t piece_len;
};

void words_init(struct words *w, enum words_use use)
{
    *w = (struct words){.use = use};
    buf_init(&w->out, MEM_BASE, use == WORDS_TO_INDEX ? WORDS_BYTES_MAX : WORDS_QUERY_BYTES_MAX);
}

void words_deinit(struct words *w)
{
    buf_deinit(&w->out);
}

/* Two parts of one word. What has no room is left out, which is no failure. */
static bool put(struct words *w, struct slice a, struct slice b)
{
    if (w->out.len + a.len + b.len + 1 > w->out.max)
        return false;
    if (w->out.len > 0)
        buf_putc(&w->out, ' ');
    buf_append_slice(&w->out, a);
    buf_append_slice(&w->out, b);
    return true;
}

static void put_word(struct words *w, struct slice a, struct slice b)
{
    if (put(w, a, b))
        w->count++;
}

/* ---- words of letters ---- */

static void end_word(struct cutter *x)
{
    if (x->len > 0)
        put_word(x->w, slice_of(x->word, x->len), SLICE(""));
    x->len = 0;
    x->open = false;
}

static void add_letter(struct cutter *x, const char *bytes, size_t len)
{
    if (x->len + len <= sizeof x->word && (x->len > 0 || !x->open)) {
        memcpy(x->word + x->len, bytes, len);
        x->len += len;
    }
    x->open = true;
}

/* ---- unspaced scripts ---- */

static struct slice unit_slice(const struct unit *u)
{
    return slice_of(u->bytes, u->len);
}

/* The unit is complete: it and the pair with the one before it. */
static void end_unit(struct cutter *x)
{
    if (x->unit.len == 0)
        return;
    bool pair = x->before.len > 0;
    if (x->w->use == WORDS_TO_INDEX)
        put_word(x->w, unit_slice(&x->unit), SLICE(""));
    if (pair)
        put_word(x->w, unit_slice(&x->before), unit_slice(&x->unit));
    x->before = x->unit;
    x->paired = pair;
    x->unit.len = 0;
}

static void end_run(struct cutter *x)
{
    end_unit(x);
    if (x->w->use == WORDS_TO_FIND && x->before.len > 0 && !x->paired)
        put_word(x->w, unit_slice(&x->before), SLICE(""));
    x->before.len = 0;
}

static void add_to_unit(struct cutter *x, const char *bytes, size_t len)
{
    if (x->unit.len + len > sizeof x->unit.bytes)
        return;
    memcpy(x->unit.bytes + x->unit.len, bytes, len);
    x->unit.len += len;
}

/* ---- code points ---- */

static void end_all(struct cutter *x)
{
    end_word(x);
    end_run(x);
}

static void add_folded(struct cutter *x, int32_t c)
{
    utf8proc_uint8_t bytes[4];
    const char *text = (const char *)bytes;
    size_t len = (size_t)utf8proc_encode_char(c, bytes);
    enum words_class k = words_class(c);
    if (k == WORDS_LETTER || (k == WORDS_MARK && x->unit.len == 0 && x->open)) {
        end_run(x);
        add_letter(x, text, len);
    } else if (k == WORDS_UNSPACED) {
        end_word(x);
        end_unit(x);
        add_to_unit(x, text, len);
    } else if (k == WORDS_MARK && x->unit.len > 0) {
        add_to_unit(x, text, len);
    } else if (k == WORDS_OTHER || (k == WORDS_APOSTROPHE && !x->open)) {
        end_all(x);
    }
}

static void fold_piece(struct cutter *x)
{
    int32_t folded[WORDS_FOLDED];
    size_t n = words_fold(x->piece, x->piece_len, folded);
    for (size_t i = 0; i < n; i++)
        add_folded(x, folded[i]);
    x->piece_len = 0;
}

static void add_point(struct cutter *x, int32_t c)
{
    if (x->piece_len == WORDS_PIECE)
        fold_piece(x);
    x->piece[x->piece_len++] = c;
}

static void cut(struct cutter *x)
{
    if (x->piece_len > 0)
        fold_piece(x);
    end_all(x);
}

/* ---- emojis ---- */

static void put_points(struct words *w, const int32_t *points, size_t count)
{
    char bytes[16 * 4];
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += (size_t)utf8proc_encode_char(points[i], (utf8proc_uint8_t *)bytes + len);
    put_word(w, slice_of(bytes, len), SLICE(""));
}

/* Sequences are far shorter than what is looked at. */
static size_t decode_ahead(struct slice text, int32_t *out, size_t max, size_t *ends)
{
    size_t n = 0;
    size_t at = 0;
    while (n < max && at < text.len) {
        utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                                (utf8proc_ssize_t)(text.len - at), &out[n]);
        if (len <= 0)
            break;
        at += (size_t)len;
        ends[n++] = at;
    }
    return n;
}

/* Bytes of the emoji at the front; 0: none. */
static size_t add_emoji(struct cutter *x, struct slice text)
{
    int32_t points[24];
    size_t ends[24];
    struct words_emoji e;
    size_t n = decode_ahead(text, points, sizeof points / sizeof points[0], ends);
    size_t used = n == 0 ? 0 : words_emoji(points, n, &e);
    if (used == 0)
        return 0;
    cut(x);
    put_points(x->w, e.plain, e.plain_len);
    if (x->w->use == WORDS_TO_INDEX && e.bare_len > 0 && e.bare_len < e.plain_len)
        put_points(x->w, e.bare, e.bare_len);
    return ends[used - 1];
}

/* ---- markup (docs, "Message Formatting") ---- */

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return s.len > 0;
}

/* "@1", "@!1", "@&1", "#1": nothing to find; "t:1:R": a moment. */
static bool is_mention(struct slice inner)
{
    size_t skip = 1;
    if (inner.len > 2 && inner.data[0] == 't' && inner.data[1] == ':')
        return inner.data[2] == '-' || (inner.data[2] >= '0' && inner.data[2] <= '9');
    if (inner.len < 2 || (inner.data[0] != '@' && inner.data[0] != '#'))
        return false;
    if (inner.data[0] == '@' && (inner.data[1] == '!' || inner.data[1] == '&'))
        skip = 2;
    return all_digits(slice_of(inner.data + skip, inner.len - skip));
}

/* ":name:id" or "a:name:id"; the part to read: "name:id". data NULL: it is none. */
static struct slice custom_emoji(struct slice inner)
{
    const struct slice none = {NULL, 0};
    size_t skip = inner.len > 1 && inner.data[0] == 'a' ? 2 : 1;
    if (inner.len <= skip || inner.data[skip - 1] != ':')
        return none;
    struct slice rest = slice_of(inner.data + skip, inner.len - skip);
    size_t colon = slice_find(rest, ':');
    if (colon == 0 || colon + 1 >= rest.len ||
        !all_digits(slice_of(rest.data + colon + 1, rest.len - colon - 1)))
        return none;
    return rest;
}

static void add_ascii(struct cutter *x, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        add_point(x, (unsigned char)text.data[i]);
}

/* Bytes of the markup at the front, which begins with '<'; 0: none. */
static size_t add_markup(struct cutter *x, struct slice text)
{
    enum { MARKUP_MAX = 64 };
    size_t end =
        slice_find(slice_of(text.data, text.len < MARKUP_MAX ? text.len : MARKUP_MAX), '>');
    if (end == text.len || end == MARKUP_MAX)
        return 0;
    struct slice inner = slice_of(text.data + 1, end - 1);
    struct slice emoji = custom_emoji(inner);
    if (emoji.data == NULL && !is_mention(inner))
        return 0;
    cut(x);
    if (emoji.data != NULL)
        add_ascii(x, emoji);
    cut(x);
    return end + 1;
}

/* ---- texts ---- */

/* Most text is ASCII, where an emoji can only be a keycap. */
static bool may_be_emoji(struct slice text, int32_t c)
{
    if (c >= 0x80)
        return words_emoji_begins(c);
    bool key = (c >= '0' && c <= '9') || c == '#' || c == '*';
    return key && text.len > 3 && (unsigned char)text.data[1] >= 0xE2;
}

static size_t add_next(struct cutter *x, struct slice text)
{
    int32_t c = 0;
    utf8proc_ssize_t len =
        utf8proc_iterate((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.len, &c);
    if (len <= 0) {
        cut(x);
        return 1;
    }
    size_t special = c == '<'                ? add_markup(x, text)
                     : may_be_emoji(text, c) ? add_emoji(x, text)
                                             : 0;
    if (special > 0)
        return special;
    add_point(x, c);
    return (size_t)len;
}

void words_add(struct words *w, struct slice text)
{
    struct cutter x = {.w = w};
    size_t at = 0;
    while (at < text.len)
        at += add_next(&x, slice_of(text.data + at, text.len - at));
    cut(&x);
}

/* ---- terms ---- */

void words_term(struct words *w, char kind, uint64_t id)
{
    char head[2] = {'_', kind};
    char digits[SLICE_U64_DIGITS];
    size_t len = slice_put_u64(digits, id);
    (void)put(w, slice_of(head, sizeof head), slice_of(digits, len));
}

/* FNV-1a: who makes two texts meet finds a message of their own by another word. */
void words_term_text(struct words *w, char kind, struct slice text)
{
    char term[24];
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 'A' && c <= 'Z')
            c |= 32;
        h = (h ^ c) * UINT64_C(1099511628211);
    }
    int len = snprintf(term, sizeof term, "_%c%016" PRIx64, kind, h);
    (void)put(w, slice_of(term, (size_t)len), SLICE(""));
}

void words_term_name(struct words *w, char kind, const char *name)
{
    char head[2] = {'_', kind};
    (void)put(w, slice_of(head, sizeof head), slice_from(name));
}
