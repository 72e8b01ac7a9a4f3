/* A READY of many large guilds: its forms are made over as many turns as it takes, a bounded part
 * in each, and what others have made costs nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "gateway/forms.h"

enum { PARTS = 12, PART_BYTES = 400 * 1024, TURNS_MAX = 100 };

static struct bytes *parts[PARTS];

static void make_parts(void)
{
    static char text[PART_BYTES];
    for (size_t i = 0; i < PARTS; i++) {
        size_t n = (size_t)snprintf(text, sizeof text, "\"g%zu\":[0", i);
        for (unsigned k = 0; n + 32 < sizeof text; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, ",\"%u\"", k * 2654435761U);
        text[n++] = ']';
        parts[i] = bytes_new(slice_of(text, n));
        assert_non_null(parts[i]);
    }
}

static struct bytes *make_ready(void)
{
    struct rope r = {0};
    rope_add(&r, SLICE("\"t\":\"READY\",\"op\":0,\"d\":{"), parts[0]);
    for (size_t i = 1; i < PARTS; i++)
        rope_add(&r, SLICE(","), parts[i]);
    rope_add(&r, SLICE("}}"), NULL);
    struct bytes *made = rope_end(&r);
    assert_non_null(made);
    return made;
}

static const struct bytes *form_of(const struct bytes *part, enum gw_encoding e, enum gw_compress c)
{
    const struct bytes *at = e == GW_JSON ? part : bytes_form_peek(part, BYTES_FORM_ETF);
    if (at == NULL || c == GW_PLAIN)
        return at;
    return bytes_form_peek(at, c == GW_ZSTD_STREAM ? BYTES_FORM_ZSTD : BYTES_FORM_DEFLATE);
}

static size_t count_made(enum gw_encoding e, enum gw_compress c)
{
    size_t n = 0;
    for (size_t i = 0; i < PARTS; i++)
        n += form_of(parts[i], e, c) != NULL;
    return n;
}

static void check(enum gw_encoding e, enum gw_compress c)
{
    struct forms *f = NULL;
    size_t live = bytes_live();
    make_parts();
    struct bytes *ready = make_ready();
    size_t turns = 1;
    size_t before = 0;
    while (!forms_ready(&f, ready, e, c)) {
        size_t made = count_made(e, c);
        assert_in_range(made - before, 1, 1 + FORMS_TURN_WORK / PART_BYTES);
        before = made;
        assert_false(forms_ready(&f, ready, e, c)); /* not in this turn */
        assert_int_equal(count_made(e, c), made);
        forms_turn(f);
        turns++;
        assert_true(turns < TURNS_MAX);
    }
    if (e == GW_JSON && c == GW_PLAIN)
        assert_int_equal(turns, 1);
    else
        assert_true(turns >= 4);
    struct bytes *encoded = forms_encoded(&f, ready, e);
    assert_non_null(encoded);
    assert_non_null(forms_compressed(&f, encoded, c));
    /* What is made is ready, whatever else the turn has done. */
    for (size_t i = 0; i < PARTS; i++)
        (void)forms_compressed(&f, parts[i], c == GW_ZSTD_STREAM ? GW_ZLIB_STREAM : GW_ZSTD_STREAM);
    assert_true(forms_ready(&f, ready, e, c));
    bytes_unref(&ready);
    for (size_t i = 0; i < PARTS; i++)
        bytes_unref(&parts[i]);
    forms_free(&f);
    assert_int_equal(bytes_live(), live);
}

static void test_forms_of_a_large_ready(void **state)
{
    (void)state;
    for (int e = GW_JSON; e <= GW_ETF; e++) {
        for (int c = GW_PLAIN; c <= GW_PER_MESSAGE; c++)
            check((enum gw_encoding)e, (enum gw_compress)c);
    }
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_of_a_large_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
