/* Bodies that pass through a window: the same bytes and the same errors, however they are cut and
 * whenever the window is emptied. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/http.h"

enum { WINDOW = 8, TEXT_MAX = 256 };

struct outcome {
    char text[TEXT_MAX];
    size_t len;
    enum err error;
    bool whole;
    size_t left; /* bytes behind the request */
};

static void take(struct http_parser *p, struct outcome *o)
{
    struct buf b;
    buf_init(&b, MEM_WIRE, WINDOW);
    http_parser_take(p, &b);
    assert_true(b.len <= WINDOW && o->len + b.len <= TEXT_MAX);
    if (b.len > 0)
        memcpy(o->text + o->len, b.data, b.len);
    o->len += b.len;
    buf_deinit(&b);
    assert_int_equal(http_parser_held(p), 0);
}

/* One piece of input; the window is emptied when it is full (or always, if `eager`). */
static bool feed(struct http_parser *p, struct slice in, uint64_t max, bool eager,
                 struct outcome *o)
{
    while (in.len > 0) {
        size_t taken = 0;
        enum http_feed f = http_parser_feed(p, in.data, in.len, &taken, &o->error);
        in = slice_of(in.data + taken, in.len - taken);
        if (f == HTTP_FEED_ERROR)
            return false;
        if (f == HTTP_FEED_HEAD)
            http_parser_stream(p, max, WINDOW);
        if (f == HTTP_FEED_MORE && in.len > 0)
            assert_true(http_parser_is_full(p));
        if (f == HTTP_FEED_REQUEST) {
            o->whole = true;
            o->left = in.len;
            assert_int_equal(http_parser_request(p)->body.len, 0);
            take(p, o);
            return false;
        }
        if (http_parser_is_full(p) || (eager && http_parser_held(p) > 0))
            take(p, o);
    }
    return true;
}

static struct outcome run(struct slice all, uint64_t max, size_t first, size_t step, bool eager)
{
    const struct http_limits limits = {
        .head_bytes_max = 4096, .body_bytes_max = 16, .stream_bytes_max = 1024};
    struct http_parser *p = http_parser_new(&limits);
    struct outcome o = {.error = ERR_OK};
    assert_non_null(p);
    size_t n = first;
    for (size_t at = 0; at < all.len; at += n, n = step) {
        n = n < all.len - at ? n : all.len - at;
        if (!feed(p, slice_of(all.data + at, n), max, eager, &o))
            break;
    }
    if (o.whole) {
        http_parser_next(p); /* and it is an ordinary parser again */
        size_t taken = 0;
        const char next[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
        enum err e;
        assert_int_equal(http_parser_feed(p, next, sizeof next - 1, &taken, &e), HTTP_FEED_HEAD);
        size_t rest = sizeof next - 1 - taken;
        assert_int_equal(http_parser_feed(p, next + taken, rest, &taken, &e), HTTP_FEED_REQUEST);
        assert_true(slice_eq_cstr(http_parser_request(p)->body, "ab"));
    }
    http_parser_free(&p);
    return o;
}

#define HEAD "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *all;
    uint64_t max;
    const char *body; /* NULL: an error */
    enum err error;
} rows[] = {
    {HEAD "Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz", 1024,
     "abcdefghijklmnopqrstuvwxyz", ERR_OK},
    {HEAD "Content-Length: 8\r\n\r\nabcdefgh", 1024, "abcdefgh", ERR_OK},
    {HEAD "Content-Length: 1025\r\n\r\n", 1024, NULL, ERR_ENTITY_TOO_LARGE},
    {CHUNKED "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", 1024, "abcdefghijklmnopqrstuvwxyz",
     ERR_OK},
    {CHUNKED "8\r\nabcdefgh\r\n8;x=y\r\nijklmnop\r\n1\r\nq\r\n0\r\nA: b\r\n\r\n", 1024,
     "abcdefghijklmnopq", ERR_OK},
    {CHUNKED "0\r\n\r\n", 1024, "", ERR_OK},
    {CHUNKED "8\r\nabcdefgh\r\n9\r\nijklmnopq\r\n0\r\n\r\n", 17, "abcdefghijklmnopq", ERR_OK},
    {CHUNKED "8\r\nabcdefgh\r\n9\r\nijklmnopq\r\n0\r\n\r\n", 16, NULL, ERR_ENTITY_TOO_LARGE},
    {CHUNKED "8\r\nabcdefghX", 1024, NULL, ERR_BAD_REQUEST},
    {CHUNKED "8\r\nabcdefgh\r\n8\nabc", 1024, NULL, ERR_BAD_REQUEST},
};

static void check(size_t i, const struct outcome *o)
{
    bool good = rows[i].body != NULL ? o->whole && o->left == 0 && o->error == ERR_OK &&
                                           slice_eq_cstr(slice_of(o->text, o->len), rows[i].body)
                                     : !o->whole && o->error == rows[i].error;
    if (!good)
        fail_msg("row %zu: %s, %.*s", i, err_info(o->error)->name, (int)o->len, o->text);
}

static void test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice all = slice_from(rows[i].all);
        for (size_t first = 1; first <= all.len; first++)
            for (int eager = 0; eager < 2; eager++) {
                struct outcome o = run(all, rows[i].max, first, all.len, eager);
                check(i, &o);
                o = run(all, rows[i].max, first, 1, eager);
                check(i, &o);
            }
    }
}

/* While the window is full nothing is taken. */
static void test_full(void **state)
{
    (void)state;
    const struct http_limits limits = {
        .head_bytes_max = 4096, .body_bytes_max = 16, .stream_bytes_max = 1024};
    struct http_parser *p = http_parser_new(&limits);
    assert_non_null(p);
    const char head[] = HEAD "Content-Length: 26\r\n\r\n";
    size_t taken = 0;
    enum err e = ERR_OK;
    assert_int_equal(http_parser_feed(p, head, sizeof head - 1, &taken, &e), HTTP_FEED_HEAD);
    assert_true(http_parser_request(p)->is_upload);
    assert_int_equal(http_parser_request(p)->declared, 26);
    http_parser_stream(p, 1024, WINDOW);
    assert_int_equal(http_parser_feed(p, "abcdefghij", 10, &taken, &e), HTTP_FEED_MORE);
    assert_int_equal(taken, WINDOW);
    assert_true(http_parser_is_full(p));
    assert_int_equal(http_parser_feed(p, "ij", 2, &taken, &e), HTTP_FEED_MORE);
    assert_int_equal(taken, 0);
    assert_int_equal(http_parser_held(p), WINDOW);
    http_parser_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
