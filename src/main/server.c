/*
 * Wiring. The order is the difficulty: what is built later may use what was built before, and
 * stopping goes the other way round, so that nothing is called that is already gone:
 *
 *   clock, log, metrics ─ bus ─ core ─ store ─ workers ─ loops ─ gateway, api ─ chores,
 *   admin socket ─ listeners
 *
 * The store calls core_on_commit on the thread that commits, which needs the bus and, through it,
 * the loops' wake-up: so the store is closed before the loops stop.
 */
#include "main/server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "bus/bus.h"
#include "bus/ratelimit.h"
#include "core/attachment_urls.h"
#include "core/core.h"
#include "core/images.h"
#include "core/online.h"
#include "core/voice_states.h"
#include "crypto/password.h"
#include "gateway/gateway.h"
#include "main/admin_socket.h"
#include "main/chores.h"
#include "main/config.h"
#include "main/installation.h"
#include "main/listen.h"
#include "main/listeners.h"
#include "main/session_watch.h"
#include "main/watchdog.h"
#include "media/blob.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/workers.h"
#include "store/store.h"
#include "wire/json_read.h"

enum {
    LOOPS_MAX = 64,
    RATELIMIT_KEYS = 1 << 16,
    FILE_WORKERS = 4, /* one of so many workers may have a piece of a body or reply of the disk's */
    SENT_TIMES = 2,   /* so many times what an account may keep, it may send in an hour */
    STOP_POLL_NS = 5 * 1000 * 1000,
    WHY_BYTES = 512,
};

struct server {
    const struct config *config;
    struct log log;
    struct metrics *metrics;
    struct bus *bus;
    struct ratelimit *ratelimit;
    struct blob_store *blobs;
    struct images *images;
    struct core *core;
    struct store *store;
    struct workers *workers;
    struct loop *loops[LOOPS_MAX];
    unsigned loop_count;
    unsigned loops_running;
    struct gateway *gateway;
    struct api *api;
    struct http_server *http;
    struct http_server *metrics_http;
    struct ops ops; /* what operator's commands and chores work on */
    struct admin_socket *admin;
    struct chores *chores;
    _Atomic bool stopping;
    char why[WHY_BYTES];
};

static const char *trouble(void *ctx)
{
    struct server *s = ctx;
    return store_trouble_text(s->stopping ? ERR_STOPPING : store_trouble(s->store));
}

static bool asks_upgrade(const struct http_request *r)
{
    struct slice upgrade = http_header_get(r, SLICE("upgrade"));
    return upgrade.data != NULL && slice_eq_nocase(slice_trim(upgrade), SLICE("websocket"));
}

static void on_request(void *ctx, struct http_exchange *x)
{
    struct server *s = ctx;
    if (gateway_path(x->request->path) && asks_upgrade(x->request))
        gateway_upgrade(s->gateway, x);
    else
        api_on_request(s->api, x);
}

static void on_upload(void *ctx, struct http_exchange *x)
{
    struct server *s = ctx;
    api_on_upload(s->api, x);
}

static bool takes_stream(void *ctx, const struct http_request *q)
{
    const struct server *s = ctx;
    return api_takes_stream(s->api, q);
}

static void on_stream(void *ctx, struct http_exchange *x)
{
    const struct server *s = ctx;
    api_on_stream(s->api, x);
}

static void on_release(void *ctx, struct http_exchange *x)
{
    const struct server *s = ctx;
    api_on_release(s->api, x);
}

static void on_metrics_request(void *ctx, struct http_exchange *x)
{
    struct server *s = ctx;
    if (!slice_eq_cstr(x->request->path, "/metrics")) {
        x->status = 404;
    } else {
        metrics_set(s->metrics, METRIC_EVENT_BYTES, (int64_t)bytes_live());
        x->status = 200;
        x->content_type = SLICE("text/plain; version=0.0.4");
        metrics_render(s->metrics, &x->body);
    }
    http_reply(x);
}

/* As many sockets as the system lets us have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void block_signals(sigset_t *set)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL); /* inherited by every thread made from here on */
}

static void start_log(struct server *s)
{
    enum log_level level = LOG_INFO;
    (void)log_level_parse(slice_from(s->config->log_level), &level);
    enum log_format format = strcmp(s->config->log_format, "json") == 0 ? LOG_JSON : LOG_TEXT;
    log_init(&s->log, STDERR_FILENO, level, format, clock_system());
}

/* Nothing is begun yet: the first picture that is asked for does. */
static enum err start_images(struct server *s)
{
    const struct images_options o = installation_images(s->config, s->blobs, &s->log, s->metrics);
    return s->config->images_enabled ? images_new(&o, &s->images) : ERR_OK;
}

/* What requests may hold: their own arenas, and in the network's layer bodies and replies. */
static void limit_memory(const struct config *c)
{
    mem_limit(MEM_API, c->http_request_bytes_total);
    mem_limit(MEM_NET,
              c->http_request_bytes_total + c->http_upload_bytes_total + c->http_reply_bytes_total);
}

static enum err start_core(struct server *s)
{
    limit_memory(s->config);
    s->bus = bus_new(s->metrics);
    s->ratelimit = ratelimit_new(RATELIMIT_KEYS, random_u64(random_system()), clock_system());
    if (s->bus == NULL || s->ratelimit == NULL)
        return ERR_NO_MEMORY;
    enum err e = installation_blobs(s->config, &s->log, &s->blobs);
    if (e != ERR_OK)
        return e;
    struct core_options o = installation_core(s->config, s->bus, &s->log, s->metrics);
    o.blobs = s->blobs;
    e = start_images(s);
    o.images = s->images;
    return e == ERR_OK ? core_new(&o, &s->core) : e;
}

static enum err start_store(struct server *s)
{
    struct store_options o = installation_store(s->config, s->core, &s->log, s->metrics);
    enum err e = store_open(&o, &s->store, s->why, sizeof s->why);
    if (e != ERR_OK)
        return e;
    core_attach_store(s->core, s->store);
    /* Also tried with every upload: what cannot be written now keeps nobody from reading. */
    if (attachment_urls_open(s->core) != ERR_OK)
        log_warn(&s->log, "server", "no key for addresses of attachments yet",
                 LOG_S("folder", s->config->server_data));
    return ERR_OK;
}

/* After the store, whose lock says that the data folder is ours, and after all who listen to the
 * bus: what is done here publishes events. */
static enum err start_admin(struct server *s)
{
    s->ops = installation_ops(s->config, s->store, s->core, &s->log);
    s->ops.serving = true;
    s->ops.inspect = session_watch;
    s->ops.inspect_ctx = s->gateway;
    enum err e = chores_start(s->config, &s->ops, s->metrics, &s->chores);
    if (e != ERR_OK)
        return e;
    s->ops.wake = chores_wake;
    s->ops.wake_ctx = s->chores;
    return admin_socket_start(&s->ops, &s->admin, s->why, sizeof s->why);
}

static enum err start_workers(struct server *s)
{
    const struct config *c = s->config;
    struct workers_options o = {
        .threads_max = (unsigned)c->server_workers,
        .read_reserved = (unsigned)c->server_workers_read_reserved,
        .hash_max = (unsigned)c->auth_hash_threads,
        .files_max = (unsigned)c->server_workers / FILE_WORKERS,
        .queue_max = (unsigned)c->server_worker_queue,
        .log = &s->log,
        .metrics = s->metrics,
    };
    return workers_new(&o, &s->workers);
}

static enum err make_loops(struct server *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = (unsigned)s->config->server_loops;
    if (count == 0)
        count = cores < 1 ? 1 : cores > LOOPS_MAX ? LOOPS_MAX : (unsigned)cores;
    for (unsigned i = 0; i < count; i++) {
        struct loop_options o = {i, clock_system(), &s->log, s->metrics};
        enum err e = loop_new(&o, &s->loops[i]);
        if (e != ERR_OK)
            return e;
        s->loop_count++;
    }
    return ERR_OK;
}

static enum err make_gateway(struct server *s)
{
    const struct config *c = s->config;
    struct gateway_options o = {
        .core = s->core,
        .bus = s->bus,
        .workers = s->workers,
        .ratelimit = s->ratelimit,
        .loops = s->loops,
        .loop_count = s->loop_count,
        .clock = clock_system(),
        .random = random_system(),
        .log = &s->log,
        .metrics = s->metrics,
        .public_url = c->server_public_url,
        .limits_enabled = c->limits_enabled,
        .identifies_per_day = (uint32_t)c->limits_identifies_per_day,
        .identify_concurrency = (uint32_t)c->limits_identify_concurrency,
        .sessions_per_user = (uint32_t)c->limits_sessions_per_user,
        .permessage_deflate = c->gateway_permessage_deflate,
        .heartbeat_interval_ms = c->gateway_heartbeat_interval_ms,
        .identify_timeout_ms = c->gateway_identify_timeout_ms,
        .resume_window_ms = c->gateway_resume_window_ms,
        .stall_ms = c->gateway_stall_ms,
        .session_bytes_max = c->gateway_session_bytes_max,
        .replay_events_max = (uint32_t)c->gateway_replay_events_max,
        .queue_events = c->gateway_queue_events,
        .event_bytes_max = c->gateway_event_bytes_max,
        .handover_bytes_max = c->gateway_handover_bytes_max,
        .worker_id = (unsigned)c->server_worker_id,
    };
    enum err e = gateway_new(&o, &s->gateway);
    if (e == ERR_OK)
        core_set_online(s->core, gateway_online(s->gateway));
    return e;
}

static enum err make_api(struct server *s)
{
    const struct config *c = s->config;
    struct api_options o = {
        .core = s->core,
        .workers = s->workers,
        .ratelimit = s->ratelimit,
        .clock = clock_system(),
        .random = random_system(),
        .log = &s->log,
        .metrics = s->metrics,
        .body_bytes_max = c->http_body_bytes_max,
        .stream_bytes_max = c->http_stream_bytes_max,
        .streams_per_user = (unsigned)c->http_streams_per_user,
        .sent_bytes_max = SENT_TIMES * c->uploads_user_bytes_max,
        .far_reads_max = (unsigned)(c->server_workers - c->server_workers_read_reserved),
        .public_url = c->server_public_url,
        .limits_enabled = c->limits_enabled,
        .requests_per_second = (uint32_t)c->limits_requests_per_second,
        .identifies_per_day = (uint32_t)c->limits_identifies_per_day,
        .identify_concurrency = (uint32_t)c->limits_identify_concurrency,
        .trusted_proxies = c->http_trusted_proxies,
        .metrics_route = c->metrics_enabled && c->metrics_listen[0] == '\0',
        .trouble = trouble,
        .trouble_ctx = s,
    };
    enum err e = api_new(&o, &s->api);
    if (e == ERR_INVALID_FORM)
        log_error(&s->log, "server", "http.trusted_proxies is no list of addresses and networks",
                  LOG_S("value", c->http_trusted_proxies));
    return e;
}

static enum err start_loops(struct server *s)
{
    for (unsigned i = 0; i < s->loop_count; i++) {
        enum err e = loop_start(s->loops[i]);
        if (e != ERR_OK)
            return e;
        s->loops_running++;
    }
    return ERR_OK;
}

static bool is_proxy(void *ctx, const char *peer)
{
    const struct server *s = ctx;
    return api_trusts(s->api, peer);
}

static struct listeners_options listening(struct server *s)
{
    return (struct listeners_options){.config = s->config,
                                      .loops = s->loops,
                                      .loop_count = s->loop_count,
                                      .log = &s->log,
                                      .metrics = s->metrics,
                                      .is_proxy = is_proxy};
}

static const char *scheme(const struct server *s)
{
    return s->config->server_tls_certificate[0] != '\0' ? "https" : "http";
}

/* Where we are, for addresses in events, which belong to no request with a Host. */
static void say_where(struct server *s)
{
    char url[LISTEN_HOST_MAX + 32];
    struct listen_address at;
    if (s->config->server_public_url[0] != '\0' ||
        !listen_parse(slice_from(s->config->server_listen), &at))
        return;
    bool any = strcmp(at.host, "0.0.0.0") == 0 || strcmp(at.host, "::") == 0;
    bool v6 = !any && strchr(at.host, ':') != NULL;
    snprintf(url, sizeof url, "%s://%s%s%s:%u", scheme(s), v6 ? "[" : "",
             any ? "localhost" : at.host, v6 ? "]" : "", (unsigned)http_server_port(s->http));
    core_set_public_url(s->core, url);
    if (any)
        log_warn(&s->log, "server", "set server.public_url: files of messages have this address",
                 LOG_S("address", url));
}

static enum err start_listeners(struct server *s)
{
    const struct config *c = s->config;
    const struct http_handler handler = {.on_request = on_request,
                                         .on_upload = on_upload,
                                         .takes_stream = takes_stream,
                                         .on_piece = on_stream,
                                         .on_more = on_stream,
                                         .on_release = on_release,
                                         .ctx = s};
    const struct http_handler metrics = {.on_request = on_metrics_request, .ctx = s};
    const struct listeners_options o = listening(s);
    struct tls_context *tls = NULL;
    enum err e = listeners_tls(&o, &tls, s->why, sizeof s->why);
    if (e == ERR_OK)
        e = listeners_open(&o, c->server_listen, handler, tls, &s->http, s->why, sizeof s->why);
    tls_context_unref(&tls);
    if (e == ERR_OK)
        say_where(s);
    if (e == ERR_OK && c->metrics_enabled && c->metrics_listen[0] != '\0')
        e = listeners_open(&o, c->metrics_listen, metrics, NULL, &s->metrics_http, s->why,
                           sizeof s->why);
    return e;
}

/* Clients of before a planned restart: while nobody is served, and nothing else writes. */
static enum err restore(struct server *s)
{
    gateway_restore(s->gateway, s->config->gateway_handover_wait_ms);
    enum err e = voice_states_sweep(s->core, gateway_restored, s->gateway);
    if (e != ERR_OK)
        log_warn(&s->log, "server", "voice states of before could not be looked through",
                 LOG_S("why", err_info(e)->name));
    return ERR_OK;
}

static enum err start(struct server *s)
{
    static enum err (*const STEPS[])(struct server *) = {
        start_core, start_store, start_workers, make_loops,  make_gateway,
        make_api,   start_loops, restore,       start_admin, start_listeners,
    };
    s->metrics = metrics_new();
    if (s->metrics == NULL || !crypto_init())
        return ERR_NO_MEMORY;
    json_read_init((uint32_t)random_u64(random_system()));
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        enum err e = STEPS[i](s);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static void say_ready(struct server *s)
{
    struct listen_address at;
    if (!listen_parse(slice_from(s->config->server_listen), &at))
        return;
    bool v6 = strchr(at.host, ':') != NULL;
    printf("ready %s://%s%s%s:%u\n", scheme(s), v6 ? "[" : "", at.host, v6 ? "]" : "",
           (unsigned)http_server_port(s->http));
    fflush(stdout);
    log_info(&s->log, "server", "serving", LOG_S("address", s->config->server_listen),
             LOG_U("port", http_server_port(s->http)), LOG_U("loops", s->loop_count));
}

/* Requests under way get their answer, sessions hear of it, then the connections end. */
static void let_clients_go(struct server *s)
{
    struct http_server *const servers[] = {s->http, s->metrics_http};
    uint64_t until_ms = clock_mono_ms(clock_system()) + s->config->server_shutdown_timeout_ms / 2;
    gateway_drain(s->gateway);
    for (size_t i = 0; i < 2; i++) {
        if (servers[i] != NULL)
            http_server_drain(servers[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (servers[i] == NULL)
            continue;
        while (http_server_connections(servers[i]) > 0 && clock_mono_ms(clock_system()) < until_ms)
            nanosleep(&(struct timespec){.tv_nsec = STOP_POLL_NS}, NULL);
        http_server_close_all(servers[i]);
    }
}

/* Also after a start that went only half way. */
static void stop(struct server *s)
{
    uint64_t began_ms = clock_mono_ms(clock_system());
    s->stopping = true;
    if (s->http != NULL)
        let_clients_go(s);
    admin_socket_stop(&s->admin);
    images_stop(s->images); /* before the workers, some of which may wait for a picture */
    if (s->workers != NULL)
        workers_stop(s->workers);
    chores_stop(&s->chores); /* after the workers, whose use-cases wake it */
    /* Nothing is written any more: sessions that are kept now are at the end of their streams. */
    if (s->loop_count > 0 && s->loops_running == s->loop_count)
        gateway_save(s->gateway, began_ms + s->config->server_shutdown_timeout_ms * 3 / 4);
    if (s->store != NULL)
        store_close(&s->store);
    for (unsigned i = 0; i < s->loops_running; i++)
        loop_stop(s->loops[i]);
    for (unsigned i = 0; i < s->loop_count; i++)
        loop_join(&s->loops[i]);
    http_server_free(&s->http);
    http_server_free(&s->metrics_http);
    gateway_free(&s->gateway);
    api_free(&s->api);
    workers_free(&s->workers);
    core_free(&s->core);
    images_free(&s->images);
    blob_close(&s->blobs);
    bus_free(&s->bus);
    ratelimit_free(&s->ratelimit);
    metrics_free(&s->metrics);
}

/* The signal that ends the server. */
static int wait_for_end(struct server *s, const sigset_t *signals)
{
    const struct listeners_options o = listening(s);
    int caught = 0;
    while (sigwait(signals, &caught) != 0 || caught == SIGHUP) {
        if (caught == SIGHUP)
            listeners_reload(&o, s->http);
    }
    return caught;
}

int server_run(const struct config *config)
{
    struct server s = {.config = config};
    sigset_t signals;
    block_signals(&signals);
    umask(S_IRWXG | S_IRWXO); /* what people write is the operator's alone to read */
    raise_file_limit();
    start_log(&s);
    enum err e = start(&s);
    if (e != ERR_OK) {
        fprintf(stderr, "guildhall: cannot start: %s\n",
                s.why[0] != '\0' ? s.why : err_info(e)->name);
        stop(&s);
        return 1;
    }
    say_ready(&s);
    int caught = wait_for_end(&s, &signals);
    log_info(&s.log, "server", "stopping", LOG_I("signal", caught));
    watchdog_start(config->server_shutdown_timeout_ms);
    stop(&s);
    log_info(&s.log, "server", "stopped", LOG_I("signal", caught));
    return 0;
}
