/* Every row is read whole, byte by byte, and cut in two at every place: the answers must agree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fuzz/trace.h"

static const struct http_limits limits = {.head_bytes_max = 512, .body_bytes_max = 32};

struct row {
    const char *input;
    const char *trace;
};

#define H "Host: a\r\n"
#define WS "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
#define WS_T "|Upgrade=websocket|Connection=keep-alive, Upgrade|Sec-WebSocket-Version=13"
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static void check_pieces(const struct row *row, size_t len, size_t first, size_t step)
{
    struct buf out;
    buf_init(&out, MEM_MAIN, TRACE_BYTES_MAX);
    trace_http(&out, &limits, row->input, len, first, step);
    buf_putc(&out, 0);
    assert_false(out.failed);
    assert_string_equal(out.data, row->trace);
    buf_deinit(&out);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(rows[i].input);
        check_pieces(&rows[i], len, len, len);
        check_pieces(&rows[i], len, 1, 1);
        check_pieces(&rows[i], len, 1, 7);
        for (size_t cut = 1; cut < len; cut++)
            check_pieces(&rows[i], len, cut, len);
    }
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void test_requests(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /x HTTP/1.1\r\n" H "\r\n", "GET [/x][/x][] keep|Host=a|\nidle\n"},
        {"GET /x?a=1&b=%20?c HTTP/1.1\r\n" H "\r\n",
         "GET [/x?a=1&b=%20?c][/x][a=1&b=%20?c] keep|Host=a|\nidle\n"},
        {"GET /? HTTP/1.1\r\n" H "\r\n", "GET [/?][/][] keep|Host=a|\nidle\n"},
        {"\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET [/][/][] keep|Host=a|\nidle\n"},
        {"\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET [/][/][] keep|Host=a|\nidle\n"},
        {"GET http://h/p?q HTTP/1.1\r\n" H "\r\n",
         "GET [http://h/p?q][/p][q] keep|Host=a|\nidle\n"},
        {"GET http://h HTTP/1.1\r\n" H "\r\n", "GET [http://h][/][] keep|Host=a|\nidle\n"},
        {"GET http://h?q HTTP/1.1\r\n" H "\r\n", "GET [http://h?q][/][q] keep|Host=a|\nidle\n"},
        {"OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS [*][*][] keep|Host=a|\nidle\n"},
        {"HEAD / HTTP/1.1\r\n" H "\r\n", "HEAD [/][/][] keep|Host=a|\nidle\n"},
        {"CONNECT h:1 HTTP/1.1\r\n" H "\r\n", "OTHER [h:1][h:1][] keep|Host=a|\nidle\n"},
        {"PROPFIND / HTTP/1.1\r\n" H "\r\n", "OTHER [/][/][] keep|Host=a|\nidle\n"},
        {"DELETE / HTTP/1.1\r\n" H "Connection: Close\r\n\r\nrest",
         "DELETE [/][/][] close|Host=a|Connection=Close|\n"},
        {"GET / HTTP/1.0\r\n\r\nrest", "GET [/][/][] close|\n"},
        {"GET / HTTP/1.0\r\nConnection: x, keep-alive\r\n\r\n",
         "GET [/][/][] keep|Connection=x, keep-alive|\nidle\n"},
        {"GET / HTTP/1.1\r\nHOST:a\r\nE:\r\nF: \r\nG: \t x y \t\r\n\r\n",
         "GET [/][/][] keep|HOST=a|E=|F=|G=x y|\nidle\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xC3\xA9\r\n\r\n",
         "GET [/][/][] keep|Host=a|X=caf\xC3\xA9|\nidle\n"},
        {"", "idle\n"},
        {"\r\n", "in head\n"},
        {"G", "in head\n"},
        {"GET / HTTP/1.1\r\n" H "\r", "in head\n"},
    };
    CHECK(rows);
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello",
         "head POST [/][/][] keep|Host=a|Content-Length=5|hello\nidle\n"},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
         "POST [/][/][] keep|Host=a|Content-Length=0|\nidle\n"},
        {"POST / HTTP/1.1\r\n" H "\r\n", "POST [/][/][] keep|Host=a|\nidle\n"},
        {"PUT / HTTP/1.1\r\n" H "Content-Length: 5 \r\nExpect: 100-Continue\r\n\r\nhel",
         "head in body\n"},
        {"PUT / HTTP/1.1\r\n" H "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\nhe",
         "head PUT [/][/][] keep expect|Host=a|Content-Length=2|Expect=100-Continue|he\nidle\n"},
        {"PUT / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhe",
         "head PUT [/][/][] close|Content-Length=2|Expect=100-continue|he\n"},
        {"GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n",
         "GET [/][/][] keep|Host=a|Expect=100-continue|\nidle\n"},
        {"PATCH / HTTP/1.1\r\n" H "Content-Length: 32\r\n\r\n0123456789abcdef0123456789abcdef",
         "head PATCH [/][/][] keep|Host=a|Content-Length=32|"
         "0123456789abcdef0123456789abcdef\nidle\n"},
    };
    CHECK(rows);
}

#define CH "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
#define CH_T "head POST [/][/][] keep|Host=a|Transfer-Encoding=chunked|"

static void test_chunked(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CH "5\r\nhello\r\n0\r\n\r\n", CH_T "hello\nidle\n"},
        {CH "0\r\n\r\n", CH_T "\nidle\n"},
        {CH "1\r\na\r\n00002\r\nbc\r\n0\r\n\r\n", CH_T "abc\nidle\n"},
        {CH "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", CH_T "01234567890123456789\nidle\n"},
        {CH "5;x=y;z=\"q\"\r\nhello\r\n0 \r\n\r\n", CH_T "hello\nidle\n"},
        {CH "2\r\n\r\n\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", CH_T "\r\n\nidle\n"},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
         "head POST [/][/][] keep|Host=a|Transfer-Encoding=Chunked|\nidle\n"},
        {CH "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n",
         CH_T "0123456789abcdef0123456789abcdef\nidle\n"},
        {CH "5\r\nhel", "head in body\n"},
        {CH "5\r\nhello\r\n0\r\n", "head in body\n"},
        {CH "21\r\n", "head !ENTITY_TOO_LARGE\n"},
        {CH "10\r\n0123456789abcdef\r\n11\r\n", "head !ENTITY_TOO_LARGE\n"},
        {CH "fffffffffffffffff\r\n", "head !ENTITY_TOO_LARGE\n"},
        {CH "00000000000000001\r\n", "head !BAD_REQUEST\n"},
        {CH "\r\n", "head !BAD_REQUEST\n"},
        {CH "x\r\n", "head !BAD_REQUEST\n"},
        {CH "0x1\r\n", "head !BAD_REQUEST\n"},
        {CH "-1\r\n", "head !BAD_REQUEST\n"},
        {CH " 1\r\n", "head !BAD_REQUEST\n"},
        {CH "1g\r\n", "head !BAD_REQUEST\n"},
        {CH "5\rXhello\r\n", "head !BAD_REQUEST\n"},
        {CH "5\nhello\n", "head !BAD_REQUEST\n"},
        {CH "5\r\nhelloXX0\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "5\r\nhello\n\n0\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "5\r\nhello\rX", "head !BAD_REQUEST\n"},
        {CH "5;a\nb\r\n", "head !BAD_REQUEST\n"},
        {CH "5;\x01\r\n", "head !BAD_REQUEST\n"},
        {CH "0\r\nX: 1\r\n folded\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "0\r\nno colon\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "0\r\n: v\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "0\r\nX: 1\nY: 2\r\n\r\n", "head !BAD_REQUEST\n"},
        {CH "0\r\n\rX", "head !BAD_REQUEST\n"},
    };
    CHECK(rows);
}

static void test_pipelining(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /1 HTTP/1.1\r\n" H "\r\nPOST /2 HTTP/1.1\r\n" H
         "Content-Length: 2\r\n\r\nab\r\nGET /3 HTTP/1.1\r\n" H "\r\n",
         "GET [/1][/1][] keep|Host=a|\n"
         "head POST [/2][/2][] keep|Host=a|Content-Length=2|ab\n"
         "GET [/3][/3][] keep|Host=a|\nidle\n"},
        {CH "3\r\nabc\r\n0\r\nT: x\r\n\r\nGET /2 HTTP/1.1\r\n" H "\r\nGE",
         CH_T "abc\nGET [/2][/2][] keep|Host=a|\nin head\n"},
        {"GET /1 HTTP/1.1\r\n" H "\r\nnonsense", "GET [/1][/1][] keep|Host=a|\n!BAD_REQUEST\n"},
    };
    CHECK(rows);
}

static void test_upgrade(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"GET /g HTTP/1.1\r\n" H WS "Sec-WebSocket-Key: " KEY "\r\n\r\n\x81\x05",
         "GET [/g][/g][] keep websocket|Host=a" WS_T "|Sec-WebSocket-Key=" KEY "|\nleft 2\n"},
        {"GET / HTTP/1.1\r\n" H WS "Sec-WebSocket-Key: short==\r\n\r\n",
         "GET [/][/][] keep|Host=a" WS_T "|Sec-WebSocket-Key=short==|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!=\r\n\r\n",
         "GET [/][/][] keep|Host=a" WS_T "|Sec-WebSocket-Key=dGhlIHNhbXBsZSBub25jZQ!=|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H WS "\r\n", "GET [/][/][] keep|Host=a" WS_T "|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
         "GET [/][/][] keep|Host=a|Upgrade=websocket|Connection=Upgrade|Sec-WebSocket-Version=8|"
         "Sec-WebSocket-Key=" KEY "|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: " KEY "\r\n\r\n",
         "GET [/][/][] keep|Host=a|Upgrade=websocket|Sec-WebSocket-Version=13|"
         "Sec-WebSocket-Key=" KEY "|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n",
         "GET [/][/][] keep|Host=a|Upgrade=h2c|Connection=upgrade|\nidle\n"},
        {"POST / HTTP/1.1\r\n" H WS "Sec-WebSocket-Key: " KEY "\r\n\r\n",
         "POST [/][/][] keep|Host=a" WS_T "|Sec-WebSocket-Key=" KEY "|\nidle\n"},
        {"GET / HTTP/1.0\r\n" H WS "Sec-WebSocket-Key: " KEY "\r\n\r\n",
         "GET [/][/][] keep|Host=a" WS_T "|Sec-WebSocket-Key=" KEY "|\nidle\n"},
        {"GET / HTTP/1.1\r\n" H WS "Content-Length: 1\r\nSec-WebSocket-Key: " KEY "\r\n\r\nx",
         "head GET [/][/][] keep|Host=a" WS_T "|Content-Length=1|Sec-WebSocket-Key=" KEY
         "|x\nidle\n"},
    };
    CHECK(rows);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"get / HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {" GET / HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"\x16\x03\x01", "!BAD_REQUEST\n"},
        {"\n", "!BAD_REQUEST\n"},
        {"\rG", "!BAD_REQUEST\n"},
        {"\r\n\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET  / HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET /  HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1 \r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET /\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/0.9\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.2\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/2.0\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"OPTIONS / RTSP/1.0\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET /a\tb HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET /\xC3\xA9 HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET /\x7F HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET /#f HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET x HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"FROB / HTTP/1.1\r\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\n" H "\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\tfold\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X: a\r\n\tb: c\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X:\r\n \r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X(: a\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H ": a\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X: \x01\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "X: \x7F\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\n" H "host: b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.0\r\n" H "host: b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "!BAD_REQUEST\n"},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!BAD_REQUEST\n"},
    };
    CHECK(rows);
}

#define TEXT(literal) literal, sizeof(literal) - 1

/* NUL needs a length of its own. */
static void test_nul(void **state)
{
    (void)state;
    static const struct slice inputs[] = {
        {TEXT("GET /\0 HTTP/1.1\r\n" H "\r\n")},
        {TEXT("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n")},
        {TEXT("GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n")},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct row row = {inputs[i].data, "!BAD_REQUEST\n"};
        for (size_t cut = 1; cut <= inputs[i].len; cut++)
            check_pieces(&row, inputs[i].len, cut, inputs[i].len);
    }
}

static void test_smuggling(void **state)
{
    (void)state;
#define P "POST / HTTP/1.1\r\n" H
    static const struct row rows[] = {
        {P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: 5, 5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: +5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: -1\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: 0x5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: 5 5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length:\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Content-Length: 99999999999999999999\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Content-Length : 5\r\n\r\nhello", "!BAD_REQUEST\n"},
        {P "Content-Length: 33\r\n\r\n", "!ENTITY_TOO_LARGE\n"},
        {P "Transfer-Encoding: xchunked\r\n\r\n", "!NOT_IMPLEMENTED\n"},
        {P "Transfer-Encoding: gzip\r\n\r\n", "!NOT_IMPLEMENTED\n"},
        {P "Transfer-Encoding: gzip, chunked\r\n\r\n", "!NOT_IMPLEMENTED\n"},
        {P "Transfer-Encoding: identity\r\n\r\n", "!NOT_IMPLEMENTED\n"},
        {P "Transfer-Encoding: chunked, gzip\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", "!NOT_IMPLEMENTED\n"},
        {P "Transfer-Encoding: chunked, chunked\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding:\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: chu\x0Bnked\r\n\r\n0\r\n\r\n", "!BAD_REQUEST\n"},
        {P "Transfer-Encoding: \x0B"
           "chunked\r\n\r\n0\r\n\r\n",
         "!BAD_REQUEST\n"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!BAD_REQUEST\n"},
        {P "X: a\rContent-Length: 5\r\n\r\n", "!BAD_REQUEST\n"},
        {P "X: a\nContent-Length: 5\r\n\r\n", "!BAD_REQUEST\n"},
    };
    CHECK(rows);
}

/* --- sizes --- */

static void append_fields(struct buf *b, size_t count)
{
    buf_append_cstr(b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 1; i < count; i++)
        buf_append_cstr(b, "a: b\r\n");
    buf_append_cstr(b, "\r\n");
}

static void check_built(struct buf *b, const struct http_limits *l, const char *start)
{
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct buf out;
        buf_init(&out, MEM_MAIN, TRACE_BYTES_MAX);
        trace_http(&out, l, b->data, b->len, 0, bytewise ? 1 : b->len);
        assert_true(slice_starts_with(buf_slice(&out), slice_from(start)));
        buf_deinit(&out);
    }
    buf_deinit(b);
}

static void test_header_count(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_MAIN, 65536);
    append_fields(&b, LIMIT_HTTP_HEADERS);
    check_built(&b, &limits, "GET [/]");
    append_fields(&b, LIMIT_HTTP_HEADERS + 1);
    check_built(&b, &limits, "!HEADERS_TOO_LARGE");
}

static void append_target(struct buf *b, size_t len)
{
    buf_append_cstr(b, "GET /");
    for (size_t i = 1; i < len; i++)
        buf_putc(b, 'x');
    buf_append_cstr(b, " HTTP/1.1\r\n" H "\r\n");
}

static void test_sizes(void **state)
{
    (void)state;
    struct http_limits wide = {.head_bytes_max = 16384, .body_bytes_max = 1};
    struct buf b;
    buf_init(&b, MEM_MAIN, 65536);
    append_target(&b, LIMIT_HTTP_TARGET_BYTES);
    check_built(&b, &wide, "GET [/x");
    append_target(&b, LIMIT_HTTP_TARGET_BYTES + 1);
    check_built(&b, &wide, "!URI_TOO_LONG");
    append_target(&b, 12000);
    check_built(&b, &wide, "!URI_TOO_LONG");
    append_target(&b, 600); /* past the whole head's limit, still in the request line */
    check_built(&b, &limits, "!URI_TOO_LONG");

    struct row fits = {"GET / HTTP/1.1\r\n" H "\r\n", "GET"};
    struct http_limits exact = {.head_bytes_max = strlen(fits.input), .body_bytes_max = 1};
    buf_append_cstr(&b, fits.input);
    check_built(&b, &exact, "GET [/]");
    exact.head_bytes_max--;
    buf_append_cstr(&b, fits.input);
    check_built(&b, &exact, "!HEADERS_TOO_LARGE");
}

static void test_chunk_overhead(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_MAIN, 65536);
    buf_append_cstr(&b, CH "1;");
    for (size_t i = 0; i < limits.head_bytes_max; i++)
        buf_putc(&b, 'x');
    buf_append_cstr(&b, "\r\na\r\n0\r\n\r\n");
    check_built(&b, &limits, "head !HEADERS_TOO_LARGE");
    buf_append_cstr(&b, CH "0\r\nT: ");
    for (size_t i = 0; i < limits.head_bytes_max; i++)
        buf_putc(&b, 'x');
    check_built(&b, &limits, "head !HEADERS_TOO_LARGE");
}

/* --- memory --- */

static enum http_feed feed_all(struct http_parser *p, const char *text, enum err *e)
{
    size_t taken = 0;
    size_t len = strlen(text);
    enum http_feed fed = http_parser_feed(p, text, len, &taken, e);
    if (fed == HTTP_FEED_HEAD)
        fed = http_parser_feed(p, text + taken, len - taken, &taken, e);
    return fed;
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char post[] = "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello";
    mem_fail_after(0, 1);
    struct http_parser *none = http_parser_new(&limits);
    mem_fail_never();
    assert_null(none);
    for (uint64_t n = 0; n < 2; n++) { /* the head's memory, the body's */
        struct http_parser *p = http_parser_new(&limits);
        assert_non_null(p);
        enum err e = ERR_OK;
        mem_fail_after(n, 1);
        enum http_feed fed = feed_all(p, post, &e);
        mem_fail_never();
        assert_int_equal(fed, HTTP_FEED_ERROR);
        assert_int_equal(e, ERR_NO_MEMORY);
        assert_int_equal(feed_all(p, post, &e), HTTP_FEED_ERROR); /* it stays failed */
        http_parser_free(&p);
        assert_null(p);
    }
    http_parser_free(&none);
}

static void test_idle_memory(void **state)
{
    (void)state;
    struct http_limits wide = {.head_bytes_max = 16384, .body_bytes_max = 1 << 20};
    struct http_parser *p = http_parser_new(&wide);
    assert_non_null(p);
    size_t before = mem_bytes(MEM_WIRE);
    static const char head[] = "POST / HTTP/1.1\r\n" H "Content-Length: 500000\r\n\r\n";
    enum err e = ERR_OK;
    size_t taken = 0;
    assert_int_equal(http_parser_feed(p, head, strlen(head), &taken, &e), HTTP_FEED_HEAD);
    char block[1000] = {0};
    enum http_feed fed = HTTP_FEED_MORE;
    for (int i = 0; i < 500; i++)
        fed = http_parser_feed(p, block, sizeof block, &taken, &e);
    assert_int_equal(fed, HTTP_FEED_REQUEST);
    assert_true(mem_bytes(MEM_WIRE) - before >= 500000);
    http_parser_next(p);
    assert_true(mem_bytes(MEM_WIRE) - before <= 1024);

    /* From here on a small request needs no allocation. */
    mem_fail_after(0, UINT64_MAX);
    fed = feed_all(p, "GET / HTTP/1.1\r\n" H "\r\n", &e);
    mem_fail_never();
    assert_int_equal(fed, HTTP_FEED_REQUEST);
    http_parser_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_header_count),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_chunk_overhead),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_idle_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
