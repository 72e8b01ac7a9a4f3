#pragma once

/*
 * A proxy on the loopback interface between a test and its PostgreSQL, which breaks a connection at
 * a moment that the test names: with the next bytes from the client, before they reach the server
 * or after the server has answered them. One thread, a few connections. Static functions, since
 * each test is a program.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attrs.h"

enum cut_where { CUT_NOTHING, CUT_BEFORE, CUT_ANSWER, CUT_ANSWER_AND_CLOSE };

enum { PROXY_PAIRS_MAX = 64, PROXY_TICK_MS = 10 };

struct proxy_pair {
    int client, server; /* client -1: free */
    bool doomed;        /* what the server says next is not passed on */
};

struct proxy {
    char url[512]; /* as the server's, up to the database and sslmode, with the proxy's port */
    int port;      /* the server's */
    int listener;
    pthread_t thread;
    _Atomic int cut;     /* enum cut_where */
    _Atomic bool closed; /* nobody is admitted */
    _Atomic bool stopping;
    struct proxy_pair pairs[PROXY_PAIRS_MAX]; /* the thread's */
};

static struct sockaddr_in proxy_address(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int proxy_connect(const struct proxy *p)
{
    struct sockaddr_in to = proxy_address(p->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void proxy_accept(struct proxy *p)
{
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    int server = client >= 0 && !atomic_load(&p->closed) ? proxy_connect(p) : -1;
    for (unsigned i = 0; i < PROXY_PAIRS_MAX && server >= 0; i++)
        if (p->pairs[i].client < 0) {
            p->pairs[i] = (struct proxy_pair){client, server, false};
            return;
        }
    close(client);
    if (server >= 0)
        close(server);
}

static void proxy_end(struct proxy_pair *pair)
{
    close(pair->client);
    close(pair->server);
    pair->client = -1;
}

static bool proxy_pass(int from, int to)
{
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);
    for (ssize_t sent = 0; n > 0 && sent < n;) {
        ssize_t m = to < 0 ? n : send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (m < 0)
            return false;
        sent += m;
    }
    return n > 0;
}

static void proxy_from_client(struct proxy *p, struct proxy_pair *pair)
{
    enum cut_where cut = (enum cut_where)atomic_exchange(&p->cut, CUT_NOTHING);
    if (cut == CUT_ANSWER_AND_CLOSE)
        atomic_store(&p->closed, true);
    pair->doomed |= cut == CUT_ANSWER || cut == CUT_ANSWER_AND_CLOSE;
    if (cut == CUT_BEFORE || !proxy_pass(pair->client, pair->server))
        proxy_end(pair);
}

static void proxy_from_server(struct proxy *p, struct proxy_pair *pair)
{
    bool all = atomic_load(&p->closed);
    bool passed = proxy_pass(pair->server, pair->doomed ? -1 : pair->client);
    if (passed && !pair->doomed)
        return;
    proxy_end(pair);
    for (unsigned i = 0; i < PROXY_PAIRS_MAX && all; i++)
        if (p->pairs[i].client >= 0)
            proxy_end(&p->pairs[i]);
}

static void proxy_turn(struct proxy *p)
{
    struct pollfd fds[1 + 2 * PROXY_PAIRS_MAX];
    fds[0] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++) {
        bool used = p->pairs[i].client >= 0;
        fds[1 + 2 * i] = (struct pollfd){.fd = used ? p->pairs[i].client : -1, .events = POLLIN};
        fds[2 + 2 * i] = (struct pollfd){.fd = used ? p->pairs[i].server : -1, .events = POLLIN};
    }
    if (poll(fds, 1 + 2 * PROXY_PAIRS_MAX, PROXY_TICK_MS) <= 0)
        return;
    for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++) {
        struct proxy_pair *pair = &p->pairs[i];
        if (fds[1 + 2 * i].revents != 0 && pair->client >= 0)
            proxy_from_client(p, pair);
        if (fds[2 + 2 * i].revents != 0 && pair->client >= 0)
            proxy_from_server(p, pair);
    }
    if (fds[0].revents != 0)
        proxy_accept(p);
}

static void *proxy_main(void *ctx)
{
    struct proxy *p = ctx;
    while (!atomic_load(&p->stopping))
        proxy_turn(p);
    for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++)
        if (p->pairs[i].client >= 0)
            proxy_end(&p->pairs[i]);
    close(p->listener);
    return NULL;
}

static int proxy_listen(struct proxy *p)
{
    struct sockaddr_in at = proxy_address(0);
    socklen_t len = sizeof at;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(p->listener, PROXY_PAIRS_MAX), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

/* postgresql://user:password@127.0.0.1:PORT/database?sslmode=disable... */
static void proxy_start(struct proxy *p, const char *url)
{
    const char *host = strrchr(url, '@');
    memset(p, 0, sizeof *p);
    assert_non_null(host);
    const char *colon = strchr(host, ':');
    assert_non_null(colon);
    const char *rest = strchr(colon, '/');
    assert_non_null(rest);
    size_t rest_len = strcspn(rest, "&");
    p->port = (int)strtol(colon + 1, NULL, 10);
    for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++)
        p->pairs[i].client = -1;
    snprintf(p->url, sizeof p->url, "%.*s:%d%.*s", (int)(colon - url), url, proxy_listen(p),
             (int)rest_len, rest);
    assert_int_equal(pthread_create(&p->thread, NULL, proxy_main, p), 0);
}

/* The store must have been closed. */
UNUSED static void proxy_stop(struct proxy *p)
{
    atomic_store(&p->stopping, true);
    pthread_join(p->thread, NULL);
}

/* From a thread whose connection is the only one that speaks. */
UNUSED static void proxy_cut_next(struct proxy *p, enum cut_where where)
{
    atomic_store(&p->cut, (int)where);
}

UNUSED static void proxy_admit(struct proxy *p)
{
    atomic_store(&p->closed, false);
}
