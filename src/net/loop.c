/*
 * The order of a turn. libuv runs timers, then polls (posted tasks, reads, accepts), then closes
 * handles. What any of them gave to connections must leave before the thread sleeps, in one write
 * a connection. So a turn ends in two places: `check`, after the poll, and `prepare`, before the
 * next one, which catches what timers and closing handles did.
 */

#include "net/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

static void run_tasks(struct loop *l)
{
    struct letter *letter = mailbox_take(&l->tasks);
    if (letter)
        l->besides = LOOP_BESIDES_TURNS;
    while (letter) {
        /* run() may free the task: take its successor first. */
        struct letter *next = letter->next;
        struct task *t = (struct task *)(void *)letter;
        t->run(t, l);
        letter = next;
    }
}

static void run_hooks(struct loop *l, const struct loop_hooks *hooks)
{
    for (unsigned i = 0; i < hooks->count; i++)
        hooks->at[i].fn(hooks->at[i].ctx, l);
}

static void add_hook(struct loop_hooks *hooks, void (*fn)(void *, struct loop *), void *ctx)
{
    assert(hooks->count < LOOP_HOOKS_MAX);
    hooks->at[hooks->count++] = (struct loop_hook){fn, ctx};
}

/* Each connection once: one that is marked again by its own flush waits for the next pass. */
static void flush_dirty(struct loop *l)
{
    if (list_empty(&l->dirty))
        return;
    struct list batch = l->dirty;
    batch.next->prev = &batch;
    batch.prev->next = &batch;
    list_init(&l->dirty);
    for (struct list *node; (node = list_pop_front(&batch));)
        conn_flush(LIST_OWNER(node, struct conn, dirty_node));
}

static void end_turn(struct loop *l)
{
    l->ran = false;
    l->again = false;
    l->tls.handshakes = 0;
    run_hooks(l, &l->turn_hooks);
    flush_dirty(l);
    bulk_flush(l);
}

static void on_check(uv_check_t *handle)
{
    end_turn(handle->data);
}

static void on_awake(uv_idle_t *handle)
{
    (void)handle;
}

static void on_prepare(uv_prepare_t *handle)
{
    struct loop *l = handle->data;
    if (l->ran || !list_empty(&l->dirty))
        end_turn(l);
    /* There is more to do: the poll must not sleep on it. An idle handle costs no system call. (Who
     * holds bulk goes on anyway.) */
    bool more = l->again || !list_empty(&l->dirty) || !list_empty(&l->lanes);
    if (more && !l->stopping)
        uv_idle_start(&l->awake, on_awake);
    else
        uv_idle_stop(&l->awake);
}

static void close_other(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_handles(struct loop *l)
{
    l->stopping = true;
    while (!list_empty(&l->conns))
        conn_close(LIST_OWNER(l->conns.next, struct conn, node));
    uv_walk(&l->uv, close_other, NULL);
}

static void on_async(uv_async_t *handle)
{
    struct loop *l = handle->data;
    bool stop = atomic_load_explicit(&l->stop, memory_order_acquire);
    bool wake = atomic_exchange_explicit(&l->wake, false, memory_order_acq_rel);
    run_tasks(l);
    if (wake) {
        l->besides = LOOP_BESIDES_TURNS;
        run_hooks(l, &l->wake_hooks);
    }
    if (stop)
        close_handles(l);
}

static void init_handles(struct loop *l)
{
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_idle_init(&l->uv, &l->awake);
    l->async.data = l;
    l->prepare.data = l;
    l->check.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_start(&l->check, on_check);
    wheel_init(l);
}

static void free_memory(struct loop *l)
{
    loop_tls_deinit(&l->tls);
    mem_free(MEM_NET, l->scratch);
    mem_free(MEM_NET, l->read_buffer);
    mem_free(MEM_NET, l);
}

enum err loop_new(const struct loop_options *o, struct loop **out)
{
    struct loop *l = mem_zalloc(MEM_NET, sizeof *l);
    if (!l)
        return ERR_NO_MEMORY;
    l->magic = LOOP_MAGIC;
    l->options = *o;
    loop_tls_init(&l->tls);
    l->scratch = mem_alloc(MEM_NET, LOOP_SCRATCH_BYTES);
    l->read_buffer = mem_alloc(MEM_NET, LOOP_READ_BYTES);
    if (!l->scratch || !l->read_buffer) {
        free_memory(l);
        return ERR_NO_MEMORY;
    }
    if (uv_loop_init(&l->uv) != 0) {
        free_memory(l);
        return ERR_IO;
    }
    l->uv.data = l;
    if (uv_async_init(&l->uv, &l->async, on_async) != 0) {
        uv_loop_close(&l->uv);
        free_memory(l);
        return ERR_IO;
    }
    mailbox_init(&l->tasks);
    list_init(&l->conns);
    list_init(&l->dirty);
    list_init(&l->lanes);
    random_seeded_init(&l->random, random_u64(random_system()));
    init_handles(l);
    *out = l;
    return ERR_OK;
}

static void set_current(struct loop *l)
{
    atomic_store_explicit(&l->thread_self, (uintptr_t)pthread_self(), memory_order_relaxed);
}

static void *run_thread(void *arg)
{
    struct loop *l = arg;
    assert(l->magic == LOOP_MAGIC);
    set_current(l);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    run_tasks(l);
    return NULL;
}

/* Signals belong to the main thread: a loop starts with all of them blocked. */
enum err loop_start(struct loop *l)
{
    assert(!l->started);
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&l->thread, NULL, run_thread, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        return ERR_IO;
    l->started = true;
    char name[16];
    snprintf(name, sizeof name, "gh-loop-%u", l->options.index);
    pthread_setname_np(l->thread, name);
    return ERR_OK;
}

void loop_stop(struct loop *l)
{
    atomic_store_explicit(&l->stop, true, memory_order_release);
    uv_async_send(&l->async);
}

void loop_join(struct loop **lp)
{
    struct loop *l = *lp;
    if (!l)
        return;
    if (l->started)
        pthread_join(l->thread, NULL);
    /* The joiner is the loop's thread now: for a loop that never ran, and for tasks that came after
     * the thread's last look (which may have brought a connection, see conn_move). */
    set_current(l);
    run_tasks(l);
    close_handles(l);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    run_tasks(l);
    while (list_pop_front(&l->lanes) != NULL) {
        /* Their owners outlive the loop. */
    }
    int busy = uv_loop_close(&l->uv);
    assert(busy == 0);
    (void)busy;
    free_memory(l);
    *lp = NULL;
}

void loop_post(struct loop *l, struct task *t)
{
    if (mailbox_post(&l->tasks, &t->letter))
        uv_async_send(&l->async);
}

void loop_wake(struct loop *l)
{
    if (!atomic_exchange_explicit(&l->wake, true, memory_order_acq_rel))
        uv_async_send(&l->async);
}

void loop_again(struct loop *l)
{
    assert(loop_is_current(l) || !l->started);
    l->again = true;
}

void loop_on_wake(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx)
{
    assert(loop_is_current(l) || !l->started);
    add_hook(&l->wake_hooks, fn, ctx);
}

void loop_on_turn(struct loop *l, void (*fn)(void *ctx, struct loop *l), void *ctx)
{
    assert(loop_is_current(l) || !l->started);
    add_hook(&l->turn_hooks, fn, ctx);
}

unsigned loop_index(const struct loop *l)
{
    return l->options.index;
}

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

bool loop_is_current(const struct loop *l)
{
    return atomic_load_explicit(&l->thread_self, memory_order_relaxed) == (uintptr_t)pthread_self();
}

uint64_t loop_now_ms(const struct loop *l)
{
    return uv_now(&l->uv);
}

const struct log *loop_log(const struct loop *l)
{
    return l->options.log;
}

struct metrics *loop_metrics(const struct loop *l)
{
    return l->options.metrics;
}

const struct clock *loop_clock(const struct loop *l)
{
    return l->options.clock;
}

uint64_t loop_random(struct loop *l)
{
    return random_seeded_next(&l->random);
}

char *loop_scratch(struct loop *l)
{
    return l->scratch;
}
