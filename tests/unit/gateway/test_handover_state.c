/* A session as bytes: what was written is read, and nothing else is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "gateway/handover_state.h"

enum { ARENA = 1024 * 1024 };

static struct saved_session sample(void)
{
    static struct saved_guild guilds[] = {{1, 0}, {300, 7}, {UINT64_MAX, UINT64_MAX}};
    static uint32_t payloads[] = {0, 1, 2, 900000, 3, UINT32_MAX, 0};
    return (struct saved_session){
        .id = SLICE("00112233445566778899aabbccddeeff"),
        .application_flags = UINT64_C(1) << 63,
        .bot = true,
        .intents = UINT32_MAX,
        .shard_id = 3,
        .shard_count = 65535,
        .large_threshold = 250,
        .version = 9,
        .capabilities = UINT64_C(1) << 40,
        .asked_seq = 3,
        .asked_bytes = 70000,
        .user_position = 127,
        .seq = 128,
        .seen_day_ms = 1767000000000,
        .more = SLICE("{\"a\":1}"),
        .guilds = guilds,
        .guild_count = 3,
        .set = 255,
        .payloads = payloads,
        .payload_count = 7,
    };
}

static void assert_same(const struct saved_session *a, const struct saved_session *b)
{
    assert_true(slice_eq(a->id, b->id));
    assert_true(slice_eq(a->more, b->more));
    assert_true(a->application_flags == b->application_flags);
    assert_int_equal(a->bot, b->bot);
    assert_int_equal(a->intents, b->intents);
    assert_int_equal(a->shard_id, b->shard_id);
    assert_int_equal(a->shard_count, b->shard_count);
    assert_int_equal(a->large_threshold, b->large_threshold);
    assert_int_equal(a->version, b->version);
    assert_true(a->capabilities == b->capabilities);
    assert_int_equal(a->asked_seq, b->asked_seq);
    assert_int_equal(a->asked_bytes, b->asked_bytes);
    assert_int_equal(a->user_position, b->user_position);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->seen_day_ms, b->seen_day_ms);
    assert_int_equal(a->set, b->set);
    assert_int_equal(a->guild_count, b->guild_count);
    assert_memory_equal(a->guilds, b->guilds, a->guild_count * sizeof *a->guilds);
    assert_int_equal(a->payload_count, b->payload_count);
    assert_memory_equal(a->payloads, b->payloads, a->payload_count * sizeof *a->payloads);
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct buf b;
    struct arena arena;
    buf_init(&b, MEM_GATEWAY, ARENA);
    arena_init(&arena, MEM_GATEWAY, ARENA);
    struct saved_session s = sample();
    struct saved_session back;
    saved_session_write(&b, &s);
    assert_false(b.failed);
    assert_true(saved_session_read(buf_slice(&b), &arena, &back));
    assert_same(&back, &s);
    /* As little as can be. */
    s = (struct saved_session){.id = SLICE(""), .shard_count = 1};
    buf_reset(&b);
    saved_session_write(&b, &s);
    assert_true(saved_session_read(buf_slice(&b), &arena, &back));
    assert_int_equal(back.guild_count + back.payload_count, 0);
    arena_deinit(&arena);
    buf_deinit(&b);
}

/* Cut anywhere, or with something behind it, it is no session. */
static void test_cut(void **state)
{
    (void)state;
    struct buf b;
    struct arena arena;
    struct saved_session s = sample();
    struct saved_session back;
    buf_init(&b, MEM_GATEWAY, ARENA);
    arena_init(&arena, MEM_GATEWAY, ARENA);
    saved_session_write(&b, &s);
    for (size_t n = 0; n < b.len; n++)
        assert_false(saved_session_read(slice_of(b.data, n), &arena, &back));
    buf_putc(&b, '\0');
    assert_false(saved_session_read(buf_slice(&b), &arena, &back));
    arena_deinit(&arena);
    buf_deinit(&b);
}

/* Whatever a byte becomes: no crash, and no count that asks for memory that is not there. */
static void test_changed(void **state)
{
    (void)state;
    struct buf b;
    struct saved_session s = sample();
    struct saved_session back;
    buf_init(&b, MEM_GATEWAY, ARENA);
    saved_session_write(&b, &s);
    for (size_t i = 0; i < b.len; i++) {
        char was = b.data[i];
        for (int v = 0; v < 256; v++) {
            struct arena arena;
            arena_init(&arena, MEM_GATEWAY, ARENA);
            b.data[i] = (char)v;
            if (saved_session_read(buf_slice(&b), &arena, &back)) {
                assert_true(back.payload_count <= back.seq && back.shard_id < back.shard_count);
                assert_true(back.set < SAVED_SETS_MAX);
            }
            arena_deinit(&arena);
        }
        b.data[i] = was;
    }
    buf_deinit(&b);
}

static void test_payloads(void **state)
{
    (void)state;
    struct buf b;
    uint32_t set = 0;
    uint32_t first = 0;
    struct slice text;
    buf_init(&b, MEM_GATEWAY, ARENA);
    saved_payloads_begin(&b, 5, 70000);
    saved_payload_length(&b, 3);
    buf_append_cstr(&b, "abc");
    saved_payload_length(&b, 0);
    struct slice in = buf_slice(&b);
    assert_true(saved_payloads_read(&in, &set, &first));
    assert_int_equal(set, 5);
    assert_int_equal(first, 70000);
    assert_true(saved_payload_next(&in, &text));
    assert_true(slice_eq_cstr(text, "abc"));
    assert_true(saved_payload_next(&in, &text));
    assert_int_equal(text.len, 0);
    assert_false(saved_payload_next(&in, &text));
    in = slice_of(b.data, b.len - 2); /* in the middle of "abc" */
    assert_true(saved_payloads_read(&in, &set, &first));
    assert_false(saved_payload_next(&in, &text));
    assert_true(in.len > 0);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
