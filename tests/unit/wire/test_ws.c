/* Every row is read whole, byte by byte, and cut in two at every place: the answers must agree. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fuzz/trace.h"

enum { MAX = 300 };

struct row {
    struct slice input;
    const char *trace;
};

#define B(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
#define Z "\0\0\0\0" /* a mask that changes nothing: payloads stay readable below */

static bool deflate; /* what check_pieces agrees to */

static void check_pieces(const struct row *row, size_t first, size_t step)
{
    struct buf out;
    buf_init(&out, MEM_MAIN, TRACE_BYTES_MAX);
    trace_ws(&out, MAX, deflate, row->input, first, step);
    buf_putc(&out, 0);
    assert_false(out.failed);
    assert_string_equal(out.data, row->trace);
    buf_deinit(&out);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = rows[i].input.len;
        check_pieces(&rows[i], len, len);
        check_pieces(&rows[i], 1, 1);
        check_pieces(&rows[i], 1, 3);
        for (size_t cut = 1; cut < len; cut++)
            check_pieces(&rows[i], cut, len);
    }
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void test_messages(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* RFC 6455 §5.7: a single-frame masked text message, a masked pong */
        {B("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "message 1 0 Hello\nidle\n"},
        {B("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong 10 0 Hello\nidle\n"},
        /* its fragmented message, masked */
        {B("\x01\x83" Z "Hel\x80\x82" Z "lo"), "message 1 0 Hello\nidle\n"},
        {B("\x81\x80" Z), "message 1 0 \nidle\n"},
        {B("\x82\x82" Z "\xff\xfe"), "message 2 0 \xff\xfe\nidle\n"},
        {B("\x81\x81" Z "a\x81\x81" Z "b\x89\x80" Z),
         "message 1 0 a\nmessage 1 0 b\nping 9 0 \nidle\n"},
        /* control frames between fragments */
        {B("\x01\x81" Z "a\x89\x82" Z "hi\x00\x81" Z "b\x8a\x80" Z "\x80\x81" Z "c"),
         "ping 9 0 hi\npong 10 0 \nmessage 1 0 abc\nidle\n"},
        {B("\x02\x80" Z "\x80\x80" Z), "message 2 0 \nidle\n"},
        /* a character cut by a fragment */
        {B("\x01\x81" Z "\xc3\x80\x81" Z "\xa9"), "message 1 0 \xc3\xa9\nidle\n"},
        {B("\x81\x84" Z "\xf0\x9f\x98\x80"), "message 1 0 \xf0\x9f\x98\x80\nidle\n"},
        {B("\x81"), "in header\n"},
        {B("\x81\x85\x37"), "in header\n"},
        {B("\x81\x82" Z "a"), "in message\n"},
        {B("\x01\x81" Z "a"), "in message\n"},
    };
    CHECK(rows);
}

static void test_protocol_errors(void **state)
{
    (void)state;
#define BAD "!WS_PROTOCOL\nclosed\n"
    static const struct row rows[] = {
        {B("\x81\x05Hello"), BAD}, /* not masked */
        {B("\xc1\x80" Z), BAD},    /* RSV1 */
        {B("\xa1\x80" Z), BAD},    /* RSV2 */
        {B("\x91\x80" Z), BAD},    /* RSV3 */
        {B("\x83\x80" Z), BAD},    /* opcodes without a meaning */
        {B("\x87\x80" Z), BAD},
        {B("\x8b\x80" Z), BAD},
        {B("\x8f\x80" Z), BAD},
        {B("\x09\x80" Z), BAD}, /* fragmented control frames */
        {B("\x08\x80" Z), BAD},
        {B("\x0a\x80" Z), BAD},
        {B("\x89\xfe\x00\x7e" Z), BAD}, /* a long one */
        {B("\x89\xff\x00\x00\x00\x00\x00\x00\x00\x7e" Z), BAD},
        {B("\x80\x80" Z), BAD}, /* continuation of nothing */
        {B("\x00\x80" Z), BAD},
        {B("\x01\x81" Z "a\x81\x81" Z "b"), BAD}, /* a message in a message */
        {B("\x01\x81" Z "a\x02\x81" Z "b"), BAD},
        {B("\x81\xfe\x00\x7d" Z), BAD}, /* not the shortest length */
        {B("\x81\xfe\x00\x00" Z), BAD},
        {B("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff" Z), BAD},
        {B("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00" Z), BAD}, /* 64 bits */
        {B("\x88\x81" Z "\x03"), BAD},                          /* half a close code */
        {B("\x81\x81" Z "a\x81\x05"), "message 1 0 a\n" BAD},
    };
    CHECK(rows);
}

static void test_utf8_errors(void **state)
{
    (void)state;
#define BAD_TEXT "!WS_INVALID_UTF8\nclosed\n"
    static const struct row rows[] = {
        {B("\x81\x81" Z "\xff"), BAD_TEXT},
        {B("\x81\x81" Z "\xc3"), BAD_TEXT},               /* cut off by the end */
        {B("\x01\x81" Z "\xc3\x80\x81" Z "a"), BAD_TEXT}, /* wrong in the next fragment */
        {B("\x81\x83" Z "\xed\xa0\x80"), BAD_TEXT},       /* a surrogate */
        {B("\x01\x82" Z "\xc0\x80"), BAD_TEXT},           /* known before the end */
        {B("\x88\x83" Z "\x03\xe8\xff"), BAD_TEXT},       /* in a reason */
        {B("\x88\x83" Z "\x03\xe8\xc3"), BAD_TEXT},
    };
    CHECK(rows);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {B("\x82\xfe\x01\x2d" Z), "!WS_TOO_BIG\nclosed\n"}, /* 301, from the header */
        {B("\x82\xff\x00\x00\x00\x01\x00\x00\x00\x00" Z), "!WS_TOO_BIG\nclosed\n"},
        {B("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" Z), "!WS_TOO_BIG\nclosed\n"},
        {B("\x02\x82" Z "ab\x80\xfe\x01\x2b" Z), "!WS_TOO_BIG\nclosed\n"}, /* 2 + 299 */
    };
    CHECK(rows);
    char frame[8 + MAX] = "\x82\xfe\x01\x2c";
    char trace[MAX + 64] = "message 2 0 ";
    memset(frame + 8, 'x', MAX);
    memset(trace + 12, 'x', MAX);
    memcpy(trace + 12 + MAX, "\nidle\n", 7);
    struct row fits = {{frame, sizeof frame}, trace};
    check_rows(&fits, 1);
}

static void test_close(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {B("\x88\x80" Z), "close 8 1005 \nclosed\n"},
        {B("\x88\x82" Z "\x03\xe8"), "close 8 1000 \nclosed\n"},
        {B("\x88\x85" Z "\x0f\xa0"
           "bye"),
         "close 8 4000 bye\nclosed\n"},
        {B("\x88\x80" Z "\x81\x81" Z "a garbage"), "close 8 1005 \nclosed\n"},
        {B("\x01\x81" Z "a\x88\x80" Z), "close 8 1005 \nclosed\n"},
    };
    CHECK(rows);
}

static void test_close_codes(void **state)
{
    (void)state;
    static const struct {
        uint16_t from, to;
        bool valid;
    } rows[] = {
        {0, 999, false},     {1000, 1003, true}, {1004, 1006, false},  {1007, 1014, true},
        {1015, 2999, false}, {3000, 4999, true}, {5000, 65535, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned code = rows[i].from; code <= rows[i].to; code++) {
            char frame[] = {'\x88', '\x82', 0, 0, 0, 0, (char)(code >> 8), (char)code};
            struct ws_decoder d;
            struct ws_item item;
            size_t taken = 0;
            ws_decoder_init(&d, MAX);
            enum ws_event event = ws_decoder_feed(&d, frame, sizeof frame, &taken, &item);
            assert_int_equal(event, rows[i].valid ? WS_EVENT_CLOSE : WS_EVENT_ERROR);
            if (rows[i].valid)
                assert_int_equal(item.close_code, code);
            else
                assert_int_equal(item.error, ERR_WS_PROTOCOL);
            ws_decoder_deinit(&d);
        }
    }
}

/* Real masks: what any client sends comes back as it was. */
static void test_masks(void **state)
{
    (void)state;
    static const char text[] = "the quick brown fox jumps over the lazy dog, again and again";
    size_t len = sizeof text - 1;
    char frame[6 + sizeof text] = {'\x82', (char)(0x80 | len), '\xa1', '\x02', '\xf3', '\x44'};
    for (size_t i = 0; i < len; i++)
        frame[6 + i] = (char)(text[i] ^ frame[2 + i % 4]);
    char trace[128] = "message 2 0 ";
    memcpy(trace + 12, text, len);
    memcpy(trace + 12 + len, "\nidle\n", 7);
    struct row row = {{frame, 6 + len}, trace};
    check_rows(&row, 1);
}

static void test_memory(void **state)
{
    (void)state;
    static const char frame[] = "\x81\x82" Z "ab";
    struct ws_decoder d;
    struct ws_item item;
    size_t taken = 0;
    size_t before = mem_bytes(MEM_WIRE);
    ws_decoder_init(&d, MAX);
    assert_int_equal(ws_decoder_feed(&d, frame, sizeof frame - 1, &taken, &item), WS_EVENT_MESSAGE);
    assert_int_equal(ws_decoder_feed(&d, frame, 0, &taken, &item), WS_EVENT_MORE);
    assert_int_equal(mem_bytes(MEM_WIRE), before);

    mem_fail_after(0, 1);
    enum ws_event event = ws_decoder_feed(&d, frame, sizeof frame - 1, &taken, &item);
    mem_fail_never();
    assert_int_equal(event, WS_EVENT_ERROR);
    assert_int_equal(item.error, ERR_NO_MEMORY);
    ws_decoder_deinit(&d);
    assert_int_equal(mem_bytes(MEM_WIRE), before);
}

static void test_header_encode(void **state)
{
    (void)state;
    static const struct {
        uint64_t len;
        struct slice header;
    } rows[] = {
        {0, B("\x81\x00")},
        {5, B("\x81\x05")},
        {125, B("\x81\x7d")},
        {126, B("\x81\x7e\x00\x7e")},
        {256, B("\x81\x7e\x01\x00")}, /* RFC 6455 §5.7 */
        {65535, B("\x81\x7e\xff\xff")},
        {65536, B("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")}, /* RFC 6455 §5.7 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[WS_HEADER_MAX];
        size_t n = ws_header_encode(out, WS_TEXT, rows[i].len);
        assert_int_equal(n, rows[i].header.len);
        assert_memory_equal(out, rows[i].header.data, n);
    }
}

static void test_close_encode(void **state)
{
    (void)state;
    uint8_t out[2 + WS_CONTROL_MAX];
    assert_int_equal(ws_close_encode(out, 4004, SLICE("no")), 6);
    assert_memory_equal(out, "\x88\x04\x0f\xa4no", 6);
    assert_int_equal(ws_close_encode(out, 1000, (struct slice){0}), 4);
    assert_memory_equal(out, "\x88\x02\x03\xe8", 4);

    char reason[200]; /* 122 bytes, then characters of two: the 123rd would be half of one */
    memset(reason, 'x', 122);
    for (size_t i = 122; i < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa9", 2);
    assert_int_equal(ws_close_encode(out, 1000, slice_of(reason, sizeof reason)), 2 + 2 + 122);
    assert_int_equal(out[1], 124);
}

static void test_accept(void **state)
{
    (void)state;
    char out[WS_ACCEPT_LEN + 1];
    ws_accept_key(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), out); /* RFC 6455 §1.3 */
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* RFC 7692 §6: the first reserved bit, on the first frame of a message only. */
static void test_deflated_messages(void **state)
{
    (void)state;
    static const struct row agreed[] = {
        {B("\xc1\x85" Z "\xf2\x48\xcd\xc9\xc9"),
         "deflated message 1 0 \xf2\x48\xcd\xc9\xc9\nidle\n"},
        {B("\xc2\x81" Z "\xff"), "deflated message 2 0 \xff\nidle\n"},
        {B("\x41\x83" Z "\xf2\x48\xcd\x89\x80" Z "\x80\x82" Z "\xc9\xff"),
         "ping 9 0 \ndeflated message 1 0 \xf2\x48\xcd\xc9\xff\nidle\n"},
        {B("\xc1\x81" Z "\xff\x81\x81" Z "b"), "deflated message 1 0 \xff\nmessage 1 0 b\nidle\n"},
        {B("\x81\x81" Z "\xff"), "!WS_INVALID_UTF8\nclosed\n"},
        {B("\x41\x81" Z "a\xc0\x81" Z "b"), "!WS_PROTOCOL\nclosed\n"},
        {B("\xc9\x80" Z), "!WS_PROTOCOL\nclosed\n"},
        {B("\xc8\x80" Z), "!WS_PROTOCOL\nclosed\n"},
        {B("\xa1\x80" Z), "!WS_PROTOCOL\nclosed\n"},
        {B("\xd1\x80" Z), "!WS_PROTOCOL\nclosed\n"},
    };
    static const struct row not_agreed[] = {{B("\xc1\x80" Z), "!WS_PROTOCOL\nclosed\n"}};
    deflate = true;
    CHECK(agreed);
    deflate = false;
    CHECK(not_agreed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deflated_messages),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_protocol_errors),
        cmocka_unit_test(test_utf8_errors),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_header_encode),
        cmocka_unit_test(test_close_encode),
        cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
