/*
 * A record is header, then AEAD(plaintext, its type, zeros as padding), with the header as
 * additional data and a nonce that is the sequence number over the direction's iv (RFC 8446 §5.2,
 * §5.3). Whoever fails once has failed for good: no number is ever used twice.
 */

#include "net/tls_records.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/mem.h"

enum {
    HEADER = TLS_RECORD_HEADER,
    TAG = 16,
    IV = 12,
    KEY_MAX = 32,
    INNER_MAX = TLS_RECORD_BYTES + 1, /* plaintext and its type, §5.4 */
    TYPE_ALERT = 21,
    TYPE_HANDSHAKE = 22,
    TYPE_DATA = 23,
    KEY_UPDATE = 24, /* handshake message, §4.6.3 */
    ALERT_FATAL = 2,
    ALERT_CLOSE_NOTIFY = 0,
    ALERT_UNEXPECTED_MESSAGE = 10,
    ALERT_BAD_RECORD_MAC = 20,
    ALERT_RECORD_OVERFLOW = 22,
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_USER_CANCELED = 90,
    RECORD_MAX = HEADER + TLS_RECORD_BYTES + 256, /* §5.2 */
    /* Records in a row that bring no data: each costs us work, one with new keys several hashes. */
    USELESS_MAX = 32,
};
/* §5.5: an AES key is good for 2^24.5 full records. */
static const uint64_t RECORDS_PER_KEY = UINT64_C(1) << 24;

struct direction {
    EVP_CIPHER_CTX *aead;
    uint64_t number; /* of the next record */
    uint8_t iv[IV];
    uint8_t secret[TLS_SECRET_MAX];
};

struct tls_records {
    const struct suite *suite;
    struct direction in;
    struct direction out;
    unsigned useless; /* records, since data came */
    bool failed;
};

static const struct suite {
    uint32_t id;
    const EVP_CIPHER *(*cipher)(void);
    const EVP_MD *(*digest)(void);
    size_t key_len;
    size_t secret_len;
} SUITES[] = {
    {0x1301, EVP_aes_128_gcm, EVP_sha256, 16, 32},
    {0x1302, EVP_aes_256_gcm, EVP_sha384, 32, 48},
    {0x1303, EVP_chacha20_poly1305, EVP_sha256, 32, 32},
};

/* HKDF-Expand-Label with an empty context (§7.1), of no more than one block. */
static bool expand(const struct suite *s, const uint8_t *secret, const char *label, uint8_t *out,
                   size_t len)
{
    uint8_t info[32] = {(uint8_t)(len >> 8), (uint8_t)len};
    uint8_t block[EVP_MAX_MD_SIZE];
    size_t label_len = strlen(label);
    unsigned block_len = 0;
    assert(len <= s->secret_len && 6 + label_len + 5 <= sizeof info);
    info[2] = (uint8_t)(6 + label_len);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, label_len);
    info[9 + label_len] = 0;
    info[10 + label_len] = 1; /* the counter of HKDF-Expand (RFC 5869 §2.3) */
    bool good = HMAC(s->digest(), secret, (int)s->secret_len, info, 11 + label_len, block,
                     &block_len) != NULL;
    if (good)
        memcpy(out, block, len);
    OPENSSL_cleanse(block, sizeof block);
    return good;
}

/* Key and iv of the direction's secret. */
static bool set_key(const struct suite *s, struct direction *d, bool encrypts)
{
    uint8_t key[KEY_MAX];
    d->number = 0;
    bool good = expand(s, d->secret, "key", key, s->key_len) &&
                expand(s, d->secret, "iv", d->iv, IV) &&
                EVP_CipherInit_ex(d->aead, s->cipher(), NULL, key, NULL, encrypts) == 1;
    OPENSSL_cleanse(key, sizeof key);
    return good;
}

static bool update_key(const struct suite *s, struct direction *d, bool encrypts)
{
    uint8_t next[TLS_SECRET_MAX];
    if (!expand(s, d->secret, "traffic upd", next, s->secret_len))
        return false;
    memcpy(d->secret, next, s->secret_len);
    OPENSSL_cleanse(next, sizeof next);
    return set_key(s, d, encrypts);
}

struct tls_records *tls_records_new(uint32_t suite, const uint8_t *client_secret,
                                    const uint8_t *server_secret, uint64_t sent)
{
    const struct suite *s = NULL;
    for (size_t i = 0; i < sizeof SUITES / sizeof SUITES[0]; i++) {
        if (SUITES[i].id == suite)
            s = &SUITES[i];
    }
    struct tls_records *r = s == NULL ? NULL : mem_zalloc(MEM_NET, sizeof *r);
    if (r == NULL)
        return NULL;
    r->suite = s;
    r->in.aead = EVP_CIPHER_CTX_new();
    r->out.aead = EVP_CIPHER_CTX_new();
    memcpy(r->in.secret, client_secret, s->secret_len);
    memcpy(r->out.secret, server_secret, s->secret_len);
    if (r->in.aead == NULL || r->out.aead == NULL || !set_key(s, &r->in, false) ||
        !set_key(s, &r->out, true))
        tls_records_free(&r);
    else
        r->out.number = sent;
    return r;
}

void tls_records_free(struct tls_records **rp)
{
    struct tls_records *r = *rp;
    *rp = NULL;
    if (r == NULL)
        return;
    EVP_CIPHER_CTX_free(r->in.aead);
    EVP_CIPHER_CTX_free(r->out.aead);
    OPENSSL_cleanse(r, sizeof *r);
    mem_free(MEM_NET, r);
}

/* Begins a record: nonce and header. */
static bool begin_record(struct direction *d, const uint8_t header[HEADER])
{
    uint8_t nonce[IV];
    int len = 0;
    memcpy(nonce, d->iv, IV);
    for (int i = 0; i < 8; i++)
        nonce[IV - 1 - i] ^= (uint8_t)(d->number >> (8 * i));
    d->number++;
    return EVP_CipherInit_ex(d->aead, NULL, NULL, NULL, nonce, -1) == 1 &&
           EVP_CipherUpdate(d->aead, NULL, &len, header, HEADER) == 1;
}

static bool write_record(struct tls_records *r, uint8_t type, const char *data, size_t len,
                         struct buf *out)
{
    size_t body = len + 1 + TAG;
    const uint8_t header[HEADER] = {TYPE_DATA, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    int n = 0;
    assert(len <= TLS_RECORD_BYTES);
    if (r->failed || !buf_reserve(out, HEADER + body))
        return false;
    uint8_t *at = (uint8_t *)out->data + out->len;
    memcpy(at, header, HEADER);
    at += HEADER;
    EVP_CIPHER_CTX *aead = r->out.aead;
    bool good = begin_record(&r->out, header) &&
                EVP_EncryptUpdate(aead, at, &n, (const uint8_t *)data, (int)len) == 1 &&
                n == (int)len && EVP_EncryptUpdate(aead, at + len, &n, &type, 1) == 1 && n == 1 &&
                EVP_EncryptFinal_ex(aead, at + len + 1, &n) == 1 && n == 0 &&
                EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_GET_TAG, TAG, at + len + 1) == 1;
    if (good)
        out->len += HEADER + body;
    r->failed = !good;
    return good;
}

/* Tells the peer of our next key, then uses it. A key that is half renewed writes nothing more, not
 * even an alert: its numbers began anew. */
static bool renew_out(struct tls_records *r, struct buf *out)
{
    static const char MESSAGE[] = {KEY_UPDATE, 0, 0, 1, 0}; /* update_not_requested */
    bool good = write_record(r, TYPE_HANDSHAKE, MESSAGE, sizeof MESSAGE, out) &&
                update_key(r->suite, &r->out, true);
    r->failed = !good;
    return good;
}

bool tls_records_write(struct tls_records *r, struct slice plain, struct buf *out)
{
    bool good = !r->failed;
    while (good && plain.len > 0) {
        size_t n = plain.len < TLS_RECORD_BYTES ? plain.len : TLS_RECORD_BYTES;
        good = (r->out.number < RECORDS_PER_KEY || renew_out(r, out)) &&
               write_record(r, TYPE_DATA, plain.data, n, out);
        plain = slice_of(plain.data + n, plain.len - n);
    }
    r->failed = !good;
    return good;
}

static enum tls_state fail(struct tls_records *r, uint8_t alert, const char *why, struct buf *out,
                           const char **reason)
{
    const char message[2] = {ALERT_FATAL, (char)alert};
    (void)write_record(r, TYPE_ALERT, message, sizeof message, out);
    r->failed = true;
    *reason = why;
    return TLS_FAILED;
}

void tls_records_close(struct tls_records *r, struct buf *out)
{
    static const char MESSAGE[2] = {1, ALERT_CLOSE_NOTIFY};
    (void)write_record(r, TYPE_ALERT, MESSAGE, sizeof MESSAGE, out);
}

static enum tls_state on_handshake(struct tls_records *r, const uint8_t *m, size_t len,
                                   struct buf *out, const char **reason)
{
    if (len != 5 || m[0] != KEY_UPDATE || m[1] != 0 || m[2] != 0 || m[3] != 1)
        return fail(r, ALERT_UNEXPECTED_MESSAGE, "unexpected handshake message", out, reason);
    if (m[4] > 1)
        return fail(r, ALERT_ILLEGAL_PARAMETER, "KeyUpdate of an unknown kind", out, reason);
    if (!update_key(r->suite, &r->in, false) || (m[4] == 1 && !renew_out(r, out)))
        return fail(r, ALERT_UNEXPECTED_MESSAGE, "keys cannot be renewed", out, reason);
    return TLS_OPEN;
}

static enum tls_state on_alert(struct tls_records *r, const uint8_t *m, size_t len,
                               const char **reason)
{
    if (len == 2 && m[1] == ALERT_CLOSE_NOTIFY)
        return TLS_ENDED;
    if (len == 2 && m[1] == ALERT_USER_CANCELED)
        return TLS_OPEN; /* close_notify follows, §6.1 */
    r->failed = true;    /* which is not answered, §6.2 */
    *reason = "alert received";
    return TLS_FAILED;
}

/* Decrypts into the end of `plain`; *len: with the type and its padding. */
static bool decrypt(struct tls_records *r, struct slice record, struct buf *plain, size_t *len)
{
    const uint8_t *header = (const uint8_t *)record.data;
    uint8_t tag[TAG];
    int n = 0;
    int rest = 0;
    *len = record.len - HEADER - TAG;
    memcpy(tag, header + HEADER + *len, TAG);
    uint8_t *at = (uint8_t *)plain->data + plain->len;
    EVP_CIPHER_CTX *aead = r->in.aead;
    return begin_record(&r->in, header) &&
           EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
           EVP_DecryptUpdate(aead, at, &n, header + HEADER, (int)*len) == 1 && n == (int)*len &&
           EVP_DecryptFinal_ex(aead, at + n, &rest) == 1;
}

enum tls_state tls_records_read(struct tls_records *r, struct slice record, struct buf *plain,
                                struct buf *out, const char **reason)
{
    assert(record.len >= HEADER && !r->failed);
    if (record.len > RECORD_MAX)
        return fail(r, ALERT_RECORD_OVERFLOW, "record too long", out, reason);
    if (record.data[0] != TYPE_DATA)
        return fail(r, ALERT_UNEXPECTED_MESSAGE, "record in the clear", out, reason);
    size_t len = 0;
    if (record.len < HEADER + 1 + TAG || !buf_reserve(plain, record.len) ||
        !decrypt(r, record, plain, &len))
        return fail(r, ALERT_BAD_RECORD_MAC, "record that is not the peer's", out, reason);
    if (len > INNER_MAX) /* padding included, §5.4 */
        return fail(r, ALERT_RECORD_OVERFLOW, "plaintext too long", out, reason);
    const uint8_t *m = (const uint8_t *)plain->data + plain->len;
    while (len > 0 && m[len - 1] == 0)
        len--;
    uint8_t type = len > 0 ? m[--len] : 0;
    r->useless = type == TYPE_DATA && len > 0 ? 0 : r->useless + 1;
    if (r->useless > USELESS_MAX)
        return fail(r, ALERT_UNEXPECTED_MESSAGE, "records without data", out, reason);
    if (type == TYPE_DATA) {
        plain->len += len;
        return TLS_OPEN;
    }
    if (type == TYPE_HANDSHAKE)
        return on_handshake(r, m, len, out, reason);
    if (type == TYPE_ALERT)
        return on_alert(r, m, len, reason);
    return fail(r, ALERT_UNEXPECTED_MESSAGE, "record of an unknown type", out, reason);
}
