/*
 * A connection's end is the difficult part: it can come from the peer, from a failed write in the
 * middle of a protocol's function, or from the protocol, and the owner must hear of it exactly
 * once and never inside a call that it did not expect.
 *
 *   OPEN ──▶ FLUSHING ──▶ DRAINING ──▶ CLOSED ──▶ freed (on_handle_closed)
 *     └─────────┴─────────────┴─────────▲
 *
 * conn_close tells the owner at once; every other way into CLOSED tells it from libuv's callback.
 */

#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

static struct conn *from_handle(const uv_handle_t *handle)
{
    struct conn *c = handle->data;
    assert(c->magic == CONN_MAGIC);
    return c;
}

static void tell_closed(struct conn *c)
{
    if (c->told_closed)
        return;
    c->told_closed = true;
    if (c->ops && c->ops->on_closed)
        c->ops->on_closed(c, c->owner);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *c = from_handle(handle);
    tell_closed(c);
    if (c->home)
        c->home->on_gone(c->home, c);
    conn_queue_free(c);
    mem_free(MEM_NET, c->early);
    tls_stream_free(&c->tls);
    c->magic = 0;
    mem_free(MEM_NET, c);
}

static void begin_close(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    c->reading = false;
    conn_known(c);
    loop_timer_stop(&c->timer);
    list_remove(&c->node);
    list_remove(&c->dirty_node);
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

void conn_fail(struct conn *c)
{
    begin_close(c);
}

void conn_known(struct conn *c)
{
    list_remove(&c->idle_node);
    list_remove(&c->address_node);
    if (c->stranger)
        c->home->on_known(c->home, c);
    c->stranger = false;
}

void conn_stranger(struct conn *c)
{
    if (c->stranger || c->state != CONN_OPEN || c->home == NULL || c->home->on_stranger == NULL)
        return;
    conn_known(c); /* no idle one, then */
    c->stranger = true;
    c->home->on_stranger(c->home, c);
}

void conn_idle(struct conn *c)
{
    if (c->state == CONN_OPEN && !list_linked(&c->idle_node) && c->home && c->home->on_idle)
        c->home->on_idle(c->home, c);
}

void conn_busy(struct conn *c)
{
    if (!c->stranger)
        list_remove(&c->idle_node);
}

/* A read of TLS is shorter: what it completes, a record, must fit beside it where pipelined
 * requests are kept. No room at all: libuv leaves the bytes where they are, and asks again in the
 * next turn.
 */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    const struct conn *c = from_handle(handle);
    size_t len =
        c->secure ? LOOP_READ_BYTES - TLS_RECORD_BYTES - TLS_RECORD_EXTRA : LOOP_READ_BYTES;
    if (UNLIKELY(c->secure && c->state == CONN_OPEN && conn_tls_must_wait(c)))
        len = 0;
    *out = uv_buf_init(c->loop->read_buffer, (unsigned)len);
}

void conn_peer_ended(struct conn *c)
{
    c->eof = true;
    c->reading = false;
    uv_read_stop((uv_stream_t *)&c->tcp); /* of TLS: TCP may not have ended */
    if (c->state == CONN_OPEN && c->ops->on_eof && c->ops->on_eof(c, c->owner))
        return;
    /* FLUSHING goes on: the peer may still read what it is being sent. */
    if (c->state != CONN_FLUSHING)
        begin_close(c);
}

static void throw_away(struct conn *c, size_t len)
{
    c->drained += (uint32_t)len; /* of one read */
    if (c->drained > CONN_DRAIN_BYTES)
        begin_close(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct conn *c = from_handle((uv_handle_t *)stream);
    c->loop->besides = LOOP_BESIDES_TURNS;
    if (n > 0 && c->state == CONN_OPEN && c->secure)
        conn_tls_read(c, b->base, (size_t)n);
    else if (n > 0 && c->state == CONN_OPEN)
        c->ops->on_read(c, c->owner, b->base, (size_t)n);
    else if (n > 0)
        throw_away(c, (size_t)n);
    else if (n == UV_EOF)
        conn_peer_ended(c);
    else if (n < 0 && n != UV_ENOBUFS)
        begin_close(c);
}

/* Reading follows from the state; one place decides. */
static void update_reading(struct conn *c)
{
    bool want =
        c->state != CONN_CLOSED && !c->eof && (c->state != CONN_OPEN || (!c->paused && !c->early));
    if (want == c->reading)
        return;
    c->reading = want;
    if (!want)
        uv_read_stop((uv_stream_t *)&c->tcp);
    else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
        begin_close(c);
}

static void on_refused(uv_handle_t *handle)
{
    mem_free(MEM_NET, handle->data);
}

static void write_peer(struct conn *c)
{
    struct sockaddr_storage a;
    if (!conn_address(c, &a))
        return;
    if (a.ss_family == AF_INET) {
        uv_ip4_name((const struct sockaddr_in *)(const void *)&a, c->peer, sizeof c->peer);
        return;
    }
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)(const void *)&a;
    uv_ip6_name(a6, c->peer, sizeof c->peer);
    /* An IPv4 peer of a dual-stack socket is an IPv4 peer. */
    if (IN6_IS_ADDR_V4MAPPED(&a6->sin6_addr) && strncmp(c->peer, "::ffff:", 7) == 0)
        memmove(c->peer, c->peer + 7, strlen(c->peer + 7) + 1);
}

struct conn *conn_accept(struct loop *l, uv_stream_t *listener)
{
    struct conn *c = mem_zalloc(MEM_NET, sizeof *c);
    if (!c)
        return NULL;
    c->magic = CONN_MAGIC;
    c->loop = l;
    c->tcp.data = c;
    if (uv_tcp_init(&l->uv, &c->tcp) != 0) {
        mem_free(MEM_NET, c);
        return NULL;
    }
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
        uv_fileno((const uv_handle_t *)&c->tcp, &c->fd) != 0) {
        uv_close((uv_handle_t *)&c->tcp, on_refused);
        return NULL;
    }
    list_push_back(&l->conns, &c->node);
    uv_tcp_nodelay(&c->tcp, 1);
    write_peer(c);
    return c;
}

bool conn_address(const struct conn *c, struct sockaddr_storage *out)
{
    int len = sizeof *out;
    return uv_tcp_getpeername(&c->tcp, (struct sockaddr *)out, &len) == 0;
}

void conn_open(struct conn *c, struct conn_home *home, uint32_t tag, const struct conn_ops *ops,
               void *owner)
{
    c->home = home;
    c->tag = tag;
    conn_set_ops(c, ops, owner);
    if (home->tls != NULL)
        conn_tls_begin(c);
    update_reading(c);
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *owner)
{
    assert(loop_is_current(c->loop) && ops->on_read && ops->on_closed);
    c->ops = ops;
    c->owner = owner;
}

struct loop *conn_loop(struct conn *c)
{
    return c->loop;
}

const char *conn_peer(const struct conn *c)
{
    return c->peer;
}

size_t conn_queued(const struct conn *c)
{
    /* libuv counts down as the kernel takes parts of a chunk: progress shows. */
    size_t in_flight =
        c->in_flight ? uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) : 0;
    return in_flight + (c->pending ? c->pending->len : 0);
}

bool conn_closing(const struct conn *c)
{
    return c->state != CONN_OPEN;
}

bool conn_secure(const struct conn *c)
{
    return c->secure;
}

static bool queue(struct conn *c, const char *data, size_t len)
{
    if (len == 0)
        return true;
    if (conn_queued(c) + len > CONN_QUEUE_BYTES_MAX || !conn_queue_add(c, data, len)) {
        begin_close(c);
        return false;
    }
    return true;
}

/* send(2) without what glibc does around it so that the thread could be cancelled there: two atomic
 * exchanges, which were 5 % of a fan-out of single frames (perf). Nobody cancels a loop. */
static ssize_t send_uncancelled(int fd, const void *data, size_t len)
{
    return syscall(SYS_sendto, fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

/* Bytes that the kernel takes now, or -errno. Not uv_try_write: with nothing queued it comes down
 * to this call, and what it does around it cost 3 to 5 % of a fan-out to 1,000 sessions (bench/run,
 * paired). */
static ssize_t send_now(const struct conn *c, const void *a, size_t a_len, const void *b,
                        size_t b_len)
{
    ssize_t n;
    if (b_len == 0) {
        n = send_uncancelled(c->fd, a, a_len);
    } else {
        /* struct iovec has no const; the kernel only reads. */
        struct iovec v[2] = {{(void *)(uintptr_t)a, a_len}, {(void *)(uintptr_t)b, b_len}};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
        n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    return n < 0 ? -errno : n;
}

static inline bool send_raw(struct conn *c, const void *a, size_t a_len, const void *b,
                            size_t b_len)
{
    size_t taken = 0;
    c->loop->sent_bytes += a_len + b_len;
    if (!c->in_flight) {
        ssize_t n = send_now(c, a, a_len, b, b_len);
        if (n < 0 && n != -EAGAIN && n != -EINTR) {
            begin_close(c);
            return false;
        }
        taken = n < 0 ? 0 : (size_t)n;
        if (LIKELY(taken == a_len + b_len))
            return true;
    }
    size_t from_a = taken < a_len ? taken : a_len;
    size_t from_b = taken - from_a;
    return queue(c, (const char *)a + from_a, a_len - from_a) &&
           queue(c, (const char *)b + from_b, b_len - from_b);
}

bool conn_send_raw(struct conn *c, const void *a, size_t a_len, const void *b, size_t b_len)
{
    return c->state == CONN_OPEN && send_raw(c, a, a_len, b, b_len);
}

bool conn_send2(struct conn *c, const void *a, size_t a_len, const void *b, size_t b_len)
{
    assert(loop_is_current(c->loop));
    if (c->state != CONN_OPEN)
        return false;
    if (UNLIKELY(c->secure))
        return conn_tls_send(c, a, a_len, b, b_len);
    return send_raw(c, a, a_len, b, b_len);
}

bool conn_send(struct conn *c, const void *data, size_t len)
{
    return len == 0 ? c->state == CONN_OPEN : conn_send2(c, data, len, "", 0);
}

void conn_mark_dirty(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    if (c->in_bulk)
        list_remove(&c->dirty_node);
    c->in_bulk = false;
    if (!list_linked(&c->dirty_node))
        list_push_back(&c->loop->dirty, &c->dirty_node);
}

static void read_early(struct conn *c)
{
    struct chunk *early = c->early;
    c->early = NULL;
    c->ops->on_read(c, c->owner, early->data, early->len);
    mem_free(MEM_NET, early);
    if (c->state == CONN_OPEN)
        update_reading(c);
}

void conn_flush(struct conn *c)
{
    assert(c->magic == CONN_MAGIC);
    if (c->early && !c->paused && c->state == CONN_OPEN)
        read_early(c);
    if (c->state == CONN_OPEN && c->ops->on_flush)
        c->ops->on_flush(c, c->owner);
}

void conn_unread(struct conn *c, const char *data, size_t len)
{
    assert(!c->early);
    if (c->state != CONN_OPEN || len == 0)
        return;
    c->early = mem_alloc(MEM_NET, sizeof *c->early + len);
    if (!c->early) {
        begin_close(c);
        return;
    }
    memcpy(c->early->data, data, len);
    c->early->len = len;
    update_reading(c);
    conn_mark_dirty(c);
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    update_reading(c);
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    update_reading(c);
    if (c->early)
        conn_mark_dirty(c);
}

void conn_on_out_of_time(struct timer *t)
{
    begin_close(LIST_OWNER(t, struct conn, timer));
}

static void begin_drain(struct conn *c)
{
    c->state = CONN_DRAINING;
    if (c->eof || shutdown(c->fd, SHUT_WR) != 0) {
        begin_close(c);
        return;
    }
    loop_timer_start(c->loop, &c->timer, CONN_DRAIN_MS, conn_on_out_of_time);
}

void conn_on_sent(struct conn *c, int status)
{
    if (c->state == CONN_CLOSED)
        return;
    if (status != 0)
        begin_close(c);
    else if (c->state == CONN_FLUSHING)
        begin_drain(c);
    else if (c->state == CONN_OPEN && c->ops->on_drain)
        c->ops->on_drain(c, c->owner);
}

void conn_close_after_flush(struct conn *c, uint64_t linger_ms)
{
    assert(loop_is_current(c->loop));
    if (c->state == CONN_OPEN && list_linked(&c->dirty_node)) {
        list_remove(&c->dirty_node);
        if (c->ops->on_flush)
            c->ops->on_flush(c, c->owner);
    }
    conn_tls_farewell(c);
    if (c->state != CONN_OPEN)
        return;
    conn_known(c); /* it ends by itself */
    c->state = CONN_FLUSHING;
    loop_timer_start(c->loop, &c->timer, linger_ms, conn_on_out_of_time);
    update_reading(c);
    if (!c->in_flight && c->state == CONN_FLUSHING)
        begin_drain(c);
}

void conn_close(struct conn *c)
{
    assert(loop_is_current(c->loop));
    if (!c->in_flight)
        conn_tls_farewell(c);
    begin_close(c);
    tell_closed(c);
}
