/*
 * Listening. Every loop has its own sockets on the same addresses (SO_REUSEPORT), so the kernel
 * spreads connections and no loop hands any to another. Binding happens in http_server_start, on
 * the caller's thread, so that a failure is a sentence and not a log line; accepting is the loop's.
 *
 * SO_REUSEPORT would also let a second server of the same user share the port, silently taking half
 * of the connections. So the first socket of an address is bound without it, as a question, and
 * closed again.
 */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/map.h"
#include "net/http_server_priv.h"

static const char *reason(void)
{
    return uv_strerror(uv_translate_sys_error(errno));
}

static void set_port(struct sockaddr *a, uint16_t port)
{
    if (a->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)a)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)(void *)a)->sin6_port = htons(port);
}

static uint16_t get_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    if (a.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)(void *)&a)->sin_port);
    return ntohs(((struct sockaddr_in6 *)(void *)&a)->sin6_port);
}

/* "::" takes IPv4 too; a named IPv6 address does not, for its IPv4 sibling is bound beside it. */
static bool is_any6(const struct sockaddr *a)
{
    return a->sa_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static bool set_options(int fd, const struct sockaddr *a, bool share)
{
    int on = 1;
    int v6only = is_any6(a) ? 0 : 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return false;
    if (a->sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only) != 0)
        return false;
    return !share || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
}

/* A bound socket, or -1 and errno. share: SO_REUSEPORT, and it listens. */
static int open_socket(const struct addrinfo *ai, bool share)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (set_options(fd, ai->ai_addr, share) && bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
        (!share || listen(fd, HTTP_BACKLOG) == 0))
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

static bool is_free(const struct addrinfo *ai)
{
    int fd = open_socket(ai, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Keeps errno: it is the reason of a failure. */
static void close_address(struct http_server *s, unsigned index)
{
    int e = errno;
    for (unsigned i = 0; i < s->lane_count; i++) {
        struct http_listener *at = &s->lanes[i].listeners[index];
        if (at->fd >= 0)
            close(at->fd);
        at->fd = -1;
    }
    errno = e;
}

/* One address for all lanes; the first lane's socket decides the port if there is none yet. */
static bool bind_address(struct http_server *s, unsigned index, const struct addrinfo *ai)
{
    set_port(ai->ai_addr, s->port);
    if (s->port != 0 && !is_free(ai))
        return false;
    for (unsigned i = 0; i < s->lane_count; i++) {
        int fd = open_socket(ai, true);
        if (fd < 0) {
            close_address(s, index);
            return false;
        }
        s->lanes[i].listeners[index].fd = fd;
        if (s->port == 0) {
            s->port = get_port(fd);
            set_port(ai->ai_addr, s->port);
        }
    }
    return true;
}

/* A name may stand for addresses that this machine does not have (::1 without IPv6). */
static bool is_absent(int e)
{
    return e == EADDRNOTAVAIL || e == EAFNOSUPPORT;
}

static bool bind_all(struct http_server *s, const struct addrinfo *found)
{
    unsigned bound = 0;
    for (const struct addrinfo *ai = found; ai && bound < HTTP_ADDRESSES_MAX; ai = ai->ai_next) {
        if (bind_address(s, bound, ai))
            bound++;
        else if (!is_absent(errno))
            return false;
    }
    return bound > 0;
}

enum err http_listeners_bind(struct http_server *s, char *why, size_t why_len)
{
    const struct http_server_options *o = &s->options;
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int e = getaddrinfo(o->host, NULL, &hints, &found);
    if (e != 0) {
        snprintf(why, why_len, "cannot resolve %s: %s", o->host, gai_strerror(e));
        return ERR_IO;
    }
    bool ok = bind_all(s, found);
    if (!ok)
        snprintf(why, why_len, "cannot listen on %s port %u: %s", o->host, (unsigned)o->port,
                 reason());
    freeaddrinfo(found);
    return ok ? ERR_OK : ERR_IO;
}

void http_listeners_close_fds(struct http_server *s)
{
    for (unsigned k = 0; k < HTTP_ADDRESSES_MAX; k++)
        close_address(s, k);
}

/* The slot of an address in the table of counters. Two addresses may share one, which only makes
 * the limit stricter for both; the seed keeps anyone from choosing a neighbour. An IPv6 client owns
 * a /64. */
static uint32_t address_slot(const struct http_server *s, const struct conn *c)
{
    struct sockaddr_storage a;
    uint64_t key = 0;
    if (!conn_address(c, &a))
        return 0;
    if (s->options.is_proxy && s->options.is_proxy(s->options.handler.ctx, conn_peer(c)))
        return HTTP_IP_SLOTS;
    if (a.ss_family == AF_INET) {
        key = ((struct sockaddr_in *)(void *)&a)->sin_addr.s_addr;
    } else {
        const struct in6_addr *in6 = &((struct sockaddr_in6 *)(void *)&a)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(in6))
            memcpy(&key, &in6->s6_addr[12], 4);
        else
            memcpy(&key, in6->s6_addr, 8);
    }
    return (uint32_t)(map_hash(s->seed, key) % HTTP_IP_SLOTS);
}

/* Counts one more unless that passes max; 0: no maximum. */
static bool count_up(_Atomic unsigned *counter, unsigned max)
{
    unsigned before = atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    if (max == 0 || before < max)
        return true;
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
    return false;
}

static void count_down(_Atomic unsigned *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

static void on_gone(struct conn_home *home, struct conn *c)
{
    struct http_lane *lane = (struct http_lane *)(void *)home;
    count_down(&lane->server->per_ip[c->tag]);
    count_down(&lane->server->connections);
    metrics_add(loop_metrics(lane->loop), METRIC_CONNECTIONS, -1);
}

/* Of all connections; one that is closed to make room is counted off at the end of the turn. */
static bool count_connection(struct http_lane *lane)
{
    struct http_server *s = lane->server;
    return count_up(&s->connections, s->options.connections_max) ||
           (strangers_make_room(lane) && count_up(&s->connections, 0));
}

/* True: counted, and on_gone will count it off. */
static bool admit(struct http_lane *lane, struct conn *c)
{
    struct http_server *s = lane->server;
    uint32_t slot = address_slot(s, c);
    if (!count_up(&s->per_ip[slot], slot == HTTP_IP_SLOTS ? 0 : s->options.connections_per_ip_max))
        return false;
    if (!count_connection(lane)) {
        count_down(&s->per_ip[slot]);
        return false;
    }
    if (!http_conn_open(lane, c, slot)) {
        count_down(&s->per_ip[slot]);
        count_down(&s->connections);
        return false;
    }
    metrics_add(loop_metrics(lane->loop), METRIC_CONNECTIONS, 1);
    return true;
}

static void on_refused(uv_handle_t *handle);

/* libuv stops listening until its waiting connection is accepted. When there is no memory for one
 * of ours, it is accepted into a handle that the listener has ready, and closed. */
static void refuse_without_memory(struct http_listener *at)
{
    at->owed = true;
    if (at->refusing || uv_tcp_init(loop_uv(at->lane->loop), &at->refused) != 0)
        return;
    at->owed = false;
    at->refusing = true;
    at->refused.data = at;
    int gone = uv_accept((uv_stream_t *)&at->tcp, (uv_stream_t *)&at->refused);
    (void)gone; /* nothing waited, then; the handle is closed all the same */
    uv_close((uv_handle_t *)&at->refused, on_refused);
}

static void on_refused(uv_handle_t *handle)
{
    struct http_listener *at = handle->data;
    at->refusing = false;
    if (at->owed && at->open)
        refuse_without_memory(at);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct http_listener *at = stream->data;
    struct http_lane *lane = at->lane;
    if (status != 0) {
        log_warn(loop_log(lane->loop), "net", "cannot accept",
                 LOG_S("reason", uv_strerror(status)));
        return;
    }
    struct conn *c = conn_accept(lane->loop, stream);
    if (c && admit(lane, c))
        return;
    metrics_add(loop_metrics(lane->loop), METRIC_CONNECTIONS_REFUSED, 1);
    if (!c) {
        refuse_without_memory(at);
        return;
    }
    log_warn(loop_log(lane->loop), "net", "connection refused", LOG_S("peer", conn_peer(c)));
    conn_close(c);
}

static int open_listener(struct http_lane *lane, struct http_listener *at)
{
    int e = uv_tcp_init(loop_uv(lane->loop), &at->tcp);
    if (e != 0)
        return e;
    at->lane = lane;
    at->tcp.data = at;
    at->open = true;
    e = uv_tcp_open(&at->tcp, at->fd);
    if (e != 0)
        return e;
    at->fd = -1;
    return uv_listen((uv_stream_t *)&at->tcp, HTTP_BACKLOG, on_connection);
}

int http_listeners_open(struct http_lane *lane)
{
    lane->home.on_gone = on_gone;
    lane->home.handshake_timeout_ms = lane->server->options.head_timeout_ms;
    lane->home.tls = tls_context_ref(lane->server->options.tls);
    strangers_attach(&lane->home);
    for (unsigned i = 0; i < HTTP_ADDRESSES_MAX; i++) {
        struct http_listener *at = &lane->listeners[i];
        int e = at->fd >= 0 ? open_listener(lane, at) : 0;
        if (e != 0)
            return e;
    }
    return 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct http_lane *lane = ((struct http_listener *)handle->data)->lane;
    if (--lane->closing_listeners == 0)
        sem_post(&lane->server->done);
}

void http_listeners_close(struct http_lane *lane)
{
    for (unsigned i = 0; i < HTTP_ADDRESSES_MAX; i++) {
        if (!lane->listeners[i].open)
            continue;
        lane->listeners[i].open = false;
        lane->closing_listeners++;
        uv_close((uv_handle_t *)&lane->listeners[i].tcp, on_listener_closed);
    }
    if (lane->closing_listeners == 0)
        sem_post(&lane->server->done);
}
