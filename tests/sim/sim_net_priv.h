#pragma once

/* The inside of loops and connections, for sim_loop.c and sim_net.c. */

#include "sim.h"
#include "sim_pipe.h"

enum {
    WHEEL = 1024,
    TICK_MS = 16,
    HOOKS_MAX = 4,
    BULK_PER_TURN = 64,
    READ_MAX = 64 * 1024,
    DRAIN_MS = 5000,
};

struct hook {
    void (*fn)(void *ctx, struct loop *l);
    void *ctx;
};

struct loop {
    unsigned index;
    bool wake;
    bool again;
    bool bulk_held;
    struct letter *tasks;
    struct letter **tasks_end;
    struct hook wake_hooks[HOOKS_MAX];
    struct hook turn_hooks[HOOKS_MAX];
    unsigned wake_count;
    unsigned turn_count;
    struct list conns;
    struct list dirty;
    struct list lanes;
    struct list attention; /* connections with something to read, or room to write */
    struct list closed;
    struct list wheel[WHEEL];
    uint64_t wheel_tick;
    uint64_t now_ms;
    char *scratch;
};

enum state { OPEN, FLUSHING, DRAINING, CLOSED };

struct conn {
    enum state state;
    struct loop *loop;
    const struct conn_ops *ops;
    void *owner;
    struct list node;
    struct list dirty_node;
    struct list attention; /* or in loop.closed */
    struct timer timer;
    struct timer cut_timer;
    bool in_bulk;
    bool told;
    bool moving;
    bool shut;   /* the server will send no more */
    bool ended;  /* the client has sent FIN */
    bool cut;    /* nobody is there any more, and nobody has said so */
    size_t room; /* of the kernel's buffer */
    struct pipe in;
    struct pipe kernel;
    struct pipe queue;
    struct sim_client *client;
    /* On its way to another loop. */
    struct task task;
    void (*adopted)(void *ctx, struct conn *c);
    void *ctx;
};

extern struct loop *LOOPS[SIM_LOOPS_MAX + 1]; /* the last one is the clients' */
extern unsigned LOOP_COUNT;
extern struct list READABLE;

void loop_run_timers(struct loop *l);
void loop_run_tasks(struct loop *l);
void loop_free(struct loop *l);
