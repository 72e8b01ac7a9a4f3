#pragma once

/* What the tests of events share: the log gives back what was published. */

#include "contract/core_fixture.h"

enum { RF_EVENTS_MAX = 1024 };

struct rf_replayed {
    struct event *events[RF_EVENTS_MAX];
    size_t count;
};

static void rf_keep(void *ctx, struct event *e)
{
    struct rf_replayed *r = ctx;
    assert_true(r->count < RF_EVENTS_MAX);
    r->events[r->count++] = e;
}

static const char *rf_text(struct core_fixture *f, const struct event *e)
{
    if (e->payload == NULL)
        return "";
    struct slice s = {(const char *)e->payload->data, e->payload->total};
    return arena_dup(&f->arena, s).data;
}

/* Every event of that kind of the stream; returns how many there were. */
UNUSED static size_t rf_check(struct core_fixture *f, struct stream s, enum event_kind kind)
{
    struct rf_replayed r = {.count = 0};
    size_t seen = 0;
    assert_int_equal(events_replay(f->core, s, 0, RF_EVENTS_MAX, rf_keep, &r), ERR_OK);
    for (size_t i = 0; i < f->event_count; i++) {
        const struct event *e = f->events[i];
        const struct event *back = NULL;
        if (e->kind != kind || e->stream.kind != s.kind || e->stream.id != s.id)
            continue;
        for (size_t k = 0; k < r.count; k++)
            if (r.events[k]->position == e->position)
                back = r.events[k];
        assert_non_null(back);
        assert_int_equal(back->kind, kind);
        assert_int_equal(back->entity_id, e->entity_id);
        assert_int_equal(back->channel_id, e->channel_id);
        assert_string_equal(rf_text(f, back), rf_text(f, e));
        seen++;
    }
    for (size_t k = 0; k < r.count; k++)
        event_unref(&r.events[k]);
    return seen;
}
