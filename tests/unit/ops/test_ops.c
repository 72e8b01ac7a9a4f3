/* The table of commands: found by its words, arguments taken apart by the usage text, and mistakes
 * named. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ops/ops.h"
#include "ops/ops_docs.h"
#include "ops/ops_usage.h"

struct said {
    char text[8192];
    size_t len;
};

static void on_write(void *ctx, const char *data, size_t len)
{
    struct said *s = ctx;
    assert_true(s->len + len < sizeof s->text);
    memcpy(s->text + s->len, data, len);
    s->len += len;
    s->text[s->len] = '\0';
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static enum ops_result on_run(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    (void)o;
    ops_printf(io, "%zu words, %zu options\n", a->word_count, a->option_count);
    return OPS_FAILED;
}

static const struct ops_command COMMAND = {
    .word = "thing",
    .second = "do",
    .fn = on_run,
    .place = OPS_PLACE_FILE,
    .usage = "FILE [MORE] --to URL [--count N] [--fast] --kind a:ID|b:ID",
    .help = "",
};

static void test_usage_items(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool option, value, required;
    } ITEMS[] = {{"FILE", false, false, true}, {"MORE", false, false, false},
                 {"to", true, true, true},     {"count", true, true, false},
                 {"fast", true, false, false}, {"kind", true, true, true}};
    struct slice rest = slice_from(COMMAND.usage);
    struct ops_usage_item item;
    for (size_t i = 0; i < sizeof ITEMS / sizeof ITEMS[0]; i++) {
        assert_true(ops_usage_next(&rest, &item));
        assert_true(slice_eq_cstr(item.name, ITEMS[i].name));
        assert_int_equal(item.is_option, ITEMS[i].option);
        assert_int_equal(item.has_value, ITEMS[i].value);
        assert_int_equal(item.required, ITEMS[i].required);
    }
    assert_false(ops_usage_next(&rest, &item));
}

#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_mistakes_and_right_words(void **state)
{
    (void)state;
    static const struct {
        const char *argv[12];
        const char *said; /* a part of it */
        enum ops_result result;
    } CASES[] = {
        {LIST("f", "--to", "u", "--kind=a:1"), "1 words, 2 options", OPS_FAILED},
        {LIST("f", "g", "--to=u", "--kind", "b:2", "--fast", "--count", "7"), "2 words, 4 options",
         OPS_FAILED},
        {LIST("--to", "-odd", "f", "--kind=--x"), "1 words, 2 options", OPS_FAILED},
        {LIST("--to=u", "--kind=x"), "something is missing", OPS_USAGE},
        {LIST("f", "--to=u"), "--kind is missing", OPS_USAGE},
        {LIST("f", "--kind=x"), "--to is missing", OPS_USAGE},
        {LIST("f", "g", "h", "--to=u", "--kind=x"), "\"h\" is one word too many", OPS_USAGE},
        {LIST("f", "--to=u", "--kind=x", "--slow"), "there is no option --slow", OPS_USAGE},
        {LIST("f", "--to=u", "--kind=x", "--fast=1"), "--fast has no value", OPS_USAGE},
        {LIST("f", "--to=", "--kind=x"), "--to needs a value", OPS_USAGE},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct said said = {0};
        const struct ops_io io = {&said, on_write, never};
        struct ops ops = {0};
        struct ops_parsed parsed;
        char why[OPS_WHY_MAX];
        size_t argc = 0;
        while (CASES[i].argv[argc] != NULL)
            argc++;
        assert_true(ops_parse(&COMMAND, argc, CASES[i].argv, &parsed, why));
        assert_int_equal(ops_run(&COMMAND, &ops, &parsed.args, &io), CASES[i].result);
        if (strstr(said.text, CASES[i].said) == NULL)
            fail_msg("case %zu said: %s", i, said.text);
        if (CASES[i].result == OPS_USAGE)
            assert_non_null(strstr(said.text, "usage: guildhall thing do FILE [MORE]"));
    }
}

static void test_what_cannot_be_taken_apart(void **state)
{
    (void)state;
    struct ops_parsed parsed;
    char why[OPS_WHY_MAX];
    const char *no_value[] = {"f", "--to"};
    assert_false(ops_parse(&COMMAND, 2, no_value, &parsed, why));
    assert_non_null(strstr(why, "--to needs a value"));
    const char *option_as_value[] = {"f", "--to", "--fast"};
    assert_false(ops_parse(&COMMAND, 3, option_as_value, &parsed, why));
    const char *words[OPS_WORDS_MAX + 1] = {"a", "b", "c", "d", "e"};
    assert_false(ops_parse(&COMMAND, OPS_WORDS_MAX + 1, words, &parsed, why));
    const char *options[OPS_OPTIONS_MAX + 1];
    for (size_t i = 0; i <= OPS_OPTIONS_MAX; i++)
        options[i] = "--fast";
    assert_false(ops_parse(&COMMAND, OPS_OPTIONS_MAX + 1, options, &parsed, why));
}

static void test_options_are_read(void **state)
{
    (void)state;
    struct said said = {0};
    const struct ops_io io = {&said, on_write, never};
    const struct ops_option options[] = {{"count", "7"}, {"bad", "7x"}, {"count", "9"}};
    const struct ops_args a = {.options = options, .option_count = 3, .cwd = "/here"};
    uint64_t n = 0;
    char path[OPS_PATH_MAX];
    assert_true(ops_option_u64(&a, "count", 1, &io, &n));
    assert_int_equal(n, 9); /* the last one */
    assert_true(ops_option_u64(&a, "none", 5, &io, &n));
    assert_int_equal(n, 5);
    assert_false(ops_option_u64(&a, "bad", 5, &io, &n));
    assert_non_null(strstr(said.text, "--bad must be a whole number"));
    assert_true(ops_path(&a, "b.tar", path, &io));
    assert_string_equal(path, "/here/b.tar");
    assert_true(ops_path(&a, "/there/b.tar", path, &io));
    assert_string_equal(path, "/there/b.tar");
    assert_false(ops_path(&a, "", path, &io));
    const struct ops_args lost = {.cwd = ""}; /* the folder was deleted */
    assert_false(ops_path(&lost, "b.tar", path, &io));
    assert_true(ops_path(&lost, "/there/b.tar", path, &io));
}

static void test_the_table(void **state)
{
    (void)state;
    struct buf page;
    buf_init(&page, MEM_CORE, 64 * 1024);
    ops_docs_write(&page);
    buf_putc(&page, '\0');
    assert_false(page.failed);
    for (size_t i = 0; i < ops_command_count; i++) {
        const struct ops_command *c = &ops_commands[i];
        assert_ptr_equal(ops_find(c->word, c->second), c);
        assert_true(strlen(c->help) > 0);
        assert_non_null(strstr(page.data, c->help));
    }
    assert_null(ops_find("backup", NULL));
    assert_null(ops_find("backup", "destroy"));
    assert_null(ops_find("nothing", NULL));
    assert_non_null(ops_find("restore", "any file"));
    assert_non_null(strstr(page.data, "guild:ID\\|user:ID")); /* a bar would end the cell */
    buf_deinit(&page);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static struct {
        char room[5000];
    } text;
    static struct said said;
    const struct ops_io io = {&said, on_write, never};
    memset(text.room, 'x', sizeof text.room - 1);
    ops_printf(&io, "%.4000s\n", text.room);
    assert_int_equal(said.len, 4001);
    said.len = 0;
    ops_printf(&io, "%s", text.room);
    assert_int_equal(said.len, 4096); /* the rest is left out, the line ends */
    assert_int_equal(said.text[4095], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage_items),
        cmocka_unit_test(test_mistakes_and_right_words),
        cmocka_unit_test(test_what_cannot_be_taken_apart),
        cmocka_unit_test(test_options_are_read),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_long_lines_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
