/* Slices. The empty slice may have a NULL pointer, which memcmp and memchr must never see. */

#include "base/slice.h"

#include <assert.h>
#include <string.h>

struct slice slice_from(const char *cstr)
{
    return (struct slice){cstr, cstr == NULL ? 0 : strlen(cstr)};
}

struct slice slice_of(const char *data, size_t len)
{
    assert(data != NULL || len == 0);
    return (struct slice){data, len};
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool slice_eq_cstr(struct slice a, const char *cstr)
{
    return slice_eq(a, slice_from(cstr));
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq((struct slice){s.data, prefix.len}, prefix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

bool slice_next(struct slice *rest, char sep, struct slice *part)
{
    if (rest->len == 0)
        return false;
    size_t at = slice_find(*rest, sep);
    *part = (struct slice){rest->data, at};
    size_t eaten = at < rest->len ? at + 1 : at;
    rest->data += eaten;
    rest->len -= eaten;
    return true;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.data[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *out)
{
    uint64_t v = 0;
    if (!slice_to_u64(s, &v) || v > INT64_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

size_t slice_find(struct slice s, char c)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.data, c, s.len);
    return hit == NULL ? s.len : (size_t)(hit - s.data);
}

/* Two digits a division: every frame has a number in front. */
static const char PAIRS[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

size_t slice_put_u64(char out[SLICE_U64_DIGITS], uint64_t v)
{
    char digits[SLICE_U64_DIGITS];
    size_t at = sizeof digits;
    for (; v >= 100; v /= 100) {
        at -= 2;
        memcpy(digits + at, PAIRS + v % 100 * 2, 2);
    }
    if (v >= 10) {
        at -= 2;
        memcpy(digits + at, PAIRS + v * 2, 2);
    } else {
        digits[--at] = (char)('0' + v);
    }
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}
