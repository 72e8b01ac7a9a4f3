/* Zstandard streams: fragments in any order in one frame, by the ordinary decoder, byte by byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <zstd.h>

#include "base/mem.h"
#include "wire/zstd_stream.h"

enum { TEXT_MAX = 8 << 20, FRAGMENTS = 48 };

static char text[TEXT_MAX];

struct reader {
    ZSTD_DCtx *d;
    ZSTD_outBuffer out;
};

static void reader_open(struct reader *r)
{
    *r = (struct reader){ZSTD_createDCtx(), {text, TEXT_MAX, 0}};
}

/* `step` bytes at a time; returns what the stream says of it: never its end, never an error. */
static void reader_feed(struct reader *r, struct slice s, size_t step)
{
    for (size_t at = 0; at < s.len; at += step) {
        size_t n = s.len - at < step ? s.len - at : step;
        ZSTD_inBuffer in = {s.data + at, n, 0};
        while (in.pos < in.size) {
            size_t result = ZSTD_decompressStream(r->d, &r->out, &in);
            if (ZSTD_isError(result))
                fail_msg("%s", ZSTD_getErrorName(result));
            assert_int_not_equal(result, 0);
        }
    }
}

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 8;
}

/* Texts of all kinds: repeats at distance 1, 4 and 8 first of all, which are the offsets that an
 * encoder believes its reader to know. */
static size_t make_text(uint32_t kind, uint32_t *x, char *room)
{
    static const unsigned PERIODS[] = {1, 2, 3, 4, 8, 9, 64, 500};
    size_t len = 1 + next_random(x) % 3000;
    unsigned period = PERIODS[kind % 8];
    for (size_t i = 0; i < len; i++) {
        bool repeat = i >= period && next_random(x) % 50 != 0;
        room[i] = repeat ? room[i - period] : (char)('!' + next_random(x) % 90);
    }
    return len;
}

static void test_fragments_in_any_order(void **state)
{
    (void)state;
    struct zstd_maker *m = zstd_maker_new();
    struct buf fragment[FRAGMENTS];
    static char texts[FRAGMENTS][3072];
    size_t len[FRAGMENTS];
    uint32_t x = 7;
    for (uint32_t i = 0; i < FRAGMENTS; i++) {
        buf_init(&fragment[i], MEM_MAIN, 1 << 16);
        len[i] = make_text(i, &x, texts[i]);
        zstd_fragment(m, slice_of(texts[i], len[i]), &fragment[i]);
        assert_false(fragment[i].failed);
    }
    struct reader r;
    char head[ZSTD_RAW_HEAD_LEN];
    reader_open(&r);
    reader_feed(&r, slice_of(ZSTD_STREAM_HEADER, ZSTD_STREAM_HEADER_LEN), 1);
    for (int round = 0; round < 2000; round++) {
        uint32_t i = next_random(&x) % FRAGMENTS;
        size_t before = r.out.pos;
        if (next_random(&x) % 2 == 0) {
            size_t n = zstd_raw_head(head, 5);
            reader_feed(&r, slice_of(head, n), 1);
            reader_feed(&r, SLICE("raw!!"), 5);
            assert_memory_equal(text + before, "raw!!", 5);
            before += 5;
        }
        reader_feed(&r, buf_slice(&fragment[i]), round % 3 == 0 ? 1 : 100);
        assert_int_equal(r.out.pos - before, len[i]); /* all of it, with nothing after it */
        assert_memory_equal(text + before, texts[i], len[i]);
    }
    ZSTD_freeDCtx(r.d);
    for (uint32_t i = 0; i < FRAGMENTS; i++)
        buf_deinit(&fragment[i]);
    zstd_maker_free(&m);
}

static void check_size(struct zstd_maker *m, size_t size)
{
    struct reader r;
    struct buf b;
    char *large = mem_must(MEM_MAIN, size);
    uint32_t x = 3;
    for (size_t i = 0; i < size; i++)
        large[i] = (char)('a' + next_random(&x) % 8);
    buf_init(&b, MEM_MAIN, 8 << 20);
    zstd_fragment(m, slice_of(large, size), &b);
    assert_false(b.failed);
    assert_true(b.len < size || size <= 100);
    reader_open(&r);
    reader_feed(&r, slice_of(ZSTD_STREAM_HEADER, ZSTD_STREAM_HEADER_LEN), 6);
    reader_feed(&r, buf_slice(&b), 1000);
    assert_int_equal(r.out.pos, size);
    assert_memory_equal(text, large, size);
    ZSTD_freeDCtx(r.d);
    buf_deinit(&b);
    mem_free(MEM_MAIN, large);
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t SIZES[] = {1,     2,     3,      10,     100,    32767,
                                   32768, 32769, 131071, 131073, 500000, ZSTD_WORK_MAX + 300000};
    struct zstd_maker *m = zstd_maker_new();
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++)
        check_size(m, SIZES[i]);
    zstd_maker_free(&m);
}

static void test_raw(void **state)
{
    (void)state;
    struct reader r;
    struct buf b;
    size_t size = (size_t)3 * ZSTD_RAW_MAX + 17;
    char *large = mem_must(MEM_MAIN, size);
    memset(large, 'x', size);
    buf_init(&b, MEM_MAIN, 8 << 20);
    zstd_raw(&b, slice_of(large, size));
    reader_open(&r);
    reader_feed(&r, slice_of(ZSTD_STREAM_HEADER, ZSTD_STREAM_HEADER_LEN), 1);
    reader_feed(&r, buf_slice(&b), 4096);
    assert_int_equal(r.out.pos, size);
    assert_memory_equal(text, large, size);
    ZSTD_freeDCtx(r.d);
    buf_deinit(&b);
    mem_free(MEM_MAIN, large);
}

static void test_short_memory(void **state)
{
    (void)state;
    size_t before = mem_bytes(MEM_WIRE);
    for (uint64_t n = 0; n < 2; n++) {
        mem_fail_after(n, 1);
        assert_null(zstd_maker_new());
        mem_fail_never();
    }
    struct zstd_maker *m = zstd_maker_new();
    struct buf b;
    buf_init(&b, MEM_MAIN, 1 << 16);
    mem_fail_after(0, UINT64_MAX);
    zstd_fragment(m, SLICE("text text text text text text text text text text"), &b);
    mem_fail_never();
    assert_true(b.failed);
    buf_deinit(&b);
    zstd_maker_free(&m);
    assert_int_equal(mem_bytes(MEM_WIRE), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fragments_in_any_order),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
