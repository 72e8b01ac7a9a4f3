#pragma once

/* The connection's inside, for conn*.c, loop.c (which flushes) and the listener (which makes them).
 */

#include <netinet/in.h>

#include "net/conn.h"
#include "net/loop.h"

enum { CONN_MAGIC = 0x434f4e4e, CONN_PEER_BYTES = INET6_ADDRSTRLEN };

/* Who accepted the connection and counts it. */
struct conn_home {
    /* Once per connection, when it is closed (before its memory goes). */
    void (*on_gone)(struct conn_home *home, struct conn *c);
};

enum conn_state {
    CONN_OPEN,
    CONN_FLUSHING, /* conn_close_after_flush: sending what is queued */
    CONN_DRAINING, /* all sent, write side shut down, reading the peer out */
    CONN_CLOSED    /* the handle is closing; on_closed was called or is about to be */
};

struct chunk;

struct conn {
    uint32_t magic;
    uint32_t tag;  /* the home's: slot of the address in its table */
    uint8_t state; /* enum conn_state */
    bool paused;
    bool reading;
    bool eof;
    bool told_closed; /* on_closed was called */
    bool in_bulk;     /* dirty_node is in loop.bulk, if it is linked */
    struct loop *loop;
    struct conn_home *home;
    const struct conn_ops *ops;
    void *owner;
    struct list node;        /* loop.conns */
    struct list dirty_node;  /* loop.dirty or loop.bulk */
    struct timer timer;      /* flushing and draining */
    struct chunk *in_flight; /* given to uv_write */
    struct chunk *pending;   /* the next, still filling */
    size_t drained;          /* bytes thrown away */
    struct chunk *early;     /* bytes to be read again before the socket's (conn_unread) */
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
/* The loop's, at the end of a turn. */
void conn_flush(struct conn *c);

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
