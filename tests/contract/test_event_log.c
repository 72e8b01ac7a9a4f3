/* Reading the event log back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/store_fixture.h"

static const struct stream guild_1 = {STREAM_GUILD, 1};

enum { EVENTS = 5 };

static enum err emit_numbered(struct tx *tx, uint64_t n)
{
    struct event *e = event_new(EVENT_MESSAGE_CREATE, guild_1, NULL, 0);
    if (e == NULL)
        return ERR_NO_MEMORY;
    if (n == 3)
        e->kind = (enum event_kind)9999; /* of a later version */
    e->guild_id = 1;
    e->channel_id = n == 2 ? 0 : 100 + n;
    e->entity_id = UINT64_C(9007199254740993) + n; /* beyond a double */
    e->actor_id = 300 + n;
    e->at_ms = n == 4 ? 44 : 0;
    struct slice delta = n == 2 ? SLICE("a\0b") : n == 5 ? SLICE("") : (struct slice){NULL, 0};
    return tx_emit_delta(tx, e, delta);
}

static enum err on_emit_all(struct tx *tx, void *ctx)
{
    (void)ctx;
    enum err e = event_emit(tx, (struct stream){STREAM_USER, 1}, 7);
    for (uint64_t n = 1; n <= EVENTS && e == ERR_OK; n++)
        e = emit_numbered(tx, n);
    return e;
}

struct reading {
    uint64_t after;
    unsigned max;
    uint64_t stop_at; /* 0: never */
    struct event_row rows[EVENTS + 1];
    char delta[EVENTS + 1][8];
    unsigned count;
};

static enum err on_row(void *ctx, const struct event_row *row)
{
    struct reading *r = ctx;
    assert_true(r->count <= EVENTS);
    r->rows[r->count] = *row;
    if (row->delta.len > 0)
        memcpy(r->delta[r->count], row->delta.data, row->delta.len);
    r->count++;
    return row->position == r->stop_at ? ERR_OVERLOADED : ERR_OK;
}

static enum err on_read(struct tx *tx, void *ctx)
{
    struct reading *r = ctx;
    return event_log_read(tx, guild_1, r->after, r->max, on_row, r);
}

static void filled(struct fixture *f)
{
    assert_int_equal(store_write(f->store, on_emit_all, NULL), ERR_OK);
}

static void test_rows_come_back_as_they_went(void **state)
{
    struct fixture *f = *state;
    filled(f);
    struct reading r = {.max = 100};
    assert_int_equal(store_read(f->store, on_read, &r), ERR_OK);
    assert_int_equal(r.count, EVENTS);
    for (uint64_t i = 0; i < EVENTS; i++) {
        const struct event_row *row = &r.rows[i];
        uint64_t n = i + 1;
        assert_int_equal(row->stream.kind, STREAM_GUILD);
        assert_int_equal(row->stream.id, 1);
        assert_int_equal(row->position, n);
        assert_int_equal(row->kind, n == 3 ? 9999 : EVENT_MESSAGE_CREATE);
        assert_int_equal(row->guild_id, 1);
        assert_int_equal(row->channel_id, n == 2 ? 0 : 100 + n);
        assert_int_equal(row->entity_id, UINT64_C(9007199254740993) + n);
        assert_int_equal(row->actor_id, 300 + n);
        assert_int_equal(row->at_ms, n == 4 ? 44 : INT64_C(1790000000000));
    }
    assert_null(r.rows[0].delta.data);
    assert_int_equal(r.rows[1].delta.len, 3);
    assert_memory_equal(r.delta[1], "a\0b", 3);
    assert_non_null(r.rows[4].delta.data);
    assert_int_equal(r.rows[4].delta.len, 0);
}

static void test_ranges(void **state)
{
    static const struct {
        uint64_t after;
        unsigned max;
        uint64_t stop_at;
        unsigned count;
        uint64_t first;
        enum err err;
    } cases[] = {
        {0, 2, 0, 2, 1, ERR_OK},           {2, 100, 0, 3, 3, ERR_OK},  {4, 1, 0, 1, 5, ERR_OK},
        {5, 100, 0, 0, 0, ERR_OK},         {99, 100, 0, 0, 0, ERR_OK}, {0, 0, 0, 0, 0, ERR_OK},
        {0, 100, 3, 3, 1, ERR_OVERLOADED},
    };
    struct fixture *f = *state;
    filled(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reading r = {
            .after = cases[i].after, .max = cases[i].max, .stop_at = cases[i].stop_at};
        assert_int_equal(store_read(f->store, on_read, &r), cases[i].err);
        assert_int_equal(r.count, cases[i].count);
        if (r.count > 0)
            assert_int_equal(r.rows[0].position, cases[i].first);
    }
}

static enum err on_head(struct tx *tx, void *ctx)
{
    uint64_t *heads = ctx;
    enum err e = tx_stream_head(tx, guild_1, &heads[0]);
    return e == ERR_OK ? tx_stream_head(tx, (struct stream){STREAM_DM, 1}, &heads[1]) : e;
}

static void test_heads(void **state)
{
    struct fixture *f = *state;
    uint64_t heads[2] = {9, 9};
    assert_int_equal(store_read(f->store, on_head, heads), ERR_OK);
    assert_int_equal(heads[0], 0);
    filled(f);
    assert_int_equal(store_read(f->store, on_head, heads), ERR_OK);
    assert_int_equal(heads[0], EVENTS);
    assert_int_equal(heads[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
        OPEN(test_rows_come_back_as_they_went),
        OPEN(test_ranges),
        OPEN(test_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
