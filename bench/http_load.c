/*
 * Keep-alive GET load: one thread, one epoll, one request in flight on each connection.
 *
 *   bench_http_load PORT PATH CONNECTIONS MILLISECONDS [HOST]
 *
 * Prints one JSON line. Every reply is checked to be a 200 of the length of the first one, which is
 * cheap enough not to make the generator the slower side.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "http_reply.h"
#include "io.h"

enum { CONNECTIONS_MAX = 1024, REPLY_MAX = 16384, EVENTS_MAX = 128 };

struct client {
    int fd;
    size_t len;
    char reply[REPLY_MAX];
};

struct load {
    int epoll_fd;
    char request[512];
    size_t request_len;
    size_t reply_len; /* of every reply, learnt from the first */
    uint64_t replies;
};

static void make_request(struct load *l, const char *path, const char *host)
{
    int n =
        snprintf(l->request, sizeof l->request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
    if (n < 0 || (size_t)n >= sizeof l->request)
        die("the path is too long");
    l->request_len = (size_t)n;
}

static void check_reply(struct load *l, const struct client *c)
{
    errno = 0;
    if (memcmp(c->reply, "HTTP/1.1 200", 12) != 0)
        die("a reply that is no 200");
    if (c->len != l->reply_len || memchr(c->reply, '\n', c->len) == NULL)
        die("replies differ in length");
}

/* True if the reply on the way is complete. */
static bool take(struct load *l, struct client *c)
{
    c->len += io_recv(c->fd, c->reply + c->len, REPLY_MAX - c->len);
    if (l->reply_len == 0)
        l->reply_len = http_reply_length(c->reply, c->len);
    if (l->reply_len == 0 || c->len < l->reply_len)
        return false;
    check_reply(l, c);
    c->len = 0;
    l->replies++;
    return true;
}

static void run_until(struct load *l, uint64_t end_ns)
{
    struct epoll_event events[EVENTS_MAX];
    while (io_now_ns() < end_ns) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, 100);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (take(l, c))
                io_send(c->fd, l->request, l->request_len);
        }
    }
}

static void start_clients(struct load *l, uint16_t port, size_t count)
{
    struct client *clients = io_alloc(count, sizeof *clients);
    for (size_t i = 0; i < count; i++) {
        clients[i].fd = io_connect(port);
        io_nonblocking(clients[i].fd);
        io_watch(l->epoll_fd, clients[i].fd, &clients[i]);
    }
    for (size_t i = 0; i < count; i++)
        io_send(clients[i].fd, l->request, l->request_len);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: bench_http_load PORT PATH CONNECTIONS MILLISECONDS [HOST]\n");
        return 2;
    }
    static struct load l;
    l.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    make_request(&l, argv[2], argc > 5 ? argv[5] : "127.0.0.1");
    start_clients(&l, (uint16_t)io_number(argv[1], UINT16_MAX),
                  io_number(argv[3], CONNECTIONS_MAX));
    uint64_t begun_ns = io_now_ns();
    run_until(&l, begun_ns + io_number(argv[4], 600000) * 1000000);
    printf("{\"requests\":%llu,\"elapsed_ns\":%llu,\"cpu_ns\":%llu,\"reply_bytes\":%zu}\n",
           (unsigned long long)l.replies, (unsigned long long)(io_now_ns() - begun_ns),
           (unsigned long long)io_cpu_ns(), l.reply_len);
    return 0;
}
