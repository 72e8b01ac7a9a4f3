/*
 * Load on the messages of channels: one thread, one epoll, one request in flight on each
 * connection.
 *
 *   bench_message_load PORT post|page TOKEN CHANNEL[,CHANNEL...] CONNECTIONS MILLISECONDS
 *
 * "post" sends messages of a dozen words each, "page" reads the newest 50; connections take the
 * channels in turn. Prints one JSON line; times are from the first byte of a request to the last of
 * its reply.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "http_reply.h"
#include "io.h"
#include "message_text.h"

enum {
    CONNECTIONS_MAX = 1024,
    CHANNELS_MAX = 64,
    REPLY_MAX = 1024 * 1024,
    REQUEST_MAX = 1024,
    EVENTS_MAX = 128,
    TIMES_MAX = 4 * 1024 * 1024
};

struct client {
    int fd;
    const char *channel;
    size_t len;
    size_t wanted; /* of the reply under way; 0: not known yet */
    uint64_t begun_ns;
    char *reply;
};

struct load {
    int epoll_fd;
    bool posts;
    const char *token;
    char *channels[CHANNELS_MAX];
    size_t channel_count;
    uint64_t number; /* of the next message */
    uint64_t replies;
    size_t reply_bytes; /* of the last one */
    uint32_t *times_ns;
};

static size_t post_request(struct load *l, const struct client *c, char *out)
{
    char text[MESSAGE_TEXT_BYTES];
    size_t len = message_text(l->number++, text);
    int n = snprintf(out, REQUEST_MAX,
                     "POST /api/v10/channels/%s/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Authorization: %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n{\"content\":\"%s\"}",
                     c->channel, l->token, len + sizeof "{\"content\":\"\"}" - 1, text);
    return n > 0 && n < REQUEST_MAX ? (size_t)n : 0;
}

static size_t page_request(const struct load *l, const struct client *c, char *out)
{
    int n = snprintf(out, REQUEST_MAX,
                     "GET /api/v10/channels/%s/messages?limit=50 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     "Authorization: %s\r\n\r\n",
                     c->channel, l->token);
    return n > 0 && n < REQUEST_MAX ? (size_t)n : 0;
}

static void ask(struct load *l, struct client *c)
{
    char request[REQUEST_MAX];
    size_t len = l->posts ? post_request(l, c, request) : page_request(l, c, request);
    errno = 0;
    if (len == 0)
        die("the request is too long");
    c->len = 0;
    c->wanted = 0;
    c->begun_ns = io_now_ns();
    io_send(c->fd, request, len);
}

/* True if the reply on the way is complete. */
static bool take(struct load *l, struct client *c)
{
    c->len += io_recv(c->fd, c->reply + c->len, REPLY_MAX - c->len);
    if (c->wanted == 0)
        c->wanted = http_reply_length(c->reply, c->len);
    if (c->wanted == 0 || c->len < c->wanted)
        return false;
    errno = 0;
    if (http_reply_status(c->reply) != 200)
        die("a reply that is no 200");
    uint64_t took = io_now_ns() - c->begun_ns;
    if (l->replies < TIMES_MAX)
        l->times_ns[l->replies] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    l->replies++;
    l->reply_bytes = c->wanted;
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
                ask(l, c);
        }
    }
}

/* Makes texts of the parts between commas. */
static void split_channels(struct load *l, char *list)
{
    char *comma = list;
    while (comma != NULL && l->channel_count < CHANNELS_MAX) {
        l->channels[l->channel_count++] = list;
        comma = strchr(list, ',');
        if (comma != NULL) {
            *comma = '\0';
            list = comma + 1;
        }
    }
    errno = 0;
    if (l->channels[0][0] == '\0')
        die("no channel");
}

static void start_clients(struct load *l, uint16_t port, size_t count)
{
    struct client *clients = io_alloc(count, sizeof *clients);
    for (size_t i = 0; i < count; i++) {
        clients[i].fd = io_connect(port);
        clients[i].channel = l->channels[i % l->channel_count];
        clients[i].reply = io_alloc(REPLY_MAX, 1);
        io_nonblocking(clients[i].fd);
        io_watch(l->epoll_fd, clients[i].fd, &clients[i]);
    }
    for (size_t i = 0; i < count; i++)
        ask(l, &clients[i]);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(const struct load *l, unsigned percent)
{
    uint64_t n = l->replies < TIMES_MAX ? l->replies : TIMES_MAX;
    return n == 0 ? 0 : l->times_ns[(n - 1) * percent / 100];
}

static void report(struct load *l, uint64_t begun_ns)
{
    uint64_t elapsed = io_now_ns() - begun_ns;
    qsort(l->times_ns, l->replies < TIMES_MAX ? l->replies : TIMES_MAX, sizeof *l->times_ns,
          by_size);
    printf("{\"requests\":%llu,\"elapsed_ns\":%llu,\"cpu_ns\":%llu,\"reply_bytes\":%zu,"
           "\"p50_ns\":%u,\"p99_ns\":%u}\n",
           (unsigned long long)l->replies, (unsigned long long)elapsed,
           (unsigned long long)io_cpu_ns(), l->reply_bytes, quantile(l, 50), quantile(l, 99));
}

int main(int argc, char **argv)
{
    static struct load l;
    if (argc != 7 || (strcmp(argv[2], "post") != 0 && strcmp(argv[2], "page") != 0)) {
        fprintf(stderr, "usage: bench_message_load PORT post|page TOKEN CHANNEL[,...] "
                        "CONNECTIONS MILLISECONDS\n");
        return 2;
    }
    l.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l.posts = strcmp(argv[2], "post") == 0;
    l.token = argv[3];
    l.number = io_now_ns();
    l.times_ns = io_alloc(TIMES_MAX, sizeof *l.times_ns);
    split_channels(&l, argv[4]);
    uint64_t begun_ns = io_now_ns();
    start_clients(&l, (uint16_t)io_number(argv[1], UINT16_MAX),
                  io_number(argv[5], CONNECTIONS_MAX));
    run_until(&l, begun_ns + io_number(argv[6], 600000) * 1000000);
    report(&l, begun_ns);
    return 0;
}
