#pragma once

/* What the tests of the event log share, on top of a core: plain events, the log's rows looked at,
 * and SQL that damages things on purpose. */

#include "contract/core_fixture.h"
#include "store/event_log.h"
#include "store/event_log_trim.h"
#include "store/log_readers.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

struct emission {
    struct stream stream;
    uint64_t count;
    uint64_t entity; /* of the first; ascending */
};

static enum err on_emit(struct tx *tx, void *ctx)
{
    const struct emission *x = ctx;
    enum err e = ERR_OK;
    for (uint64_t i = 0; i < x->count && e == ERR_OK; i++) {
        struct event *event = event_new(EVENT_MESSAGE_CREATE, x->stream, NULL, 0);
        if (event == NULL)
            return ERR_NO_MEMORY;
        event->entity_id = x->entity + i;
        e = tx_emit(tx, event);
    }
    return e;
}

UNUSED static void emit(struct core_fixture *f, struct stream s, uint64_t count)
{
    struct emission x = {.stream = s, .count = count, .entity = 1};
    assert_int_equal(store_write(f->store, on_emit, &x), ERR_OK);
}

UNUSED static void pass_days(struct core_fixture *f, int days)
{
    atomic_fetch_add(&f->wall_ms, (int64_t)days * DAY_MS);
}

/* ---- the log, looked at ---- */

struct log_look {
    struct stream stream;
    uint64_t after;
    uint64_t trimmed;
    uint64_t head;
    uint64_t rows;
    uint64_t first;
    uint64_t last;
};

static enum err on_look_row(void *ctx, const struct event_row *row)
{
    struct log_look *l = ctx;
    l->first = l->rows++ == 0 ? row->position : l->first;
    l->last = row->position;
    return ERR_OK;
}

static enum err on_look(struct tx *tx, void *ctx)
{
    struct log_look *l = ctx;
    l->rows = l->first = l->last = 0;
    enum err e = event_log_bounds(tx, l->stream, &l->trimmed, &l->head);
    return e == ERR_OK ? event_log_read(tx, l->stream, l->after, 1 << 20, on_look_row, l) : e;
}

UNUSED static enum err look_after(struct core_fixture *f, struct stream s, uint64_t after,
                                  struct log_look *out)
{
    *out = (struct log_look){.stream = s, .after = after};
    return store_read(f->store, on_look, out);
}

/* All that is left, which must be whole. */
UNUSED static struct log_look look(struct core_fixture *f, struct stream s)
{
    struct log_look l;
    enum err e = look_after(f, s, 0, &l);
    if (e == ERR_LOG_TRIMMED)
        e = look_after(f, s, l.trimmed, &l);
    assert_int_equal(e, ERR_OK);
    if (l.rows > 0) {
        assert_int_equal(l.first, l.trimmed + 1);
        assert_int_equal(l.last, l.head);
    }
    return l;
}

/* ---- retention ---- */

/* One walk over all streams; the number of its steps. */
UNUSED static unsigned trim_all(struct core_fixture *f, uint64_t keep_days)
{
    struct stream cursor = {0};
    bool more = true;
    unsigned steps = 0;
    for (; more; steps++)
        assert_int_equal(event_log_trim_step(f->store, keep_days * DAY_MS, &cursor, &more), ERR_OK);
    assert_int_equal(cursor.kind, 0);
    return steps;
}

/* ---- damage ---- */

static enum err on_damage(struct tx *tx, void *ctx)
{
    return sql_exec(tx_sql(tx), ctx);
}

/* printf, then SQL. */
PRINTF_LIKE(2, 3) UNUSED static void damage(struct core_fixture *f, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    assert_true(vsnprintf(text, sizeof text, format, args) < (int)sizeof text);
    va_end(args);
    f->damaged = true;
    enum err e = store_write(f->store, on_damage, text);
    if (e != ERR_OK)
        fail_msg("%s: %s", err_info(e)->name, text);
}
