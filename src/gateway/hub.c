/*
 * A hub takes events off its queue of the bus in bounded portions; serve.c gives each to the feed
 * of its stream, when that has its turn. It also meters the reading of the store on behalf of its
 * guilds: at most HUB_JOBS_MAX loads and refills at once, the rest wait their turn.
 */
#include <assert.h>

#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "gateway/voice_list.h"

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

/* The bus dropped something: any stream may have a hole behind its position. */
static void everything_lost(struct hub *h)
{
    log_warn(loop_log(h->loop), "gateway", "event queue overran, reading the log",
             LOG_U("loop", h->index), LOG_U("guilds", h->guilds.count));
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->guilds, &cursor, &key, &value))
        serve_lost_guild(value);
    cursor = 0;
    while (map_next(&h->users, &cursor, &key, &value))
        serve_lost_user(value);
}

/* The bus is emptied quickly, so that one guild's flood does not make all others lose events. */
static void on_wake(void *ctx, struct loop *l)
{
    struct hub *h = ctx;
    struct event *events[HUB_TAKE_MAX];
    bool lost = false;
    size_t n = HUB_TAKE_MAX;
    for (int round = 0; round < HUB_TAKE_ROUNDS && n == HUB_TAKE_MAX; round++) {
        bool hole = false;
        n = bus_take(h->queue, events, HUB_TAKE_MAX, &hole);
        lost = lost || hole;
        for (size_t i = 0; i < n; i++) {
            serve_offer(h, events[i]);
            event_unref(&events[i]);
        }
    }
    if (lost)
        everything_lost(h);
    presence_on_wake(h);
    if (n == HUB_TAKE_MAX)
        loop_wake(l); /* the rest after other I/O had its turn */
}

enum { VICTIMS_MAX = 8 };

/* The sessions that hold the most, the worst first. */
static size_t find_worst(struct hub *h, struct session *worst[VICTIMS_MAX])
{
    size_t count = 0;
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&h->sessions, &cursor, &key, &value)) {
        struct session *s = value;
        size_t at = count;
        while (at > 0 && worst[at - 1]->replay.bytes < s->replay.bytes)
            at--;
        if (at == VICTIMS_MAX || s->replay.bytes == 0)
            continue;
        count += count < VICTIMS_MAX;
        for (size_t i = count - 1; i > at; i--)
            worst[i] = worst[i - 1];
        worst[at] = s;
    }
    return count;
}

/* Slow sessions may not hold shared events without end: those that hold the most go. Looking for
 * them takes a walk over all sessions, so it is not done in every turn. */
static void enforce_event_bytes(struct hub *h)
{
    size_t max = h->gateway->options.event_bytes_max;
    if (LIKELY(bytes_live() <= max))
        return;
    uint64_t now_ms = loop_now_ms(h->loop);
    if (h->enforced_ms != 0 && now_ms - h->enforced_ms < ENFORCE_EVERY_MS)
        return;
    h->enforced_ms = now_ms;
    struct session *worst[VICTIMS_MAX];
    size_t count = find_worst(h, worst);
    for (size_t i = 0; i < count && bytes_live() > max; i++) {
        log_warn(loop_log(h->loop), "gateway", "shared event memory is full, dropping a session",
                 LOG_S("session", worst[i]->id), LOG_U("bytes", worst[i]->replay.bytes));
        if (worst[i]->conn != NULL)
            gw_conn_close(worst[i]->conn, ERR_GW_SESSION_TIMEOUT);
        session_free(worst[i]);
    }
}

static void on_turn(void *ctx, struct loop *l)
{
    (void)l;
    struct hub *h = ctx;
    forms_turn(h->forms);
    serve_turn(h);
    /* Before the jobs are started: a guild that nobody is in any more is not to be read again. */
    for (struct list *n; (n = list_pop_front(&h->trash)) != NULL;) {
        struct guild_sub *g = LIST_OWNER(n, struct guild_sub, trash);
        if (g->link_count == 0 && !g->job_running)
            guild_sub_free(g);
    }
    start_wanted(h);
    enforce_event_bytes(h);
}

bool hub_idle(const struct hub *h)
{
    return !bus_waits(h->queue) && list_empty(&h->busy) && list_empty(&h->busy_users) &&
           list_empty(&h->ahead);
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
    serve_init(h);
    list_init(&h->voice_chores);
    list_init(&h->visits);
    list_init(&h->restore);
    list_init(&h->recalls);
    map_init(&h->kept, MEM_GATEWAY, 1 << 20, seed + 3);
    map_init(&h->more, MEM_GATEWAY, 1 << 20, seed + 4);
    list_init(&h->inspected);
    buf_init(&h->scratch, MEM_GATEWAY, LIMIT_REPLY_BYTES);
    narrow_pool_init(&h->narrow, l);
    h->desk = presence_desk_new(h);
    h->queue = bus_subscribe(g->options.bus, g->options.queue_events, wake_hub, h);
    if (h->queue == NULL || h->desk == NULL) {
        presence_desk_free(&h->desk);
        return ERR_NO_MEMORY;
    }
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
    voice_forget(h);
    for (struct list *n; (n = list_pop_front(&h->line)) != NULL;)
        gw_job_free(LIST_OWNER(n, struct gw_job, job.node));
    while (cursor = 0, map_next(&h->users, &cursor, &key, &value))
        user_sub_release(value);
    while (cursor = 0, map_next(&h->guilds, &cursor, &key, &value))
        guild_sub_free(value);
    forms_free(&h->forms);
    presence_recall_forget(h);
    map_deinit(&h->kept);
    map_deinit(&h->more);
    map_deinit(&h->sessions);
    map_deinit(&h->users);
    map_deinit(&h->guilds);
    presence_desk_free(&h->desk);
    buf_deinit(&h->scratch);
}
