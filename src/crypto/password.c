/*
 * The one difficulty here is time: a login for an unknown name must cost what a login for a known
 * one costs, or the difference lists the accounts.
 */

#include "crypto/password.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { PASSES = 2, MEMORY_BYTES = 19 * 1024 * 1024 };

static_assert((int)PASSWORD_HASH_LEN == (int)crypto_pwhash_STRBYTES, "libsodium's format changed");

/* A hash of 32 random bytes that nobody kept, with the parameters above. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$vxErLjm19ycq/"
                             "InWtXaOdQ$GackR9AltmVtAXzX4VnU3uWp2B2qvOtrTvIVlfyI7j4";

bool crypto_init(void)
{
    return sodium_init() >= 0;
}

/* libsodium wants a pointer even for an empty password. */
static const char *bytes_of(struct slice s)
{
    return s.data ? s.data : "";
}

enum err password_hash(struct slice password, char out[PASSWORD_HASH_LEN])
{
    char hash[PASSWORD_HASH_LEN];
    if (crypto_pwhash_str_alg(hash, bytes_of(password), password.len, PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_NO_MEMORY; /* its only failure with these parameters */
    memcpy(out, hash, sizeof hash);
    return ERR_OK;
}

bool password_verify(struct slice password, const char *hash)
{
    char full[PASSWORD_HASH_LEN] = {0}; /* libsodium may read all of it, stored text is shorter */
    assert(hash);
    size_t len = strnlen(hash, sizeof full);
    if (len == sizeof full)
        return false;
    memcpy(full, hash, len);
    return crypto_pwhash_str_verify(full, bytes_of(password), password.len) == 0;
}

bool password_verify_nobody(struct slice password)
{
    (void)password_verify(password, nobody);
    return false;
}
