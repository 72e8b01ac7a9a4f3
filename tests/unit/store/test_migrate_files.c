/* The migrations in the binary are alike on both backends, and what the head of one may say. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store/migrate_files.h"

enum { WHY = 512, ARENA = 1024 * 1024 };

static void test_backends_have_the_same_migrations(void **state)
{
    (void)state;
    struct migration_list sqlite;
    struct migration_list postgres;
    char why[WHY] = "";
    assert_int_equal(migration_list_init(&sqlite, NULL, "sqlite", why, sizeof why), ERR_OK);
    assert_int_equal(migration_list_init(&postgres, NULL, "postgres", why, sizeof why), ERR_OK);
    assert_true(sqlite.count >= 3);
    assert_int_equal(sqlite.count, postgres.count);
    for (size_t i = 0; i < sqlite.count; i++) {
        assert_string_equal(sqlite.items[i].name, postgres.items[i].name);
        assert_int_equal(sqlite.items[i].version, i + 1);
        assert_int_equal(sqlite.items[i].compatible, postgres.items[i].compatible);
        assert_int_equal(sqlite.items[i].needs, postgres.items[i].needs);
        assert_int_equal(sqlite.items[i].online_rows, postgres.items[i].online_rows);
    }
    migration_list_deinit(&postgres);
    migration_list_deinit(&sqlite);
}

/* Databases have these already: whoever changes a byte of them locks everybody out. */
static void test_released_files_have_not_changed(void **state)
{
    static const struct {
        const char *name;
        const char *sqlite;
        const char *postgres;
    } released[] = {
        {"0001_first_light.sql", "97bc193e8efe10c5ef9d53d23af6fe0a49c4b838be2fe8dbfd6112e023711397",
         "f950409bd89641b54daf50f7a66ca2f128c583b2a9c7c324920b42a30ecab61b"},
        {"0002_entities.sql", "a00db2c7e85cacd00582bc67eaf9d4bafe40cb9417a9856bd652ff8c93a59844",
         "c8e299e9355c244d06b3729919ec4bf0884e383a2386ffe97a9936c1650ba8f4"},
        {"0003_growth.sql", "81fa14ee5c05d58d9e9e6e44cae33693d07312d8c53204730d832ed9a4efd86f",
         "ad639d08409375e1072adcf634bd6d3e167938b3aa4aae5d75b2feb231444363"},
        {"0004_communities.sql", "be2b9be98033c22a9d811b5b7c154639d65a27fc16df765979afdf26345b872f",
         "38da6067683d772bb1d993d8c491afe2954b13d8a3966b98f3edbd5e2b6ee2c7"},
        {"0005_messages.sql", "49d81fa9c6d698ee720cf8ed94c294e02af35cc50009a99d9b32ee9a86469a29",
         "34eb98b022bdf0fd1944c5117a48c508e06b114f106cfea077225d4521b4cb7b"},
    };
    enum { RELEASED = sizeof released / sizeof released[0] };
    (void)state;
    for (size_t i = 0; i < 2 * RELEASED; i++) {
        bool sqlite = i < RELEASED;
        struct migration_list list;
        char why[WHY] = "";
        assert_int_equal(
            migration_list_init(&list, NULL, sqlite ? "sqlite" : "postgres", why, sizeof why),
            ERR_OK);
        size_t n = i % RELEASED;
        char hex[2 * MIGRATION_CHECKSUM_LEN + 1];
        assert_string_equal(list.items[n].name, released[n].name);
        for (size_t k = 0; k < MIGRATION_CHECKSUM_LEN; k++)
            snprintf(hex + 2 * k, 3, "%02x", list.items[n].checksum[k]);
        assert_string_equal(hex, sqlite ? released[n].sqlite : released[n].postgres);
        migration_list_deinit(&list);
    }
}

struct head_case {
    const char *text;
    enum err err;
    struct migration expect; /* of version 5 */
};

static void check_head(const struct head_case *c)
{
    struct arena arena;
    char why[WHY] = "";
    struct migration m = {.name = "0005_x.sql",
                          .version = 5,
                          .text = (const unsigned char *)c->text,
                          .len = strlen(c->text)};
    arena_init(&arena, MEM_STORE, ARENA);
    enum err e = migration_read_header(&m, &arena, why, sizeof why);
    if (e != c->err)
        print_error("%s: %s\n", c->text, why);
    assert_int_equal(e, c->err);
    if (e != ERR_OK)
        assert_non_null(strstr(why, "0005_x.sql"));
    if (e == ERR_OK) {
        assert_int_equal(m.compatible, c->expect.compatible);
        assert_int_equal(m.needs, c->expect.needs);
        assert_int_equal(m.online_rows, c->expect.online_rows);
        assert_int_equal(m.statement == NULL, c->expect.statement == NULL);
    }
    if (e == ERR_OK && m.statement != NULL)
        assert_string_equal(m.statement, c->expect.statement);
    arena_deinit(&arena);
}

static void test_heads(void **state)
{
    static const struct head_case cases[] = {
        {"CREATE TABLE x (id BIGINT);", ERR_OK, {.compatible = 5}},
        {"", ERR_OK, {.compatible = 5}},
        {"-- A remark: with a colon.\n-- compatible: 3\nSELECT 1;", ERR_OK, {.compatible = 3}},
        {"\n--compatible:5\r\n\n-- needs: 4\n", ERR_OK, {.compatible = 5, .needs = 4}},
        /* Only the head counts. */
        {"SELECT 1;\n-- compatible: 3\n", ERR_OK, {.compatible = 5}},
        {"-- compatible: 6\n", ERR_STORE, {.compatible = 0}},
        {"-- compatible: 0\n", ERR_STORE, {.compatible = 0}},
        {"-- compatible: four\n", ERR_STORE, {.compatible = 0}},
        {"-- compatible\n", ERR_STORE, {.compatible = 0}},
        {"-- compatible: 3 and more\n", ERR_STORE, {.compatible = 0}},
        {"-- needs: 5\n", ERR_STORE, {.compatible = 0}},
        {"-- online: 10\nUPDATE x SET a = 1 WHERE a = 0;\n\n",
         ERR_OK,
         {.compatible = 5, .online_rows = 10, .statement = "UPDATE x SET a = 1 WHERE a = 0"}},
        {"-- online: 10001\nUPDATE x SET a = 1", ERR_STORE, {.compatible = 0}},
        {"-- online: 10\nUPDATE x SET a = 1; UPDATE y SET a = 1;", ERR_STORE, {.compatible = 0}},
        {"-- online: 10\n-- and nothing else\n", ERR_STORE, {.compatible = 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_head(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends_have_the_same_migrations),
        cmocka_unit_test(test_released_files_have_not_changed),
        cmocka_unit_test(test_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
