/* Words: what a text is found by. Text and query meet whatever way each was written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/words.h"

static void check(enum words_use use, const char *text, const char *expected)
{
    struct words w;
    words_init(&w, use);
    words_add(&w, slice_from(text));
    struct slice got = buf_slice(&w.out);
    if (!slice_eq_cstr(got, expected))
        fail_msg("\"%s\" gives \"%.*s\", not \"%s\"", text, SLICE_ARG(got), expected);
    words_deinit(&w);
}

static void test_words_to_index(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", ""},
        {"Hello, hall!", "hello hall"},
        {"a_b-c.d", "a b c d"},
        {"_g12 \"AND\" OR NOT NEAR(a* b^) {x} :y", "g12 and or not near a b x y"},
        {"don't DON\u2019T 'tis dogs'", "dont dont tis dogs"},
        {"3.14 1,000 v2", "3 14 1 000 v2"},
        {"https://Example.org/a-b?c=d", "https example org a b c d"},
        /* accents, composed and not; letters that have no other form */
        {"Café cafe\u0301 ÉCOLE naïve", "cafe cafe ecole naive"},
        {"Straße STRASSE \u1E9E", "strasse strasse ss"},
        {"İstanbul ISTANBUL ıstanbul", "istanbul istanbul istanbul"},
        {"Łódź Ærø Øre đ", "lodz aero ore d"},
        {"Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ"},
        {"Ёлка ёлка й", "елка елка и"},
        /* compatibility forms */
        {"ﬁne Ｆｕｌｌ ① x²", "fine full 1 x2"},
        /* right to left: points and vowels go, letters stay */
        {"שָׁלוֹם שלום", "שלום שלום"},
        {"مُحَمَّد محمد مـحـمـد", "محمد محمد محمد"},
        {"\u202Eabc\u202C a\u00ADb a\u200Bb", "abc ab ab"},
        /* a vowel sign is no accent */
        {"हिन्दी", "हिन्दी"},
        /* without spaces: characters and pairs */
        {"東京都", "東 京 東京 都 京都"},
        {"東", "東"},
        {"か\u3099き が", "が き がき が"},
        {"ｶﾞ ガ", "ガ ガ"},
        {"한국 \u1112\u1161\u11AB", "한 국 한국 한"},
        {"กิน", "กิ น กิน"},
        {"abc漢字def 漢a字", "abc 漢 字 漢字 def 漢 a 字"},
        /* emojis */
        {"👍🏽", "👍🏽 👍"},
        {"ok👍ok", "ok 👍 ok"},
        {"❤️ ❤", "❤ ❤"},
        {"👨‍👩‍👧", "👨‍👩‍👧"},
        {"👩🏽‍🚀", "👩🏽‍🚀 👩‍🚀"},
        {"🇩🇪🇫🇷 🇩", "🇩🇪 🇫🇷"},
        {"5️⃣ #️⃣ 5", "5⃣ #⃣ 5"},
        {"🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"},
        {"😀😃", "😀 😃"},
        /* markup */
        {"hi <@123> <@!123> <@&45> <#67> <t:1:R> you", "hi you"},
        {"a<@123>b", "a b"},
        {"<:Party_Blob:456> <a:x:7>", "party blob 456 x 7"},
        {"a < b <c> <@x> <:n:> <", "a b c x n"},
        /* nothing that could be taken for a term, or end a word */
        {"\"q\" \\ ; '", "q"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(WORDS_TO_INDEX, rows[i].text, rows[i].words);
}

static void test_words_to_find(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"東京都", "東京 京都"},  {"東", "東"},     {"東 京", "東 京"}, {"東a京都", "東 a 京都"},
        {"👍🏽", "👍🏽"}, {"Éa b", "ea b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(WORDS_TO_FIND, rows[i].text, rows[i].words);
}

static void test_what_is_no_text(void **state)
{
    (void)state;
    check(WORDS_TO_INDEX,
          "ab\xff"
          "cd \xe2\x82",
          "ab cd");
    check(WORDS_TO_INDEX, "\xed\xa0\x80x", "x");
}

/* What is joined is longer than a word may be, by one character with its marks. */
static void test_bounds(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    static const char *const floods[] = {"x",      "\u0301", "\u3099", "東", "ﷺ",      "x ", "👍",
                                         "\u200D", "\uFE0F", "\u0E34", "🇩",  "<:a:1>", "_",  "1"};
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        size_t len = strlen(floods[i]);
        char *text = malloc(len * MANY);
        struct words w;
        assert_non_null(text);
        for (size_t k = 0; k < MANY; k++)
            memcpy(text + k * len, floods[i], len);
        words_init(&w, WORDS_TO_INDEX);
        words_add(&w, slice_of(text, len * MANY));
        assert_false(w.out.failed);
        assert_true(w.out.len <= WORDS_BYTES_MAX);
        struct slice rest = buf_slice(&w.out);
        struct slice word;
        while (slice_next(&rest, ' ', &word))
            assert_true(word.len > 0 && word.len <= WORDS_WORD_BYTES);
        words_deinit(&w);
        free(text);
    }
}

/* A letter with a hundred thousand accents is that letter. */
static void test_marks_do_not_hide_words(void **state)
{
    (void)state;
    char text[8192] = "z";
    size_t len = 1;
    for (int i = 0; i < 2000; i++) {
        memcpy(text + len, "\u0334", 2);
        len += 2;
    }
    memcpy(text + len, "a b", 4);
    check(WORDS_TO_INDEX, text, "za b");
}

static void test_terms(void **state)
{
    (void)state;
    struct words w;
    words_init(&w, WORDS_TO_INDEX);
    words_term(&w, 'g', UINT64_C(1234567890123456789));
    words_add(&w, SLICE("word"));
    words_term_name(&w, 'h', "image");
    words_term_text(&w, 'l', SLICE("Example.ORG"));
    struct slice out = buf_slice(&w.out);
    char first[64];
    assert_in_range(out.len, 37, sizeof first);
    memcpy(first, out.data, out.len); /* what follows may move it */
    words_term_text(&w, 'l', SLICE("example.org"));
    assert_int_equal(w.count, 1);
    assert_memory_equal(first, "_g1234567890123456789 word _himage _l", 37);
    assert_int_equal(w.out.len, out.len + 1 + 18);
    assert_memory_equal(w.out.data + out.len + 1, first + out.len - 18, 18); /* case is the same */
    words_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_to_index),          cmocka_unit_test(test_words_to_find),
        cmocka_unit_test(test_what_is_no_text),         cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_marks_do_not_hide_words), cmocka_unit_test(test_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
