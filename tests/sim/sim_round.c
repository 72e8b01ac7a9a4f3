/* One world, from its making to its end. A failure names the seed, which makes the same world do
 * the same things again. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim.h"

struct sim SIM;

enum {
    TICKS_TO_SETTLE = 200000,
    TICKS_TO_STOP = 20000,
    SAVE_MS = 2000,
    RESTORE_MS = 2000,
    START_MS = 1000000,
    DAY_MS = 86400000,
    EVENT_BYTES_MAX = 256 * 1024 * 1024,
    SESSION_SLACK = 64 * 1024,
};

void sim_trace(const char *format, ...)
{
    if (SIM.o.trace == NULL)
        return;
    va_list list;
    fprintf(SIM.o.trace, "%" PRIu64 " ", SIM.tick);
    va_start(list, format);
    vfprintf(SIM.o.trace, format, list);
    va_end(list);
    fputc('\n', SIM.o.trace);
}

void sim_fail(const char *format, ...)
{
    va_list list;
    FILE *out = BUG == BUG_NONE ? stderr : stdout;
    if (SIM.o.trace != NULL)
        fflush(SIM.o.trace);
    fprintf(out,
            "%s seed %" PRIu64 ", tick %" PRIu64 "%s%s: ", BUG == BUG_NONE ? "FAILED" : "found",
            SIM.seed, SIM.tick, SIM.late_views ? ", late views" : "", SIM.calm ? ", calm" : "");
    va_start(list, format);
    vfprintf(out, format, list);
    va_end(list);
    fputc('\n', out);
    fflush(out);
    _Exit(BUG == BUG_NONE ? 1 : 0);
}

int64_t sim_wall_ms(void *ctx)
{
    (void)ctx;
    return (int64_t)SIM.now_ms + INT64_C(1700000000000);
}

static uint64_t mono_ns(void *ctx)
{
    (void)ctx;
    return SIM.now_ms * 1000000;
}

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *p = out;
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(random_seeded_next(&SIM.random) >> 13);
}

/* Worlds differ: some are quiet, some are full of faults, in some all clients are slow. */
static void choose_world(void)
{
    static const unsigned RATES[] = {0, 0, 5, 20, 100};
    SIM.late_views = sim_one_in(4) && SIM.o.sessions < 1000; /* dear to judge */
    SIM.trims = sim_one_in(4);
    SIM.bus_faults = RATES[sim_below(5)];
    SIM.job_faults = RATES[sim_below(4)];
    SIM.cuts = RATES[sim_below(5)];
    SIM.slow = sim_one_in(3) ? 20 : 2;
    SIM.pace = 1 + (unsigned)sim_below(20) + SIM.o.sessions / 50;
    SIM.heartbeat_ms = 1000 + sim_below(8000);
    SIM.window_ms = 1000 + sim_below(10000);
    SIM.identify_ms = 1000 + sim_below(4000);
}

static struct gateway *open_gateway(void)
{
    struct loop *loops[SIM_LOOPS_MAX];
    struct gateway *g = NULL;
    for (unsigned i = 0; i < SIM.o.loops; i++)
        loops[i] = net_loop(i);
    struct gateway_options o = {
        .bus = SIM.bus,
        .loops = loops,
        .loop_count = SIM.o.loops,
        .clock = &SIM.clock,
        .random = &SIM.source,
        .public_url = "https://gateway.example",
        .heartbeat_interval_ms = SIM.heartbeat_ms,
        .identify_timeout_ms = SIM.identify_ms,
        .resume_window_ms = SIM.window_ms,
        .session_bytes_max = (size_t)8192 << sim_below(5),
        .replay_events_max = 32U << sim_below(6),
        .queue_events = (size_t)64 << sim_below(7),
        .event_bytes_max = EVENT_BYTES_MAX,
        .handover_bytes_max = sim_one_in(4) ? 0 : EVENT_BYTES_MAX,
        .worker_id = 1,
    };
    if (gateway_new(&o, &g) != ERR_OK)
        sim_fail("no gateway");
    for (unsigned i = 0; i < SIM.o.loops; i++) {
        if (sim_one_in(2)) /* big guilds are treated in slices: here small ones are big */
            g->hubs[i].sliced_min = 2 + (uint32_t)sim_below(40);
        if (sim_one_in(2))
            g->hubs[i].work_per_turn = 1 + (int)sim_below(64);
    }
    return g;
}

static void start_server(void)
{
    net_open(SIM.o.loops);
    SIM.bus = bus_new(NULL);
    SIM.gateway = open_gateway();
}

/* As main does: no new ones, workers end, sessions are kept, loops end, then the memory goes. */
static void stop_server(bool keep)
{
    struct gateway *g = SIM.gateway;
    gateway_drain(g);
    for (int i = 0; i < 3 || jobs_waiting() > 0 || net_has_tasks(); i++) {
        if (i > TICKS_TO_STOP)
            sim_fail("the server does not stop: %zu jobs wait", jobs_waiting());
        SIM.stopping = i > 20;
        jobs_run(UINT32_MAX);
        net_run();
        clients_read();
    }
    if (keep)
        gateway_save(g, SIM.now_ms + SAVE_MS);
    SIM.gateway = NULL;
    net_close();
    gateway_free(&g);
    net_free();
    bus_free(&SIM.bus);
    SIM.stopping = false;
    if (mem_bytes(MEM_GATEWAY) != 0)
        sim_fail("MEMORY %zu bytes of the gateway are left", mem_bytes(MEM_GATEWAY));
}

static void take_over(void)
{
    gateway_restore(SIM.gateway, RESTORE_MS);
    for (unsigned i = 0; i < SIM.o.loops; i++)
        SIM.n.handed_over += SIM.gateway->hubs[i].sessions.count;
}

/* A crash keeps nothing. In a planned restart the store may change between stop and start. */
static void restart(void)
{
    bool crash = sim_one_in(3);
    sim_trace("restart%s", crash ? " by a crash" : "");
    SIM.n.restarts++;
    if (crash)
        net_cut_all();
    stop_server(!crash);
    for (uint64_t n = sim_one_in(2) ? sim_below(4) : 0; n > 0; n--)
        world_change();
    start_server();
    take_over();
}

/* What is kept for a session stays within its cap, but for what it has asked for (READY and its
 * guilds), and for the one dispatch that goes beyond it. */
static void watch_session(const struct session *s)
{
    size_t max = SIM.gateway->options.session_bytes_max + s->asked_bytes + SESSION_SLACK;
    if (s->replay.unsent_bytes > max || s->replay.bytes > max)
        sim_fail("MEMORY session %s holds %zu bytes (%zu unsent), %" PRIu32 " dispatches", s->id,
                 s->replay.bytes, s->replay.unsent_bytes, s->replay.count);
}

static void watch_memory(void)
{
    if (mem_bytes(MEM_GATEWAY) > SIM.n.gateway_bytes_max)
        SIM.n.gateway_bytes_max = mem_bytes(MEM_GATEWAY);
    if (bytes_live() > SIM.n.bytes_live_max)
        SIM.n.bytes_live_max = bytes_live();
    for (unsigned i = 0; i < SIM.o.loops; i++) {
        size_t cursor = 0;
        uint64_t key;
        void *value;
        while (map_next(&SIM.gateway->hubs[i].sessions, &cursor, &key, &value))
            watch_session(value);
    }
}

static void tick(void)
{
    SIM.tick++;
    SIM.now_ms += 1 + sim_below(8);
    sim_bus_tick();
    jobs_run(SIM.calm ? UINT32_MAX : (unsigned)sim_below(SIM.pace * 2 + 1));
    net_run();
    clients_read();
}

static void live(void)
{
    uint64_t restarts = sim_below(3);
    uint64_t begin = SIM.n.events;
    uint64_t goal = begin + SIM.o.events;
    uint64_t part = SIM.o.events / (restarts + 1) + 1;
    uint64_t next_restart = begin + part;
    unsigned burst = 1 + (unsigned)sim_below(8);
    while (SIM.n.events < goal) {
        for (uint64_t n = sim_below(burst + 1); n > 0 && SIM.n.events < goal; n--)
            world_change();
        clients_disturb();
        tick();
        if (SIM.tick % 500 == 0)
            watch_memory();
        if (SIM.n.events >= next_restart) {
            next_restart += part;
            restart();
        }
    }
}

/* The commits of a recording; the clients, and what befalls them, are drawn from the seed. */
static void relive(void)
{
    uint64_t before = SIM.now_ms;
    replay_rewind_all();
    while (replay_until(SIM.now_ms - before)) {
        before = SIM.now_ms;
        clients_disturb();
        tick();
        if (SIM.tick % 500 == 0)
            watch_memory();
    }
}

static bool is_quiet(void)
{
    return clients_settled() && jobs_waiting() == 0 && net_idle() && sim_bus_idle();
}

static void settle(void)
{
    SIM.calm = true;
    clients_calm();
    uint64_t quiet = 0;
    for (uint64_t i = 0; quiet < 300; i++) { /* timers that retry ring within that */
        if (i > TICKS_TO_SETTLE)
            clients_report();
        tick();
        quiet = is_quiet() ? quiet + 1 : 0;
    }
    for (unsigned i = 0; i < CLIENT_COUNT; i++)
        check_settled(&CLIENTS[i]);
}

/* All are gone: their sessions end with the window, and with them all that was kept for them. */
static void leave(void)
{
    clients_leave();
    for (uint64_t end = SIM.now_ms + SIM.window_ms + 60000; SIM.now_ms < end; SIM.now_ms += 200)
        tick();
    for (unsigned i = 0; i < SIM.o.loops; i++) {
        const struct hub *h = &SIM.gateway->hubs[i];
        if (h->sessions.count + h->users.count + h->guilds.count > 0 || !list_empty(&h->conns))
            sim_fail("MEMORY loop %u: %zu sessions, %zu users, %zu guilds are left", i,
                     (size_t)h->sessions.count, (size_t)h->users.count, (size_t)h->guilds.count);
    }
}

void sim_round_run(uint64_t seed, const struct sim_options *o, struct sim_counts *out)
{
    SIM = (struct sim){.seed = seed, .o = *o, .now_ms = START_MS};
    SIM.n = *out;
    random_seeded_init(&SIM.random, seed);
    SIM.clock = (struct clock){sim_wall_ms, mono_ns, NULL};
    SIM.source = (struct random){fill, NULL};
    choose_world();
    size_t before = bytes_live();
    world_open();
    net_open_clients();
    start_server();
    clients_open(SIM.o.sessions);
    if (SIM.o.replay)
        relive();
    else
        live();
    settle();
    leave();
    stop_server(false);
    clients_close();
    net_close_clients();
    world_close();
    if (bytes_live() != before || mem_bytes(MEM_EVENTS) != 0 || mem_bytes(MEM_VIEWS) != 0)
        sim_fail("MEMORY %zu bytes of payloads, %zu of events, %zu of views are left",
                 bytes_live() - before, mem_bytes(MEM_EVENTS), mem_bytes(MEM_VIEWS));
    *out = SIM.n;
}
