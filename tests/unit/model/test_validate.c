/* Validation rules, as tables of what passes and what does not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "model/validate.h"

struct rule_row {
    const char *in;
    const char *out; /* NULL: refused */
};

static void check_rule(bool (*rule)(struct slice, struct arena *, struct slice *),
                       const struct rule_row *rows, size_t count)
{
    struct arena arena;
    arena_init(&arena, MEM_CORE, 65536);
    for (size_t i = 0; i < count; i++) {
        struct slice out = SLICE("untouched");
        bool ok = rule(slice_from(rows[i].in), &arena, &out);
        if (ok != (rows[i].out != NULL))
            fail_msg("\"%s\" was %s", rows[i].in, ok ? "accepted" : "refused");
        assert_true(slice_eq_cstr(out, ok ? rows[i].out : "untouched"));
    }
    arena_deinit(&arena);
}

static void test_username(void **state)
{
    (void)state;
    static const struct rule_row rows[] = {
        {"ab", "ab"},
        {"a", NULL},
        {"", NULL},
        {"Ada_Lovelace.1", "ada_lovelace.1"},
        {"12345678901234567890123456789012", "12345678901234567890123456789012"},
        {"123456789012345678901234567890123", NULL},
        {"..", NULL},
        {"a..b", NULL},
        {"a.b.c", "a.b.c"},
        {"a b", NULL},
        {"a-b", NULL},
        {"a@b", NULL},
        {"\xc3\xa4\xc3\xa4", NULL},
        {"a\nb", NULL},
        {"[[", NULL},
        {"``", NULL},
    };
    check_rule(validate_username, rows, sizeof rows / sizeof *rows);
}

static void test_email(void **state)
{
    (void)state;
    static char longest[LIMIT_EMAIL_MAX + 1], too_long[LIMIT_EMAIL_MAX + 2];
    static char local64[128], local65[128];
    memset(longest, 'd', sizeof longest - 1);
    memcpy(longest, "a@b.", 4);
    memset(too_long, 'd', sizeof too_long - 1);
    memcpy(too_long, "a@b.", 4);
    memset(local64, 'l', 64);
    memcpy(local64 + 64, "@b.c", 5);
    memset(local65, 'l', 65);
    memcpy(local65 + 65, "@b.c", 5);
    const struct rule_row rows[] = {
        {"Ada@Example.Org", "ada@example.org"},
        {"a@localhost", "a@localhost"},
        {"a@LOCALHOST", "a@localhost"},
        {"a+b.c@d.e.f", "a+b.c@d.e.f"},
        {"", NULL},
        {"@", NULL},
        {"a", NULL},
        {"a@", NULL},
        {"@b.c", NULL},
        {"a@b", NULL},
        {"a@b.c@d.e", NULL},
        {"a@.c", NULL},
        {"a@b.", NULL},
        {"a@b..c", NULL},
        {"a b@c.d", NULL},
        {"a@b.c ", NULL},
        {"a@b.c\n", NULL},
        {"a\x7f@b.c", NULL},
        {longest, longest},
        {too_long, NULL},
        {local64, local64},
        {local65, NULL},
    };
    check_rule(validate_email, rows, sizeof rows / sizeof *rows);
}

static void test_short_memory(void **state)
{
    (void)state;
    struct arena arena;
    struct slice out = SLICE("untouched");
    arena_init(&arena, MEM_CORE, 65536);
    mem_fail_after(0, UINT64_MAX);
    assert_false(validate_username(SLICE("ada"), &arena, &out));
    assert_false(validate_email(SLICE("a@b.c"), &arena, &out));
    assert_int_equal(validate_text_channel_name(SLICE("general"), &arena).len, 0);
    mem_fail_never();
    assert_true(slice_eq_cstr(out, "untouched"));
    arena_deinit(&arena);
}

static void test_text_channel_name(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"general", "general"},
        {"", ""},
        {"   ", ""},
        {"\t\n", ""},
        {"General Chat", "general-chat"},
        {"  a  b\tc ", "a-b-c"},
        {"a--b", "a--b"},
        {"a\xc2\xa0"
         "b",
         "a-b"},
        {"\xe3\x80\x80"
         "a\xe2\x80\xa8",
         "a"},
        {"\xef\xbb\xbf", ""},
        {"\xc3\x84rger", "\xc3\x84rger"},
        {"\xe2\x80\x9c"
         "a",
         "\xe2\x80\x9c"
         "a"}, /* a quotation mark, not a space */
        {"a\x01"
         "b",
         "a-b"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    struct arena arena;
    arena_init(&arena, MEM_CORE, 65536);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice out = validate_text_channel_name(slice_from(rows[i][0]), &arena);
        assert_true(slice_eq_cstr(out, rows[i][1]));
    }
    arena_deinit(&arena);
}

static void test_mentions(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        uint64_t users[4], roles[4]; /* up to the first 0 */
        bool everyone;
    } rows[] = {
        {"", {0}, {0}, false},
        {"hello", {0}, {0}, false},
        {"<@12> and <@!34><@12>", {12, 34}, {0}, false},
        {"<@&56> <@56>", {56}, {56}, false},
        {"@everyone", {0}, {0}, true},
        {"mail@here.org", {0}, {0}, true}, /* as Discord: the characters are enough */
        {"@her @every", {0}, {0}, false},
        {"<@>", {0}, {0}, false},
        {"<@0>", {0}, {0}, false},
        {"<@!>", {0}, {0}, false},
        {"<@-1>", {0}, {0}, false},
        {"<@1", {0}, {0}, false},
        {"<@1 >", {0}, {0}, false},
        {"<#1> <:a:1>", {0}, {0}, false},
        {"<<@7>>", {7}, {0}, false},
        {"<@<@8>", {8}, {0}, false},
        {"<@18446744073709551615>", {UINT64_MAX}, {0}, false},
        {"<@18446744073709551616>", {0}, {0}, false},
        {"<@&18446744073709551615>", {0}, {UINT64_MAX}, false},
        {"<@@everyone>", {0}, {0}, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mention_scan scan;
        size_t users = 0, roles = 0;
        memset(&scan, 0xff, sizeof scan);
        validate_mentions(slice_from(rows[i].in), &scan);
        for (; rows[i].users[users] != 0; users++)
            assert_true(scan.users[users] == rows[i].users[users]);
        for (; rows[i].roles[roles] != 0; roles++)
            assert_true(scan.roles[roles] == rows[i].roles[roles]);
        if (scan.user_count != users || scan.role_count != roles)
            fail_msg("\"%s\": %zu users, %zu roles", rows[i].in, scan.user_count, scan.role_count);
        assert_int_equal(scan.everyone, rows[i].everyone);
    }
}

static void test_mentions_maximum(void **state)
{
    (void)state;
    struct buf b;
    struct mention_scan scan;
    buf_init(&b, MEM_CORE, 65536);
    for (unsigned i = 1; i <= 150; i++)
        buf_printf(&b, "<@%u><@&%u>", i, i + 1000);
    validate_mentions(buf_slice(&b), &scan);
    assert_int_equal(scan.user_count, 100);
    assert_int_equal(scan.role_count, 100);
    assert_int_equal(scan.users[99], 100);
    assert_int_equal(scan.roles[99], 1100);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_username),     cmocka_unit_test(test_email),
        cmocka_unit_test(test_short_memory), cmocka_unit_test(test_text_channel_name),
        cmocka_unit_test(test_mentions),     cmocka_unit_test(test_mentions_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
