#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "wire/json_write.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void check(struct buf *b, const char *want)
{
    buf_putc(b, 0);
    assert_false(b->failed);
    assert_string_equal(b->data, want);
    buf_deinit(b);
}

static void test_shapes(void **state)
{
    (void)state;
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_MAIN, 4096);
    json_begin(&w, &b);
    json_object_begin(&w);
    json_kv_u64(&w, "a", 1);
    json_key(&w, "b");
    json_array_begin(&w);
    json_array_begin(&w);
    json_array_end(&w);
    json_object_begin(&w);
    json_object_end(&w);
    json_u64(&w, UINT64_MAX);
    json_i64(&w, INT64_MIN);
    json_bool(&w, true);
    json_bool(&w, false);
    json_write_null(&w);
    json_cstr(&w, "x");
    json_raw(&w, SLICE("[1]"));
    json_array_end(&w);
    json_kv_null(&w, "c");
    json_object_end(&w);
    assert_int_equal(w.depth, 0);
    check(&b, "{\"a\":1,\"b\":[[],{},18446744073709551615,-9223372036854775808,true,false,null,"
              "\"x\",[1]],\"c\":null}");
}

/* Each level counts its own commas, also when a level of the same depth was there before. */
static void test_siblings(void **state)
{
    (void)state;
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_MAIN, 4096);
    json_begin(&w, &b);
    json_array_begin(&w);
    for (uint64_t i = 0; i < 3; i++) {
        json_object_begin(&w);
        json_kv_u64(&w, "a", i);
        json_kv_u64(&w, "b", i);
        json_object_end(&w);
    }
    json_array_end(&w);
    check(&b, "[{\"a\":0,\"b\":0},{\"a\":1,\"b\":1},{\"a\":2,\"b\":2}]");
}

static void test_depth(void **state)
{
    (void)state;
    char want[2 * 63 + 1] = {0};
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_MAIN, 4096);
    json_begin(&w, &b);
    memset(want, '[', 63);
    memset(want + 63, ']', 63);
    for (int i = 0; i < 63; i++)
        json_array_begin(&w);
    for (int i = 0; i < 63; i++)
        json_array_end(&w);
    check(&b, want);
}

static void test_pairs(void **state)
{
    (void)state;
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_MAIN, 4096);
    json_begin(&w, &b);
    json_object_begin(&w);
    json_kv_str(&w, "a", SLICE("s"));
    json_kv_str_or_null(&w, "b", (struct slice){0});
    json_kv_str_or_null(&w, "c", SLICE(""));
    json_kv_cstr(&w, "d", "t");
    json_kv_i64(&w, "e", -5);
    json_kv_id(&w, "f", 175928847299117063);
    json_kv_id_or_null(&w, "g", 0);
    json_kv_id_or_null(&w, "h", 7);
    json_kv_bool(&w, "i", true);
    json_kv_time(&w, "j", 1420070400123);
    json_kv_time_or_null(&w, "k", 0);
    json_kv_time_or_null(&w, "l", 1000);
    json_kv_raw(&w, "m", "{\"n\":[]}");
    json_object_end(&w);
    check(&b,
          "{\"a\":\"s\",\"b\":null,\"c\":\"\",\"d\":\"t\",\"e\":-5,\"f\":\"175928847299117063\","
          "\"g\":null,\"h\":\"7\",\"i\":true,\"j\":\"2015-01-01T00:00:00.123000+00:00\","
          "\"k\":null,\"l\":\"1970-01-01T00:00:01.000000+00:00\",\"m\":{\"n\":[]}}");
}

static void check_str(struct slice in, const char *want)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, MEM_MAIN, 4096);
    json_begin(&w, &b);
    json_str(&w, in);
    check(&b, want);
}

static void test_escapes(void **state)
{
    (void)state;
#define FF "\xef\xbf\xbd"
    static const struct {
        struct slice in;
        const char *want;
    } rows[] = {
        {TEXT(""), "\"\""},
        {TEXT("plain text that is longer than a word"),
         "\"plain text that is longer than a word\""},
        {TEXT("\"\\/"), "\"\\\"\\\\/\""},
        {TEXT("\b\t\n\f\r\v"), "\"\\b\\t\\n\\f\\r\\u000b\""},
        {TEXT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
        {TEXT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
         "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {TEXT("a\xff"
              "b"),
         "\"a" FF "b\""},
        {TEXT("\xc3"), "\"" FF "\""},
        {TEXT("\xc3("), "\"" FF "(\""},
        {TEXT("\xe2\x82"), "\"" FF FF "\""},
        {TEXT("\xc0\xaf"), "\"" FF FF "\""},
        {TEXT("\xed\xa0\x80"), "\"" FF FF FF "\""},
        {TEXT("\xf4\x90\x80\x80"), "\"" FF FF FF FF "\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_str(rows[i].in, rows[i].want);
}

/* What the escaper sees eight bytes at a time must not depend on where a byte stands. */
static void test_escape_positions(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char one[16];
        struct buf single;
        struct json_writer w;
        buf_init(&single, MEM_MAIN, 64);
        json_begin(&w, &single);
        one[0] = (char)c;
        json_str(&w, slice_of(one, 1));
        for (size_t at = 0; at < 16; at++) {
            char text[16];
            char want[64] = "\"";
            memset(text, 0x20 + (int)at % 2 * 0x5e, sizeof text); /* ' ' and '~', the extremes */
            memcpy(want + 1, text, at);
            text[at] = (char)c;
            memcpy(want + 1 + at, single.data + 1, single.len - 2);
            memcpy(want + at + single.len - 1, text + at + 1, 15 - at);
            want[at + single.len - 1 + 15 - at] = '"';
            check_str(slice_of(text, sizeof text), want);
        }
        buf_deinit(&single);
    }
}

static void test_reals(void **state)
{
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *want;
    } rows[] = {{0, 0, "0"},         {1.5, 3, "1.500"},
                {-0.25, 2, "-0.25"}, {1e15, 1, "1000000000000000.0"},
                {NAN, 2, "null"},    {INFINITY, 2, "null"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, MEM_MAIN, 512);
        json_begin(&w, &b);
        json_write_real(&w, rows[i].v, rows[i].decimals);
        check(&b, rows[i].want);
    }
}

static void write_sample(struct json_writer *w)
{
    json_object_begin(w);
    json_kv_str(w, "content", SLICE("a \"quoted\" \n text"));
    json_kv_id(w, "id", 12345);
    json_object_end(w);
}

static void test_limits(void **state)
{
    (void)state;
    static const char want[] = "{\"content\":\"a \\\"quoted\\\" \\n text\",\"id\":\"12345\"}";
    for (size_t max = 1; max <= sizeof want; max++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, MEM_MAIN, max);
        json_begin(&w, &b);
        write_sample(&w);
        assert_int_equal(b.failed, max < sizeof want - 1);
        buf_deinit(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),  cmocka_unit_test(test_siblings),
        cmocka_unit_test(test_depth),   cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_escape_positions),
        cmocka_unit_test(test_reals),   cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
