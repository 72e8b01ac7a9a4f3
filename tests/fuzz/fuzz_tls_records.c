/*
 * Records of TLS 1.3 against a peer that is written from RFC 8446 a second time, with OpenSSL's own
 * key derivation (EVP_KDF): the input is a script of what the peer does, honest and not. What is
 * honest arrives as it was sent, both ways, through any changes of keys; what is not ends the
 * connection without a byte of plaintext.
 */

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "net/tls_records.h"

enum {
    HEADER = TLS_RECORD_HEADER,
    TAG = 16,
    IV = 12,
    KEY_MAX = 32,
    BODY_MAX = TLS_RECORD_BYTES + 256,
    ROOM = 1 << 20,
    USELESS_MAX = 32,
    TYPE_ALERT = 21,
    TYPE_HANDSHAKE = 22,
    TYPE_DATA = 23,
};

static const struct suite {
    uint32_t id;
    const char *cipher;
    const char *digest;
    size_t key_len;
    size_t secret_len;
} SUITES[] = {
    {0x1301, "AES-128-GCM", "SHA256", 16, 32},
    {0x1302, "AES-256-GCM", "SHA384", 32, 48},
    {0x1303, "ChaCha20-Poly1305", "SHA256", 32, 32},
};

struct direction {
    uint8_t secret[TLS_SECRET_MAX];
    uint8_t key[KEY_MAX];
    uint8_t iv[IV];
    uint64_t number;
};

struct peer {
    const struct suite *suite;
    const uint8_t *script;
    size_t left;
    struct tls_records *server;
    struct direction to;   /* the server */
    struct direction from; /* the server */
    unsigned useless;
    bool ended;       /* the server may say nothing more */
    struct buf plain; /* what the server read */
    struct buf wire;  /* what the server wrote, not yet read by us */
    struct buf heard; /* of it, the data */
    const char *reason;
};

static uint8_t draw(struct peer *p)
{
    if (p->left == 0)
        return 0;
    p->left--;
    return *p->script++;
}

/* HKDF-Expand-Label with an empty context. */
static void expand(const struct suite *s, const uint8_t *secret, const char *label, uint8_t *out,
                   size_t len)
{
    static EVP_KDF *kdf;
    char digest[16];
    char text[24];
    uint8_t key[TLS_SECRET_MAX];
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    snprintf(digest, sizeof digest, "%s", s->digest);
    snprintf(text, sizeof text, "%s", label);
    memcpy(key, secret, s->secret_len);
    char prefix[] = "tls13 ";
    if (kdf == NULL)
        kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, s->secret_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix, 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, text, strlen(text)),
        OSSL_PARAM_construct_end(),
    };
    fuzz_check(EVP_KDF_derive(c, out, len, params) == 1);
    EVP_KDF_CTX_free(c);
}

static void set_key(const struct suite *s, struct direction *d)
{
    expand(s, d->secret, "key", d->key, s->key_len);
    expand(s, d->secret, "iv", d->iv, IV);
    d->number = 0;
}

static void renew(const struct suite *s, struct direction *d)
{
    uint8_t next[TLS_SECRET_MAX];
    expand(s, d->secret, "traffic upd", next, s->secret_len);
    memcpy(d->secret, next, s->secret_len);
    set_key(s, d);
}

static EVP_CIPHER_CTX *begin_record(const struct suite *s, struct direction *d,
                                    const uint8_t *header, int encrypts)
{
    uint8_t nonce[IV];
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, s->cipher, NULL);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memcpy(nonce, d->iv, IV);
    for (size_t i = 0; i < 8; i++)
        nonce[IV - 1 - i] ^= (uint8_t)(d->number >> (8 * i));
    d->number++;
    fuzz_check(EVP_CipherInit_ex2(c, cipher, d->key, nonce, encrypts, NULL) == 1);
    fuzz_check(EVP_CipherUpdate(c, NULL, &n, header, HEADER) == 1);
    EVP_CIPHER_free(cipher);
    return c;
}

/* A record of the inner text at out; returns its length. */
static size_t seal(struct peer *p, const uint8_t *inner, size_t len, uint8_t *out)
{
    int n = 0;
    size_t body = len + TAG;
    const uint8_t header[HEADER] = {TYPE_DATA, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    EVP_CIPHER_CTX *c = begin_record(p->suite, &p->to, header, 1);
    memcpy(out, header, HEADER);
    fuzz_check(EVP_CipherUpdate(c, out + HEADER, &n, inner, (int)len) == 1);
    fuzz_check(EVP_CipherFinal_ex(c, out + HEADER + len, &n) == 1);
    fuzz_check(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out + HEADER + len) == 1);
    EVP_CIPHER_CTX_free(c);
    return HEADER + body;
}

static void hear_inner(struct peer *p, const uint8_t *inner, size_t len)
{
    fuzz_check(len > 0 && len <= TLS_RECORD_BYTES + 1);
    uint8_t type = inner[len - 1];
    fuzz_check(type == TYPE_DATA || type == TYPE_ALERT || type == TYPE_HANDSHAKE);
    fuzz_check(!p->ended);
    if (type == TYPE_DATA) {
        buf_append(&p->heard, inner, len - 1);
    } else if (type == TYPE_HANDSHAKE) {
        static const uint8_t UPDATE[] = {24, 0, 0, 1, 0};
        fuzz_check(len == 6 && memcmp(inner, UPDATE, 5) == 0);
        renew(p->suite, &p->from);
    } else {
        fuzz_check(len == 3 && (inner[0] == 1) == (inner[1] == 0));
        p->ended = true;
    }
}

/* All that the server has written is whole records, in order, and makes sense. */
static void hear(struct peer *p)
{
    static uint8_t inner[BODY_MAX];
    const uint8_t *at = (const uint8_t *)p->wire.data;
    size_t left = p->wire.len;
    while (left > 0) {
        int n = 0;
        int rest = 0;
        fuzz_check(left >= HEADER + TAG && at[0] == TYPE_DATA && at[1] == 3 && at[2] == 3);
        size_t body = (size_t)at[3] << 8 | at[4];
        fuzz_check(body > TAG && body <= BODY_MAX && HEADER + body <= left);
        uint8_t tag[TAG];
        memcpy(tag, at + HEADER + body - TAG, TAG);
        EVP_CIPHER_CTX *c = begin_record(p->suite, &p->from, at, 0);
        fuzz_check(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1);
        fuzz_check(EVP_CipherUpdate(c, inner, &n, at + HEADER, (int)(body - TAG)) == 1);
        fuzz_check(EVP_CipherFinal_ex(c, inner + n, &rest) == 1);
        EVP_CIPHER_CTX_free(c);
        hear_inner(p, inner, (size_t)n);
        at += HEADER + body;
        left -= HEADER + body;
    }
    buf_reset(&p->wire);
}

static enum tls_state tell(struct peer *p, const uint8_t *record, size_t len)
{
    enum tls_state state = tls_records_read(p->server, slice_of((const char *)record, len),
                                            &p->plain, &p->wire, &p->reason);
    hear(p);
    fuzz_check(state != TLS_FAILED || p->reason != NULL);
    return state;
}

/* What the RFC makes of an honest key and this inner text. */
static enum tls_state expected(struct peer *p, const uint8_t *inner, size_t len)
{
    if (len > TLS_RECORD_BYTES + 1)
        return TLS_FAILED;
    while (len > 0 && inner[len - 1] == 0)
        len--;
    uint8_t type = len > 0 ? inner[--len] : 0;
    p->useless = type == TYPE_DATA && len > 0 ? 0 : p->useless + 1;
    if (p->useless > USELESS_MAX)
        return TLS_FAILED;
    if (type == TYPE_DATA)
        return TLS_OPEN;
    if (type == TYPE_ALERT && len == 2 && inner[1] == 0)
        return TLS_ENDED;
    if (type == TYPE_ALERT && len == 2 && inner[1] == 90)
        return TLS_OPEN;
    if (type == TYPE_ALERT) { /* is not answered, §6.2 */
        p->ended = true;
        return TLS_FAILED;
    }
    static const uint8_t UPDATE[] = {24, 0, 0, 1};
    bool update = type == TYPE_HANDSHAKE && len == 5 && memcmp(inner, UPDATE, 4) == 0;
    return update && inner[4] <= 1 ? TLS_OPEN : TLS_FAILED;
}

/* One record, sealed as it should be. False: the conversation is over. */
static bool say(struct peer *p, const uint8_t *inner, size_t len)
{
    static uint8_t record[HEADER + 70000];
    size_t n = seal(p, inner, len, record);
    size_t before = p->plain.len;
    size_t data = len;
    enum tls_state want = n > HEADER + BODY_MAX ? TLS_FAILED : expected(p, inner, len);
    fuzz_check(tell(p, record, n) == want);
    while (data > 0 && inner[data - 1] == 0)
        data--;
    bool is_data = want == TLS_OPEN && data > 0 && inner[data - 1] == TYPE_DATA;
    size_t got = is_data ? data - 1 : 0;
    fuzz_check(p->plain.len == before + got);
    fuzz_check(got == 0 || memcmp(p->plain.data + before, inner, got) == 0);
    if (want == TLS_OPEN && data == 6 && inner[5] == TYPE_HANDSHAKE)
        renew(p->suite, &p->to);
    buf_reset(&p->plain);
    return want == TLS_OPEN;
}

static size_t draw_len(struct peer *p)
{
    size_t n = draw(p);
    switch (n >> 6) {
    case 0:
        return n;
    case 1:
        return (n & 63) << 5;
    case 2:
        return TLS_RECORD_BYTES - 32 + (n & 63);
    default:
        return BODY_MAX - TAG - 32 + (n & 63);
    }
}

static bool say_data(struct peer *p)
{
    static uint8_t inner[70000];
    size_t len = draw_len(p);
    size_t padding = draw(p);
    memset(inner, draw(p), len);
    inner[len] = TYPE_DATA;
    memset(inner + len + 1, 0, padding);
    return say(p, inner, len + 1 + padding);
}

static bool say_anything(struct peer *p)
{
    uint8_t inner[256];
    size_t len = draw(p);
    for (size_t i = 0; i < len; i++)
        inner[i] = draw(p);
    return say(p, inner, len);
}

static bool say_update(struct peer *p)
{
    uint8_t inner[] = {24, 0, 0, 1, draw(p) & 1, TYPE_HANDSHAKE};
    return say(p, inner, sizeof inner);
}

/* Bytes that are no record of ours, or one that was changed on its way. */
static bool forge(struct peer *p)
{
    uint8_t record[600] = {TYPE_DATA, 3, 3};
    size_t n;
    if ((draw(p) & 1) != 0) {
        uint8_t inner[] = {'x', 'y', TYPE_DATA};
        n = seal(p, inner, sizeof inner, record);
        record[draw(p) % n] ^= (uint8_t)(1U << (draw(p) & 7));
    } else {
        n = HEADER + draw(p);
        for (size_t i = 0; i < n; i++)
            record[i] = draw(p);
    }
    fuzz_check(tell(p, record, n) == TLS_FAILED && p->plain.len == 0);
    return false;
}

static bool listen(struct peer *p)
{
    static char text[3 * TLS_RECORD_BYTES];
    size_t n = draw_len(p) * (1 + (draw(p) & 1));
    memset(text, draw(p), n);
    fuzz_check(tls_records_write(p->server, slice_of(text, n), &p->wire));
    hear(p);
    fuzz_check(p->heard.len == n && (n == 0 || memcmp(p->heard.data, text, n) == 0));
    buf_reset(&p->heard);
    return true;
}

static bool step(struct peer *p)
{
    switch (draw(p) % 6) {
    case 0:
        return say_data(p);
    case 1:
        return say_anything(p);
    case 2:
        return say_update(p);
    case 3:
        return forge(p);
    default:
        return listen(p);
    }
}

static void open_peer(struct peer *p)
{
    p->suite = &SUITES[draw(p) % 3];
    for (size_t i = 0; i < p->suite->secret_len; i++) {
        p->to.secret[i] = (uint8_t)(i * 7 + 1);
        p->from.secret[i] = (uint8_t)(i * 11 + 3);
    }
    set_key(p->suite, &p->to);
    set_key(p->suite, &p->from);
    p->from.number = draw(p) & 3;
    p->server = tls_records_new(p->suite->id, p->to.secret, p->from.secret, p->from.number);
    fuzz_check(p->server != NULL);
    buf_init(&p->plain, MEM_NET, ROOM);
    buf_init(&p->wire, MEM_NET, ROOM);
    buf_init(&p->heard, MEM_NET, ROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer p = {.script = data, .left = size};
    bool goes_on = true;
    open_peer(&p);
    while (goes_on && p.left > 0)
        goes_on = step(&p);
    tls_records_close(p.server, &p.wire);
    hear(&p);
    fuzz_check(p.ended);
    tls_records_free(&p.server);
    buf_deinit(&p.plain);
    buf_deinit(&p.wire);
    buf_deinit(&p.heard);
    return 0;
}
