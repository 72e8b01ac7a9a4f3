/*
 * Text arrives in pieces that end anywhere, so the state between pieces says what the next byte may
 * be: how many continuation bytes are due, and the range of the first of them, which is where RFC
 * 3629 excludes overlong forms, surrogates and what lies past U+10FFFF.
 *
 *     bits 0-7 bytes due (0 to 3), bits 8-15 lowest, bits 16-23 highest next byte; 0: at a boundary
 */

#include "wire/utf8.h"

#include "wire/utf8_priv.h"

static uint32_t state_of(uint32_t due, uint32_t lowest, uint32_t highest)
{
    return due | lowest << 8 | highest << 16;
}

/* The state after a first byte that is not ASCII; 0 if no character starts with it. */
static uint32_t state_after_lead(unsigned char c)
{
    if (c < 0xC2)
        return 0;
    if (c < 0xE0)
        return state_of(1, 0x80, 0xBF);
    if (c < 0xF0)
        return state_of(2, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF);
    if (c < 0xF5)
        return state_of(3, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF);
    return 0;
}

/* The state after a continuation byte; false if it is not one that may stand here. */
static bool advance(uint32_t *state, unsigned char c)
{
    if (c < (*state >> 8 & 0xFF) || c > (*state >> 16 & 0xFF))
        return false;
    uint32_t due = (*state & 0xFF) - 1;
    *state = due ? state_of(due, 0x80, 0xBF) : 0;
    return true;
}

static size_t skip_ascii(const unsigned char *s, size_t i, size_t len)
{
    while (len - i >= 8 && !utf8_word_has_high(utf8_word_load(s + i)))
        i += 8;
    while (i < len && s[i] < 0x80)
        i++;
    return i;
}

bool utf8_feed(uint32_t *state, const char *data, size_t len)
{
    const unsigned char *s = (const unsigned char *)data;
    uint32_t now = *state;
    for (size_t i = 0; i < len; i++) {
        if (now) {
            if (!advance(&now, s[i]))
                return false;
            continue;
        }
        i = skip_ascii(s, i, len);
        if (i == len)
            break;
        now = state_after_lead(s[i]);
        if (!now)
            return false;
    }
    *state = now;
    return true;
}

size_t utf8_step(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80)
        return 1;
    uint32_t state = state_after_lead(s[0]);
    if (!state)
        return 0;
    size_t i = 1;
    while (state && i < len && advance(&state, s[i]))
        i++;
    return state ? 0 : i;
}

bool utf8_valid(struct slice s)
{
    uint32_t state = 0;
    return utf8_feed(&state, s.data, s.len) && state == 0;
}

size_t utf8_count(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.data[i] & 0xC0) != 0x80;
    return n;
}

/* The character of a valid sequence of n bytes. */
static uint32_t decode(const unsigned char *s, size_t n)
{
    uint32_t c = n == 1 ? s[0] : s[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3F);
    return c;
}

static bool is_space(uint32_t c)
{
    return c <= 0x20 || c == 0x7F || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* Bytes of the white space character that starts (ends) s; 0: there is none. */
static size_t space_first(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t n = s.len ? utf8_step(p, s.len) : 0;
    return n && is_space(decode(p, n)) ? n : 0;
}

static size_t space_last(struct slice s)
{
    size_t n = 1;
    while (n < s.len && n < 4 && ((unsigned char)s.data[s.len - n] & 0xC0) == 0x80)
        n++;
    if (s.len == 0)
        return 0;
    struct slice tail = {s.data + s.len - n, n};
    return space_first(tail) == n ? n : 0;
}

struct slice utf8_trim(struct slice s)
{
    size_t n;
    while ((n = space_first(s)) > 0) {
        s.data += n;
        s.len -= n;
    }
    while ((n = space_last(s)) > 0)
        s.len -= n;
    return s;
}
