#pragma once

/* The loop's inside, shared by loop.c, timer.c and conn.c only. Start reading at loop.c. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "net/conn.h"
#include "net/loop.h"

enum {
    LOOP_MAGIC = 0x4c4f4f50,
    LOOP_HOOKS_MAX = 8,
    LOOP_READ_BYTES = 64 * 1024,
    /* Connections flushed a turn of those that wait in bulk: about a fifth of a millisecond; less
     * for a while after there was something else to do, which may come again. */
    LOOP_BULK_PER_TURN = 24,
    LOOP_BULK_BESIDES = 8,
    LOOP_BESIDES_TURNS = 16,
    /* ... if what is written is small. A call costs as much as so many bytes; a lane may write that
     * much before the next has its turn. */
    LOOP_BULK_CALL = 8 * 1024,
    LOOP_BULK_QUANTUM = 2 * LOOP_BULK_CALL,
    LOOP_HANDSHAKES_PER_TURN = 4, /* of TLS, begun in one turn */
    WHEEL_SLOTS = 512,            /* power of two; one revolution is 32.8 s */
    WHEEL_WORDS = WHEEL_SLOTS / 64,
    WHEEL_TICK_MS = 64
};

struct loop_hook {
    void (*fn)(void *ctx, struct loop *l);
    void *ctx;
};

struct loop_hooks {
    struct loop_hook at[LOOP_HOOKS_MAX];
    unsigned count;
};

/* See timer.c. */
struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t occupied[WHEEL_WORDS]; /* a bit may be set for an empty slot, never the reverse */
    uint64_t done_tick;             /* ticks up to here were served */
    uint64_t armed_tick;            /* when `alarm` rings; UINT64_MAX: it does not */
    uv_timer_t alarm;
};

/* Buffers of TLS (conn_tls.c), each used within one call only; no memory before the first one. */
struct loop_tls {
    struct buf plain;
    struct buf joined;
    struct buf out;
    unsigned handshakes; /* begun in this turn */
};
void loop_tls_init(struct loop_tls *t);
void loop_tls_deinit(struct loop_tls *t);

struct loop {
    uint32_t magic;
    struct loop_options options;
    uv_loop_t uv;
    uv_async_t async;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t awake; /* while there is more to do in the next turn */
    struct wheel wheel;

    struct mailbox tasks;
    /* Set by any thread before it rings `async`. The exchange that clears it acquires what the
     * setters released, so a hook sees what was queued before loop_wake. */
    _Atomic bool wake;
    _Atomic bool stop;
    /* Written once by the loop's own thread; only that thread can read its own value from it, so
     * relaxed order suffices. 0: no thread. */
    _Atomic(uintptr_t) thread_self;
    pthread_t thread;
    bool started;
    bool stopping; /* handles are being closed */
    bool ran;      /* timers ran since the last end of a turn */
    bool again;    /* loop_again since then */
    bool bulk_held;

    struct loop_hooks wake_hooks;
    struct loop_hooks turn_hooks;
    struct list conns;   /* all of them, by conn.node */
    struct list dirty;   /* by conn.dirty_node */
    struct list lanes;   /* of bulk, that have connections, by bulk_lane.node */
    uint64_t sent_bytes; /* given to the kernel, or queued for it, by all connections */
    unsigned besides;    /* turns until the portions are large again */
    struct random_seeded random;
    char *scratch;
    char *read_buffer;
    struct loop_tls tls;
};

void wheel_init(struct loop *l);

/* bulk.c: the portion of this turn. */
void bulk_flush(struct loop *l);
