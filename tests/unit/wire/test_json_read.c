#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "wire/json_read.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void test_values(void **state)
{
    (void)state;
    static const struct {
        struct slice in;
        enum err want;
    } rows[] = {
        {TEXT("{}"), ERR_OK},
        {TEXT(" {\"a\":[1,2.5,true,null,\"x\"]} "), ERR_OK},
        {TEXT("1"), ERR_OK},
        {TEXT("\"x\""), ERR_OK},
        {TEXT("null"), ERR_OK},
        {TEXT("\"\\u00e9\\ud83d\\ude00\""), ERR_OK},
        {TEXT("[[[\"]]]]]]\"]]]"), ERR_OK},
        {TEXT("[\"\\\"[[[[\"]"), ERR_OK},
        {TEXT(""), ERR_INVALID_JSON},
        {TEXT("  "), ERR_INVALID_JSON},
        {TEXT("{"), ERR_INVALID_JSON},
        {TEXT("}"), ERR_INVALID_JSON},
        {TEXT("{\"a\":1,}"), ERR_INVALID_JSON},
        {TEXT("{a:1}"), ERR_INVALID_JSON},
        {TEXT("'x'"), ERR_INVALID_JSON},
        {TEXT("01"), ERR_INVALID_JSON},
        {TEXT("NaN"), ERR_INVALID_JSON},
        {TEXT("1e999"), ERR_INVALID_JSON},
        {TEXT("99999999999999999999"), ERR_INVALID_JSON},
        {TEXT("{} {}"), ERR_INVALID_JSON},
        {TEXT("1x"), ERR_INVALID_JSON},
        {TEXT("{\"a\":1,\"a\":2}"), ERR_INVALID_JSON},
        {TEXT("\"\xff\""), ERR_INVALID_JSON},
        {TEXT("\"\\ud800\""), ERR_INVALID_JSON},
        {TEXT("\"\\u0000\""), ERR_INVALID_JSON},
        {TEXT("\"a\0b\""), ERR_INVALID_JSON},
        {TEXT("{}\0"), ERR_INVALID_JSON},
        {TEXT("\"a\nb\""), ERR_INVALID_JSON},
        {TEXT("\"open"), ERR_INVALID_JSON},
        {TEXT("\"\\"), ERR_INVALID_JSON},
        {TEXT("[[[[1]]]]"), ERR_OK},
        {TEXT("[[[[[1]]]]]"), ERR_INVALID_JSON},
        {TEXT("[{\"a\":{\"b\":{\"c\":1}}}]"), ERR_OK},
        {TEXT("[{\"a\":{\"b\":{\"c\":[]}}}]"), ERR_INVALID_JSON},
        {TEXT("[[],[],[],[],[],[]]"), ERR_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *v = NULL;
        assert_int_equal(json_read(rows[i].in, 4, &v), rows[i].want);
        assert_true((v != NULL) == (rows[i].want == ERR_OK)); /* untouched on failure */
        json_decref(v);
    }
}

static void test_hostile_depth(void **state)
{
    (void)state;
    static char deep[1 << 20];
    memset(deep, '[', sizeof deep);
    json_t *v = NULL;
    assert_int_equal(json_read(slice_of(deep, sizeof deep), 32, &v), ERR_INVALID_JSON);
    assert_null(v);
}

static void test_snowflakes(void **state)
{
    (void)state;
    static const struct {
        struct slice in;
        uint64_t want; /* 0: refused */
    } rows[] = {
        {TEXT("\"175928847299117063\""), 175928847299117063},
        {TEXT("175928847299117063"), 175928847299117063},
        {TEXT("\"18446744073709551615\""), UINT64_MAX},
        {TEXT("\"18446744073709551616\""), 0},
        {TEXT("\"0\""), 0},
        {TEXT("0"), 0},
        {TEXT("-1"), 0},
        {TEXT("\"-1\""), 0},
        {TEXT("\" 1\""), 0},
        {TEXT("\"\""), 0},
        {TEXT("\"1x\""), 0},
        {TEXT("1.5"), 0},
        {TEXT("null"), 0},
        {TEXT("true"), 0},
        {TEXT("[1]"), 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *v = NULL;
        uint64_t id = 42;
        assert_int_equal(json_read(rows[i].in, 4, &v), ERR_OK);
        assert_int_equal(json_read_snowflake(v, &id), rows[i].want != 0);
        assert_true(id == (rows[i].want ? rows[i].want : 42));
        json_decref(v);
    }
    uint64_t id = 42;
    assert_false(json_read_snowflake(NULL, &id));
}

static void test_strings(void **state)
{
    (void)state;
    json_t *v = NULL;
    assert_int_equal(json_read(SLICE("\"caf\\u00e9\""), 1, &v), ERR_OK);
    assert_true(slice_eq(json_read_str(v), SLICE("caf\xc3\xa9")));
    json_decref(v);
}

static void test_memory(void **state)
{
    (void)state;
    static const struct slice text = TEXT("{\"a\":[1,\"two\",{\"b\":null}],\"c\":\"d\"}");
    size_t before = mem_bytes(MEM_JSON);
    json_t *v = NULL;
    assert_int_equal(json_read(text, 8, &v), ERR_OK);
    assert_true(mem_bytes(MEM_JSON) > before);
    json_decref(v);
    assert_int_equal(mem_bytes(MEM_JSON), before);

    enum err e = ERR_NO_MEMORY;
    for (uint64_t n = 0; e != ERR_OK && n < 1000; n++) {
        v = NULL;
        mem_fail_after(n, 1);
        e = json_read(text, 8, &v);
        mem_fail_never();
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        json_decref(v);
        assert_int_equal(mem_bytes(MEM_JSON), before);
    }
    assert_int_equal(e, ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_hostile_depth),
        cmocka_unit_test(test_snowflakes), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_memory),
    };
    json_read_init(12345);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
