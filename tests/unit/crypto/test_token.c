#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "crypto/password.h"
#include "crypto/token.h"

static void fill_zero(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
}
static const struct random zero = {.fill = fill_zero};

#define SECRET43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_form(void **state)
{
    (void)state;
    char out[TOKEN_TEXT_MAX];
    /* base64url("123") is MTIz: what libraries decode to learn the id */
    assert_int_equal(token_make(&zero, 123, out), 4 + 1 + 8 + 1 + 43);
    assert_string_equal(out, "MTIz.AAAAAAAA." SECRET43);
    size_t n = token_make(&zero, UINT64_MAX, out);
    assert_int_equal(n, strlen(out));
    assert_string_equal(out, "MTg0NDY3NDQwNzM3MDk1NTE2MTU.AAAAAAAA." SECRET43);
    assert_true(token_plausible(slice_of(out, n)));
}

static void test_random(void **state)
{
    (void)state;
    char a[TOKEN_TEXT_MAX];
    char b[TOKEN_TEXT_MAX];
    size_t n = token_make(random_system(), 175928847299117063, a);
    (void)token_make(random_system(), 175928847299117063, b);
    assert_true(token_plausible(slice_of(a, n)));
    assert_string_not_equal(a, b);
    uint8_t x[TOKEN_HASH_LEN];
    uint8_t y[TOKEN_HASH_LEN];
    token_hash(slice_from(a), x);
    token_hash(slice_from(b), y);
    assert_memory_not_equal(x, y, sizeof x);
    token_hash(slice_from(a), y);
    assert_memory_equal(x, y, sizeof x);
}

static void test_plausible(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"MTIz.AAAAAAAA." SECRET43, true},
        {"MTIz.AA-_AAAA." SECRET43, true},
        {"", false},
        {".", false},
        {"..", false},
        {"MTIz", false},
        {"MTIz.AAAAAAAA", false},
        {"MTIz.AAAAAAAA.", false},
        {".AAAAAAAA." SECRET43, false},
        {"MTIz.AAAAAAA." SECRET43, false},
        {"MTIz.AAAAAAAAA." SECRET43, false},
        {"MTIz.AAAAAAAA." SECRET43 "A", false},
        {"MTIz.AAAAAAAA." SECRET43 ".", false},
        {"MTIz.AAAA+AAA." SECRET43, false},
        {"MT z.AAAAAAAA." SECRET43, false},
        {"MTIzMTIzMTIzMTIzMTIzMTIzMTIz.AAAAAAAA." SECRET43, false},
        {"Bot MTIz.AAAAAAAA." SECRET43, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(token_plausible(slice_from(rows[i].text)), rows[i].want);
    assert_false(token_plausible((struct slice){0}));
}

static void test_digest(void **state)
{
    (void)state;
    /* BLAKE2b-256 of "abc" and of nothing */
    static const uint8_t abc[TOKEN_HASH_LEN] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72,
                                                0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b,
                                                0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42,
                                                0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    static const uint8_t empty[TOKEN_HASH_LEN] = {0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2,
                                                  0xe8, 0xab, 0x2e, 0xb0, 0x60, 0x99, 0xda, 0xa1,
                                                  0xd1, 0xe5, 0xdf, 0x47, 0x77, 0x8f, 0x77, 0x87,
                                                  0xfa, 0xab, 0x45, 0xcd, 0xf1, 0x2f, 0xe3, 0xa8};
    uint8_t out[TOKEN_HASH_LEN];
    crypto_digest(SLICE("abc"), out);
    assert_memory_equal(out, abc, sizeof out);
    crypto_digest((struct slice){0}, out);
    assert_memory_equal(out, empty, sizeof out);
}

static void test_wipe(void **state)
{
    (void)state;
    char secret[8] = "secret!";
    crypto_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
}

static void test_codes(void **state)
{
    (void)state;
    char seen[256] = {0};
    struct random_seeded seeded;
    random_seeded_init(&seeded, 7);
    struct random r = random_seeded_as(&seeded);
    for (int i = 0; i < 2000; i++) {
        char code[9];
        crypto_code(&r, 8, code);
        assert_int_equal(strlen(code), 8);
        for (size_t k = 0; k < 8; k++)
            seen[(unsigned char)code[k]] = 1;
    }
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool want = alnum && c != '0' && c != 'O' && c != 'I' && c != 'l';
        assert_int_equal(seen[c], want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),      cmocka_unit_test(test_random),
        cmocka_unit_test(test_plausible), cmocka_unit_test(test_digest),
        cmocka_unit_test(test_wipe),      cmocka_unit_test(test_codes),
    };
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
