/*
 * The least program that does what fan-out comes down to: for every session, render its sequence
 * number and frame header, put the shared payload behind it, and send; one call a session, with
 * one frame in it, or with as many as the burst has. No queue, no replay, no permissions: what
 * Guildhall costs beyond this is the price of those.
 *
 *   bench_fanout_bare PAYLOAD_FILE      prints "ready PORT"
 *
 * It answers what bench_sink says: an upgrade with Hello, the first frame of a session with READY,
 * any other frame with a heartbeat acknowledgement, and POST. The posts of a
 * burst (header X-Bench-Burst) are collected, then go out together, then are answered. Requests and
 * frames come in one piece over the loopback interface, so nothing is reassembled.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "io.h"

enum { EVENTS_MAX = 256, CONNS_MAX = 20000, BURST_MAX = 64, PAYLOAD_MAX = 64 * 1024 };

struct conn {
    int fd;
    bool identified;
    uint64_t seq;
};

struct bare {
    int epoll_fd;
    int listener;
    char *payload;
    size_t payload_len;
    char *frames; /* what one session is sent in one call */
    struct conn *sessions[CONNS_MAX];
    size_t session_count;
    struct conn *posters[BURST_MAX];
    size_t poster_count;
};

static const char UPGRADED[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char HELLO[] = "{\"op\":10,\"d\":{\"heartbeat_interval\":600000}}";
static const char ACK[] = "{\"op\":11}";
static const char POSTED[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

static size_t put_header(char *out, size_t len)
{
    out[0] = (char)0x81;
    if (len < 126) {
        out[1] = (char)len;
        return 2;
    }
    out[1] = 126;
    out[2] = (char)(len >> 8);
    out[3] = (char)len;
    return 4;
}

static size_t put_number(char *out, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

/* One dispatch: header, `{"s":N,`, payload. */
static size_t put_dispatch(char *out, uint64_t seq, const char *payload, size_t len)
{
    char prefix[32] = "{\"s\":";
    size_t n = 5 + put_number(prefix + 5, seq);
    prefix[n++] = ',';
    size_t header = put_header(out, n + len);
    memcpy(out + header, prefix, n);
    memcpy(out + header + n, payload, len);
    return header + n + len;
}

static void fan_out(struct bare *b, size_t burst)
{
    for (size_t i = 0; i < b->session_count; i++) {
        struct conn *c = b->sessions[i];
        size_t len = 0;
        for (size_t k = 0; k < burst; k++)
            len += put_dispatch(b->frames + len, ++c->seq, b->payload, b->payload_len);
        io_send(c->fd, b->frames, len);
    }
}

static void send_text(const struct conn *c, const char *text)
{
    char out[128];
    size_t len = strlen(text);
    size_t header = put_header(out, len);
    memcpy(out + header, text, len);
    io_send(c->fd, out, header + len);
}

static void upgrade(struct bare *b, struct conn *c)
{
    if (b->session_count == CONNS_MAX)
        die("too many sessions");
    b->sessions[b->session_count++] = c;
    io_send(c->fd, UPGRADED, sizeof UPGRADED - 1);
    send_text(c, HELLO);
}

static void send_ready(struct conn *c)
{
    static const char ready[] = "\"t\":\"READY\",\"op\":0,\"d\":{}}";
    char out[128];
    io_send(c->fd, out, put_dispatch(out, ++c->seq, ready, sizeof ready - 1));
    c->identified = true;
}

static void on_post(struct bare *b, struct conn *c, const char *request)
{
    const char *header = strstr(request, "X-Bench-Burst: ");
    size_t burst = header == NULL ? 1 : strtoul(header + 15, NULL, 10);
    if (burst == 0 || burst > BURST_MAX)
        die("a burst of this size");
    b->posters[b->poster_count++] = c;
    if (b->poster_count < burst)
        return;
    fan_out(b, burst);
    for (size_t i = 0; i < b->poster_count; i++)
        io_send(b->posters[i]->fd, POSTED, sizeof POSTED - 1);
    b->poster_count = 0;
}

static void on_readable(struct bare *b, struct conn *c)
{
    char data[4096];
    ssize_t n = recv(c->fd, data, sizeof data - 1, 0);
    if (n <= 0)
        exit(0); /* the sink is done */
    data[n] = '\0';
    if (memcmp(data, "GET ", 4) == 0)
        upgrade(b, c);
    else if (memcmp(data, "POST", 4) == 0)
        on_post(b, c, data);
    else if (!c->identified)
        send_ready(c);
    else
        send_text(c, ACK);
}

static void on_connection(struct bare *b)
{
    struct conn *c = io_alloc(1, sizeof *c);
    c->fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (c->fd < 0)
        die("accept");
    io_nodelay(c->fd);
    io_watch(b->epoll_fd, c->fd, c);
}

static void read_payload(struct bare *b, const char *path)
{
    FILE *in = fopen(path, "rb");
    b->payload = io_alloc(1, PAYLOAD_MAX);
    b->payload_len = in == NULL ? 0 : fread(b->payload, 1, PAYLOAD_MAX - 64, in);
    if (b->payload_len == 0)
        die(path);
    fclose(in);
    b->frames = io_alloc(BURST_MAX, PAYLOAD_MAX);
}

static void serve(struct bare *b)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int n = epoll_wait(b->epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                on_connection(b);
            else
                on_readable(b, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_fanout_bare PAYLOAD_FILE\n");
        return 2;
    }
    static struct bare b;
    uint16_t port = 0;
    read_payload(&b, argv[1]);
    b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    b.listener = io_listen(&port);
    io_watch(b.epoll_fd, b.listener, NULL);
    printf("ready http://127.0.0.1:%u\n", port);
    fflush(stdout);
    serve(&b);
}
