/* AutoMod's matching: keywords and their stars, allowed phrases, patterns, counts, cost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "model/automod.h"

enum { LIST_MAX = 8, ARENA_BYTES = 8 * 1024 * 1024 };

static size_t list_of(const char *words, struct slice out[LIST_MAX])
{
    struct slice rest = slice_from(words);
    size_t count = 0;
    while (count < LIST_MAX && slice_next(&rest, '|', &out[count]))
        count++;
    return count;
}

/* The keyword found, "" if none is; words are separated by '|'. */
static void look(const char *keywords, const char *patterns, const char *allowed, const char *text,
                 char keyword[64], char content[64])
{
    struct slice k[LIST_MAX], p[LIST_MAX], a[LIST_MAX];
    struct automod_terms terms = {.keywords = k, .patterns = p, .allowed = a};
    struct automod_matcher *m = NULL;
    struct automod_match match = {0};
    struct arena arena;
    bool found = false;
    terms.keyword_count = list_of(keywords, k);
    terms.pattern_count = list_of(patterns, p);
    terms.allowed_count = list_of(allowed, a);
    arena_init(&arena, MEM_CORE, ARENA_BYTES);
    assert_int_equal(automod_matcher_new(&terms, &m), ERR_OK);
    struct automod_text *t = automod_text_new(slice_from(text), &arena);
    assert_non_null(t);
    assert_int_equal(automod_find(m, t, &arena, &found, &match), ERR_OK);
    assert_int_equal(found, match.keyword.data != NULL);
    snprintf(keyword, 64, "%.*s", SLICE_ARG(match.keyword));
    snprintf(content, 64, "%.*s", SLICE_ARG(match.content));
    automod_matcher_free(&m);
    arena_deinit(&arena);
}

static void test_keywords(void **state)
{
    (void)state;
    static const struct {
        const char *keywords, *text, *keyword, *content;
    } rows[] = {
        /* Discord's own examples (docs, "Keyword Matching Strategies"). */
        {"cat*", "catch", "cat*", "cat"},
        {"cat*", "Catapult", "cat*", "Cat"},
        {"cat*", "CAttLE", "cat*", "CAt"},
        {"tra*", "train", "tra*", "tra"},
        {"the mat*", "The Matrix", "the mat*", "The Mat"},
        {"*cat", "wildcat", "*cat", "cat"},
        {"*cat", "copyCat", "*cat", "Cat"},
        {"*the mat", "breathe mat", "*the mat", "the mat"},
        {"*cat*", "location", "*cat*", "cat"},
        {"*cat*", "eduCation", "*cat*", "Cat"},
        {"cat", "cat", "cat", "cat"},
        {"cat", "Cat", "cat", "Cat"},
        {"train", "train", "train", "train"},
        {"the matrix", "the matrix", "the matrix", "the matrix"},
        /* And what they are not. */
        {"cat", "catch", "", ""},
        {"cat", "wildcat", "", ""},
        {"cat*", "wildcat", "", ""},
        {"*cat", "catch", "", ""},
        {"cat", "cat_", "", ""},
        {"cat", "a cat, two", "cat", "cat"},
        {"cat", "wildcat cat", "cat", "cat"},
        {"cat", "", "", ""},
        {"c.t", "cat", "", ""},
        {"cat|dog", "hotdog dog", "dog", "dog"},
        {"ab|babc*|bab", "xbabc ab", "ab", "ab"},
        {"*she*|*he*|*hers*|*his*", "ushers", "*she*", "she"},
        {"cat|cat*", "cats", "cat*", "cat"},
        {"*", "anything", "", ""},
        {" cat ", "cat", " cat ", "cat"},
        /* Cases of other scripts, other widths, and what nobody sees. */
        {"\xc3\xa4rger", "\xc3\x84RGER", "\xc3\xa4rger", "\xc3\x84RGER"},
        {"\xd0\xbf\xd0\xbb\xd0\xbe\xd1\x85\xd0\xbe", "\xd0\x9f\xd0\x9b\xd0\x9e\xd0\xa5\xd0\x9e",
         "\xd0\xbf\xd0\xbb\xd0\xbe\xd1\x85\xd0\xbe", "\xd0\x9f\xd0\x9b\xd0\x9e\xd0\xa5\xd0\x9e"},
        {"cat", "\xef\xbd\x83\xef\xbd\x81\xef\xbd\x94", "cat",
         "\xef\xbd\x83\xef\xbd\x81\xef\xbd\x94"},
        {"cat",
         "c\xe2\x80\x8b"
         "at",
         "cat",
         "c\xe2\x80\x8b"
         "at"},
        {"cat",
         "c\xc2\xad"
         "a\xef\xbb\xbft\xf0\x9f\x90\x88",
         "cat",
         "c\xc2\xad"
         "a\xef\xbb\xbft"},
        {"cat",
         "\xc3\xa9"
         "cat",
         "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char keyword[64], content[64];
        look(rows[i].keywords, "", "", rows[i].text, keyword, content);
        assert_string_equal(keyword, rows[i].keyword);
        assert_string_equal(content, rows[i].content);
    }
}

/* Ways around a keyword that only change how it is written. */
static void test_disguises(void **state)
{
    (void)state;
    static const struct {
        const char *keyword, *text;
        bool found;
    } rows[] = {
        {"cat", "\xf0\x9d\x90\x82\xf0\x9d\x90\x9a\xf0\x9d\x90\xad", true}, /* mathematical bold */
        {"cat", "\xe2\x92\xb8\xe2\x93\x90\xe2\x93\xa3", true},             /* in circles */
        {"cat",
         "c\xcc\xb6"
         "a\xcc\xb6t\xcc\xb6",
         true},                                /* struck through */
        {"caf\xc3\xa9", "cafe\xcc\x81", true}, /* the accent by itself */
        {"cafe\xcc\x81", "CAF\xc3\x89", true},
        {"cafe", "caf\xc3\xa9", false}, /* is another word */
        {"cafe", "cafe\xcc\x81", false},
        {"\xe1\xba\xbf", "e\xcc\x82\xcc\x81", true}, /* two accents */
        {"\xd0\xb9", "\xd0\x98\xcc\x86", true},
        {"\xe3\x81\x8c", "\xe3\x81\x8b\xe3\x82\x99", true},
        {"stra\xc3\x9f"
         "e",
         "STRA\xe1\xba\x9e"
         "E",
         true},
        {"sick",
         "S\xc4\xb0"
         "CK",
         true},
        {"s\xc4\xb1"
         "ck",
         "SICK", true},
        {"kiss", "\xe2\x84\xaai\xc5\xbf\xc5\xbf", true}, /* the sign of kelvin, long s */
        {"\xcf\x83\xce\xba\xcf\x8d\xce\xbb\xce\xbf\xcf\x82",
         "\xce\xa3\xce\x9a\xce\x8e\xce\x9b\xce\x9f\xce\xa3", true},
        {"cat", "cat\xe3\x85\xa4zz", true}, /* a letter that is drawn as a gap */
        {"cat", "cat\xc2\xa0zz", true},
        {"cat", "cat\xd8\x9f", true}, /* the question mark of Arabic */
        {"cat", "cat\xe0\xa5\xa4zz", true},
        {"cat", "cat\xe1\x9a\x80zz", true},
        {"cat", "ca\xef\xbf\xb9t", true},
        {"c a t",
         "c\xe3\x80\x80"
         "a t",
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char keyword[64], content[64];
        look(rows[i].keyword, "", "", rows[i].text, keyword, content);
        if ((keyword[0] != '\0') != rows[i].found)
            fail_msg("%s in %s", rows[i].keyword, rows[i].text);
    }
}

static void test_allowed_phrases(void **state)
{
    (void)state;
    static const struct {
        const char *keywords, *patterns, *allowed, *text, *keyword;
    } rows[] = {
        {"*cat*", "", "education", "education", ""},
        {"*cat*", "", "education", "education of a cat", "*cat*"},
        {"*cat*", "", "educat*", "EDUCATION", ""},
        {"cat", "", "the cat in the hat", "the cat in the hat", ""},
        {"cat", "", "the cat in the hat", "the cat in the hut", "cat"},
        {"the cat", "", "cat", "the cat", "the cat"},
        {"", "c.t", "cut", "cut cat", "c.t"},
        {"", "c.t", "cut|cat", "cut cat", ""},
        {"", "c[a-z]*", "\xc3\xa4 cut", "\xc3\x84 cut", ""},
        {"", "b*", "cut", "cut", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char keyword[64], content[64];
        look(rows[i].keywords, rows[i].patterns, rows[i].allowed, rows[i].text, keyword, content);
        assert_string_equal(keyword, rows[i].keyword);
    }
}

/* A pattern whose every place is allowed is not asked for ever. */
static void test_many_allowed_places_count(void **state)
{
    (void)state;
    char text[2 * 100 + 1], keyword[64], content[64];
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 2 * i, "a ", 3);
    look("", "a", "a", text, keyword, content);
    assert_string_equal(keyword, "a");
    text[2 * 30] = '\0';
    look("", "a", "a", text, keyword, content);
    assert_string_equal(keyword, "");
}

/* A slow one is asked fewer times. */
static void test_slow_patterns_count_sooner(void **state)
{
    (void)state;
    char text[2 * 60 + 1], keyword[64], content[64];
    for (size_t i = 0; i < 60; i++)
        memcpy(text + 2 * i, "a ", 3);
    look("", "a(b?c?){900}", "a", text, keyword, content);
    assert_string_equal(keyword, "a(b?c?){900}");
    text[2 * 5] = '\0';
    look("", "a(b?c?){900}", "a", text, keyword, content);
    assert_string_equal(keyword, "");
}

static void test_presets(void **state)
{
    (void)state;
    static const struct {
        uint32_t lists;
        const char *text;
        bool found;
    } rows[] = {
        {1u << 1, "what a load of Bollocks", true},
        {1u << 1, "a fine load", false},
        {1u << 2, "what a load of bollocks", false},
        {1u << 2, "send nudes", true},
        {1u << 3, "send nudes", false},
        {1u << 3, "you RETARD", true},
        {1u << 1 | 1u << 3, "you retard", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct automod_terms terms = {.presets = rows[i].lists};
        struct automod_matcher *m = NULL;
        struct automod_match match;
        struct arena arena;
        bool found;
        arena_init(&arena, MEM_CORE, ARENA_BYTES);
        assert_int_equal(automod_matcher_new(&terms, &m), ERR_OK);
        struct automod_text *t = automod_text_new(slice_from(rows[i].text), &arena);
        assert_int_equal(automod_find(m, t, &arena, &found, &match), ERR_OK);
        assert_int_equal(found, rows[i].found);
        automod_matcher_free(&m);
        arena_deinit(&arena);
    }
}

static void test_counts(void **state)
{
    (void)state;
    char text[1024] = "";
    assert_int_equal(automod_mentions(SLICE("")), 0);
    assert_int_equal(automod_mentions(SLICE("<@1> <@!1> <@&1> <@2> <#3> <@> <@x> <@4")), 3);
    for (int i = 0; i < 11; i++)
        strncat(text, "http://a ", sizeof text - strlen(text) - 1);
    assert_true(automod_bulky(slice_from(text)));
    text[strlen(text) - 9] = '\0';
    assert_false(automod_bulky(slice_from(text)));
    memset(text, '\n', 61);
    text[61] = '\0';
    assert_true(automod_bulky(slice_from(text)));
    text[60] = '\0';
    assert_false(automod_bulky(slice_from(text)));
}

static void test_digests(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, MEM_CORE, ARENA_BYTES);
    uint64_t a = automod_digest(automod_text_new(SLICE("Buy NOW"), &arena), 7);
    assert_int_equal(a, automod_digest(automod_text_new(SLICE("buy n\xe2\x80\x8bow"), &arena), 7));
    assert_int_not_equal(a, automod_digest(automod_text_new(SLICE("buy now!"), &arena), 7));
    assert_int_not_equal(a, automod_digest(automod_text_new(SLICE("Buy NOW"), &arena), 8));
    arena_deinit(&arena);
}

static void test_valid_keywords(void **state)
{
    (void)state;
    assert_true(automod_keyword_valid(SLICE("a")));
    assert_true(automod_keyword_valid(SLICE("*\xe7\x8c\xab*")));
    assert_false(automod_keyword_valid(SLICE("")));
    assert_false(automod_keyword_valid(SLICE("*")));
    assert_false(automod_keyword_valid(SLICE("* *")));
    assert_false(automod_keyword_valid(SLICE("*\xe2\x80\x8b*")));
}

static void test_rules_are_copies(void **state)
{
    (void)state;
    char word[] = "word", custom[] = "no";
    struct slice keyword = slice_from(word);
    struct role_id role = {5};
    struct automod_rule two[2] = {
        {.id = {1}, .trigger = AUTOMOD_KEYWORD},
        {.id = {2},
         .enabled = true,
         .trigger = AUTOMOD_KEYWORD,
         .terms = {.keywords = &keyword, .keyword_count = 1},
         .actions = {{.kind = AUTOMOD_BLOCK, .custom_message = slice_from(custom)}},
         .action_count = 1,
         .exempt_roles = &role,
         .exempt_role_count = 1}};
    struct automod_rules *r = NULL;
    struct automod_match match;
    struct arena arena;
    bool found = false;
    assert_int_equal(automod_rules_new(9, two, 2, &r), ERR_OK);
    memset(word, 'x', 4);
    memset(custom, 'x', 2);
    role.v = 0;
    assert_int_equal(r->count, 1);
    assert_int_equal(r->rules[0].id.v, 2);
    assert_int_equal(r->rules[0].exempt_roles[0].v, 5);
    assert_true(slice_eq(r->rules[0].actions[0].custom_message, SLICE("no")));
    arena_init(&arena, MEM_CORE, ARENA_BYTES);
    struct automod_text *t = automod_text_new(SLICE("a word"), &arena);
    assert_int_equal(automod_find(r->matchers[0], t, &arena, &found, &match), ERR_OK);
    assert_true(found);
    arena_deinit(&arena);
    automod_rules_unref(&r);
    automod_rules_unref(&r);
}

/* Against a model that looks at every place by itself. */
static bool found_slowly(const struct slice *words, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        const char *w = words[i].data;
        size_t len = words[i].len;
        bool left = w[0] == '*', right = w[len - 1] == '*';
        const char *body = w + left;
        size_t n = len - left - right;
        for (size_t at = 0; at + n <= strlen(text); at++)
            if (memcmp(text + at, body, n) == 0 && (left || at == 0 || text[at - 1] == ' ') &&
                (right || text[at + n] == '\0' || text[at + n] == ' '))
                return true;
    }
    return false;
}

static void test_random_words_against_a_model(void **state)
{
    (void)state;
    const struct random *rng = random_system();
    int hits = 0;
    for (int round = 0; round < 20000; round++) {
        char texts[LIST_MAX][8], text[24];
        struct slice words[LIST_MAX];
        size_t count = 1 + random_u64(rng) % LIST_MAX;
        for (size_t i = 0; i < count; i++) {
            size_t n = 0;
            if (random_u64(rng) % 2)
                texts[i][n++] = '*';
            for (size_t k = 1 + random_u64(rng) % 4; k > 0; k--)
                texts[i][n++] = (char)('a' + random_u64(rng) % 2);
            if (random_u64(rng) % 2)
                texts[i][n++] = '*';
            words[i] = slice_of(texts[i], n);
        }
        size_t len = random_u64(rng) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = "aab b"[random_u64(rng) % 5];
        text[len] = '\0';
        struct automod_terms terms = {.keywords = words, .keyword_count = count};
        struct automod_matcher *m = NULL;
        struct automod_match match;
        struct arena arena;
        bool found;
        arena_init(&arena, MEM_CORE, ARENA_BYTES);
        assert_int_equal(automod_matcher_new(&terms, &m), ERR_OK);
        struct automod_text *t = automod_text_new(slice_from(text), &arena);
        assert_int_equal(automod_find(m, t, &arena, &found, &match), ERR_OK);
        assert_int_equal(found, found_slowly(words, count, text));
        hits += found;
        automod_matcher_free(&m);
        arena_deinit(&arena);
    }
    assert_in_range(hits, 2000, 19999);
}

/* The figure that docs name; the bound is for sanitizers and slow machines. */
static void test_cost(void **state)
{
    (void)state;
    enum { WORDS = 1000, LETTERS = 59, ROUNDS = 50 };
    static char texts[WORDS][LETTERS + 1], text[LIMIT_MESSAGE_CONTENT];
    static struct slice words[WORDS];
    const struct random *rng = random_system();
    for (size_t i = 0; i < WORDS; i++) {
        for (size_t k = 0; k < LETTERS; k++)
            texts[i][k] = (char)('a' + random_u64(rng) % 3);
        texts[i][LETTERS] = '*';
        words[i] = slice_of(texts[i], LETTERS + 1);
    }
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + random_u64(rng) % 3);
    struct automod_terms terms = {.keywords = words, .keyword_count = WORDS};
    struct automod_matcher *m = NULL;
    uint64_t begin = clock_mono_ns(clock_system());
    assert_int_equal(automod_matcher_new(&terms, &m), ERR_OK);
    uint64_t made = clock_mono_ns(clock_system());
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena;
        struct automod_match match;
        bool found;
        arena_init(&arena, MEM_CORE, ARENA_BYTES);
        struct automod_text *t = automod_text_new(slice_of(text, sizeof text), &arena);
        assert_int_equal(automod_find(m, t, &arena, &found, &match), ERR_OK);
        arena_deinit(&arena);
    }
    uint64_t end = clock_mono_ns(clock_system());
    print_message(
        "1,000 keywords of 60: compiled in %llu us, %zu KiB; a text of 2,000 in %llu us\n",
        (unsigned long long)(made - begin) / 1000, automod_matcher_bytes(m) / 1024,
        (unsigned long long)(end - made) / 1000 / ROUNDS);
    assert_true((end - made) / ROUNDS < 20000000);
    automod_matcher_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keywords),
        cmocka_unit_test(test_disguises),
        cmocka_unit_test(test_allowed_phrases),
        cmocka_unit_test(test_many_allowed_places_count),
        cmocka_unit_test(test_slow_patterns_count_sooner),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_valid_keywords),
        cmocka_unit_test(test_rules_are_copies),
        cmocka_unit_test(test_random_words_against_a_model),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
