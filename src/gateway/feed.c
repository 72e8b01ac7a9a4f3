#include "gateway/feed.h"

#include <assert.h>

#include "base/mem.h"

void feed_init(struct feed *f, struct stream stream, const struct feed_ops *ops)
{
    *f = (struct feed){.stream = stream, .state = FEED_LOADING, .ops = ops};
}

void feed_deinit(struct feed *f)
{
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
    for (uint32_t i = 0; i < count; i++) {
        if (f->paused) {
            hold(f, held[i]);
        } else if (f->state == FEED_REFILLING || !advance(f, held[i])) {
            f->state = FEED_REFILLING;
            hold(f, held[i]);
        }
        event_unref(&held[i]);
    }
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

void feed_resume(struct feed *f)
{
    assert(f->paused);
    f->paused = false;
    if (f->state == FEED_REFILLING)
        f->ops->refill(f); /* what followed in the log was not kept */
    else
        settle(f);
}

void feed_refilled(struct feed *f, struct event *const *events, size_t count, bool more)
{
    assert(f->state == FEED_REFILLING && !f->paused);
    for (size_t i = 0; i < count; i++) {
        if (events[i]->position <= f->position)
            continue;
        /* events_replay ends before a hole, and says so: then feed_restart is due. */
        assert(events[i]->position == f->position + 1);
        apply(f, events[i]);
        if (f->paused)
            return;
    }
    if (more)
        f->ops->refill(f);
    else
        settle(f);
}

void feed_restart(struct feed *f)
{
    assert(f->state == FEED_REFILLING && !f->paused);
    feed_deinit(f);
    feed_init(f, f->stream, f->ops);
}
