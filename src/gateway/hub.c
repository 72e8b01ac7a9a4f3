/*
 * A hub takes events off its queue of the bus in bounded portions and gives each to the feed of its
 * stream, if anybody on this loop listens to it. It also meters the reading of the store on behalf
 * of its guilds: at most HUB_JOBS_MAX loads and refills at once, the rest wait their turn.
 */
#include <assert.h>

#include "gateway/gateway_priv.h"

void *gw_job_new(struct hub *h, size_t size, void (*work)(struct gw_job *),
                 void (*done)(struct gw_job *))
{
    assert(size >= sizeof(struct gw_job));
    struct gw_job *j = mem_zalloc(MEM_GATEWAY, size);
    if (j == NULL)
        return NULL;
    j->hub = h;
    j->work = work;
    j->done = done;
    arena_init(&j->arena, MEM_GATEWAY, JOB_ARENA_BYTES);
    return j;
}

void gw_job_free(struct gw_job *j)
{
    arena_deinit(&j->arena);
    mem_free(MEM_GATEWAY, j);
}

static void submit(struct gw_job *j);

/* One at a time fewer: the next in line may go. */
static void job_done(struct task *t, struct loop *l)
{
    (void)l;
    struct gw_job *j = (struct gw_job *)(void *)((char *)t - offsetof(struct gw_job, task));
    struct hub *h = j->hub;
    h->in_flight--;
    struct list *next = list_pop_front(&h->line);
    if (next != NULL)
        submit(LIST_OWNER(next, struct gw_job, job.node));
    j->done(j);
}

static void job_run(struct job *job)
{
    struct gw_job *j = (struct gw_job *)(void *)((char *)job - offsetof(struct gw_job, job));
    j->work(j);
    loop_post(j->hub->loop, &j->task);
}

static void submit(struct gw_job *j)
{
    j->hub->in_flight++;
    enum err e = workers_submit(j->hub->gateway->options.workers, &j->job);
    if (e == ERR_OK)
        return;
    j->err = e;
    loop_post(j->hub->loop, &j->task);
}

/* What a job has read waits for the loop in its arena: not for more of them than the loop can soon
 * look at, however many clients identify at once. */
void gw_job_submit(struct gw_job *j, enum job_class class)
{
    j->job.class = class;
    j->job.run = job_run;
    j->task.run = job_done;
    if (j->hub->in_flight < HUB_IN_FLIGHT_MAX)
        submit(j);
    else
        list_push_back(&j->hub->line, &j->job.node);
}

static void start_wanted(struct hub *h)
{
    while (h->jobs < HUB_JOBS_MAX) {
        struct list *n = list_pop_front(&h->wanted);
        if (n == NULL)
            return;
        guild_sub_start_job(LIST_OWNER(n, struct guild_sub, wanted));
    }
}

static void on_retry(struct timer *t)
{
    struct hub *h = LIST_OWNER(t, struct hub, retry);
    for (struct list *n; (n = list_pop_front(&h->later)) != NULL;)
        list_push_back(&h->wanted, n);
    start_wanted(h);
    size_t cursor = 0;
    uint64_t key;
    void *value;
    struct user_sub *empty = NULL;
    while (map_next(&h->users, &cursor, &key, &value)) {
        struct user_sub *u = value;
        if (list_empty(&u->sessions)) {
            empty = u;
        } else if (u->refill_wanted) {
            u->refill_wanted = false;
            user_sub_want(u);
        }
    }
    if (empty == NULL)
        return;
    user_sub_release(empty);
    hub_retry_later(h); /* one at a time: the map must not change while it is walked */
}

void hub_retry_later(struct hub *h)
{
    if (!list_linked(&h->retry.node))
        loop_timer_start(h->loop, &h->retry, RETRY_MS, on_retry);
}

static void route(struct hub *h, struct event *e)
{
    if (e->stream.kind == STREAM_USER) {
        struct user_sub *u = map_get(&h->users, e->stream.id);
        if (u != NULL && e->position == 0)
            user_sub_ephemeral(u, e);
        else if (u != NULL)
            feed_offer(&u->feed, e);
        return;
    }
    struct guild_sub *g = map_get(&h->guilds, e->guild_id);
    if (g == NULL)
        return;
    if (e->position == 0)
        guild_sub_ephemeral(g, e);
    else
        feed_offer(&g->feed, e);
}

/* The bus dropped something: any stream may have a hole behind its position. */
static void everything_lost(struct hub *h)
{
    log_warn(loop_log(h->loop), "gateway", "event queue overran, reading the log",
             LOG_U("loop", h->index), LOG_U("guilds", h->guilds.count));
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->guilds, &cursor, &key, &value))
        feed_lost(&((struct guild_sub *)value)->feed);
    cursor = 0;
    while (map_next(&h->users, &cursor, &key, &value))
        feed_lost(&((struct user_sub *)value)->feed);
}

void hub_busy(struct hub *h, struct guild_sub *s)
{
    if (!list_linked(&s->busy))
        list_push_back(&h->busy, &s->busy);
    loop_wake(h->loop);
}

/* The guilds that are changing, one slice each, as far as the account of the turn goes. */
static void continue_changes(struct hub *h)
{
    while (h->work > 0) {
        struct list *n = list_pop_front(&h->busy);
        if (n == NULL)
            return;
        struct guild_sub *s = LIST_OWNER(n, struct guild_sub, busy);
        if (!guild_sub_continue(s))
            hub_busy(h, s);
    }
    if (!list_empty(&h->busy))
        loop_wake(h->loop); /* after other I/O had its turn */
}

static void on_wake(void *ctx, struct loop *l)
{
    struct hub *h = ctx;
    struct event *events[HUB_TAKE_MAX];
    bool lost = false;
    size_t n = bus_take(h->queue, events, HUB_TAKE_MAX, &lost);
    for (size_t i = 0; i < n; i++) {
        route(h, events[i]);
        event_unref(&events[i]);
    }
    if (lost)
        everything_lost(h);
    continue_changes(h);
    if (n == HUB_TAKE_MAX)
        loop_wake(l); /* the rest after other I/O had its turn */
}

/* Slow sessions may not hold shared events without end: the one that holds the most goes. */
static void enforce_event_bytes(struct hub *h)
{
    if (bytes_live() <= h->gateway->options.event_bytes_max)
        return;
    struct session *worst = NULL;
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->sessions, &cursor, &key, &value)) {
        struct session *s = value;
        if (worst == NULL || s->replay.bytes > worst->replay.bytes)
            worst = s;
    }
    if (worst == NULL || worst->replay.bytes == 0)
        return;
    log_warn(loop_log(h->loop), "gateway", "shared event memory is full, dropping a session",
             LOG_S("session", worst->id), LOG_U("bytes", worst->replay.bytes));
    if (worst->conn != NULL)
        gw_conn_close(worst->conn, ERR_GW_SESSION_TIMEOUT);
    session_free(worst);
}

static void on_turn(void *ctx, struct loop *l)
{
    (void)l;
    struct hub *h = ctx;
    h->work = h->work_per_turn;
    start_wanted(h);
    for (struct list *n; (n = list_pop_front(&h->trash)) != NULL;) {
        struct guild_sub *g = LIST_OWNER(n, struct guild_sub, trash);
        if (g->link_count == 0 && !g->job_running)
            guild_sub_free(g);
    }
    enforce_event_bytes(h);
}

static void wake_hub(void *ctx)
{
    loop_wake(((struct hub *)ctx)->loop);
}

enum err hub_start(struct hub *h, struct gateway *g, struct loop *l, unsigned index)
{
    *h = (struct hub){.gateway = g, .loop = l, .index = index};
    h->work = h->work_per_turn = HUB_WORK_PER_TURN;
    h->sliced_min = GUILD_SLICED_MIN;
    uint64_t seed = random_u64(g->options.random);
    map_init(&h->sessions, MEM_GATEWAY, 1 << 20, seed);
    map_init(&h->users, MEM_GATEWAY, 1 << 20, seed + 1);
    map_init(&h->guilds, MEM_GATEWAY, 1 << 20, seed + 2);
    list_init(&h->conns);
    list_init(&h->line);
    list_init(&h->wanted);
    list_init(&h->later);
    list_init(&h->trash);
    list_init(&h->busy);
    list_init(&h->visits);
    buf_init(&h->scratch, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    h->queue = bus_subscribe(g->options.bus, g->options.queue_events, wake_hub, h);
    if (h->queue == NULL)
        return ERR_NO_MEMORY;
    loop_on_wake(l, on_wake, h);
    loop_on_turn(l, on_turn, h);
    return ERR_OK;
}

void hub_drop_sessions(struct hub *h)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (cursor = 0, map_next(&h->sessions, &cursor, &key, &value))
        session_free(value);
}

void hub_deinit(struct hub *h)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    hub_drop_sessions(h);
    visits_forget(h);
    for (struct list *n; (n = list_pop_front(&h->line)) != NULL;)
        gw_job_free(LIST_OWNER(n, struct gw_job, job.node));
    while (cursor = 0, map_next(&h->users, &cursor, &key, &value))
        user_sub_release(value);
    while (cursor = 0, map_next(&h->guilds, &cursor, &key, &value))
        guild_sub_free(value);
    map_deinit(&h->sessions);
    map_deinit(&h->users);
    map_deinit(&h->guilds);
    buf_deinit(&h->scratch);
}
