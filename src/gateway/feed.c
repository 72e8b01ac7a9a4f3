#include "gateway/feed.h"

#include <assert.h>

#include "base/mem.h"

void feed_init(struct feed *f, struct stream stream, const struct feed_ops *ops)
{
    *f = (struct feed){.stream = stream, .state = FEED_LOADING, .ops = ops};
}

/* Rows of the log from `at` on; `more`: there may be further ones behind them. */
struct feed_rest {
    uint32_t at;
    uint32_t count;
    bool more;
    struct event *rows[];
};

static void drop_rest(struct feed *f)
{
    struct feed_rest *r = f->rest;
    f->rest = NULL;
    for (uint32_t i = r == NULL ? 0 : r->at; r != NULL && i < r->count; i++)
        event_unref(&r->rows[i]);
    mem_free(MEM_GATEWAY, r);
}

/* Without memory they are read again. */
static void keep_rest(struct feed *f, struct event *const *events, size_t count, bool more)
{
    if (count == 0 && more)
        return;
    struct feed_rest *r = mem_alloc(MEM_GATEWAY, sizeof *r + (count + 1) * sizeof(struct event *));
    if (r == NULL)
        return;
    *r = (struct feed_rest){.count = (uint32_t)count, .more = more};
    for (size_t i = 0; i < count; i++)
        r->rows[i] = event_ref(events[i]);
    f->rest = r;
}

void feed_deinit(struct feed *f)
{
    drop_rest(f);
    for (uint32_t i = 0; i < f->held_count; i++)
        event_unref(&f->held[i]);
    mem_free(MEM_GATEWAY, f->held);
    f->held = NULL;
    f->held_count = 0;
}

static void hold(struct feed *f, struct event *e)
{
    if (f->held == NULL)
        f->held = mem_array(MEM_GATEWAY, FEED_HELD_MAX, sizeof(struct event *));
    if (f->held == NULL || f->held_count == FEED_HELD_MAX) {
        f->held_lost = true; /* the log has it */
        return;
    }
    f->held[f->held_count++] = event_ref(e);
}

static void apply(struct feed *f, struct event *e)
{
    f->position = e->position;
    f->ops->apply(f, e);
}

/* False if the event opens a hole. */
static bool advance(struct feed *f, struct event *e)
{
    if (e->position > f->position + 1)
        return false;
    if (e->position == f->position + 1)
        apply(f, e);
    return true;
}

/* Everything known is applied: go live, then see whether what was held connects. If the owner
 * pauses on the way, the rest is held again. */
static void settle(struct feed *f)
{
    struct event **held = f->held;
    uint32_t count = f->held_count;
    f->held = NULL;
    f->held_count = 0;
    bool hole = f->held_lost;
    f->held_lost = false;
    f->state = FEED_LIVE;
    f->batch = true;
    for (uint32_t i = 0; i < count; i++) {
        if (f->paused) {
            hold(f, held[i]);
        } else if (f->state == FEED_REFILLING || !advance(f, held[i])) {
            f->state = FEED_REFILLING;
            hold(f, held[i]);
        }
        event_unref(&held[i]);
    }
    f->batch = false;
    mem_free(MEM_GATEWAY, held);
    if (hole && f->paused)
        f->held_lost = true;
    else if (hole)
        f->state = FEED_REFILLING;
    if (f->state == FEED_REFILLING)
        f->ops->refill(f);
}

void feed_start(struct feed *f, uint64_t position)
{
    assert(f->state == FEED_LOADING);
    f->position = position;
    settle(f);
}

void feed_offer(struct feed *f, struct event *e)
{
    assert(e->position > 0);
    if (f->state != FEED_LIVE || f->paused) {
        hold(f, e);
        return;
    }
    if (advance(f, e))
        return;
    f->state = FEED_REFILLING;
    hold(f, e);
    f->ops->refill(f);
}

void feed_lost(struct feed *f)
{
    if (f->state != FEED_LIVE || f->paused) {
        f->held_lost = true;
        return;
    }
    f->state = FEED_REFILLING;
    f->ops->refill(f);
}

void feed_pause(struct feed *f)
{
    assert(f->state != FEED_LOADING && !f->paused);
    f->paused = true;
}

/* Of rows that follow each other, as many as the owner takes; how many those are. */
static size_t apply_rows(struct feed *f, struct event *const *rows, size_t count)
{
    size_t i = 0;
    f->batch = true;
    for (; i < count && !f->paused; i++) {
        if (rows[i]->position <= f->position)
            continue;
        /* events_replay ends before a hole, and says so: then feed_restart is due. */
        assert(rows[i]->position == f->position + 1);
        apply(f, rows[i]);
    }
    f->batch = false;
    return i;
}

static void all_applied(struct feed *f, bool more)
{
    if (more)
        f->ops->refill(f);
    else
        settle(f);
}

void feed_resume(struct feed *f)
{
    assert(f->paused);
    f->paused = false;
    struct feed_rest *r = f->rest;
    if (r != NULL) {
        size_t n = apply_rows(f, r->rows + r->at, r->count - r->at);
        for (; n > 0; n--)
            event_unref(&r->rows[r->at++]);
        if (f->paused)
            return;
        bool more = r->more;
        drop_rest(f);
        all_applied(f, more);
    } else if (f->state == FEED_REFILLING) {
        f->ops->refill(f);
    } else {
        settle(f);
    }
}

void feed_refilled(struct feed *f, struct event *const *events, size_t count, bool more)
{
    assert(f->state == FEED_REFILLING && !f->paused && f->rest == NULL);
    size_t n = apply_rows(f, events, count);
    if (f->paused)
        keep_rest(f, events + n, count - n, more);
    else
        all_applied(f, more);
}

bool feed_is_owed(const struct feed *f)
{
    for (uint32_t i = 0; i < f->held_count; i++) {
        if (f->held[i]->position > f->position)
            return true;
    }
    return false;
}

void feed_restart(struct feed *f)
{
    assert(f->state == FEED_REFILLING && !f->paused);
    feed_deinit(f);
    feed_init(f, f->stream, f->ops);
}
