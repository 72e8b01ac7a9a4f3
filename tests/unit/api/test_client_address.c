/* Which address a request counts as: the proxies that are trusted, and the header that anybody can
 * write. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/client_address.h"

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int count; /* -1: refused */
    } rows[] = {
        {"", 0},
        {"127.0.0.1", 1},
        {"10.0.0.0/8, fd00::/8,192.0.2.1", 3},
        {"0.0.0.0/0,::/0", 2},
        {"10.0.0.0/33", -1},
        {"fd00::/129", -1},
        {"10.0.0.0/", -1},
        {"10.0.0.0/-1", -1},
        {"10.0.0", -1},
        {"localhost", -1},
        {",", -1},
        {"127.0.0.1;10.0.0.1", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proxies p;
        bool good = proxies_parse(slice_from(rows[i].text), &p);
        if (good != (rows[i].count >= 0) || (good && (int)p.count != rows[i].count))
            fail_msg("%s", rows[i].text);
    }
}

static void test_clients(void **state)
{
    (void)state;
    static const struct {
        const char *proxies;
        const char *peer;
        const char *first; /* headers X-Forwarded-For; NULL: none */
        const char *second;
        const char *client;
    } rows[] = {
        /* Nobody is trusted: the header is anybody's word. */
        {"", "192.0.2.7", "203.0.113.5", NULL, "192.0.2.7"},
        {"10.0.0.0/8", "192.0.2.7", "203.0.113.5", NULL, "192.0.2.7"},
        {"10.0.0.0/8", "10.1.2.3", NULL, NULL, "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "203.0.113.5", NULL, "203.0.113.5"},
        {"10.0.0.0/8", "10.1.2.3", " 203.0.113.5 ", NULL, "203.0.113.5"},
        /* What the client itself has written stands to the left of it. */
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1, 203.0.113.5", NULL, "203.0.113.5"},
        /* Two proxies. */
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1, 203.0.113.5, 10.9.9.9", NULL, "203.0.113.5"},
        {"10.0.0.0/8", "10.1.2.3", "203.0.113.5", "10.9.9.9", "203.0.113.5"},
        {"10.0.0.0/8", "10.1.2.3", "198.51.100.1", "203.0.113.5", "203.0.113.5"},
        /* All of them are ours. */
        {"10.0.0.0/8", "10.1.2.3", "10.4.4.4, 10.9.9.9", NULL, "10.4.4.4"},
        /* Not an address: what is to the left of it is not believed. */
        {"10.0.0.0/8", "10.1.2.3", "203.0.113.5, unknown", NULL, "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "203.0.113.5, ", NULL, "10.1.2.3"},
        {"10.0.0.0/8", "10.1.2.3", "203.0.113.5", "nonsense, 10.9.9.9", "10.9.9.9"},
        {"10.0.0.0/8", "10.1.2.3", "", NULL, "10.1.2.3"},
        /* Both kinds, also one inside the other. */
        {"fd00::/8", "fd12::1", "2001:db8::5", NULL, "2001:db8::5"},
        {"fd00::/8", "fe12::1", "2001:db8::5", NULL, "fe12::1"},
        {"10.0.0.0/8", "::ffff:10.1.2.3", "203.0.113.5", NULL, "203.0.113.5"},
        {"10.1.2.0/23", "10.1.3.255", "203.0.113.5", NULL, "203.0.113.5"},
        {"10.1.2.0/23", "10.1.4.0", "203.0.113.5", NULL, "10.1.4.0"},
        {"0.0.0.0/0", "192.0.2.7", "203.0.113.5", NULL, "203.0.113.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proxies p;
        char out[ADDRESS_TEXT_MAX];
        struct http_request r = {0};
        assert_true(proxies_parse(slice_from(rows[i].proxies), &p));
        const char *const values[] = {rows[i].first, rows[i].second};
        for (size_t k = 0; k < 2 && values[k] != NULL; k++)
            r.headers[r.header_count++] =
                (struct http_header){SLICE("X-forwarded-For"), slice_from(values[k])};
        r.headers[r.header_count++] = (struct http_header){SLICE("Host"), SLICE("198.51.100.9")};
        assert_int_equal(client_address(&p, &r, rows[i].peer, out), strlen(rows[i].client));
        if (strcmp(out, rows[i].client) != 0)
            fail_msg("row %zu: %s", i, out);
    }
}

static void test_no_peer(void **state)
{
    (void)state;
    struct proxies p = {.count = 0};
    struct http_request r = {0};
    char out[ADDRESS_TEXT_MAX] = "x";
    assert_int_equal(client_address(&p, &r, NULL, out), 0);
    assert_string_equal(out, "");
    assert_int_equal(
        client_address(&p, &r, "a peer whose name is far too long to be an address at all", out),
        0);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_no_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
