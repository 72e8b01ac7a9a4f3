/* The error table is complete and consistent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/errors.h"

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(ERR_OK, 0);
    assert_string_equal(err_info(ERR_OK)->name, "OK");
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *e = err_info((enum err)i);
        assert_true(strlen(e->name) > 0 && strlen(e->text) > 0);
        assert_true(e->json_code >= 0);
        /* 202: what is asked for is being made (a search while its index is). */
        assert_true(e->http_status == 0 || (e->http_status >= 400 && e->http_status <= 599) ||
                    (i == ERR_NOT_INDEXED && e->http_status == 202));
        assert_true(e->close_code == 0 || (e->close_code >= 1002 && e->close_code <= 1011) ||
                    (e->close_code >= 4000 && e->close_code <= 4015));
        /* Everything can be told to somebody. */
        assert_true(e->http_status != 0 || e->close_code != 0);
    }
}

static void test_codes_are_distinct(void **state)
{
    (void)state;
    for (int i = 1; i < ERR_COUNT; i++) {
        int code = err_info((enum err)i)->json_code;
        /* What Discord says with two statuses; and a full channel, told apart by its text only. */
        if (i == ERR_NO_EMOJI || i == ERR_VOICE_CHANNEL_FULL)
            continue;
        for (int k = 1; k < i && code != 0; k++)
            assert_int_not_equal(err_info((enum err)k)->json_code, code);
    }
}

/* Plain HTTP errors carry their status in the text, as Discord's do. */
static void test_plain_texts(void **state)
{
    (void)state;
    static const enum err plain[] = {ERR_BAD_REQUEST,        ERR_UNAUTHORIZED,    ERR_NOT_FOUND,
                                     ERR_METHOD_NOT_ALLOWED, ERR_REQUEST_TIMEOUT, ERR_URI_TOO_LONG,
                                     ERR_HEADERS_TOO_LARGE,  ERR_INTERNAL,        ERR_STORE_FULL};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char status[8];
        const struct err_info *e = err_info(plain[i]);
        snprintf(status, sizeof status, "%d: ", e->http_status);
        assert_int_equal(e->json_code, 0);
        assert_memory_equal(e->text, status, 5);
    }
}

static void test_known(void **state)
{
    (void)state;
    const struct err_info *e = err_info(ERR_INVALID_FORM);
    assert_string_equal(e->name, "INVALID_FORM");
    assert_int_equal(e->json_code, 50035);
    assert_int_equal(e->http_status, 400);
    assert_string_equal(e->text, "Invalid Form Body");
    assert_int_equal(err_info(ERR_GW_INVALID_SEQ)->close_code, 4007);
    /* A read that took too long may well succeed in a moment. */
    assert_int_equal(err_info(ERR_RETRY)->http_status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_codes_are_distinct),
        cmocka_unit_test(test_plain_texts),
        cmocka_unit_test(test_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
