/* Hashes of addresses. */

#include "core/addresses.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/limits.h"
#include "core/core_priv.h"
#include "crypto/keyed_hash.h"
#include "crypto/token.h"
#include "store/secrets.h"

enum { V4_BYTES = 4, V6_BYTES = 16, V6_PREFIX_BYTES = 8, MAPPED_BYTES = 12 };

_Static_assert((int)ADDRESS_HASH_BYTES == (int)KEYED_HASH_BYTES, "a hash fits");
_Static_assert((int)SECRET_BYTES == (int)KEYED_HASH_KEY_BYTES, "a secret is a key");

size_t address_significant(struct slice address, unsigned char out[8])
{
    static const unsigned char mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[V6_BYTES];
    if (address.data == NULL || address.len >= sizeof text)
        return 0;
    memcpy(text, address.data, address.len);
    text[address.len] = '\0';
    if (inet_pton(AF_INET, text, out) == 1)
        return V4_BYTES;
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return 0;
    bool is_v4 = memcmp(bytes, mapped, sizeof mapped) == 0;
    memcpy(out, is_v4 ? bytes + MAPPED_BYTES : bytes, is_v4 ? V4_BYTES : V6_PREFIX_BYTES);
    return is_v4 ? V4_BYTES : V6_PREFIX_BYTES;
}

static enum err key_of(struct core *c, struct tx *tx, unsigned char out[SECRET_BYTES])
{
    unsigned char fresh[SECRET_BYTES];
    random_fill(c->o.random, fresh, sizeof fresh);
    enum err e = secrets_get_or_put(tx_sql(tx), SLICE("address_key"), fresh, out);
    crypto_wipe(fresh, sizeof fresh);
    return e;
}

enum err address_hash_of(struct core *c, struct tx *tx, struct slice address,
                         struct address_hash *out, bool *known)
{
    unsigned char bytes[V6_PREFIX_BYTES];
    unsigned char key[SECRET_BYTES];
    size_t len = address_significant(address, bytes);
    *known = len > 0;
    if (len == 0)
        return ERR_OK;
    enum err e = key_of(c, tx, key);
    if (e == ERR_OK)
        keyed_hash(key, slice_of((const char *)bytes, len), out->bytes);
    crypto_wipe(key, sizeof key);
    return e;
}

enum err address_note(struct core *c, struct tx *tx, struct user_id user, struct slice address)
{
    struct address_hash hash;
    bool known;
    enum err e = address_hash_of(c, tx, address, &hash, &known);
    if (e != ERR_OK || !known)
        return e;
    return addresses_note(tx_sql(tx), user, &hash, tx_now_ms(tx), LIMIT_ADDRESSES_PER_USER);
}
