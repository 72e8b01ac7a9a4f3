/* Addresses of listeners: what is one, what is not, and that a refusal leaves the output alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "main/listen.h"

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"localhost:0", "localhost", 0},
        {"0.0.0.0:65535", "0.0.0.0", 65535},
        {"[::1]:8080", "::1", 8080},
        {"[::]:1", "::", 1},
        {"[fe80::1%eth0]:443", "fe80::1%eth0", 443},
        {"chat.example.org:443", "chat.example.org", 443},
        {"a:80", "a", 80},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listen_address a;
        if (!listen_parse(slice_from(cases[i].text), &a))
            fail_msg("%s was refused", cases[i].text);
        assert_string_equal(a.host, cases[i].host);
        assert_int_equal(a.port, cases[i].port);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ":",
        "8080",
        "localhost",
        ":8080",
        "localhost:",
        "::1:8080",
        "[]:8080",
        "[::1]",
        "[::1]8080",
        "::1]:8080",
        "[::1:8080",
        "a:65536",
        "a:99999999",
        "a:-1",
        "a:+1",
        "a: 1",
        "a:1 ",
        "a:0x50",
        "a:80a",
        "http://a:80",
        "a:18446744073709551617",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listen_address a;
        memset(&a, 0x5a, sizeof a);
        struct listen_address before = a;
        if (listen_parse(slice_from(cases[i]), &a))
            fail_msg("%s was accepted", cases[i]);
        assert_memory_equal(&a, &before, sizeof a);
    }
}

/* The longest host fits with its NUL, one more does not. */
static void test_longest_host(void **state)
{
    (void)state;
    char text[LISTEN_HOST_MAX + 8];
    struct listen_address a;
    memset(text, 'h', sizeof text);
    memcpy(text + LISTEN_HOST_MAX, ":80", 4);
    assert_true(listen_parse(slice_from(text), &a));
    assert_int_equal(strlen(a.host), LISTEN_HOST_MAX);
    memset(text, 'h', sizeof text);
    memcpy(text + LISTEN_HOST_MAX + 1, ":80", 4);
    assert_false(listen_parse(slice_from(text), &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_longest_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
