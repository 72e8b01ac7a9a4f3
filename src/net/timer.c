/*
 * The timer wheel. Thousands of sessions hold a heartbeat timer each and move it all the time, so
 * start and stop must cost a few pointer writes: a timer hangs in the slot of its due tick, modulo
 * the wheel; a timer of a later revolution stays in its slot when the slot is served. libuv is
 * asked for one alarm only, at the next occupied slot: an idle loop sleeps.
 *
 * Precision: the tick after the due moment serves a timer, so it fires 0 to 64 ms late, plus what
 * the turn costs, and never early.
 */

#include "net/loop.h"

#include <assert.h>

#include "net/loop_priv.h"

static void mark(struct wheel *w, uint64_t tick)
{
    size_t slot = tick % WHEEL_SLOTS;
    w->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
}

static void unmark(struct wheel *w, uint64_t tick)
{
    size_t slot = tick % WHEEL_SLOTS;
    w->occupied[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

/* The first tick after `tick` whose slot is occupied, at most one revolution away. */
static uint64_t next_occupied(const struct wheel *w, uint64_t tick)
{
    uint64_t at = tick + 1;
    while (at <= tick + WHEEL_SLOTS) {
        size_t slot = at % WHEEL_SLOTS;
        uint64_t bits = w->occupied[slot / 64] >> (slot % 64);
        if (bits)
            return at + (uint64_t)__builtin_ctzll(bits);
        at += 64 - slot % 64;
    }
    return UINT64_MAX;
}

static void on_alarm(uv_timer_t *handle);

static void arm(struct loop *l, uint64_t tick)
{
    struct wheel *w = &l->wheel;
    if (w->armed_tick == tick)
        return;
    w->armed_tick = tick;
    if (tick == UINT64_MAX || l->stopping) {
        uv_timer_stop(&w->alarm);
        return;
    }
    uint64_t at_ms = tick * WHEEL_TICK_MS;
    uint64_t now_ms = uv_now(&l->uv);
    uv_timer_start(&w->alarm, on_alarm, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

static uint64_t due_tick(const struct timer *t)
{
    return t->due_ms / WHEEL_TICK_MS + 1;
}

static void hang(struct wheel *w, struct timer *t)
{
    uint64_t tick = due_tick(t);
    list_push_back(&w->slots[tick % WHEEL_SLOTS], &t->node);
    mark(w, tick);
}

/* Fires what is due in one slot. The due ones are moved aside first: a callback may start timers
 * in this very slot, and stop timers that wait here. */
static void serve_slot(struct wheel *w, uint64_t slot_tick, uint64_t now_tick)
{
    struct list *head = &w->slots[slot_tick % WHEEL_SLOTS];
    struct list due;
    list_init(&due);
    unmark(w, slot_tick);
    LIST_FOREACH (node, head) {
        if (due_tick(LIST_OWNER(node, struct timer, node)) > now_tick) {
            mark(w, slot_tick);
            continue;
        }
        list_remove(node);
        list_push_back(&due, node);
    }
    for (struct list *node; (node = list_pop_front(&due));) {
        struct timer *t = LIST_OWNER(node, struct timer, node);
        t->fn(t);
    }
}

static void on_alarm(uv_timer_t *handle)
{
    struct loop *l = handle->data;
    struct wheel *w = &l->wheel;
    uint64_t now_tick = uv_now(&l->uv) / WHEEL_TICK_MS;
    uint64_t first = w->done_tick + 1;
    /* A loop that slept longer than a revolution has to look at each slot once, not more. */
    if (now_tick >= WHEEL_SLOTS && first < now_tick - WHEEL_SLOTS + 1)
        first = now_tick - WHEEL_SLOTS + 1;
    l->ran = true;
    w->armed_tick = UINT64_MAX;
    w->done_tick = now_tick;
    for (uint64_t tick = first; tick <= now_tick; tick++)
        serve_slot(w, tick, now_tick);
    arm(l, next_occupied(w, now_tick));
}

void wheel_init(struct loop *l)
{
    struct wheel *w = &l->wheel;
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
    w->done_tick = uv_now(&l->uv) / WHEEL_TICK_MS;
    w->armed_tick = UINT64_MAX;
    uv_timer_init(&l->uv, &w->alarm);
    w->alarm.data = l;
}

void loop_timer_start(struct loop *l, struct timer *t, uint64_t delay_ms,
                      void (*fn)(struct timer *))
{
    assert(loop_is_current(l) || !l->started);
    list_remove(&t->node);
    t->fn = fn;
    /* Not the turn's time: in a long turn that lies in the past, and the timer would be early. */
    t->due_ms = uv_hrtime() / 1000000 + delay_ms;
    hang(&l->wheel, t);
    uint64_t tick = due_tick(t);
    if (tick < l->wheel.armed_tick)
        arm(l, tick);
}

void loop_timer_stop(struct timer *t)
{
    list_remove(&t->node);
}
