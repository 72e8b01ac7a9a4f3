/*
 * Tokens look like Discord's because client libraries take them apart: the first part, decoded, is
 * the user's id in decimal, and some bots read their own id from it before they ever connect.
 */

#include "crypto/token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
    STAMP_BYTES = 6,
    SECRET_BYTES = 32,
    ID_CHARS_MAX = 27, /* base64url of 20 digits, no padding */
    STAMP_CHARS = 8,
    SECRET_CHARS = 43
};

static_assert(ID_CHARS_MAX + 1 + STAMP_CHARS + 1 + SECRET_CHARS + 1 <= TOKEN_TEXT_MAX, "room");
static_assert((int)TOKEN_HASH_LEN == (int)crypto_generichash_BYTES, "BLAKE2b-256");

/* crypto/ may not include wire/, where the server's own base64 lives; libsodium brings one. */
static size_t encode(const void *data, size_t len, char *out, size_t room)
{
    sodium_bin2base64(out, room, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(out);
}

size_t token_make(const struct random *r, uint64_t user_id, char out[TOKEN_TEXT_MAX])
{
    char id[SLICE_U64_DIGITS];
    uint8_t stamp[STAMP_BYTES];
    uint8_t secret[SECRET_BYTES];
    random_fill(r, stamp, sizeof stamp);
    random_fill(r, secret, sizeof secret);

    size_t n = encode(id, slice_put_u64(id, user_id), out, TOKEN_TEXT_MAX);
    out[n++] = '.';
    n += encode(stamp, sizeof stamp, out + n, TOKEN_TEXT_MAX - n);
    out[n++] = '.';
    n += encode(secret, sizeof secret, out + n, TOKEN_TEXT_MAX - n);
    crypto_wipe(secret, sizeof secret);
    return n;
}

void token_hash(struct slice text, uint8_t out[TOKEN_HASH_LEN])
{
    crypto_digest(text, out);
}

static bool base64url_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* Cuts one part of min to max characters off the front. */
static bool take_part(struct slice *rest, size_t min, size_t max)
{
    size_t n = 0;
    while (n < rest->len && n <= max && base64url_char(rest->data[n]))
        n++;
    if (n < min || n > max)
        return false;
    rest->data += n;
    rest->len -= n;
    return true;
}

static bool take_dot(struct slice *rest)
{
    if (rest->len == 0 || rest->data[0] != '.')
        return false;
    rest->data++;
    rest->len--;
    return true;
}

bool token_plausible(struct slice text)
{
    return take_part(&text, 2, ID_CHARS_MAX) && take_dot(&text) &&
           take_part(&text, STAMP_CHARS, STAMP_CHARS) && take_dot(&text) &&
           take_part(&text, SECRET_CHARS, SECRET_CHARS) && text.len == 0;
}

void crypto_digest(struct slice data, uint8_t out[TOKEN_HASH_LEN])
{
    int failed =
        crypto_generichash(out, TOKEN_HASH_LEN, (const uint8_t *)data.data, data.len, NULL, 0);
    assert(failed == 0);
    (void)failed;
}

void crypto_wipe(void *p, size_t len)
{
    sodium_memzero(p, len);
}

void crypto_code(const struct random *r, size_t len, char *out)
{
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[random_below(r, sizeof alphabet - 1)];
    out[len] = 0;
}
