/*
 * Load on the store at its own interface, without a server around it.
 *
 *   bench_store_load FOLDER [URL [POOL]]
 *
 * Makes GUILDS guilds with a channel each, then takes commands from standard input and answers each
 * with one JSON line:
 *   write THREADS MS     durable transactions of one message: what message_post's closure does
 *   read MS WRITERS      time of reading 50 messages, while WRITERS threads write
 *   burn MS PERMILLE N   the same while N other threads use so many thousandths of a core
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "store/channels.h"
#include "store/guilds.h"
#include "store/messages.h"
#include "store/store.h"
#include "store/users.h"
#include "store_world.h"

enum {
    THREADS_MAX = 256,
    READS_MAX = 1 << 20,
    PAGE = 50,
    READ_PAUSE_NS = 500 * 1000,
    BURN_PAUSE_NS = 500 * 1000
};

struct bench {
    struct store *store;
    struct log log;
    _Atomic bool stop;
};

struct client {
    struct bench *bench;
    pthread_t thread;
    unsigned number;
    uint64_t done;
    struct message m;
};

struct burner {
    pthread_t thread;
    struct bench *bench;
    unsigned permille; /* of a core */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void pause_ns(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    nanosleep(&t, NULL);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_store_load: %s\n", what);
    exit(1);
}

static void need(enum err e, const char *what)
{
    if (e != ERR_OK) {
        fprintf(stderr, "%s: ", err_info(e)->name);
        fail(what);
    }
}

/* ---- the world ---- */

static enum err make_guild(struct tx *tx, uint64_t id)
{
    struct guild g = {.id = {id},
                      .tenant = {1},
                      .owner = {WORLD_USER},
                      .name = SLICE("bench"),
                      .preferred_locale = SLICE("en-US")};
    struct channel ch = {
        .id = {world_channel(id)}, .guild = {id}, .type = CHANNEL_TYPE_TEXT, .name = SLICE("c")};
    enum err e = guilds_insert(tx_sql(tx), &g);
    return e == ERR_OK ? channels_insert(tx_sql(tx), &ch) : e;
}

static enum err make_world(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct guild_record found;
    struct arena arena;
    arena_init(&arena, MEM_MAIN, 1 << 16);
    enum err e = guilds_find(tx_sql(tx), (struct guild_id){1}, &arena, &found);
    arena_deinit(&arena);
    if (e != ERR_UNKNOWN_GUILD)
        return e;
    struct user u = {.id = {WORLD_USER}, .tenant = {1}, .username = SLICE("bench")};
    e = users_insert(tx_sql(tx), &u, 1);
    for (uint64_t id = 1; id <= WORLD_GUILDS && e == ERR_OK; id++)
        e = make_guild(tx, id);
    return e;
}

/* ---- writing ---- */

static enum err post(struct tx *tx, void *ctx)
{
    struct client *c = ctx;
    struct stream stream = {STREAM_GUILD, c->m.guild.v};
    uint64_t generation;
    enum err e = tx_lock(tx, stream);
    if (e == ERR_OK)
        e = guilds_permission_generation(tx_sql(tx), c->m.guild, &generation);
    if (e != ERR_OK)
        return e;
    c->m.id.v = tx_id(tx);
    e = messages_insert(tx_sql(tx), &c->m);
    if (e == ERR_OK)
        e = channels_set_last_message(tx_sql(tx), c->m.channel, c->m.id);
    if (e != ERR_OK)
        return e;
    struct event *event = event_new(EVENT_MESSAGE_CREATE, stream, NULL, 0);
    if (event == NULL)
        return ERR_NO_MEMORY;
    event->guild_id = c->m.guild.v;
    event->channel_id = c->m.channel.v;
    event->entity_id = c->m.id.v;
    event->actor_id = c->m.author.id.v;
    return tx_emit(tx, event);
}

static void *write_until_stopped(void *ctx)
{
    struct client *c = ctx;
    uint64_t guild = 1 + c->number % WORLD_GUILDS;
    c->m = (struct message){.guild = {guild},
                            .channel = {world_channel(guild)},
                            .author = {.id = {WORLD_USER}},
                            .content = slice_from(WORLD_TEXT)};
    while (!atomic_load_explicit(&c->bench->stop, memory_order_relaxed)) {
        need(store_write(c->bench->store, post, c), "a write failed");
        c->done++;
    }
    return NULL;
}

static struct client clients[THREADS_MAX];

static void start_writers(struct bench *b, unsigned count)
{
    atomic_store(&b->stop, false);
    for (unsigned i = 0; i < count; i++) {
        clients[i] = (struct client){.bench = b, .number = i};
        if (pthread_create(&clients[i].thread, NULL, write_until_stopped, &clients[i]) != 0)
            fail("no thread");
    }
}

static uint64_t stop_writers(struct bench *b, unsigned count)
{
    uint64_t done = 0;
    atomic_store(&b->stop, true);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        done += clients[i].done;
    }
    return done;
}

static void run_write(struct bench *b, unsigned threads, unsigned ms)
{
    uint64_t begun = now_ns(CLOCK_MONOTONIC);
    uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    start_writers(b, threads);
    pause_ns((uint64_t)ms * 1000000);
    uint64_t done = stop_writers(b, threads);
    printf("{\"transactions\":%llu,\"elapsed_ns\":%llu,\"cpu_ns\":%llu}\n",
           (unsigned long long)done, (unsigned long long)(now_ns(CLOCK_MONOTONIC) - begun),
           (unsigned long long)(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu));
}

/* ---- reading ---- */

struct page {
    struct arena arena;
    uint64_t channel;
    struct message_record list[PAGE];
    size_t count;
};

static enum err read_page(struct tx *tx, void *ctx)
{
    struct page *p = ctx;
    p->count = 0;
    arena_reset(&p->arena);
    return messages_before(tx_sql(tx), (struct channel_id){p->channel}, INT64_MAX, PAGE, &p->arena,
                           p->list, &p->count);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t times[READS_MAX];

/* Also gives the CPU that other threads used meanwhile, in thousandths of a core. */
static void read_for(struct bench *b, unsigned ms)
{
    static struct page page;
    size_t count = 0;
    arena_init(&page.arena, MEM_MAIN, 1 << 20);
    uint64_t begun = now_ns(CLOCK_MONOTONIC), now = begun;
    uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - now_ns(CLOCK_THREAD_CPUTIME_ID);
    while (now - begun < (uint64_t)ms * 1000000 && count < READS_MAX) {
        page.channel = world_channel(1 + count % WORLD_GUILDS);
        uint64_t at = now_ns(CLOCK_MONOTONIC);
        need(store_read(b->store, read_page, &page), "a read failed");
        if (page.count != PAGE)
            fail("a channel has fewer messages than a page");
        now = now_ns(CLOCK_MONOTONIC);
        times[count++] = now - at;
        pause_ns(READ_PAUSE_NS);
    }
    now = now_ns(CLOCK_MONOTONIC);
    cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    qsort(times, count, sizeof times[0], by_value);
    printf("{\"reads\":%zu,\"p50_ns\":%llu,\"p99_ns\":%llu,\"others_permille\":%llu}\n", count,
           (unsigned long long)times[count / 2], (unsigned long long)times[count * 99 / 100],
           (unsigned long long)(cpu * 1000 / (now - begun)));
    arena_deinit(&page.arena);
}

static void run_read(struct bench *b, unsigned ms, unsigned writers)
{
    start_writers(b, writers);
    read_for(b, ms);
    stop_writers(b, writers);
}

/* Computes and sleeps in turn, as a thread that waits for commits does. */
static void *burn_until_stopped(void *ctx)
{
    struct burner *t = ctx;
    uint64_t wall = now_ns(CLOCK_MONOTONIC);
    while (!atomic_load_explicit(&t->bench->stop, memory_order_relaxed)) {
        uint64_t used = now_ns(CLOCK_THREAD_CPUTIME_ID);
        uint64_t passed = now_ns(CLOCK_MONOTONIC) - wall;
        if (used * 1000 > passed * t->permille)
            pause_ns(BURN_PAUSE_NS);
    }
    return NULL;
}

static void run_burn(struct bench *b, unsigned ms, unsigned permille, unsigned count)
{
    static struct burner burners[THREADS_MAX];
    atomic_store(&b->stop, false);
    for (unsigned i = 0; i < count; i++) {
        burners[i] = (struct burner){.bench = b, .permille = permille / count};
        if (pthread_create(&burners[i].thread, NULL, burn_until_stopped, &burners[i]) != 0)
            fail("no thread");
    }
    read_for(b, ms);
    atomic_store(&b->stop, true);
    for (unsigned i = 0; i < count; i++)
        pthread_join(burners[i].thread, NULL);
}

/* ---- commands ---- */

static void run_command(struct bench *b, const char *line)
{
    unsigned x, y, z;
    if (sscanf(line, "write %u %u", &x, &y) == 2 && x <= THREADS_MAX)
        run_write(b, x, y);
    else if (sscanf(line, "read %u %u", &x, &y) == 2 && y <= THREADS_MAX)
        run_read(b, x, y);
    else if (sscanf(line, "burn %u %u %u", &x, &y, &z) == 3 && z > 0 && z <= THREADS_MAX)
        run_burn(b, x, y, z);
    else
        fail("unknown command");
    fflush(stdout);
}

static void ignore(void *ctx, struct event *const *events, size_t count)
{
    (void)ctx;
    (void)events;
    (void)count;
}

int main(int argc, char **argv)
{
    static struct bench b;
    char why[512], line[128];
    if (argc < 2)
        fail("usage: bench_store_load FOLDER [URL [POOL]]");
    log_init(&b.log, 2, LOG_WARN, LOG_TEXT, clock_system());
    struct store_options o = {.path = argv[1],
                              .url = argc > 2 ? argv[2] : "",
                              .pool_min = 2,
                              .pool_max = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 16,
                              .pool_acquire_ms = 60000,
                              .pool_lifetime_s = 3600,
                              .pool_check_s = 60,
                              .readers = 8,
                              .batch_max = 256,
                              .queue_max = 4096,
                              .wal_alarm_bytes = UINT64_C(1) << 30,
                              .read_limit_ms = 60000,
                              .clock = clock_system(),
                              .log = &b.log,
                              .on_commit = ignore};
    if (store_open(&o, &b.store, why, sizeof why) != ERR_OK)
        fail(why);
    need(store_write(b.store, make_world, NULL), "the world cannot be made");
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        run_command(&b, line);
    store_close(&b.store);
    return 0;
}
