#pragma once

/*
 * The HTTP/1.1 server side of a connection: parses requests one after the other (pipelined ones
 * wait), hands each to on_request, writes its reply, keeps the connection or closes it. Bodies and
 * replies may be larger than memory: then they pass in pieces (http_stream.c). It enforces
 * the time limits of every stage: first byte to end of head (slow-loris), body, idle between
 * requests, and a peer that does not read its reply. Malformed requests are answered here with the
 * status of the error table as JSON {"message","code"}.
 *
 * An exchange is one request and its reply. on_request runs on the loop; the exchange may be
 * answered there (http_reply) or handed to a worker and answered by http_reply_post from any
 * thread. Until then the exchange, the request's slices and the connection's memory stay valid,
 * even if the peer leaves.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"
#include "wire/http.h"

struct http_server;

struct http_exchange {
    struct task task; /* the server's, for http_reply_post */
    const struct http_request *request;
    struct loop *loop;
    const char *peer;    /* address of the client */
    bool secure;         /* the connection speaks TLS */
    uint64_t started_ns; /* monotonic, request complete */
    /* The reply: filled by the handler, then http_reply or http_reply_post. */
    int status;
    struct slice content_type; /* data NULL: no content-type header */
    struct buf head;           /* further complete header lines, each ending in CRLF */
    struct buf body;
    bool close;        /* close the connection after the reply */
    void *user;        /* the handler's; see on_release */
    enum err admitted; /* the answer to on_upload, on_piece and on_more */
    /* Filled by on_upload: the body is not gathered but given to on_piece, at most this much. */
    bool streams;
    uint64_t stream_bytes_max;
    struct slice piece; /* on_piece: the next bytes of the body */
    uint64_t rest;      /* the reply's body has so many bytes after `body`: see on_more */
};

struct http_handler {
    /* Loop thread. Must lead to exactly one http_reply, http_reply_post or http_upgrade. */
    void (*on_request)(void *ctx, struct http_exchange *x);
    /*
     * Loop thread: a head has come whose body would be larger than limits.body_bytes_max, and
     * nothing of the body has been read. Must lead to exactly one http_admit or http_admit_post:
     * with ERR_OK in x->admitted the body is read and on_request follows, with an error it is the
     * answer and the connection closes. NULL: all are refused, ENTITY_TOO_LARGE.
     */
    void (*on_upload)(void *ctx, struct http_exchange *x);
    /* Loop thread: whether a chunked body, whose length nobody knows, is to be asked about by
     * on_upload too. NULL: none is; they are gathered and stay below limits.body_bytes_max. */
    bool (*takes_stream)(void *ctx, const struct http_request *r);
    /*
     * Loop thread: bytes of a body that streams, in x->piece, in order, one piece at a time; the
     * socket is read no further than one more window meanwhile. Must lead to exactly one
     * http_stream_next or http_stream_next_post, with an error in x->admitted the exchange ends
     * with that answer. After the last piece on_request follows, x->request->body being empty.
     */
    void (*on_piece)(void *ctx, struct http_exchange *x);
    /* Loop thread: the peer has what x->body held, and x->rest bytes are still to come: the next
     * ones into x->body, at least one. Must lead to exactly one http_stream_next or
     * http_stream_next_post; with an error the connection is closed, as nothing else can be said.
     */
    void (*on_more)(void *ctx, struct http_exchange *x);
    /* Loop thread: the exchange ends and x->user is not NULL: a stream that was cut before
     * on_request, or a reply that has left or never will. */
    void (*on_release)(void *ctx, struct http_exchange *x);
    void *ctx;
};

struct http_server_options {
    const char *host; /* "127.0.0.1", "::", "localhost" */
    uint16_t port;    /* 0: any; ask http_server_port */
    struct http_limits limits;
    /* Of all bodies in memory together (uploads: their declared lengths), and of all replies that
     * wait for peers that read slowly; beyond it uploads are refused (OVERLOADED) and such
     * connections closed. 0: no limit. */
    uint64_t upload_bytes_total_max;
    /* Of all streams under way together: their number, and their bytes (declared, or come). 0: no
     * limit. */
    unsigned streams_max;
    uint64_t stream_bytes_total_max;
    uint64_t reply_bytes_total_max;
    unsigned connections_max;
    unsigned connections_per_ip_max; /* 0: no limit; loopback counts too */
    /* Connections that have neither completed a request nor, as another protocol, become known
     * (conn_known); beyond it the oldest of them is closed. 0: no limit. */
    unsigned strangers_max;
    unsigned strangers_per_ip_max;
    /* Whether the address is that of a proxy, for which limits of one address are not meant. May be
     * NULL. Any loop's thread. */
    bool (*is_proxy)(void *ctx, const char *peer);
    struct tls_context *tls; /* NULL: plain; borrowed until http_server_start returns */
    uint64_t head_timeout_ms;
    uint64_t body_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t write_timeout_ms;
    struct http_handler handler;
    struct loop *const *loops;
    unsigned loop_count;
    const struct log *log;
    struct metrics *metrics;
};

/* Binds one listening socket per loop with SO_REUSEPORT and accepts on all of them. IO with `why`
 * naming the address and the system's reason. Loops must run. */
MUST_CHECK enum err http_server_start(const struct http_server_options *o, struct http_server **out,
                                      char *why, size_t why_len);
/* Main thread: connections from now on get this certificate; of a server that was started with one.
 */
void http_server_set_tls(struct http_server *s, struct tls_context *tls);
uint16_t http_server_port(const struct http_server *s);
/* Any thread: stops accepting (listening sockets close), answers requests under way with
 * "Connection: close", closes idle connections. Returns when the listeners are closed. */
void http_server_drain(struct http_server *s);
/* Connections that are still open, upgraded ones included. */
unsigned http_server_connections(const struct http_server *s);
/* Closes what is left. Before loop_stop. */
void http_server_close_all(struct http_server *s);
void http_server_free(struct http_server **s); /* after the loops were joined */

/* Loop thread. The X-Request-Id of the request (NULL: there is none) if it is well-formed, else a
 * new one; out has LIMIT_REQUEST_ID_BYTES + 1 bytes. Handlers put it into their replies; the
 * refusals made here carry it already. */
void http_request_id(const struct http_request *r, struct loop *l, char *out);
/* Loop thread: writes the reply. x is invalid afterwards. Content-Length, Date-less (RFC 9110 lets
 * a server without a reliable clock omit it, we send it: cached per second), Connection and Via are
 * added. HEAD replies lose their body, 204 and 304 have none. */
void http_reply(struct http_exchange *x);
/* Any thread: the same, on the exchange's loop. */
void http_reply_post(struct http_exchange *x);
/* Loop thread: the answer to on_upload, in x->admitted. */
void http_admit(struct http_exchange *x);
/* Any thread: the same, on the exchange's loop. */
void http_admit_post(struct http_exchange *x);
/* Loop thread: the answer to on_piece and on_more. */
void http_stream_next(struct http_exchange *x);
/* Any thread: the same, on the exchange's loop. */
void http_stream_next_post(struct http_exchange *x);
/* Loop thread: answers 101 to a request with upgrade_websocket, and gives the connection to `ops`;
 * x is invalid afterwards. Bytes that came after the request are passed to ops->on_read at once,
 * after this call set the owner. The server keeps counting the connection until it is closed.
 * NULL if the peer is gone (nothing to own). */
struct conn *http_upgrade(struct http_exchange *x, const struct conn_ops *ops, void *owner);
