/* Decoding is strict where leniency would give one value two spellings: padding must be complete if
 * it is there, and the unused bits of the last character must be zero. */

#include "wire/base64.h"

#include <stdint.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const char *alphabet, bool pad, const uint8_t *in, size_t len, char *out)
{
    size_t n = 0;
    size_t i = 0;
    for (; len - i >= 3; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        out[n++] = alphabet[v >> 18];
        out[n++] = alphabet[v >> 12 & 63];
        out[n++] = alphabet[v >> 6 & 63];
        out[n++] = alphabet[v & 63];
    }
    if (i < len) {
        bool two = len - i == 2;
        uint32_t v = (uint32_t)in[i] << 16 | (two ? (uint32_t)in[i + 1] << 8 : 0);
        out[n++] = alphabet[v >> 18];
        out[n++] = alphabet[v >> 12 & 63];
        if (two)
            out[n++] = alphabet[v >> 6 & 63];
        for (int k = two ? 1 : 2; pad && k > 0; k--)
            out[n++] = '=';
    }
    out[n] = 0;
    return n;
}

size_t base64_encode(const void *data, size_t len, char *out)
{
    return encode(standard, true, data, len, out);
}

size_t base64url_encode(const void *data, size_t len, char *out)
{
    return encode(url, false, data, len, out);
}

/* -1 for what is in neither alphabet. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Takes "=" or "==" off the end; false if they do not complete a group of four. */
static bool strip_padding(struct slice *in)
{
    if (in->len == 0 || in->data[in->len - 1] != '=')
        return true;
    if (in->len % 4 != 0)
        return false;
    in->len--;
    if (in->data[in->len - 1] == '=')
        in->len--;
    return true;
}

bool base64_decode(struct slice in, void *out, size_t capacity, size_t *len)
{
    if (!strip_padding(&in) || in.len % 4 == 1)
        return false;
    size_t need = in.len / 4 * 3 + (in.len % 4 ? in.len % 4 - 1 : 0);
    if (need > capacity)
        return false;

    uint8_t *to = out;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < in.len; i++) {
        int v = value_of(in.data[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = (uint8_t)(bits >> held);
        }
    }
    if (bits & ((1u << held) - 1))
        return false;
    *len = need;
    return true;
}
