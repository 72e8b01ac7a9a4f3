/* Loops as the gateway sees them (net/loop.h), on virtual time: tasks, hooks, timers. */
#include <assert.h>
#include <stdlib.h>

#include "sim_net_priv.h"

struct loop *LOOPS[SIM_LOOPS_MAX + 1];
unsigned LOOP_COUNT;
struct list READABLE;

static struct loop *make_loop(unsigned index)
{
    struct loop *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    l->index = index;
    l->tasks_end = &l->tasks;
    list_init(&l->conns);
    list_init(&l->dirty);
    list_init(&l->lanes);
    list_init(&l->attention);
    list_init(&l->closed);
    for (size_t i = 0; i < WHEEL; i++)
        list_init(&l->wheel[i]);
    l->now_ms = SIM.now_ms;
    l->wheel_tick = SIM.now_ms / TICK_MS;
    l->scratch = malloc(LOOP_SCRATCH_BYTES);
    if (l->scratch == NULL)
        abort();
    return l;
}

void net_open(unsigned loops)
{
    LOOP_COUNT = loops;
    for (unsigned i = 0; i < loops; i++)
        LOOPS[i] = make_loop(i);
}

void net_open_clients(void)
{
    LOOPS[SIM_LOOPS_MAX] = make_loop(SIM_LOOPS_MAX);
    list_init(&READABLE);
}

struct loop *net_loop(unsigned i)
{
    return LOOPS[i];
}

struct loop *net_clients_loop(void)
{
    return LOOPS[SIM_LOOPS_MAX];
}

void loop_post(struct loop *l, struct task *t)
{
    t->letter.next = NULL;
    *l->tasks_end = &t->letter;
    l->tasks_end = &t->letter.next;
}

void loop_wake(struct loop *l)
{
    l->wake = true;
}

void loop_again(struct loop *l)
{
    l->again = true;
}

void loop_hold_bulk(struct loop *l, bool held)
{
    l->bulk_held = held;
}

bool loop_bulk_empty(const struct loop *l)
{
    LIST_FOREACH (it, &l->lanes) {
        if (!list_empty(&LIST_OWNER(it, struct bulk_lane, node)->conns))
            return false;
    }
    return true;
}

void loop_on_wake(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx)
{
    assert(l->wake_count < HOOKS_MAX);
    l->wake_hooks[l->wake_count++] = (struct hook){fn, ctx};
}

void loop_on_turn(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx)
{
    assert(l->turn_count < HOOKS_MAX);
    l->turn_hooks[l->turn_count++] = (struct hook){fn, ctx};
}

unsigned loop_index(const struct loop *l)
{
    return l->index;
}

bool loop_is_current(const struct loop *l)
{
    (void)l;
    return true;
}

uint64_t loop_now_ms(const struct loop *l)
{
    return l->now_ms;
}

const struct log *loop_log(const struct loop *l)
{
    static struct log log;
    (void)l;
    if (!SIM.o.verbose)
        return NULL;
    log_init(&log, 2, LOG_DEBUG, LOG_TEXT, &SIM.clock);
    return &log;
}

struct metrics *loop_metrics(const struct loop *l)
{
    (void)l;
    return NULL;
}

const struct clock *loop_clock(const struct loop *l)
{
    (void)l;
    return &SIM.clock;
}

uint64_t loop_random(struct loop *l)
{
    (void)l;
    return random_seeded_next(&SIM.random);
}

char *loop_scratch(struct loop *l)
{
    return l->scratch;
}

void loop_timer_start(struct loop *l, struct timer *t, uint64_t delay_ms,
                      void (*fn)(struct timer *))
{
    list_remove(&t->node);
    t->fn = fn;
    t->due_ms = l->now_ms + delay_ms;
    uint64_t tick = t->due_ms / TICK_MS + 1;
    if (tick <= l->wheel_tick)
        tick = l->wheel_tick + 1;
    list_push_back(&l->wheel[tick % WHEEL], &t->node);
}

void loop_timer_stop(struct timer *t)
{
    list_remove(&t->node);
}

static void run_bucket(struct loop *l, struct list *bucket)
{
    struct list batch;
    list_init(&batch);
    for (struct list *n; (n = list_pop_front(bucket)) != NULL;)
        list_push_back(&batch, n);
    for (struct list *n; (n = list_pop_front(&batch)) != NULL;) {
        struct timer *t = LIST_OWNER(n, struct timer, node);
        if (t->due_ms > l->now_ms)
            list_push_back(bucket, n);
        else
            t->fn(t);
    }
}

void loop_run_timers(struct loop *l)
{
    l->now_ms = SIM.now_ms;
    uint64_t tick = l->now_ms / TICK_MS;
    if (tick > l->wheel_tick + WHEEL)
        l->wheel_tick = tick - WHEEL;
    while (l->wheel_tick < tick) {
        l->wheel_tick++;
        run_bucket(l, &l->wheel[l->wheel_tick % WHEEL]);
    }
}

void loop_run_tasks(struct loop *l)
{
    struct letter *letter = l->tasks;
    l->tasks = NULL;
    l->tasks_end = &l->tasks;
    while (letter != NULL) {
        struct letter *next = letter->next;
        struct task *t = (struct task *)(void *)letter;
        t->run(t, l);
        letter = next;
    }
}

void loop_free(struct loop *l)
{
    free(l->scratch);
    free(l);
}
