/* TLS without sockets: a stream against OpenSSL's own client, through two memory BIOs, at any
 * chopping of the bytes; and what the context refuses. */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "net/tls.h"

enum { WHY = 256, BIG = 300 * 1024, ROOM = 8 * 1024 * 1024 };

static char folder[64];
static char cert_path[128], key_path[128], rsa_key_path[128], other_key_path[128],
    expired_path[128], locked_path[128], text_path[128];

static void write_pem(const char *path, X509 *x, EVP_PKEY *k, const char *passphrase)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    if (x != NULL)
        assert_int_equal(PEM_write_X509(f, x), 1);
    if (k != NULL)
        assert_int_equal(PEM_write_PrivateKey(f, k, passphrase ? EVP_aes_128_cbc() : NULL,
                                              (const unsigned char *)passphrase,
                                              passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
                         1);
    fclose(f);
}

static X509 *self_signed(EVP_PKEY *k, long from_s, long to_s)
{
    X509 *x = X509_new();
    assert_non_null(x);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, k);
    assert_true(X509_sign(x, k, EVP_sha256()) > 0);
    return x;
}

static int make_files(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/guildhall-tls-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    snprintf(other_key_path, sizeof other_key_path, "%s/other.pem", folder);
    snprintf(expired_path, sizeof expired_path, "%s/expired.pem", folder);
    snprintf(locked_path, sizeof locked_path, "%s/locked.pem", folder);
    snprintf(text_path, sizeof text_path, "%s/text.pem", folder);
    snprintf(rsa_key_path, sizeof rsa_key_path, "%s/rsa.pem", folder);
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *k = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    X509 *x = self_signed(k, -60, 3600);
    X509 *expired = self_signed(k, -7200, -3600);
    write_pem(cert_path, x, NULL, NULL);
    write_pem(expired_path, expired, NULL, NULL);
    write_pem(key_path, NULL, k, NULL);
    write_pem(other_key_path, NULL, other, NULL);
    write_pem(rsa_key_path, NULL, rsa, NULL);
    write_pem(locked_path, NULL, k, "secret");
    FILE *f = fopen(text_path, "w");
    assert_non_null(f);
    fputs("no PEM\n", f);
    fclose(f);
    X509_free(x);
    X509_free(expired);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(k);
    EVP_PKEY_free(other);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    const char *const all[] = {cert_path,    key_path,    other_key_path, rsa_key_path,
                               expired_path, locked_path, text_path};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        unlink(all[i]);
    rmdir(folder);
    return 0;
}

static struct tls_context *context(void)
{
    char why[WHY] = "";
    struct tls_context *c = NULL;
    enum err e = tls_context_new(&(struct tls_files){cert_path, key_path}, &c, why, sizeof why);
    if (e != ERR_OK)
        fail_msg("%s", why);
    assert_string_equal(why, "");
    return c;
}

/* ---- the context ---- */

static void test_refusals_name_the_option(void **state)
{
    (void)state;
    const struct {
        const char *certificate, *key, *says, *also;
    } rows[] = {
        {"/nonexistent.pem", key_path, "server.tls_certificate: /nonexistent.pem", "No such file"},
        {cert_path, "/nonexistent.pem", "server.tls_key: /nonexistent.pem", "No such file"},
        {text_path, key_path, "server.tls_certificate", text_path},
        {cert_path, text_path, "server.tls_key", text_path},
        {key_path, key_path, "server.tls_certificate", key_path},
        {cert_path, other_key_path, "server.tls_key", "not the key of server.tls_certificate"},
        {cert_path, rsa_key_path, "server.tls_key", "not the key of server.tls_certificate"},
        {cert_path, locked_path, "server.tls_key", locked_path},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[WHY] = "";
        struct tls_context *c = NULL;
        const struct tls_files files = {rows[i].certificate, rows[i].key};
        assert_int_equal(tls_context_new(&files, &c, why, sizeof why), ERR_IO);
        assert_null(c);
        if (!strstr(why, rows[i].says) || !strstr(why, rows[i].also))
            fail_msg("row %zu: %s", i, why);
    }
}

static void test_expired_is_a_warning(void **state)
{
    (void)state;
    char why[WHY] = "";
    struct tls_context *c = NULL;
    const struct tls_files files = {expired_path, key_path};
    assert_int_equal(tls_context_new(&files, &c, why, sizeof why), ERR_OK);
    assert_string_equal(why, "the certificate has expired");
    tls_context_unref(&c);
}

/* ---- a pair ---- */

struct pair {
    struct tls_context *context;
    struct tls_stream *server;
    SSL_CTX *client_ctx;
    SSL *client;
    struct buf plain;
    struct buf out;
    size_t piece; /* bytes that go to the server at once; 0: all */
    enum tls_state state;
};

static void pair_open(struct pair *p, int version, size_t piece)
{
    *p = (struct pair){.piece = piece, .context = context()};
    p->server = tls_stream_new(p->context);
    assert_non_null(p->server);
    p->client_ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(p->client_ctx, 0); /* or it would not even offer 1.1 */
    SSL_CTX_set_min_proto_version(p->client_ctx, version);
    SSL_CTX_set_max_proto_version(p->client_ctx, version);
    p->client = SSL_new(p->client_ctx);
    SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(p->client);
    buf_init(&p->plain, MEM_NET, ROOM);
    buf_init(&p->out, MEM_NET, ROOM);
}

static void pair_close(struct pair *p)
{
    tls_stream_free(&p->server);
    tls_context_unref(&p->context);
    SSL_free(p->client);
    SSL_CTX_free(p->client_ctx);
    buf_deinit(&p->plain);
    buf_deinit(&p->out);
    ERR_clear_error();
}

static void to_client(struct pair *p)
{
    if (p->out.len > 0)
        BIO_write(SSL_get_rbio(p->client), p->out.data, (int)p->out.len);
    buf_reset(&p->out);
}

/* Everything that the client has said, to the server, and its answers back. */
static void to_server(struct pair *p)
{
    static char bytes[BIG * 2];
    int n = BIO_read(SSL_get_wbio(p->client), bytes, sizeof bytes);
    size_t len = n > 0 ? (size_t)n : 0;
    for (size_t at = 0; at < len;) {
        size_t piece = p->piece == 0 || p->piece > len - at ? len - at : p->piece;
        p->state = tls_stream_read(p->server, slice_of(bytes + at, piece), &p->plain, &p->out);
        at += piece;
        to_client(p);
    }
}

static bool shake(struct pair *p)
{
    for (int i = 0; i < 10; i++) {
        int done = SSL_do_handshake(p->client);
        to_server(p);
        if (done == 1 && tls_stream_ready(p->server))
            return true;
    }
    return false;
}

static void test_versions(void **state)
{
    (void)state;
    const struct {
        int version;
        bool good;
    } rows[] = {{TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        pair_open(&p, rows[i].version, 0);
        assert_int_equal(shake(&p), rows[i].good);
        if (!rows[i].good)
            assert_int_equal(p.state, TLS_FAILED);
        pair_close(&p);
    }
}

/* Both ways, at each chopping; nothing is lost, doubled or out of order. */
static void test_bytes_both_ways(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 7, 1000, 16 * 1024 + 21};
    static char sent[BIG], back[BIG];
    for (size_t i = 0; i < BIG; i++)
        sent[i] = (char)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct pair p;
        pair_open(&p, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION, pieces[i]);
        assert_true(shake(&p));
        assert_int_equal(SSL_write(p.client, sent, BIG), BIG);
        to_server(&p);
        assert_int_equal(p.plain.len, BIG);
        assert_memory_equal(p.plain.data, sent, BIG);
        assert_true(tls_stream_write(p.server, slice_of(sent, BIG), &p.out));
        assert_true(p.out.len < BIG + (BIG / TLS_RECORD_BYTES + 1) * TLS_RECORD_EXTRA);
        to_client(&p);
        size_t got = 0;
        for (int n; (n = SSL_read(p.client, back + got, (int)(BIG - got))) > 0;)
            got += (size_t)n;
        assert_int_equal(got, BIG);
        assert_memory_equal(back, sent, BIG);
        pair_close(&p);
    }
}

/* Each suite of TLS 1.3, through changes of keys that either side asks for, many times. */
static void test_key_updates(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    static char sent[40 * 1024], back[40 * 1024];
    memset(sent, 'k', sizeof sent);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        struct pair p;
        pair_open(&p, TLS1_3_VERSION, 0);
        SSL_set_ciphersuites(p.client, suites[i]);
        assert_true(shake(&p));
        for (int round = 0; round < 50; round++) {
            int kind = round % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
            assert_int_equal(SSL_key_update(p.client, kind), 1);
            buf_reset(&p.plain);
            assert_int_equal(SSL_write(p.client, sent, sizeof sent), sizeof sent);
            to_server(&p);
            assert_int_equal(p.plain.len, sizeof sent);
            assert_memory_equal(p.plain.data, sent, sizeof sent);
            assert_true(tls_stream_write(p.server, slice_of(sent, sizeof sent), &p.out));
            to_client(&p);
            size_t got = 0;
            for (int n; (n = SSL_read(p.client, back + got, (int)(sizeof back - got))) > 0;)
                got += (size_t)n;
            assert_int_equal(got, sizeof sent);
        }
        pair_close(&p);
    }
}

/* Keys that change without end, and nothing else: refused. */
static void test_key_update_flood(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, TLS1_3_VERSION, 0);
    assert_true(shake(&p));
    int rounds = 0;
    for (; rounds < 5000 && p.state == TLS_OPEN; rounds++) {
        assert_int_equal(SSL_key_update(p.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(p.client), 1);
        to_server(&p);
    }
    assert_int_equal(p.state, TLS_FAILED);
    assert_in_range(rounds, 32, 40);
    pair_close(&p);
}

/* What follows a close_notify counts for nothing (RFC 8446 6.1), whenever it comes. */
static void test_after_the_end(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct pair p;
        pair_open(&p, version, 0);
        assert_true(shake(&p));
        SSL_shutdown(p.client);
        to_server(&p);
        assert_int_equal(p.state, TLS_ENDED);
        static const char FORGED[] = {23, 3, 3, 0, 30};
        char bytes[35] = {0};
        memcpy(bytes, FORGED, sizeof FORGED);
        assert_int_equal(tls_stream_read(p.server, slice_of(bytes, sizeof bytes), &p.plain, &p.out),
                         TLS_ENDED);
        assert_int_equal(p.plain.len, 0);
        assert_true(tls_stream_write(p.server, SLICE("we may"), &p.out));
        pair_close(&p);
    }
}

/* A ticket of the first connection shortens the second. */
static void test_resumption(void **state)
{
    (void)state;
    struct pair first, second;
    char byte;
    pair_open(&first, TLS1_3_VERSION, 0);
    assert_true(shake(&first));
    assert_true(tls_stream_write(first.server, SLICE("x"), &first.out));
    to_client(&first);
    assert_int_equal(SSL_read(first.client, &byte, 1), 1);
    SSL_SESSION *session = SSL_get1_session(first.client);
    assert_true(SSL_SESSION_is_resumable(session));
    pair_open(&second, TLS1_3_VERSION, 0);
    tls_stream_free(&second.server);
    second.server = tls_stream_new(first.context); /* whose key the ticket is under */
    assert_non_null(second.server);
    SSL_set_session(second.client, session);
    assert_true(shake(&second));
    assert_true(SSL_session_reused(second.client));
    SSL_write(second.client, "again", 5);
    to_server(&second);
    assert_int_equal(second.plain.len, 5);
    SSL_SESSION_free(session);
    pair_close(&second);
    pair_close(&first);
}

static void test_farewells(void **state)
{
    (void)state;
    struct pair p;
    char byte;
    pair_open(&p, TLS1_3_VERSION, 0);
    assert_true(shake(&p));
    SSL_write(p.client, "last", 4);
    SSL_shutdown(p.client);
    to_server(&p);
    assert_int_equal(p.state, TLS_ENDED);
    assert_int_equal(p.plain.len, 4);
    /* Half closed: we may still write. */
    assert_true(tls_stream_write(p.server, SLICE("more"), &p.out));
    tls_stream_close(p.server, &p.out);
    to_client(&p);
    char text[8];
    assert_int_equal(SSL_read(p.client, text, sizeof text), 4);
    int n = SSL_read(p.client, &byte, 1);
    assert_int_equal(SSL_get_error(p.client, n), SSL_ERROR_ZERO_RETURN);
    pair_close(&p);
}

static void test_alpn(void **state)
{
    (void)state;
    const struct {
        const char *offer;
        unsigned len;
        bool good;
    } rows[] = {
        {"\x08http/1.1", 9, true},
        {"\x02h2\x08http/1.1", 12, true},
        {"\x02h2", 3, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        pair_open(&p, TLS1_3_VERSION, 0);
        SSL_set_alpn_protos(p.client, (const unsigned char *)rows[i].offer, rows[i].len);
        assert_int_equal(shake(&p), rows[i].good);
        const unsigned char *chosen = NULL;
        unsigned len = 0;
        SSL_get0_alpn_selected(p.client, &chosen, &len);
        assert_int_equal(len, rows[i].good ? 8 : 0);
        pair_close(&p);
    }
}

/* A flipped bit anywhere after the handshake is an alert and the end, never plaintext. */
static void test_forged_records(void **state)
{
    (void)state;
    for (int at = 5; at < 40; at++) {
        struct pair p;
        char bytes[128];
        pair_open(&p, TLS1_3_VERSION, 0);
        assert_true(shake(&p));
        SSL_write(p.client, "twenty-four bytes of it.", 24);
        int n = BIO_read(SSL_get_wbio(p.client), bytes, sizeof bytes);
        assert_true(n > at);
        bytes[at] = (char)(bytes[at] ^ 1);
        assert_int_equal(tls_stream_read(p.server, slice_of(bytes, (size_t)n), &p.plain, &p.out),
                         TLS_FAILED);
        assert_int_equal(p.plain.len, 0);
        assert_true(p.out.len > 0);
        assert_false(tls_stream_write(p.server, SLICE("x"), &p.out));
        pair_close(&p);
    }
}

/* Any bytes at all: refused, and no crash. */
static void test_garbage(void **state)
{
    (void)state;
    struct random_seeded r;
    random_seeded_init(&r, 7);
    struct tls_context *c = context();
    struct buf plain, out;
    buf_init(&plain, MEM_NET, ROOM);
    buf_init(&out, MEM_NET, ROOM);
    for (int i = 0; i < 2000; i++) {
        char bytes[512] = {22, 3, 1, 1, (char)0xf0, 1};
        size_t from = i % 2 ? 0 : 6;
        for (size_t k = from; k < sizeof bytes; k++)
            bytes[k] = (char)random_seeded_next(&r);
        struct tls_stream *s = tls_stream_new(c);
        assert_non_null(s);
        (void)tls_stream_read(s, slice_of(bytes, sizeof bytes), &plain, &out);
        assert_false(tls_stream_ready(s));
        assert_int_equal(plain.len, 0);
        tls_stream_free(&s);
        buf_reset(&out);
    }
    tls_context_unref(&c);
    buf_deinit(&plain);
    buf_deinit(&out);
}

/* The stream keeps what it was made of: a new certificate does not touch connections. */
static void test_context_outlived(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, TLS1_3_VERSION, 0);
    tls_context_unref(&p.context);
    assert_true(shake(&p));
    pair_close(&p);
}

static void test_out_of_room(void **state)
{
    (void)state;
    struct pair p;
    struct buf small;
    pair_open(&p, TLS1_3_VERSION, 0);
    assert_true(shake(&p));
    buf_init(&small, MEM_NET, 10);
    assert_false(tls_stream_write(p.server, SLICE("no room for a record"), &small));
    assert_false(tls_stream_write(p.server, SLICE("nor ever after"), &p.out));
    buf_deinit(&small);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_name_the_option),
        cmocka_unit_test(test_expired_is_a_warning),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_bytes_both_ways),
        cmocka_unit_test(test_key_updates),
        cmocka_unit_test(test_key_update_flood),
        cmocka_unit_test(test_after_the_end),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_farewells),
        cmocka_unit_test(test_alpn),
        cmocka_unit_test(test_forged_records),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_context_outlived),
        cmocka_unit_test(test_out_of_room),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
