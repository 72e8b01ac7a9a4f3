/* What an upgrade asks for: versions, encodings, compressions, offers of permessage-deflate. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/negotiate.h"

static const char *ask(const char *query, const char *offers, bool per_message,
                       struct gw_terms *out)
{
    static struct http_request r;
    r.query = slice_from(query);
    r.headers[0] = (struct http_header){SLICE("Sec-WebSocket-Extensions"), slice_from(offers)};
    r.header_count = offers[0] == '\0' ? 0 : 1;
    return gw_negotiate(&r, per_message, out);
}

static void test_queries(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool refused;
        uint32_t version;
        enum gw_encoding encoding;
        enum gw_compress compress;
    } rows[] = {
        {"", false, 10, GW_JSON, GW_PLAIN},
        {"v=10&encoding=json", false, 10, GW_JSON, GW_PLAIN},
        {"v=9", false, 9, GW_JSON, GW_PLAIN},
        {"v=8", false, 0, GW_JSON, GW_PLAIN},
        {"encoding=etf&v=10", false, 10, GW_ETF, GW_PLAIN},
        {"compress=zlib-stream", false, 10, GW_JSON, GW_ZLIB_STREAM},
        {"encoding=etf&compress=zstd-stream", false, 10, GW_ETF, GW_ZSTD_STREAM},
        {"compress=", false, 10, GW_JSON, GW_PLAIN},
        {"encoding=", true, 0, GW_JSON, GW_PLAIN},
        {"encoding=xml", true, 0, GW_JSON, GW_PLAIN},
        {"encoding=JSON", true, 0, GW_JSON, GW_PLAIN},
        {"compress=gzip", true, 0, GW_JSON, GW_PLAIN},
        {"compress=zlib-stream2", true, 0, GW_JSON, GW_PLAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gw_terms t;
        const char *why = ask(rows[i].query, "permessage-deflate", false, &t);
        assert_int_equal(why != NULL, rows[i].refused);
        if (rows[i].refused)
            continue;
        assert_int_equal(t.version, rows[i].version);
        assert_int_equal(t.encoding, rows[i].encoding);
        assert_int_equal(t.compress, rows[i].compress);
        assert_string_equal(gw_extension_line(&t), "");
    }
}

static void test_offers(void **state)
{
    (void)state;
    static const struct {
        const char *offers;
        bool accepted;
        bool window_bits;
    } rows[] = {
        {"", false, false},
        {"permessage-deflate", true, false},
        {"  permessage-deflate  ; client_max_window_bits", true, false},
        {"permessage-deflate; client_max_window_bits=10", true, false},
        {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", true, false},
        {"permessage-deflate; server_max_window_bits=15", true, true},
        {"permessage-deflate; server_max_window_bits=\"15\"", true, true},
        {"permessage-deflate; server_max_window_bits=14", false, false},
        {"permessage-deflate; server_max_window_bits=14, permessage-deflate", true, false},
        {"x-webkit-deflate-frame, permessage-deflate;server_max_window_bits=15", true, true},
        {"permessage-deflate; server_max_window_bits", false, false},
        {"permessage-deflate; server_max_window_bits=16", false, false},
        {"permessage-deflate; server_max_window_bits=015", false, false},
        {"permessage-deflate; client_max_window_bits=7", false, false},
        {"permessage-deflate; server_no_context_takeover=1", false, false},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits", false, false},
        {"permessage-deflate; mux", false, false},
        {"permessage-deflate2", false, false},
        {",,;,=,permessage-deflate", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gw_terms t;
        assert_null(ask("v=10", rows[i].offers, true, &t));
        if ((t.compress == GW_PER_MESSAGE) != rows[i].accepted)
            fail_msg("%s", rows[i].offers);
        const char *line = gw_extension_line(&t);
        assert_int_equal(line[0] != '\0', rows[i].accepted);
        assert_int_equal(strstr(line, "server_max_window_bits=15\r\n") != NULL,
                         rows[i].window_bits);
        assert_null(ask("v=10", rows[i].offers, false, &t)); /* switched off */
        assert_int_equal(t.compress, GW_PLAIN);
        assert_null(ask("compress=zlib-stream", rows[i].offers, true, &t)); /* not twice */
        assert_int_equal(t.compress, GW_ZLIB_STREAM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
