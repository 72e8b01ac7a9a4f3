#pragma once

/*
 * A gateway of one hub without threads, sockets or a store, so that a test decides the order of
 * everything: the loop never starts (the test turns it), jobs wait in a list until the test runs
 * them, and the core is the few functions below, which answer from plain variables. Connections are
 * closed ones: what is sent to them goes nowhere, and sessions are judged by their replay buffer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/accounts.h"
#include "core/relationships.h"
#include "core/seen.h"
#include "core/user_settings.h"
#include "core/visits.h"
#include "gateway/gateway_priv.h"
#include "gateway/voice_list.h"
#include "model/permissions.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

#include "core_silent.h"

enum {
    FX_GUILD = 1000, /* also the id of @everyone */
    FX_OWNER = 1,
    FX_CHANNEL = 2000,
    FX_LOG_MAX = 1200,
    FX_MEMBERSHIPS_MAX = 4,
    FX_FRIENDS_MAX = 4,
    FX_JOBS_MAX = 2048,
    FX_TIME_MS = 1000000,
    FX_DAY_MS = 86400000,
};

/* What the core would say. */
struct fx_core {
    struct principal who;
    uint64_t user_position;
    struct membership memberships[FX_MEMBERSHIPS_MAX];
    size_t membership_count;
    struct membership joined;
    /* Instead of `joined`, if it is set. */
    enum err (*membership)(struct user_id user, struct arena *arena, struct membership *out);
    enum err join_err;
    struct guild_view *view;
    uint64_t guild_position;
    struct event *log[FX_LOG_MAX]; /* of any stream, in order of position */
    size_t log_count;
    uint64_t trimmed; /* positions up to here are gone from the log */
    bool log_gone;    /* nothing is in it any more, and nothing says so */
    unsigned visits;  /* ended */
    struct user_id visitor;
    struct guild_id visited;
    enum err visit_err;
    unsigned seen;                               /* noted so often */
    const char *settings;                        /* of anybody; NULL: none */
    struct relationship friends[FX_FRIENDS_MAX]; /* likewise */
    size_t friend_count;
};

struct fx {
    struct fx_core core;
    struct job *jobs[FX_JOBS_MAX];
    size_t job_count;
    unsigned submitted;
    enum err refuse; /* jobs are refused so */
    struct clock clock;
    int64_t wall_ms;
    struct bus *bus;
    struct loop *loop;
    struct gateway *gateway;
    struct hub *hub;
    struct ratelimit *ratelimit;
};

static struct fx FX;

enum err account_authenticate(struct core *c, struct slice token, int bot_prefix,
                              struct principal *out)
{
    (void)c;
    (void)token;
    (void)bot_prefix;
    *out = FX.core.who;
    return ERR_OK;
}

enum err session_snapshot_load(struct core *c, const struct principal *who, struct arena *arena,
                               struct session_snapshot *out)
{
    (void)c;
    *out = (struct session_snapshot){.user = {.id = who->user, .username = SLICE("u")}};
    out->user_position = FX.core.user_position;
    out->membership_count = FX.core.membership_count;
    out->memberships = arena_array(arena, FX_MEMBERSHIPS_MAX, sizeof *out->memberships);
    memcpy(out->memberships, FX.core.memberships, sizeof FX.core.memberships);
    return ERR_OK;
}

enum err membership_load(struct core *c, struct user_id user, struct guild_id guild,
                         struct arena *arena, struct membership *out)
{
    (void)c;
    (void)guild;
    if (FX.core.membership != NULL)
        return FX.core.membership(user, arena, out);
    *out = FX.core.joined;
    if (out->position < FX.core.guild_position)
        out->position = FX.core.guild_position; /* it is read now */
    return FX.core.join_err;
}

enum err guild_snapshot_load(struct core *c, struct guild_id id, struct arena *arena,
                             struct guild_snapshot *out)
{
    (void)c;
    (void)id;
    if (FX.core.view == NULL)
        return ERR_UNKNOWN_GUILD;
    out->view = guild_view_ref(FX.core.view);
    out->position = FX.core.guild_position;
    out->member_count = 3;
    out->last_messages =
        arena_array(arena, out->view->channel_count + 1, sizeof *out->last_messages);
    return ERR_OK;
}

enum err events_replay(struct core *c, struct stream s, uint64_t after, unsigned max,
                       void (*fn)(void *ctx, struct event *e), void *ctx)
{
    (void)c;
    if (after < FX.core.trimmed)
        return ERR_LOG_TRIMMED;
    for (size_t i = 0; !FX.core.log_gone && i < FX.core.log_count && max > 0; i++) {
        struct event *e = FX.core.log[i];
        if (e->stream.kind != s.kind || e->stream.id != s.id || e->position <= after)
            continue;
        fn(ctx, event_ref(e));
        max--;
    }
    return ERR_OK;
}

enum err member_temporary_leave(struct core *c, struct user_id user, struct guild_id guild)
{
    (void)c;
    FX.core.visitor = user;
    FX.core.visited = guild;
    FX.core.visits++;
    return FX.core.visit_err;
}

int64_t seen_day_ms(int64_t wall_ms)
{
    return wall_ms - wall_ms % FX_DAY_MS;
}

enum err account_seen(struct core *c, struct user_id user)
{
    (void)c;
    (void)user;
    FX.core.seen++;
    return ERR_OK;
}

enum err user_settings_get(struct core *c, struct user_id user, struct arena *arena,
                           struct slice *out)
{
    (void)c;
    (void)user;
    (void)arena;
    *out = FX.core.settings == NULL ? SLICE("{}") : slice_from(FX.core.settings);
    return ERR_OK;
}

enum err relationship_list(struct core *c, struct user_id user, struct arena *arena,
                           struct relationship **out, size_t *count)
{
    (void)c;
    (void)user;
    (void)arena;
    *out = FX.core.friends;
    *count = FX.core.friend_count;
    return ERR_OK;
}

enum err workers_submit(struct workers *w, struct job *j)
{
    (void)w;
    FX.submitted++;
    if (FX.refuse != ERR_OK)
        return FX.refuse;
    assert_true(FX.job_count < FX_JOBS_MAX);
    FX.jobs[FX.job_count++] = j;
    return ERR_OK;
}

static inline int64_t fx_wall_ms(void *ctx)
{
    (void)ctx;
    return FX.wall_ms;
}

static inline uint64_t fx_mono_ns(void *ctx)
{
    (void)ctx;
    return UINT64_C(1000000) * FX_TIME_MS;
}

/* One turn of the loop: what was posted runs, then the hooks. */
static inline void fx_turn(void)
{
    uv_run(loop_uv(FX.loop), UV_RUN_NOWAIT);
}

/* A job's two halves, which other threads can come between: it reads; its answer is posted, and
 * comes with the next turn. 0 is the oldest. */
static inline void fx_read(size_t index)
{
    assert_true(index < FX.job_count);
    struct gw_job *j = (struct gw_job *)(void *)FX.jobs[index];
    j->work(j);
}

static inline void fx_answer(size_t index)
{
    assert_true(index < FX.job_count);
    struct gw_job *j = (struct gw_job *)(void *)FX.jobs[index];
    FX.job_count--;
    memmove(&FX.jobs[index], &FX.jobs[index + 1], (FX.job_count - index) * sizeof FX.jobs[0]);
    loop_post(FX.loop, &j->task);
}

static inline void fx_run_job(size_t index)
{
    fx_read(index);
    fx_answer(index);
}

static inline void fx_run_all(void)
{
    fx_turn();
    while (FX.job_count > 0) {
        fx_run_job(0);
        fx_turn();
    }
}

static inline int fx_open(void **state)
{
    (void)state;
    FX = (struct fx){.clock = {fx_wall_ms, fx_mono_ns, NULL}, .wall_ms = FX_TIME_MS};
    FX.bus = bus_new(NULL);
    FX.ratelimit = ratelimit_new(16, 1, &FX.clock);
    struct loop_options lo = {.clock = &FX.clock};
    assert_int_equal(loop_new(&lo, &FX.loop), ERR_OK);
    atomic_store(&FX.loop->thread_self, (uintptr_t)pthread_self());
    struct gateway_options o = {
        .bus = FX.bus,
        .ratelimit = FX.ratelimit,
        .loops = &FX.loop,
        .loop_count = 1,
        .clock = &FX.clock,
        .random = random_system(),
        .public_url = "",
        .heartbeat_interval_ms = 41250,
        .identify_timeout_ms = 30000,
        .resume_window_ms = 120000,
        .session_bytes_max = 64 * 1024,
        .replay_events_max = 512,
        .queue_events = 64,
        .event_bytes_max = SIZE_MAX,
    };
    assert_int_equal(gateway_new(&o, &FX.gateway), ERR_OK);
    FX.hub = &FX.gateway->hubs[0];
    return 0;
}

/* As a server stops; nothing may be left. */
static inline int fx_close(void **state)
{
    (void)state;
    mem_fail_never();
    gateway_drain(FX.gateway);
    fx_run_all();
    hub_drop_sessions(FX.hub); /* as gateway_save does, before the loop goes */
    visits_forget(FX.hub);
    voice_forget(FX.hub);
    fx_run_all();
    loop_join(&FX.loop);
    gateway_free(&FX.gateway);
    bus_free(&FX.bus);
    ratelimit_free(&FX.ratelimit);
    for (size_t i = 0; i < FX.core.log_count; i++)
        event_unref(&FX.core.log[i]);
    guild_view_unref(&FX.core.view);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    assert_int_equal(mem_bytes(MEM_EVENTS), 0);
    assert_int_equal(mem_bytes(MEM_VIEWS), 0);
    assert_int_equal(bytes_live(), 0);
    return 0;
}

/* ---- events ---- */

static inline struct bytes *fx_bytes(const char *text)
{
    struct bytes *b = bytes_new(slice_from(text));
    assert_non_null(b);
    return b;
}

static inline struct event *fx_event(enum event_kind kind, struct stream s, uint64_t position)
{
    struct event *e = event_new(kind, s, NULL, 0);
    assert_non_null(e);
    e->position = position;
    e->guild_id = s.kind == STREAM_GUILD ? s.id : FX_GUILD;
    return e;
}

/* Into the log and onto the bus; takes the reference. */
static inline void fx_commit(struct event *e)
{
    assert_true(FX.core.log_count < FX_LOG_MAX);
    FX.core.log[FX.core.log_count++] = e;
    bus_publish(FX.bus, &e, 1);
}

/* Into the log alone: the bus lost it, or is late. */
static inline void fx_commit_silently(struct event *e)
{
    assert_true(FX.core.log_count < FX_LOG_MAX);
    FX.core.log[FX.core.log_count++] = e;
}

/* ---- clients ---- */

struct client {
    struct gw_conn g;
    struct conn conn;
};

static inline void client_open(struct client *c)
{
    *c = (struct client){.g = {.magic = GW_CONN_MAGIC, .hub = FX.hub, .version = 10}};
    c->conn = (struct conn){.magic = CONN_MAGIC, .state = CONN_CLOSED, .loop = FX.loop};
    c->g.conn = &c->conn;
}

/* Up to the load of the session's snapshot, whose job waits then. The session is for the test to
 * look at; it may end at any time. */
static inline struct session *client_identify(struct client *c)
{
    client_open(c);
    gw_command(&c->g, SLICE("{\"op\":2,\"d\":{\"token\":\"t\",\"properties\":{},"
                            "\"intents\":33283}}")); /* guilds, members, messages, content */
    assert_int_equal(c->g.state, GW_CONN_IDENTIFYING);
    fx_run_job(FX.job_count - 1);
    fx_turn();
    assert_int_equal(c->g.state, GW_CONN_SESSION);
    return c->g.session;
}

/* How many dispatches of that name the session has in its buffer. */
static inline unsigned session_count(const struct session *s, const char *name)
{
    char start[64];
    int len = snprintf(start, sizeof start, "\"t\":\"%s\"", name);
    unsigned n = 0;
    for (uint64_t seq = s->replay.seq - s->replay.count + 1; seq <= s->replay.seq; seq++) {
        const struct bytes *b = replay_get(&s->replay, seq);
        n += b->len >= (size_t)len && memcmp(b->data, start, (size_t)len) == 0;
    }
    return n;
}
