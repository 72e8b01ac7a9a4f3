#pragma once

/*
 * A real server on 127.0.0.1 with small limits, and blocking clients. Every wait has a deadline of
 * ten seconds (SO_RCVTIMEO, sem_timedwait), so that a broken server fails a test and does not hang
 * it.
 *
 *   GET /            "hello", on the loop        POST /echo   the request's body
 *   GET /big         8 MiB of 'x'                GET /hold    held until fixture_release
 *   GET /worker      on a thread of its own      GET /ws      upgrade to an echo of bytes
 */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/workers.h"

enum { FIXTURE_LOOPS = 2, FIXTURE_BIG_BYTES = 8 * 1024 * 1024, FIXTURE_WAIT_S = 10 };

struct fixture {
    struct metrics *metrics;
    struct workers *workers;
    struct loop *loops[FIXTURE_LOOPS];
    struct http_server_options options;
    struct http_server *server;
    sem_t held;                     /* posted for each exchange that is held */
    struct http_exchange *holds[8]; /* in order; written before held is posted */
    unsigned hold_count;
    sem_t ws_closed; /* posted by on_closed of an upgraded connection */
};

static inline struct timespec fixture_deadline(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += FIXTURE_WAIT_S;
    return t;
}

static inline void fixture_await(sem_t *s)
{
    struct timespec t = fixture_deadline();
    assert_int_equal(sem_timedwait(s, &t), 0);
}

static inline uint64_t fixture_now_ms(void)
{
    return clock_mono_ms(clock_system());
}

/* The echo of an upgraded connection: corked, like the gateway. */
struct fixture_ws {
    struct fixture *f;
    struct buf out;
};

static inline void fixture_ws_read(struct conn *c, void *owner, const char *data, size_t len)
{
    struct fixture_ws *ws = owner;
    buf_append(&ws->out, data, len);
    conn_mark_dirty(c);
}

static inline void fixture_ws_flush(struct conn *c, void *owner)
{
    struct fixture_ws *ws = owner;
    bool quit = ws->out.len >= 4 && memcmp(ws->out.data + ws->out.len - 4, "quit", 4) == 0;
    conn_send(c, ws->out.data, ws->out.len);
    buf_reset(&ws->out);
    if (quit)
        conn_close_after_flush(c, 1000);
}

static inline void fixture_ws_closed(struct conn *c, void *owner)
{
    (void)c;
    struct fixture_ws *ws = owner;
    struct fixture *f = ws->f;
    buf_deinit(&ws->out);
    mem_free(MEM_NET, ws);
    sem_post(&f->ws_closed);
}

static const struct conn_ops fixture_ws_ops = {
    .on_read = fixture_ws_read, .on_flush = fixture_ws_flush, .on_closed = fixture_ws_closed};

static inline void fixture_upgrade(struct fixture *f, struct http_exchange *x)
{
    struct fixture_ws *ws = mem_zalloc(MEM_NET, sizeof *ws);
    assert_non_null(ws);
    ws->f = f;
    buf_init(&ws->out, MEM_NET, 1024 * 1024);
    if (!http_upgrade(x, &fixture_ws_ops, ws))
        mem_free(MEM_NET, ws);
}

struct fixture_job {
    struct job job;
    struct http_exchange *x;
};

static inline void fixture_run_job(struct job *j)
{
    struct fixture_job *fj = (struct fixture_job *)(void *)j;
    struct http_exchange *x = fj->x;
    mem_free(MEM_NET, fj);
    buf_append_slice(&x->body, x->request->target);
    http_reply_post(x);
}

static inline void fixture_to_worker(struct fixture *f, struct http_exchange *x)
{
    struct fixture_job *fj = mem_zalloc(MEM_NET, sizeof *fj);
    assert_non_null(fj);
    fj->job.class = JOB_READ;
    fj->job.run = fixture_run_job;
    fj->x = x;
    if (workers_submit(f->workers, &fj->job) == ERR_OK)
        return;
    mem_free(MEM_NET, fj);
    x->status = 503;
    http_reply(x);
}

static inline void fixture_fill(struct http_exchange *x, size_t len)
{
    if (!buf_reserve(&x->body, len))
        return;
    memset(x->body.data, 'x', len);
    x->body.len = len;
}

static inline bool fixture_path(const struct http_exchange *x, const char *path)
{
    return slice_eq_cstr(x->request->path, path);
}

static inline void fixture_on_request(void *ctx, struct http_exchange *x)
{
    struct fixture *f = ctx;
    x->status = 200;
    x->content_type = SLICE("text/plain");
    if (fixture_path(x, "/worker")) {
        fixture_to_worker(f, x);
    } else if (fixture_path(x, "/hold")) {
        f->holds[f->hold_count++] = x;
        sem_post(&f->held);
    } else if (fixture_path(x, "/ws")) {
        fixture_upgrade(f, x);
    } else if (fixture_path(x, "/echo")) {
        buf_append_slice(&x->body, x->request->body);
        http_reply(x);
    } else if (fixture_path(x, "/big")) {
        fixture_fill(x, FIXTURE_BIG_BYTES);
        http_reply(x);
    } else {
        buf_append_cstr(&x->body, "hello");
        http_reply(x);
    }
}

static inline struct http_server_options fixture_defaults(void)
{
    return (struct http_server_options){
        .host = "127.0.0.1",
        .limits = {.head_bytes_max = 4096, .body_bytes_max = 100 * 1024},
        .connections_max = 200,
        .head_timeout_ms = 10000,
        .body_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .write_timeout_ms = 10000};
}

/* loops: 1 makes things observable in order, 2 spreads. */
static inline struct fixture *fixture_start(struct http_server_options o, unsigned loops)
{
    struct fixture *f = mem_must(MEM_NET, sizeof *f);
    sem_init(&f->held, 0, 0);
    sem_init(&f->ws_closed, 0, 0);
    f->metrics = metrics_new();
    struct workers_options w = {
        .threads_max = 4, .read_reserved = 1, .hash_max = 1, .queue_max = 1000};
    assert_int_equal(workers_new(&w, &f->workers), ERR_OK);
    for (unsigned i = 0; i < loops; i++) {
        struct loop_options lo = {.index = i, .clock = clock_system(), .metrics = f->metrics};
        assert_int_equal(loop_new(&lo, &f->loops[i]), ERR_OK);
        assert_int_equal(loop_start(f->loops[i]), ERR_OK);
    }
    f->options = o;
    if (f->options.handler.on_request == NULL)
        f->options.handler.on_request = fixture_on_request;
    f->options.handler.ctx = f;
    f->options.loops = f->loops;
    f->options.loop_count = loops;
    f->options.metrics = f->metrics;
    char why[256] = "";
    enum err e = http_server_start(&f->options, &f->server, why, sizeof why);
    if (e)
        fail_msg("%s", why);
    return f;
}

static inline void fixture_stop(struct fixture *f)
{
    http_server_drain(f->server);
    workers_stop(f->workers);
    http_server_close_all(f->server);
    assert_int_equal(http_server_connections(f->server), 0);
    for (unsigned i = 0; i < FIXTURE_LOOPS && f->loops[i]; i++)
        loop_stop(f->loops[i]);
    for (unsigned i = 0; i < FIXTURE_LOOPS && f->loops[i]; i++)
        loop_join(&f->loops[i]);
    http_server_free(&f->server);
    workers_free(&f->workers);
    metrics_free(&f->metrics);
    sem_destroy(&f->held);
    sem_destroy(&f->ws_closed);
    mem_free(MEM_NET, f);
    assert_int_equal(mem_bytes(MEM_NET), 0);
}

/* Answers what /hold kept. */
static inline void fixture_release(struct fixture *f, unsigned which)
{
    buf_append_cstr(&f->holds[which]->body, "released");
    http_reply_post(f->holds[which]);
}

/* ---- clients ---- */

static inline int client_dial_buffered(const struct fixture *f, int receive_bytes)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (receive_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    struct timeval t = {.tv_sec = FIXTURE_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(f->server))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline int client_dial(const struct fixture *f)
{
    return client_dial_buffered(f, 0);
}

static inline void client_send_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        assert_true(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

static inline void client_send(int fd, const char *text)
{
    client_send_bytes(fd, text, strlen(text));
}

struct reply {
    int status;
    char head[4096]; /* lower-case names, NUL-terminated */
    char body[4096]; /* the first bytes */
    size_t body_len;
};

static inline bool reply_has(const struct reply *r, const char *line)
{
    return strstr(r->head, line) != NULL;
}

/* Byte by byte, so that nothing of the next reply is taken. False at the end of the stream. */
static inline bool client_read_head(int fd, struct reply *r)
{
    size_t n = 0;
    memset(r, 0, sizeof *r);
    while (n + 1 < sizeof r->head) {
        if (recv(fd, r->head + n, 1, 0) != 1)
            return false;
        n++;
        if (n >= 4 && memcmp(r->head + n - 4, "\r\n\r\n", 4) == 0)
            break;
    }
    return sscanf(r->head, "HTTP/1.1 %3d", &r->status) == 1;
}

static inline bool client_read_body(int fd, struct reply *r)
{
    const char *length = strstr(r->head, "content-length: ");
    unsigned long left = length ? strtoul(length + 16, NULL, 10) : 0;
    char chunk[4096];
    while (r->body_len < left) {
        size_t want = left - r->body_len < sizeof chunk ? left - r->body_len : sizeof chunk;
        ssize_t n = recv(fd, chunk, want, 0);
        if (n <= 0)
            return false;
        for (size_t i = 0; i < (size_t)n && r->body_len + i < sizeof r->body - 1; i++)
            r->body[r->body_len + i] = chunk[i];
        r->body_len += (size_t)n;
    }
    return true;
}

static inline bool client_read(int fd, struct reply *r)
{
    return client_read_head(fd, r) && client_read_body(fd, r);
}

static inline void client_read_ok(int fd, struct reply *r)
{
    assert_true(client_read(fd, r));
    assert_int_equal(r->status, 200);
}

/* True if the server ended the stream (FIN or reset) with nothing more to read. */
static inline bool client_is_ended(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* Waits, without sleeping on luck: for a condition that another thread makes true. */
#define FIXTURE_UNTIL(condition)                                                                   \
    do {                                                                                           \
        uint64_t until_ = fixture_now_ms() + FIXTURE_WAIT_S * 1000;                                \
        while (!(condition)) {                                                                     \
            assert_true(fixture_now_ms() < until_);                                                \
            sched_yield();                                                                         \
        }                                                                                          \
    } while (0)
