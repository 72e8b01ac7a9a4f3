#pragma once

/* The connection's inside, for conn*.c, loop.c (which flushes) and the listener (which makes them).
 */

#include <netinet/in.h>

#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"

enum { CONN_MAGIC = 0x434f4e4e, CONN_PEER_BYTES = INET6_ADDRSTRLEN };

/* Who accepted the connection and counts it. */
struct conn_home {
    /* Once per connection, when it is closed (before its memory goes). */
    void (*on_gone)(struct conn_home *home, struct conn *c);
    /* It has become a stranger, which may close others; it is none any more; it waits for a
     * request. May be NULL, all of them. */
    void (*on_stranger)(struct conn_home *home, struct conn *c);
    void (*on_known)(struct conn_home *home, struct conn *c);
    void (*on_idle)(struct conn_home *home, struct conn *c);
    struct tls_context *tls; /* NULL: plain. The loop's that accepts */
    uint64_t handshake_timeout_ms;
};

enum conn_state {
    CONN_OPEN,
    CONN_FLUSHING, /* conn_close_after_flush: sending what is queued */
    CONN_DRAINING, /* all sent, write side shut down, reading the peer out */
    CONN_CLOSED    /* the handle is closing; on_closed was called or is about to be */
};

struct chunk;

/* First what every flush touches. */
struct conn {
    uint32_t magic;
    uv_os_fd_t fd; /* tcp's; while it is not CLOSED */
    uint8_t state; /* enum conn_state */
    bool paused;
    bool reading;
    bool eof;
    bool told_closed; /* on_closed was called */
    bool in_bulk;     /* dirty_node is in a bulk_lane, if it is linked */
    bool secure;      /* speaks TLS */
    bool stranger;    /* has shown nothing yet */
    struct loop *loop;
    const struct conn_ops *ops;
    void *owner;
    struct list dirty_node;  /* loop.dirty or a bulk_lane */
    struct chunk *in_flight; /* given to uv_write */
    struct chunk *pending;   /* the next, still filling */
    struct chunk *early;     /* bytes to be read again before the socket's (conn_unread) */
    struct conn_home *home;
    struct list node;         /* loop.conns */
    struct timer timer;       /* TLS handshake; flushing and draining */
    uint32_t tag;             /* the home's: slot of the address in its table */
    uint32_t drained;         /* bytes thrown away */
    struct tls_stream *tls;   /* NULL: plain, or nothing was received yet */
    struct list idle_node;    /* the home's: strangers by age, or idle ones */
    struct list address_node; /* the home's: strangers of the same address by age */
    uv_tcp_t tcp;
    char peer[CONN_PEER_BYTES];
};

/* Takes the next connection of `listener`; reading does not start before conn_open. NULL: no memory
 * or the peer is gone already. */
struct conn *conn_accept(struct loop *l, uv_stream_t *listener);
/* Peer's address into conn_peer; false if the peer is gone. */
bool conn_address(const struct conn *c, struct sockaddr_storage *out);
/* From here on `home` is told of its end. */
void conn_open(struct conn *c, struct conn_home *home, uint32_t tag, const struct conn_ops *ops,
               void *owner);
/* At the end of this turn `data` is read by the ops of that moment, before anything newer. Only
 * once. */
void conn_unread(struct conn *c, const char *data, size_t len);
/* A known peer has nothing under way, and may be closed to make room; it has, again. Strangers stay
 * what they are. */
void conn_idle(struct conn *c);
void conn_busy(struct conn *c);
/* The loop's, at the end of a turn. */
void conn_flush(struct conn *c);
/* Closes; on_closed comes later, out of a callback of libuv. */
void conn_fail(struct conn *c);
/* conn_send2, but the bytes leave as they are. Only while OPEN. */
bool conn_send_raw(struct conn *c, const void *a, size_t a_len, const void *b, size_t b_len);
/* The peer will send no more. */
void conn_peer_ended(struct conn *c);
void conn_on_out_of_time(struct timer *t);

/* conn_tls.c */
/* Before the first read of an accepted connection that is to speak TLS. */
void conn_tls_begin(struct conn *c);
/* Its first bytes stay in the kernel for this turn. */
bool conn_tls_must_wait(const struct conn *c);
void conn_tls_read(struct conn *c, const char *data, size_t len);
MUST_CHECK bool conn_tls_send(struct conn *c, const char *a, size_t a_len, const char *b,
                              size_t b_len);
/* The last words of an open connection. */
void conn_tls_farewell(struct conn *c);

/* conn_queue.c: the bytes that the kernel did not take. */
struct chunk {
    uv_write_t req;
    struct conn *conn;
    size_t len;
    size_t cap;
    char data[];
};
MUST_CHECK bool conn_queue_add(struct conn *c, const char *data, size_t len);
void conn_queue_free(struct conn *c);
/* What conn_queue.c tells conn.c. */
void conn_on_sent(struct conn *c, int status);
