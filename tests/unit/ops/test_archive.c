/* The form of a backup: what is written is read, and nothing else is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ops/archive.h"

#define LONG_60 "012345678901234567890123456789012345678901234567890123456789"

static void test_round_trip(void **state)
{
    (void)state;
    static const struct archive_entry ENTRIES[] = {
        {"guildhall.db", 180224, 1795240515},
        {"media/ab/cdef", 0, 1795240515},
        {"media/" LONG_60 LONG_60 "/x", 1, 1},
        {"media/" LONG_60 "/" LONG_60, UINT64_C(8589934591), 2},
        {"media/large", UINT64_C(8589934592), 2}, /* more than eleven octal digits */
        {"media/largest", INT64_MAX, 3},
    };
    for (size_t i = 0; i < sizeof ENTRIES / sizeof ENTRIES[0]; i++) {
        unsigned char block[ARCHIVE_BLOCK_BYTES];
        struct archive_entry read;
        assert_true(archive_header(&ENTRIES[i], block));
        assert_true(archive_parse(block, &read));
        assert_string_equal(read.name, ENTRIES[i].name);
        assert_true(read.bytes == ENTRIES[i].bytes);
        assert_true(read.mtime_s == ENTRIES[i].mtime_s);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "/etc/passwd",
        "media/../../x",
        "..",
        "media//x",
        "media/",
        "media/.x",
        "./x",
        "media/a\nb",
        "a\\b",
        "a\x7f",
        "a/b/./c",
        LONG_60 LONG_60, /* no slash where one would have to be */
        LONG_60 LONG_60 LONG_60 LONG_60 "/" LONG_60,
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        unsigned char block[ARCHIVE_BLOCK_BYTES];
        struct archive_entry e = {.bytes = 1};
        strncpy(e.name, BAD[i], sizeof e.name - 1);
        if (archive_header(&e, block))
            fail_msg("%s was accepted", BAD[i]);
    }
}

/* Any byte of a header that is another one is seen. */
static void test_every_flip_is_seen(void **state)
{
    (void)state;
    struct archive_entry e = {"media/ab/cdef", 123456, 1795240515};
    struct archive_entry read;
    unsigned char block[ARCHIVE_BLOCK_BYTES];
    assert_true(archive_header(&e, block));
    for (size_t i = 0; i < sizeof block; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            block[i] ^= (unsigned char)bit;
            if (archive_parse(block, &read))
                fail_msg("byte %zu, bit %u", i, bit);
            block[i] ^= (unsigned char)bit;
        }
    }
    memset(block, 0, sizeof block);
    assert_false(archive_parse(block, &read));
}

static void test_padding(void **state)
{
    (void)state;
    assert_int_equal(archive_padding(0), 0);
    assert_int_equal(archive_padding(1), 511);
    assert_int_equal(archive_padding(511), 1);
    assert_int_equal(archive_padding(512), 0);
    assert_int_equal(archive_padding(513), 511);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_flip_is_seen),
        cmocka_unit_test(test_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
