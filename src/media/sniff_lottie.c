/*
 * Lottie: JSON of a certain look. It is only looked at, never built: one pass checks that the whole
 * is JSON, no deeper than SNIFF_JSON_DEPTH_MAX, and notes the keys of the outermost object that
 * make it an animation ("v", "fr", "w", "h", "layers"). Iterative, so that depth costs no stack.
 */

#include <string.h>

#include "media/sniff_priv.h"

struct scan {
    struct sniff_cursor c;
    char closers[SNIFF_JSON_DEPTH_MAX]; /* what ends each open level */
    unsigned depth;
    struct slice key; /* of the value that comes next in the outermost object */
    uint32_t width;
    uint32_t height;
    bool version, rate, layers;
};

static void skip_space(struct sniff_cursor *c)
{
    while (c->at < c->end && memchr(" \t\r\n", *c->at, 4) != NULL)
        c->at++;
}

static int peek(struct scan *s)
{
    skip_space(&s->c);
    return s->c.at < s->c.end ? *s->c.at : -1;
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool escape(struct sniff_cursor *c)
{
    uint32_t what = sniff_u8(c);
    if (c->bad || what == 0 || memchr("\"\\/bfnrtu", (int)what, 9) == NULL)
        return false;
    for (int i = 0; what == 'u' && i < 4; i++)
        if (!is_hex((unsigned char)sniff_u8(c)))
            return false;
    return true;
}

static bool string(struct scan *s, struct slice *out)
{
    struct sniff_cursor *c = &s->c;
    if (peek(s) != '"')
        return false;
    const unsigned char *begin = ++c->at;
    for (;;) {
        uint32_t byte = sniff_u8(c);
        if (c->bad || byte < 0x20)
            return false;
        if (byte == '"')
            break;
        if (byte == '\\' && !escape(c))
            return false;
    }
    *out = slice_of((const char *)begin, (size_t)(c->at - begin) - 1);
    return true;
}

static size_t digits(struct sniff_cursor *c)
{
    const unsigned char *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return (size_t)(c->at - begin);
}

/* *whole: the part before the point, 0 if it is large or negative. */
static bool number(struct scan *s, uint32_t *whole)
{
    struct sniff_cursor *c = &s->c;
    bool negative = sniff_take(c, "-", 1);
    const unsigned char *begin = c->at;
    size_t n = digits(c);
    if (n == 0 || (n > 1 && *begin == '0'))
        return false;
    *whole = 0;
    for (size_t i = 0; i < n && n < 9 && !negative; i++)
        *whole = *whole * 10 + (uint32_t)(begin[i] - '0');
    if (sniff_take(c, ".", 1) && digits(c) == 0)
        return false;
    if (sniff_take(c, "e", 1) || sniff_take(c, "E", 1)) {
        if (!sniff_take(c, "+", 1))
            (void)sniff_take(c, "-", 1);
        return digits(c) > 0;
    }
    return true;
}

static void note(struct scan *s, int kind, uint32_t whole)
{
    bool numeric = kind == '0';
    if (s->depth != 1)
        return;
    if (slice_eq(s->key, SLICE("w")) && numeric)
        s->width = whole;
    else if (slice_eq(s->key, SLICE("h")) && numeric)
        s->height = whole;
    else if (slice_eq(s->key, SLICE("fr")))
        s->rate = numeric;
    else if (slice_eq(s->key, SLICE("v")))
        s->version = kind == '"' || numeric;
    else if (slice_eq(s->key, SLICE("layers")))
        s->layers = kind == '[';
}

static bool open_level(struct scan *s, int bracket)
{
    if (s->depth == SNIFF_JSON_DEPTH_MAX)
        return false;
    s->c.at++;
    s->closers[s->depth++] = bracket == '{' ? '}' : ']';
    return true;
}

static bool key(struct scan *s)
{
    struct slice name;
    if (!string(s, &name) || peek(s) != ':')
        return false;
    s->c.at++;
    if (s->depth == 1)
        s->key = name;
    return true;
}

/* A value up to its end, or up to its first inner value. *opened: the latter. */
static bool value(struct scan *s, bool *opened)
{
    struct slice text;
    uint32_t whole = 0;
    int next = peek(s);
    *opened = next == '{' || next == '[';
    if (*opened) {
        note(s, next, 0);
        return open_level(s, next);
    }
    if (next == '"') {
        note(s, next, 0);
        return string(s, &text);
    }
    if (next == '-' || (next >= '0' && next <= '9')) {
        bool good = number(s, &whole);
        note(s, '0', whole);
        return good;
    }
    return sniff_take(&s->c, "true", 4) || sniff_take(&s->c, "false", 5) ||
           sniff_take(&s->c, "null", 4);
}

/* After a value: closes what ends here. False: not JSON. *more: a value follows. */
static bool after_value(struct scan *s, bool *more)
{
    *more = false;
    while (s->depth > 0) {
        char closer = s->closers[s->depth - 1];
        int next = peek(s);
        if (next == ',') {
            s->c.at++;
            *more = true;
            return closer == ']' || key(s);
        }
        if (next != closer)
            return false;
        s->c.at++;
        s->depth--;
    }
    return true;
}

static bool scan_all(struct scan *s)
{
    bool more = true;
    while (more) {
        bool opened;
        if (!value(s, &opened))
            return false;
        if (opened) {
            char closer = s->closers[s->depth - 1];
            if (peek(s) != closer) {
                if (closer == '}' && !key(s))
                    return false;
                continue;
            }
        }
        if (!after_value(s, &more))
            return false;
    }
    return peek(s) == -1;
}

bool sniff_lottie(struct slice bytes, struct sniffed *out)
{
    struct scan s = {.c = sniff_cursor_of(bytes)};
    if (peek(&s) != '{' || !scan_all(&s) || !s.version || !s.rate || !s.layers)
        return false;
    out->type = SNIFF_LOTTIE;
    out->animated = true;
    return sniff_sized(out, s.width, s.height);
}
