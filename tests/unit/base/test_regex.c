/* Regular expressions: places, refusals, and what kills a backtracker. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/regex.h"

enum { TEXT_MAX = 4000, LINEAR_MS = 500 };

static struct regex_set *set_of(const char *pattern)
{
    struct regex_set *s = NULL;
    struct slice one = slice_from(pattern);
    size_t bad = 0;
    char why[100] = "";
    assert_int_equal(regex_set_new(&one, 1, REGEX_CASELESS, &s, &bad, why, sizeof why), ERR_OK);
    return s;
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool found;
        size_t begin, end;
    } rows[] = {
        {"b+", "abbbc", true, 1, 4},
        {"B+", "abbbc", true, 1, 4},
        {"^b", "abbbc", false, 0, 0},
        {"\\bcat\\b", "concat cat", true, 7, 10},
        {"\xc3\x84pfel", "zwei \xc3\xa4pfel", true, 5, 11},
        {"[\xd0\xb0-\xd1\x8f]+", "\xd0\x94\xd0\x90", true, 0, 4},
        {"a.c", "a\nc", false, 0, 0},
        {"", "", true, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex_span at = {9, 9};
        struct regex_set *s = set_of(rows[i].pattern);
        struct slice text = slice_from(rows[i].text);
        assert_int_equal(regex_set_match(s, text), rows[i].found);
        assert_int_equal(regex_set_find(s, 0, text, 0, &at), rows[i].found);
        if (rows[i].found) {
            assert_int_equal(at.begin, rows[i].begin);
            assert_int_equal(at.end, rows[i].end);
        }
        regex_set_free(&s);
        assert_null(s);
    }
}

static void test_the_next_place(void **state)
{
    (void)state;
    struct regex_span at;
    struct regex_set *s = set_of("o");
    assert_true(regex_set_find(s, 0, SLICE("foo"), 2, &at));
    assert_int_equal(at.begin, 2);
    assert_false(regex_set_find(s, 0, SLICE("foo"), 3, &at));
    assert_false(regex_set_find(s, 0, SLICE("foo"), 4, &at));
    assert_false(regex_set_find(s, 1, SLICE("foo"), 0, &at));
    regex_set_free(&s);
}

static void test_several(void **state)
{
    (void)state;
    const struct slice three[] = {SLICE("one"), SLICE("t(wo)"), SLICE("th.ee")};
    struct regex_set *s = NULL;
    struct regex_span at;
    size_t bad = 9;
    char why[100];
    assert_int_equal(regex_set_new(three, 3, 0, &s, &bad, why, sizeof why), ERR_OK);
    assert_true(regex_set_match(s, SLICE("now three")));
    assert_false(regex_set_match(s, SLICE("now ONE")));
    assert_true(regex_set_find(s, 2, SLICE("now three"), 0, &at));
    assert_false(regex_set_find(s, 1, SLICE("now three"), 0, &at));
    regex_set_free(&s);
    assert_int_equal(regex_set_new(NULL, 0, 0, &s, &bad, why, sizeof why), ERR_OK);
    assert_false(regex_set_match(s, SLICE("anything")));
    regex_set_free(&s);
}

/* What is no pattern, what backtracking alone could do, and what would need much memory. */
static void test_refusals(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(",
        "[a",
        "a{2",
        "*",
        "(?<=a)b",
        "(a)\\1",
        "x{1000}{1000}",
        "a{1001}",
        "((((\\pL{100}){100}){100}))",
        "\xff",
        "((\\pL{30}){30})",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const struct slice two[] = {SLICE("fine"), slice_from(patterns[i])};
        struct regex_set *s = NULL;
        size_t bad = 0;
        char why[100] = "";
        enum err e = regex_set_new(two, 2, REGEX_CASELESS, &s, &bad, why, sizeof why);
        if (strcmp(patterns[i], "a{2") == 0) { /* a literal brace, to RE2 */
            assert_int_equal(e, ERR_OK);
            regex_set_free(&s);
            continue;
        }
        assert_int_equal(e, ERR_INVALID_FORM);
        assert_int_equal(bad, 1);
        assert_true(strlen(why) > 0);
        assert_null(s);
    }
}

/* What one pattern may, several may not together; what looking costs is bounded by that. */
static void test_programs_are_bounded_together(void **state)
{
    (void)state;
    const struct slice big = SLICE("(a*b*){1000}!");
    const struct slice two[] = {big, big};
    struct regex_set *s = NULL;
    size_t bad = 0;
    char why[100] = "";
    assert_int_equal(regex_set_new(two, 1, REGEX_CASELESS, &s, &bad, why, sizeof why), ERR_OK);
    assert_in_range(regex_set_cost(s, 0), 4000, REGEX_PROGRAM_MAX);
    assert_int_equal(regex_set_cost(s, 1), 0);
    regex_set_free(&s);
    assert_int_equal(regex_set_new(two, 2, REGEX_CASELESS, &s, &bad, why, sizeof why),
                     ERR_INVALID_FORM);
    assert_int_equal(bad, 1);
    assert_true(strlen(why) > 0);
}

static void test_backtracker_killers_are_linear(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(a+)+$",           "(a|aa)+$", "(.*a){20}$",       "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(a*)*(a*)*(a*)*b", "(x+x+)+y", "(?:a?){50}a{50}$",
    };
    char text[TEXT_MAX];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '!';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct regex_span at;
        struct regex_set *s = set_of(patterns[i]);
        uint64_t begin = clock_mono_ns(clock_system());
        (void)regex_set_match(s, slice_of(text, sizeof text));
        (void)regex_set_find(s, 0, slice_of(text, sizeof text), 0, &at);
        uint64_t took_ms = (clock_mono_ns(clock_system()) - begin) / 1000000;
        assert_true(took_ms < LINEAR_MS);
        regex_set_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_the_next_place),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_programs_are_bounded_together),
        cmocka_unit_test(test_backtracker_killers_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
