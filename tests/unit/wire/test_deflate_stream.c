/* Deflate streams: fragments in any order, contexts between them, and messages from clients. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "wire/deflate_stream.h"

enum { TEXT_MAX = 4 << 20 };

static struct buf out;
static char text[TEXT_MAX];

static int setup(void **state)
{
    (void)state;
    buf_init(&out, MEM_MAIN, 8 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_deinit(&out);
    return 0;
}

/* What the stream says, inflated `step` bytes at a time; its length. */
static size_t inflate_all(struct slice s, int window_bits, size_t step)
{
    z_stream z = {0};
    assert_int_equal(inflateInit2(&z, window_bits), Z_OK);
    z.next_out = (Bytef *)text;
    z.avail_out = TEXT_MAX;
    for (size_t at = 0; at < s.len; at += step) {
        Bytef piece[64];
        size_t n = s.len - at < step ? s.len - at : step;
        assert_true(n <= sizeof piece);
        memcpy(piece, s.data + at, n);
        z.next_in = piece;
        z.avail_in = (uInt)n;
        int result = inflate(&z, Z_SYNC_FLUSH);
        assert_true(result == Z_OK || result == Z_BUF_ERROR);
        assert_int_equal(z.avail_in, 0);
    }
    size_t len = TEXT_MAX - z.avail_out;
    assert_int_equal(inflateEnd(&z), Z_OK);
    return len;
}

static bool ends_flushed(void)
{
    return out.len >= 4 && memcmp(out.data + out.len - 4, "\0\0\xff\xff", 4) == 0;
}

static void test_stream_of_fragments_and_stored(void **state)
{
    (void)state;
    struct deflater *d = deflater_new();
    buf_append(&out, DEFLATE_HEADER, DEFLATE_HEADER_LEN);
    deflate_stored(&out, SLICE("hello "));
    assert_true(ends_flushed());
    char head[DEFLATE_STORED_HEAD_LEN];
    for (int i = 0; i < 3; i++) {
        buf_append(&out, head, deflate_stored_head(head, 2));
        buf_append(&out, "s:", 2);
        deflater_fragment(d, SLICE("the same payload, the same payload; "), &out);
        assert_true(ends_flushed());
    }
    deflate_stored(&out, SLICE(""));
    for (size_t step = 1; step <= 64; step += 21) {
        size_t n = inflate_all(buf_slice(&out), 15, step);
        assert_int_equal(n, 6 + 3 * 38);
        assert_memory_equal(text, "hello s:the same payload, the same payload; s:the", 49);
    }
    deflater_free(&d);
}

/* Larger than what is compressed at once: whole all the same. */
static void test_large_fragment(void **state)
{
    (void)state;
    enum { LEN = DEFLATE_WORK_MAX + 200 * 1000 };
    struct deflater *d = deflater_new();
    char *large = mem_must(MEM_MAIN, LEN);
    uint32_t x = 1;
    for (size_t i = 0; i < LEN; i++) {
        x = x * 1664525 + 1013904223;
        large[i] = (char)('a' + (x >> 28));
    }
    deflater_fragment(d, slice_of(large, LEN), &out);
    assert_false(out.failed);
    assert_true(ends_flushed());
    assert_true(out.len < LEN);
    assert_int_equal(inflate_all(buf_slice(&out), -15, 64), LEN);
    assert_memory_equal(text, large, LEN);
    mem_free(MEM_MAIN, large);
    deflater_free(&d);
}

/* A context that is shown what others sent finds it again; its own text becomes small. */
static void test_context_follows(void **state)
{
    (void)state;
    struct slice wide =
        SLICE("{\"author\":{\"id\":\"1300000000000000001\",\"username\":\"somebody\"}}");
    struct deflater *d = deflater_new();
    struct deflate_context *c = deflate_context_new();
    char piece[512];
    deflater_fragment(d, wide, &out);
    size_t fragment = out.len;
    deflate_context_follow(c, wide);
    size_t n = deflate_context_write(c, SLICE("#"), wide, piece, sizeof piece);
    assert_true(n > 0 && n < fragment / 2);
    buf_append(&out, piece, n);
    deflater_fragment(d, wide, &out);
    deflate_context_follow(c, wide);
    n = deflate_context_write(c, wide, SLICE("."), piece, sizeof piece);
    assert_true(n > 0 && n < fragment / 2);
    buf_append(&out, piece, n);
    assert_true(ends_flushed());
    size_t len = inflate_all(buf_slice(&out), -15, 1);
    assert_int_equal(len, 4 * wide.len + 2);
    assert_int_equal(text[wide.len], '#');
    assert_memory_equal(text + 3 * wide.len + 1, wide.data, wide.len);

    deflate_context_reset(c); /* knows nothing: larger, but right at the end of any stream */
    n = deflate_context_write(c, SLICE(""), wide, piece, sizeof piece);
    assert_true(n > fragment / 2);
    buf_append(&out, piece, n);
    assert_int_equal(inflate_all(buf_slice(&out), -15, 64), 5 * wide.len + 2);
    deflate_context_free(&c);
    deflater_free(&d);
}

static void test_context_room(void **state)
{
    (void)state;
    struct deflate_context *c = deflate_context_new();
    char piece[16];
    struct slice s = SLICE("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    assert_int_equal(deflate_context_write(c, SLICE(""), s, piece, sizeof piece), 0);
    deflate_context_reset(c);
    assert_true(deflate_context_bound(s.len) <= 512);
    char enough[512];
    size_t n = deflate_context_write(c, SLICE(""), s, enough, deflate_context_bound(s.len));
    assert_true(n > 0);
    assert_int_equal(inflate_all(slice_of(enough, n), -15, 64), s.len);
    deflate_context_free(&c);
}

static void test_context_memory(void **state)
{
    (void)state;
    size_t before = mem_bytes(MEM_WIRE);
    struct deflate_context *c = deflate_context_new();
    size_t used = mem_bytes(MEM_WIRE) - before;
    assert_true(used <= DEFLATE_CONTEXT_BYTES);
    deflate_context_free(&c);
    assert_int_equal(mem_bytes(MEM_WIRE), before);
    for (uint64_t n = 0; n < 3; n++) {
        mem_fail_after(n, 1);
        assert_null(deflate_context_new());
        mem_fail_never();
        mem_fail_after(n, 1);
        assert_null(deflater_new());
        mem_fail_never();
    }
    assert_int_equal(mem_bytes(MEM_WIRE), before);
}

/* As a client with permessage-deflate sends it: the tail is cut off. */
static struct slice client_message(struct slice s, int flush, char *room, size_t capacity)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char copy[8192];
    assert_true(s.len <= sizeof copy);
    memcpy(copy, s.data, s.len);
    z.next_in = (Bytef *)copy;
    z.avail_in = (uInt)s.len;
    z.next_out = (Bytef *)room;
    z.avail_out = (uInt)capacity;
    (void)deflate(&z, flush);
    size_t n = capacity - z.avail_out;
    (void)deflateEnd(&z);
    return slice_of(room, flush == Z_SYNC_FLUSH ? n - 4 : n);
}

static void test_messages_from_clients(void **state)
{
    (void)state;
    char room[512];
    char bomb[8192];
    memset(bomb, 'x', sizeof bomb);
    struct buf got;
    buf_init(&got, MEM_MAIN, 4096);
    struct slice m =
        client_message(SLICE("{\"op\":1,\"d\":null}"), Z_SYNC_FLUSH, room, sizeof room);
    assert_int_equal(deflate_message_read(m, &got), ERR_OK);
    assert_true(slice_eq_cstr(buf_slice(&got), "{\"op\":1,\"d\":null}"));

    buf_reset(&got); /* ends with a final block: RFC 7692 §7.2.3.4 */
    m = client_message(SLICE("final"), Z_FINISH, room, sizeof room);
    assert_int_equal(deflate_message_read(m, &got), ERR_OK);
    assert_true(slice_eq_cstr(buf_slice(&got), "final"));

    buf_reset(&got); /* exactly the maximum, and one more */
    m = client_message(slice_of(bomb, 4096), Z_SYNC_FLUSH, room, sizeof room);
    assert_int_equal(deflate_message_read(m, &got), ERR_OK);
    assert_int_equal(got.len, 4096);
    buf_reset(&got);
    m = client_message(slice_of(bomb, 4097), Z_SYNC_FLUSH, room, sizeof room);
    assert_int_equal(deflate_message_read(m, &got), ERR_WS_TOO_BIG);

    buf_reset(&got); /* nothing at all: one byte of an empty block, RFC 7692 §7.2.3.6 */
    assert_int_equal(deflate_message_read(SLICE("\0"), &got), ERR_OK);
    assert_int_equal(got.len, 0);

    buf_reset(&got);
    assert_int_equal(deflate_message_read(SLICE("\xff\xff\xff\xff"), &got), ERR_WS_PROTOCOL);
    buf_reset(&got);
    assert_int_equal(deflate_message_read(SLICE("{\"op\":1}"), &got), ERR_WS_PROTOCOL);
    buf_deinit(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stream_of_fragments_and_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_fragment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_context_follows, setup, teardown),
        cmocka_unit_test(test_context_room),
        cmocka_unit_test(test_context_memory),
        cmocka_unit_test(test_messages_from_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
