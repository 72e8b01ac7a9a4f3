/* Terms: JSON to ETF against bytes written by hand from OTP's documentation, and commands back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "wire/etf.h"
#include "wire/json_read.h"

enum { DEPTH = 16 };

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, MEM_MAIN, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

static bool write_message(struct slice json)
{
    struct etf_writer w;
    buf_reset(&out);
    etf_begin_message(&w, &out);
    etf_text(&w, json);
    return etf_end(&w);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        struct slice json;
        struct slice etf; /* after the version */
    } rows[] = {
        {BYTES("0"), BYTES("a\0")},
        {BYTES("255"), BYTES("a\377")},
        {BYTES("256"), BYTES("b\0\0\1\0")},
        {BYTES("-1"), BYTES("b\377\377\377\377")},
        {BYTES("-0"), BYTES("a\0")},
        {BYTES("2147483647"), BYTES("b\177\377\377\377")},
        {BYTES("2147483648"), BYTES("n\4\0\0\0\0\200")},
        {BYTES("-2147483648"), BYTES("n\4\1\0\0\0\200")},
        {BYTES("1763700000123"), BYTES("n\6\0\x7b\x45\xb6\xa4\x9a\1")},
        {BYTES("18446744073709551615"), BYTES("n\10\0\377\377\377\377\377\377\377\377")},
        {BYTES("1.5"), BYTES("F\x3f\xf8\0\0\0\0\0\0")},
        {BYTES("-2e3"), BYTES("F\xc0\x9f\x40\0\0\0\0\0")},
        {BYTES("true"), BYTES("s\4true")},
        {BYTES("false"), BYTES("s\5false")},
        {BYTES("null"), BYTES("s\3nil")},
        {BYTES("\"\""), BYTES("m\0\0\0\0")},
        {BYTES("\"12\""), BYTES("m\0\0\0\00212")},
        {BYTES("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\""), BYTES("m\0\0\0\011a\"\\/\b\f\n\r\t")},
        {BYTES("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\""),
         BYTES("m\0\0\0\012A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")},
        {BYTES("\"\\ud83d\""), BYTES("m\0\0\0\3\xef\xbf\xbd")},
        {BYTES("[]"), BYTES("j")},
        {BYTES("[1,[],[2]]"), BYTES("l\0\0\0\3a\1jl\0\0\0\1a\2jj")},
        {BYTES("{}"), BYTES("t\0\0\0\0")},
        {BYTES("{\"op\":11,\"d\":null}"), BYTES("t\0\0\0\2s\2opa\13s\1ds\3nil")},
        {BYTES("{\"d\":{\"x\":{\"y\":1}}}"),
         BYTES("t\0\0\0\1s\1dt\0\0\0\1s\1xt\0\0\0\1m\0\0\0\1ya\1")},
        {BYTES("{\"t\":\"READY\",\"d\":\"READY\"}"),
         BYTES("t\0\0\0\2s\1ts\5READYs\1dm\0\0\0\5READY")},
        {BYTES(" { \"a\" : [ 1 , 2 ] } "), BYTES("t\0\0\0\1s\1al\0\0\0\2a\1a\2j")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(write_message(rows[i].json));
        assert_int_equal((uint8_t)out.data[0], 131);
        assert_int_equal(out.len - 1, rows[i].etf.len);
        assert_memory_equal(out.data + 1, rows[i].etf.data, rows[i].etf.len);
    }
}

static void test_what_is_not_json_fails(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "{",
                                       "[1",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "}",
                                       "[}",
                                       "{1:2}",
                                       "\"open",
                                       "\"\\x\"",
                                       "nul",
                                       "1 2",
                                       "{\"a\":1]",
                                       "\"\\u12",
                                       "\"\\u12g4\"",
                                       "{\"a\":1",
                                       "{\"a\" \"b\" \"c\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (write_message(slice_from(rows[i])))
            fail_msg("taken for JSON: %s", rows[i]);
    }
    char deep[2 * ETF_DEPTH_MAX + 2];
    memset(deep, '[', ETF_DEPTH_MAX);
    memset(deep + ETF_DEPTH_MAX, ']', ETF_DEPTH_MAX);
    assert_false(write_message(slice_of(deep, (size_t)2 * ETF_DEPTH_MAX)));
    assert_true(write_message(slice_of(deep + 1, (size_t)2 * ETF_DEPTH_MAX - 2)));
}

/* A dispatch in two parts, with keys of a guild from elsewhere: as one text would have been. */
static void test_parts_and_splice(void **state)
{
    (void)state;
    struct etf_writer w;
    char head[ETF_HEAD_MAX];
    etf_begin_pairs(&w, &out, false);
    etf_text(&w, SLICE("\"id\":\"1\",\"n\":2"));
    assert_true(etf_end(&w));
    assert_int_equal(w.levels[0].count, 2);
    char shared[64];
    size_t shared_len = out.len;
    memcpy(shared, out.data, out.len);

    buf_reset(&out);
    etf_begin_pairs(&w, &out, true);
    etf_text(&w, SLICE("\"t\":\"X\",\"op\":0,\"d\":{"));
    etf_splice(&w, 2);
    buf_append(&out, shared, shared_len);
    etf_text(&w, SLICE(",\"m\":[]}}"));
    assert_false(etf_end(&w)); /* a brace too many: the envelope's own is not part of the pairs */
    buf_reset(&out);
    etf_begin_pairs(&w, &out, true);
    etf_text(&w, SLICE("\"t\":\"X\",\"op\":0,\"d\":{"));
    etf_splice(&w, 2);
    buf_append(&out, shared, shared_len);
    etf_text(&w, SLICE(",\"m\":[]}"));
    assert_true(etf_end(&w));
    assert_int_equal(w.levels[0].count, 3);
    assert_memory_equal(out.data, "s\1ts\1Xs\2opa\0s\1dt\0\0\0\3m\0\0\0\2id", 27);

    size_t n = etf_dispatch_head(head, 300, w.levels[0].count);
    assert_int_equal(n, 14);
    assert_memory_equal(head, "\203t\0\0\0\4s\1sb\0\0\1\54", 14);
}

static void test_commands(void **state)
{
    (void)state;
    static const struct {
        struct slice etf;
        const char *json; /* NULL: INVALID_JSON */
    } rows[] = {
        {BYTES("\203a\5"), "5"},
        {BYTES("\203b\377\377\377\376"), "-2"},
        {BYTES("\203n\10\0\377\377\377\377\377\377\377\177"), "9223372036854775807"},
        {BYTES("\203n\1\1\5"), "-5"},
        {BYTES("\203n\0\0"), "0"},
        {BYTES("\203o\0\0\0\1\0\7"), "7"},
        {BYTES("\203n\10\0\377\377\377\377\377\377\377\377"), NULL},
        {BYTES("\203n\11\0\1\0\0\0\0\0\0\0\0"), NULL},
        {BYTES("\203F\x42\x79\xa9\x9b\xf5\xbb\x70\0"), "1763516046263"},
        {BYTES("\203F\x3f\xf8\0\0\0\0\0\0"), "1.5"},
        {BYTES("\203F\x7f\xf0\0\0\0\0\0\0"), NULL}, /* infinity */
        {BYTES("\203s\4true"), "true"},
        {BYTES("\203d\0\5false"), "false"},
        {BYTES("\203s\3nil"), "null"},
        {BYTES("\203w\4null"), "null"},
        {BYTES("\203v\0\6online"), "\"online\""},
        {BYTES("\203m\0\0\0\2hi"), "\"hi\""},
        {BYTES("\203m\0\0\0\2\xc3\xa9"), "\"\xc3\xa9\""},
        {BYTES("\203m\0\0\0\1\xff"), NULL},
        {BYTES("\203m\0\0\0\1\0"), NULL},
        {BYTES("\203j"), "[]"},
        {BYTES("\203k\0\3\1\2\3"), "[1,2,3]"},
        {BYTES("\203l\0\0\0\2a\1a\2j"), "[1,2]"},
        {BYTES("\203l\0\0\0\2a\1a\2a\3"), NULL}, /* improper */
        {BYTES("\203h\2a\1m\0\0\0\1x"), "[1,\"x\"]"},
        {BYTES("\203i\0\0\0\1a\1"), "[1]"},
        {BYTES("\203t\0\0\0\2m\0\0\0\2opa\1m\0\0\0\1ds\3nil"), "{\"op\":1,\"d\":null}"},
        {BYTES("\203t\0\0\0\1s\2opa\1"), NULL}, /* keys are binaries (docs: 4002) */
        {BYTES("\203t\0\0\0\1k\0\2opa\1"), NULL},
        {BYTES("\203t\0\0\0\2m\0\0\0\1aa\1m\0\0\0\1aa\2"), NULL}, /* twice */
        {BYTES("\203t\377\377\377\377m\0\0\0\1aa\1"), NULL},
        {BYTES("\203l\377\377\377\377j"), NULL},
        {BYTES("\203m\377\377\377\377x"), NULL},
        {BYTES("\203P\0\0\0\2x\x9c\x4b\x64\4\0\0\xc4\0b"), NULL}, /* compressed */
        {BYTES("\203g"), NULL},
        {BYTES("\203"), NULL},
        {BYTES(""), NULL},
        {BYTES("\202a\1"), NULL},
        {BYTES("\203a\1a"), NULL},
        {BYTES("{\"op\":1}"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *got = NULL;
        json_t *want = NULL;
        enum err e = etf_read(rows[i].etf, DEPTH, &got);
        if (rows[i].json == NULL) {
            if (e != ERR_INVALID_JSON)
                fail_msg("row %zu was taken", i);
            continue;
        }
        if (e != ERR_OK)
            fail_msg("row %zu was refused: %s", i, rows[i].json);
        assert_int_equal(json_read(slice_from(rows[i].json), DEPTH, &want), ERR_OK);
        if (!json_equal(got, want))
            fail_msg("row %zu: not %s", i, rows[i].json);
        json_decref(got);
        json_decref(want);
    }
}

static void test_depth(void **state)
{
    (void)state;
    char deep[8 * 20];
    json_t *v = NULL;
    for (unsigned depth = 15; depth <= 18; depth++) {
        size_t n = 0;
        deep[n++] = (char)131;
        for (unsigned i = 0; i < depth; i++, n += 2)
            memcpy(deep + n, "h\1", 2);
        deep[n++] = 'j';
        enum err e = etf_read(slice_of(deep, n), DEPTH, &v);
        assert_int_equal(e, depth <= DEPTH ? ERR_OK : ERR_INVALID_JSON);
        if (e == ERR_OK)
            json_decref(v);
    }
}

/* Every prefix of a command is refused, and every failing allocation is told. */
static void test_prefixes_and_short_memory(void **state)
{
    (void)state;
    struct slice command =
        SLICE("\203t\0\0\0\3m\0\0\0\2opa\2m\0\0\0\1dt\0\0\0\2m\0\0\0\5tokenm\0\0\0\3abc"
              "m\0\0\0\5sharda\1m\0\0\0\1xl\0\0\0\2a\1k\0\1\1j");
    json_t *v = NULL;
    for (size_t n = 0; n < command.len; n++)
        assert_int_equal(etf_read(slice_of(command.data, n), DEPTH, &v), ERR_INVALID_JSON);
    size_t before = mem_bytes(MEM_JSON);
    enum err e = ERR_NO_MEMORY;
    uint64_t failing = 0;
    for (; e == ERR_NO_MEMORY; failing++) {
        mem_fail_after(failing, 1);
        e = etf_read(command, DEPTH, &v);
        mem_fail_never();
        if (e != ERR_OK)
            assert_int_equal(mem_bytes(MEM_JSON), before);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(failing > 5);
    json_decref(v);
}

int main(void)
{
    json_read_init(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_json_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_and_splice, setup, teardown),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_prefixes_and_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
