#pragma once

/*
 * The HTTP server's inside. Who is who:
 *
 *   http_server   one; options, counters that all loops share
 *   http_lane     one a loop; its listeners, its pool, its Date line (http_server.c, listener.c)
 *   http_conn     one a connection that speaks HTTP; small, for most of them idle (http_conn.c)
 *   http_work     one a request under way: parser and exchange; pooled in the lane (http_work.c)
 *
 * Bodies and replies that pass in pieces: http_stream.c.
 */

#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "net/conn_priv.h"
#include "net/http_server.h"

enum {
    HTTP_CONN_MAGIC = 0x48545450,
    HTTP_WORK_MAGIC = 0x574f524b,
    HTTP_ADDRESSES_MAX = 4, /* that one host name may stand for */
    HTTP_BACKLOG = 1024,
    HTTP_IP_SLOTS = 4096,        /* power of two */
    HTTP_POOL_MAX = 32,          /* works kept per loop */
    HTTP_KEEP_BYTES = 16 * 1024, /* of a buffer in a pooled work */
    HTTP_REPLY_HEAD_BYTES = 64 * 1024,
    HTTP_CONTENT_TYPE_BYTES = 256,
    HTTP_LINGER_MS = 2000,
    /* A body or a reply moves by this much in a timeout's time, or the connection ends. */
    HTTP_PROGRESS_BYTES = 1024,
    /* And a body that streams by this much in body_timeout_ms, for as long as it takes. */
    HTTP_STREAM_PROGRESS_BYTES = 16 * 1024,
    /* What is read ahead while a piece is with the handler; the least that is worth a piece. */
    HTTP_WINDOW_BYTES = 32 * 1024,
    HTTP_PIECE_BYTES_MIN = 16 * 1024,
    HTTP_DATE_LINE_LEN = 37 /* "date: Sat, 21 Nov 2026 01:39:41 GMT\r\n" */
};

struct http_lane;

struct http_listener {
    uv_tcp_t tcp;
    uv_tcp_t refused; /* see refuse_without_memory */
    struct http_lane *lane;
    bool refusing;
    bool owed;
    int fd; /* -1 once tcp owns it, or if there is none */
    bool open;
};

struct http_lane {
    struct conn_home home; /* first */
    struct task task;      /* the one order of the server under way */
    struct http_server *server;
    struct loop *loop;
    struct http_listener listeners[HTTP_ADDRESSES_MAX];
    unsigned closing_listeners;
    int listen_error;             /* libuv's, 0: none */
    struct tls_context *next_tls; /* of the order under way */
    bool draining;
    struct http_work *pool;
    unsigned pooled;
    struct list strangers;                     /* by age, see strangers.c */
    struct list idle;                          /* by age */
    struct list neighbours[HTTP_IP_SLOTS + 1]; /* strangers of an address, by age */
    int64_t date_second;
    char date[HTTP_DATE_LINE_LEN + 1];
};

struct http_server {
    struct http_server_options options;
    uint16_t port;
    uint64_t seed;
    sem_t done; /* lanes post it when an order is carried out */
    /* Counts only; nothing is read on the strength of them, so relaxed order suffices. */
    _Atomic unsigned connections;
    _Atomic unsigned per_ip[HTTP_IP_SLOTS + 1]; /* the last: of all proxies, without limit */
    _Atomic unsigned strangers;
    _Atomic unsigned strangers_per_ip[HTTP_IP_SLOTS + 1];
    _Atomic uint64_t upload_bytes;
    _Atomic uint64_t reply_bytes;
    _Atomic unsigned streams;
    _Atomic uint64_t stream_bytes;
    unsigned lane_count;
    struct http_lane lanes[];
};

/* See http_conn.c for the diagram. */
enum http_state {
    HTTP_IDLE,
    HTTP_HEAD,
    HTTP_BODY,
    HTTP_ADMITTING, /* the handler decides whether a large body is read */
    HTTP_STALLED,   /* a stream: the handler has a piece, and there is no room to read on */
    HTTP_BUSY,      /* the handler has the exchange */
    HTTP_WRITING,   /* the kernel has not taken the reply yet; with `work` more of it follows */
    HTTP_FETCHING,  /* the handler gets more of the reply */
    HTTP_ENDING     /* the connection closes, or speaks another protocol */
};

struct http_conn {
    uint32_t magic;
    uint8_t state; /* enum http_state */
    bool pumping;  /* http_conn.c is feeding the parser: whoever replies now returns to it */
    bool eof;      /* the peer sends no more */
    bool close;    /* WRITING: close when the reply has left */
    bool upgraded; /* conn has another owner, http_conn.c frees this one */
    struct http_lane *lane;
    struct conn *conn;
    struct http_work *work; /* NULL when idle */
    struct timer timer;     /* may ring before the deadline, never after: see set_deadline */
    uint64_t deadline_ms;   /* UINT64_MAX: none */
    uint64_t body_until_ms;
    uint64_t reply_bytes; /* WRITING: counted in the server's */
    size_t mark;          /* BODY: bytes of this period; WRITING: queued at its start */
    struct buf kept;      /* pipelined bytes, unread while a reply is under way */
};

struct http_work {
    struct http_exchange x; /* first: http_reply finds the work by it */
    uint32_t magic;
    struct http_lane *lane;
    struct http_conn *http; /* NULL: the peer left, nobody waits for the reply */
    struct http_parser *parser;
    uint64_t upload_bytes;  /* counted in the server's */
    uint64_t stream_bytes;  /* counted in the server's */
    bool counted;           /* in the server's streams */
    bool streaming;         /* the body goes to on_piece */
    bool lent;              /* the handler has the exchange and will answer */
    bool complete;          /* the parser has a whole request, so it can be used again */
    struct buf piece;       /* what on_piece has */
    struct http_work *next; /* in the pool */
    char peer[CONN_PEER_BYTES];
};

/* http_work.c. Loop thread. NULL: no memory. */
struct http_work *http_work_get(struct http_conn *h);
/* Back to the pool, or freed if it cannot be used again. */
void http_work_put(struct http_work *w);
void http_work_drop_pool(struct http_lane *lane);
/* Counts bytes of a body in memory until the work is given back; false: too many of all together.
 */
bool http_work_count_upload(struct http_work *w, uint64_t bytes);
struct http_work *http_work_of(struct http_exchange *x);

/* http_conn.c. False: no memory, nothing done. */
MUST_CHECK bool http_conn_open(struct http_lane *lane, struct conn *c, uint32_t tag);
/* Ends it if it is between two requests; others end after their reply because the lane drains. */
void http_conn_drain(struct conn *c);

/* For http_stream.c and http_exchange.c. */
void http_conn_begin_body(struct http_conn *h);
void http_conn_fail(struct http_conn *h, enum err e);
void http_conn_end_silently(struct http_conn *h);
void http_conn_stop_clock(struct http_conn *h);
void http_conn_read_body(struct http_conn *h);
void http_conn_hand_out(struct http_conn *h);
void http_conn_release_work(struct http_conn *h);
void http_conn_begin_writing(struct http_conn *h);
void http_conn_after_reply(struct http_conn *h, bool close);
void http_conn_go_on(struct http_conn *h);

/* http_stream.c. Loop thread. The exchange is admitted as a stream: counts it, and the parser
 * streams. ENTITY_TOO_LARGE, OVERLOADED. */
MUST_CHECK enum err http_stream_begin(struct http_work *w);
/* Bytes came, or the end, or a piece is done: gives the handler the next piece, or the request. */
void http_stream_advance(struct http_conn *h);
/* The reply has left so far, and more of it follows. */
void http_stream_ask_more(struct http_conn *h);
void http_stream_uncount(struct http_work *w);

/* http_reply.c: bytes of replies. False if the connection is closing. */
bool http_reply_send(struct http_work *w, struct conn *c, bool close);
/* r: what is known of the request, for its id; NULL: nothing. */
bool http_reply_send_error(struct http_lane *lane, struct conn *c, const struct http_request *r,
                           enum err e);
bool http_reply_send_upgrade(struct http_work *w, struct conn *c);
void http_reply_count(struct http_lane *lane, int status);

/* strangers.c. Loop thread, but for init. */
void strangers_init(struct http_lane *lane);
void strangers_attach(struct conn_home *home);
/* Closes the connection of this loop that is missed the least; false: all are in use. */
MUST_CHECK bool strangers_make_room(struct http_lane *lane);

/* listener.c. Binds host:port for every lane; EMFILE and the like, with `why`. */
MUST_CHECK enum err http_listeners_bind(struct http_server *s, char *why, size_t why_len);
void http_listeners_close_fds(struct http_server *s);
/* Loop thread. libuv's error or 0. */
int http_listeners_open(struct http_lane *lane);
/* Loop thread; posts server.done when the last is closed. */
void http_listeners_close(struct http_lane *lane);
