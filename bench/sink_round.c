/*
 * A round: `burst` messages are posted at the same moment, each on a connection of its own, and the
 * round ends when every session has every dispatch and every post its answer. The window from the
 * first dispatch that arrives to the last is the fan-out; what lies before it is the way of a post
 * through the store. The sink spins and only sleeps when nothing has come for a while: so the
 * sender does not pay for waking it once a frame, and the writer, which shares the sink's core and
 * yields to it, finds the whole burst queued and makes one batch of it.
 */
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_reply.h"
#include "io.h"

enum { CONTENT_BYTES = 64, AWAKE_NS = 50000, AWAKE_BURST_NS = 300000 };

static const uint64_t ROUND_TIMEOUT_NS = 20000000000;

struct sums {
    uint64_t dispatches;
    uint64_t window_ns;
    uint64_t round_ns;
};

void poster_read(struct sink *k, struct poster *p)
{
    p->len += io_recv(p->peer.fd, p->reply + p->len, sizeof p->reply - p->len);
    size_t total = http_reply_length(p->reply, p->len);
    if (total == 0 || p->len < total)
        return;
    if (http_reply_status(p->reply) != 200) {
        fprintf(stderr, "bench_sink: %.*s\n", (int)p->len, p->reply);
        errno = 0;
        die("a post was not answered 200");
    }
    p->len = 0;
    p->busy = false;
    k->replies++;
}

static void start_poster(struct sink *k)
{
    struct poster *p = &k->posters[k->poster_count++];
    *p = (struct poster){.peer = {.kind = PEER_POSTER, .fd = io_connect(k->port)}};
    io_nonblocking(p->peer.fd);
    io_watch(k->epoll_fd, p->peer.fd, p);
}

static void post(struct sink *k, struct poster *p, unsigned burst)
{
    char body[128];
    char request[1024];
    int body_len = snprintf(body, sizeof body, "{\"content\":\"%0*u\"}", CONTENT_BYTES, burst);
    int n = snprintf(request, sizeof request,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n"
                     "Content-Type: application/json\r\nX-Bench-Burst: %u\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     k->path, k->post_token, burst, body_len, body);
    if (n < 0 || (size_t)n >= sizeof request)
        die("the request is too long");
    p->busy = true;
    io_send(p->peer.fd, request, (size_t)n);
}

static void post_all(struct sink *k, unsigned burst)
{
    while (k->poster_count < burst)
        start_poster(k);
    for (unsigned i = 0; i < burst; i++)
        post(k, &k->posters[i], burst);
}

static void run_one(struct sink *k, unsigned burst, struct sums *sums)
{
    uint64_t wanted = (uint64_t)burst * k->session_count;
    k->dispatches = 0;
    k->replies = 0;
    k->first_ns = 0;
    uint64_t awake_ns = burst > 1 ? AWAKE_BURST_NS : AWAKE_NS;
    uint64_t begun_ns = io_now_ns();
    uint64_t progress_ns = begun_ns;
    uint64_t seen = 0;
    post_all(k, burst);
    while (k->dispatches < wanted || k->replies < burst) {
        uint64_t now_ns = io_now_ns();
        sink_poll(k, now_ns - progress_ns > awake_ns ? 100 : 0);
        if (k->dispatches + k->replies > seen)
            progress_ns = now_ns;
        seen = k->dispatches + k->replies;
        errno = 0;
        if (now_ns - begun_ns > ROUND_TIMEOUT_NS)
            die("a round does not end");
    }
    sums->dispatches += k->dispatches;
    sums->window_ns += k->last_ns - k->first_ns;
    sums->round_ns += k->last_ns - begun_ns;
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

void rounds_latency(struct sink *k, unsigned rounds, unsigned interval_us)
{
    uint64_t *taken_ns = io_alloc(rounds, sizeof *taken_ns);
    uint64_t due_ns = io_now_ns();
    for (unsigned i = 0; i < rounds; i++) {
        struct sums one = {0};
        due_ns += (uint64_t)interval_us * 1000;
        io_sleep_until(due_ns);
        run_one(k, 1, &one);
        taken_ns[i] = k->last_ns - due_ns;
    }
    qsort(taken_ns, rounds, sizeof *taken_ns, compare_u64);
    printf("{\"rounds\":%u,\"p50_ns\":%llu,\"p99_ns\":%llu,\"max_ns\":%llu}\n", rounds,
           (unsigned long long)taken_ns[rounds / 2],
           (unsigned long long)taken_ns[rounds * 99 / 100],
           (unsigned long long)taken_ns[rounds - 1]);
    free(taken_ns);
}

void rounds_post(struct sink *k, unsigned messages)
{
    while (k->poster_count == 0)
        start_poster(k);
    for (unsigned i = 0; i < messages; i++) {
        post(k, &k->posters[0], 1);
        while (k->posters[0].busy)
            sink_poll(k, 100);
    }
}

/* One that finds all connections waiting for their answers is not posted: it is offered all the
 * same. */
void rounds_flood(struct sink *k, unsigned rate, unsigned ms)
{
    while (k->poster_count < SINK_POSTERS_MAX)
        start_poster(k);
    uint64_t begun_ns = io_now_ns();
    uint64_t end_ns = begun_ns + (uint64_t)ms * 1000000;
    uint64_t offered = 0;
    uint64_t posted = 0;
    size_t next = 0;
    k->dispatches = 0;
    for (uint64_t now_ns; (now_ns = io_now_ns()) < end_ns;) {
        for (uint64_t due = (now_ns - begun_ns) * rate / 1000000000; offered < due; offered++) {
            size_t tried = 0;
            while (tried < k->poster_count && k->posters[next].busy) {
                next = (next + 1) % k->poster_count;
                tried++;
            }
            if (k->posters[next].busy)
                continue;
            post(k, &k->posters[next], SINK_POSTERS_MAX);
            posted++;
        }
        sink_poll(k, 0);
    }
    printf("{\"offered\":%llu,\"posted\":%llu,\"dispatches\":%llu}\n", (unsigned long long)offered,
           (unsigned long long)posted, (unsigned long long)k->dispatches);
}

void rounds_run(struct sink *k, unsigned rounds, unsigned burst)
{
    struct sums sums = {0};
    uint64_t cpu_ns = io_cpu_ns();
    for (unsigned i = 0; i < rounds; i++)
        run_one(k, burst, &sums);
    printf("{\"rounds\":%u,\"burst\":%u,\"dispatches\":%llu,\"window_ns\":%llu,\"round_ns\":%llu,"
           "\"sink_cpu_ns\":%llu}\n",
           rounds, burst, (unsigned long long)sums.dispatches, (unsigned long long)sums.window_ns,
           (unsigned long long)sums.round_ns, (unsigned long long)(io_cpu_ns() - cpu_ns));
}
