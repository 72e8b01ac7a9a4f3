/*
 * OpenSSL reads and writes through a BIO of ours that is a slice to read from and a buffer to
 * append to, both borrowed for the length of one call. It is given whole records only, and told to
 * give its buffers back: of the thousands of connections that are idle nearly always none holds
 * any, and one that stops in the middle of a record holds no more than what it has sent. That
 * matters most for the first record: OpenSSL takes 60 KiB before it has looked at it.
 */

#include "net/tls.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/tls_records.h"

enum {
    STREAM_MAGIC = 0x544c5331,
    HEADER = TLS_RECORD_HEADER,         /* type, version, length */
    BODY_MAX = TLS_RECORD_BYTES + 2048, /* RFC 5246 §6.2.3, the larger of the two versions' */
    RECORD_MAX = HEADER + BODY_MAX,
};

struct tls_context {
    _Atomic unsigned refs; /* the last one frees: acq_rel, as with any count of owners */
    SSL_CTX *ssl;
    BIO_METHOD *bio;
};

struct tls_stream {
    uint32_t magic;
    bool failed;
    bool ended; /* the peer's close_notify: what it says after it counts for nothing */
    struct tls_context *context;
    SSL *ssl;                    /* NULL before the first whole record, and beside `records` */
    struct tls_records *records; /* TLS 1.3 after the handshake */
    uint8_t client_secret[TLS_SECRET_MAX]; /* from OpenSSL to `records` */
    uint8_t server_secret[TLS_SECRET_MAX];
    bool has_client_secret;
    bool has_server_secret;
    struct buf partial; /* the beginning of a record */
    struct slice in;    /* of the call under way */
    struct buf *out;    /* likewise; NULL between calls */
    const char *reason;
};

/* ---- the BIO ---- */

static struct tls_stream *stream_of(BIO *b)
{
    struct tls_stream *s = BIO_get_data(b);
    assert(s->magic == STREAM_MAGIC);
    return s;
}

static int bio_read(BIO *b, char *to, size_t len, size_t *got)
{
    struct tls_stream *s = stream_of(b);
    BIO_clear_retry_flags(b);
    *got = len < s->in.len ? len : s->in.len;
    if (*got == 0) {
        BIO_set_retry_read(b);
        return 0;
    }
    memcpy(to, s->in.data, *got);
    s->in = slice_of(s->in.data + *got, s->in.len - *got);
    return 1;
}

static int bio_write(BIO *b, const char *from, size_t len, size_t *put)
{
    struct tls_stream *s = stream_of(b);
    BIO_clear_retry_flags(b);
    *put = 0;
    if (s->out == NULL)
        return 0;
    buf_append(s->out, from, len);
    if (s->out->failed)
        return 0;
    *put = len;
    return 1;
}

static long bio_ctrl(BIO *b, int what, long number, void *pointer)
{
    (void)b;
    (void)number;
    (void)pointer;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "guildhall");
    if (m == NULL)
        return NULL;
    BIO_meth_set_read_ex(m, bio_read);
    BIO_meth_set_write_ex(m, bio_write);
    BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
}

/* ---- contexts ---- */

/* What we speak inside of TLS (RFC 7301), in order of preference; HTTP/2 would be a row. */
static const char *const PROTOCOLS[] = {"http/1.1"};

static int on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                        const unsigned char *in, unsigned in_len, void *ctx)
{
    (void)ssl;
    (void)ctx;
    for (size_t i = 0; i < sizeof PROTOCOLS / sizeof PROTOCOLS[0]; i++) {
        size_t len = strlen(PROTOCOLS[i]);
        for (unsigned at = 0; at < in_len && at + 1U + in[at] <= in_len; at += 1U + in[at]) {
            if (in[at] != len || memcmp(in + at + 1, PROTOCOLS[i], len) != 0)
                continue;
            *out = in + at + 1;
            *out_len = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol, RFC 7301 §3.2 */
}

static bool hex_bytes(const char *text, uint8_t *out, size_t max)
{
    static const char DIGITS[] = "0123456789abcdef";
    size_t len = strlen(text) / 2;
    if (len > max)
        return false;
    for (size_t i = 0; i < 2 * len; i++) {
        const char *digit = strchr(DIGITS, tolower((unsigned char)text[i]));
        if (digit == NULL)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (uint8_t)(digit - DIGITS));
    }
    return true;
}

/* "LABEL client_random secret": the interface that OpenSSL has for debuggers is its only one for
 * what an own record layer needs. The line goes nowhere. */
static void on_secret(const SSL *ssl, const char *line)
{
    struct tls_stream *s = stream_of(SSL_get_rbio(ssl));
    const char *secret = strrchr(line, ' ');
    if (secret == NULL)
        return;
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
        s->has_client_secret = hex_bytes(secret + 1, s->client_secret, TLS_SECRET_MAX);
    else if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
        s->has_server_secret = hex_bytes(secret + 1, s->server_secret, TLS_SECRET_MAX);
}

/* A server has nobody to ask for the passphrase of its key. */
static int on_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static const char *last_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text != NULL ? text : "unknown";
}

static enum err refuse(char *why, size_t why_len, const char *option, const char *path,
                       const char *reason)
{
    snprintf(why, why_len, "%s: %s: %s", option, path, reason);
    ERR_clear_error();
    return ERR_IO;
}

static bool set_rules(SSL_CTX *ssl)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* tickets hold it, not we */
    SSL_CTX_set_alpn_select_cb(ssl, on_protocols, NULL);
    SSL_CTX_set_default_passwd_cb(ssl, on_passphrase);
    SSL_CTX_set_keylog_callback(ssl, on_secret);
    return SSL_CTX_set_num_tickets(ssl, 1) == 1 &&
           SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

static enum err load_files(SSL_CTX *ssl, const struct tls_files *files, char *why, size_t why_len)
{
    static const char CERTIFICATE[] = "server.tls_certificate";
    static const char KEY[] = "server.tls_key";
    if (access(files->certificate, R_OK) != 0)
        return refuse(why, why_len, CERTIFICATE, files->certificate, strerror(errno));
    if (access(files->key, R_OK) != 0)
        return refuse(why, why_len, KEY, files->key, strerror(errno));
    if (SSL_CTX_use_certificate_chain_file(ssl, files->certificate) != 1)
        return refuse(why, why_len, CERTIFICATE, files->certificate, last_reason());
    /* The first compares only keys of one kind. */
    bool read = SSL_CTX_use_PrivateKey_file(ssl, files->key, SSL_FILETYPE_PEM) == 1;
    if (read && SSL_CTX_check_private_key(ssl) == 1)
        return ERR_OK;
    bool other = read || ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    return refuse(why, why_len, KEY, files->key,
                  other ? "it is not the key of server.tls_certificate" : last_reason());
}

static void note_validity(SSL_CTX *ssl, char *why, size_t why_len)
{
    const X509 *x = SSL_CTX_get0_certificate(ssl);
    const char *word = NULL;
    if (x != NULL && X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
        word = "has expired";
    else if (x != NULL && X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
        word = "is not valid yet";
    snprintf(why, why_len, "%s%s", word != NULL ? "the certificate " : "",
             word != NULL ? word : "");
}

enum err tls_context_new(const struct tls_files *files, struct tls_context **out, char *why,
                         size_t why_len)
{
    enum err e = ERR_NO_MEMORY;
    struct tls_context *c = mem_zalloc(MEM_NET, sizeof *c);
    ERR_clear_error();
    snprintf(why, why_len, "no memory");
    if (c == NULL)
        return e;
    atomic_init(&c->refs, 1);
    c->bio = new_method();
    c->ssl = SSL_CTX_new(TLS_server_method());
    if (c->ssl != NULL && c->bio != NULL && set_rules(c->ssl))
        e = load_files(c->ssl, files, why, why_len);
    if (e != ERR_OK) {
        tls_context_unref(&c);
        return e;
    }
    note_validity(c->ssl, why, why_len);
    *out = c;
    return ERR_OK;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    if (c != NULL)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void tls_context_unref(struct tls_context **cp)
{
    struct tls_context *c = *cp;
    *cp = NULL;
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->bio);
    mem_free(MEM_NET, c);
}

/* ---- streams ---- */

struct tls_stream *tls_stream_new(struct tls_context *c)
{
    struct tls_stream *s = mem_zalloc(MEM_NET, sizeof *s);
    if (s == NULL)
        return NULL;
    s->magic = STREAM_MAGIC;
    s->context = tls_context_ref(c);
    s->reason = "none";
    buf_init(&s->partial, MEM_NET, RECORD_MAX);
    return s;
}

static bool begin(struct tls_stream *s)
{
    s->ssl = SSL_new(s->context->ssl);
    BIO *b = s->ssl != NULL ? BIO_new(s->context->bio) : NULL;
    if (b == NULL)
        return false;
    BIO_set_data(b, s);
    BIO_set_init(b, 1);
    SSL_set_bio(s->ssl, b, b); /* which owns it */
    SSL_set_accept_state(s->ssl);
    return true;
}

void tls_stream_free(struct tls_stream **sp)
{
    struct tls_stream *s = *sp;
    *sp = NULL;
    if (s == NULL)
        return;
    SSL_free(s->ssl);
    tls_records_free(&s->records);
    buf_deinit(&s->partial);
    tls_context_unref(&s->context);
    OPENSSL_cleanse(s, sizeof *s);
    mem_free(MEM_NET, s);
}

bool tls_stream_ready(const struct tls_stream *s)
{
    return !s->failed && (s->records != NULL || (s->ssl != NULL && SSL_is_init_finished(s->ssl)));
}

static enum tls_state fail(struct tls_stream *s)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    s->reason = text != NULL ? text : "unknown";
    s->failed = true;
    ERR_clear_error();
    return TLS_FAILED;
}

/* What a call that did not succeed means. */
static enum tls_state judge(struct tls_stream *s, int result)
{
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_OPEN;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_ENDED;
    default:
        return fail(s);
    }
}

/* To OpenSSL: records of the handshake, and of TLS 1.2. */
static enum tls_state give(struct tls_stream *s, struct slice record, struct buf *plain)
{
    s->in = record;
    for (;;) {
        size_t got = 0;
        if (!buf_reserve(plain, TLS_RECORD_BYTES))
            return fail(s);
        int result = SSL_read_ex(s->ssl, plain->data + plain->len, TLS_RECORD_BYTES, &got);
        plain->len += got;
        if (result != 1)
            return judge(s, result);
    }
}

/* Bytes of the record that begins here; 0 if its header is not complete. One that is too long is
 * let through as it is: OpenSSL has the right alert for it. */
static size_t record_bytes(struct slice b)
{
    if (b.len < HEADER)
        return 0;
    size_t body = (size_t)(uint8_t)b.data[3] << 8 | (uint8_t)b.data[4];
    return body <= BODY_MAX ? HEADER + body : b.len;
}

/* How many bytes from the beginning are whole records. */
static size_t whole_records(struct slice b)
{
    size_t at = 0;
    for (;;) {
        size_t n = record_bytes(slice_of(b.data + at, b.len - at));
        if (n == 0 || n > b.len - at)
            return at;
        at += n;
    }
}

/* The handshake of TLS 1.3 is over, with the client's last record of it; what OpenSSL wrote then,
 * from `from` in `out`, are tickets, the first records with the keys that stay. From here on we do
 * without it. Whatever is not as expected leaves it in place. */
static void adopt_records(struct tls_stream *s, size_t from)
{
    uint64_t sent = 0;
    if (SSL_version(s->ssl) != TLS1_3_VERSION || !s->has_client_secret || !s->has_server_secret ||
        SSL_has_pending(s->ssl) == 1)
        return;
    for (size_t at = from; at < s->out->len; sent++) {
        size_t n = record_bytes(slice_of(s->out->data + at, s->out->len - at));
        if (n == 0)
            return;
        at += n;
    }
    uint32_t suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(s->ssl));
    s->records = tls_records_new(suite, s->client_secret, s->server_secret, sent);
    OPENSSL_cleanse(s->client_secret, sizeof s->client_secret);
    OPENSSL_cleanse(s->server_secret, sizeof s->server_secret);
    if (s->records == NULL)
        return;
    SSL_free(s->ssl);
    s->ssl = NULL;
}

static enum tls_state take_record(struct tls_stream *s, struct slice record, struct buf *plain)
{
    if (s->records != NULL) {
        enum tls_state state = tls_records_read(s->records, record, plain, s->out, &s->reason);
        s->failed = state == TLS_FAILED;
        return state;
    }
    if (s->ssl == NULL && !begin(s))
        return fail(s);
    bool was_ready = tls_stream_ready(s);
    size_t from = s->out->len;
    enum tls_state state = give(s, record, plain);
    if (state == TLS_OPEN && !was_ready && tls_stream_ready(s))
        adopt_records(s, from);
    return state;
}

/* Whole records. */
static enum tls_state take(struct tls_stream *s, struct slice records, struct buf *plain)
{
    enum tls_state state = TLS_OPEN;
    while (state == TLS_OPEN && records.len > 0) {
        size_t n = record_bytes(records);
        state = take_record(s, slice_of(records.data, n), plain);
        records = slice_of(records.data + n, records.len - n);
    }
    return state;
}

/* Moves what the record begun lacks from *bytes to it; true: it is whole. */
static bool complete_partial(struct tls_stream *s, struct slice *bytes)
{
    while (bytes->len > 0) {
        size_t need = record_bytes(buf_slice(&s->partial));
        size_t n = (need == 0 ? HEADER : need) - s->partial.len;
        n = n < bytes->len ? n : bytes->len;
        buf_append(&s->partial, bytes->data, n);
        *bytes = slice_of(bytes->data + n, bytes->len - n);
        if (whole_records(buf_slice(&s->partial)) > 0)
            return true;
    }
    return false;
}

static enum tls_state read_records(struct tls_stream *s, struct slice bytes, struct buf *plain)
{
    if (s->partial.len > 0) {
        if (!complete_partial(s, &bytes))
            return s->partial.failed ? fail(s) : TLS_OPEN;
        enum tls_state state = take(s, buf_slice(&s->partial), plain);
        buf_deinit(&s->partial);
        if (state != TLS_OPEN)
            return state;
    }
    size_t whole = whole_records(bytes);
    enum tls_state state = whole > 0 ? take(s, slice_of(bytes.data, whole), plain) : TLS_OPEN;
    if (state == TLS_OPEN)
        buf_append(&s->partial, bytes.data + whole, bytes.len - whole);
    return s->partial.failed ? fail(s) : state;
}

enum tls_state tls_stream_read(struct tls_stream *s, struct slice bytes, struct buf *plain,
                               struct buf *out)
{
    if (s->failed || s->ended)
        return s->failed ? TLS_FAILED : TLS_ENDED;
    ERR_clear_error();
    s->out = out;
    enum tls_state state = read_records(s, bytes, plain);
    s->ended = state == TLS_ENDED;
    s->in = SLICE("");
    s->out = NULL;
    return state;
}

bool tls_stream_write(struct tls_stream *s, struct slice plain, struct buf *out)
{
    size_t put = 0;
    assert(s->failed || s->records != NULL || s->ssl != NULL);
    if (s->failed || plain.len == 0)
        return !s->failed;
    if (s->records != NULL) {
        s->failed = !tls_records_write(s->records, plain, out);
        return !s->failed;
    }
    ERR_clear_error();
    s->out = out;
    bool good = SSL_write_ex(s->ssl, plain.data, plain.len, &put) == 1 && put == plain.len;
    s->out = NULL;
    if (!good)
        (void)fail(s);
    return good;
}

void tls_stream_close(struct tls_stream *s, struct buf *out)
{
    if (!tls_stream_ready(s))
        return;
    if (s->records != NULL) {
        tls_records_close(s->records, out);
        return;
    }
    ERR_clear_error();
    s->out = out;
    (void)SSL_shutdown(s->ssl); /* 0: the peer has not said so yet, and need not */
    s->out = NULL;
    ERR_clear_error();
}

const char *tls_stream_reason(const struct tls_stream *s)
{
    return s->reason;
}
