#pragma once

/*
 * A connection: one accepted TCP socket on its loop, with a bounded output queue. Protocols sit on
 * top through conn_ops and may change over its life (HTTP, then WebSocket). Loop thread only.
 *
 * Writing: conn_send gives bytes to the kernel at once if nothing is queued before them; what the
 * kernel does not take is copied and sent when it can. A protocol that wants corking calls
 * conn_mark_dirty and writes in on_flush, which the loop calls once at the end of the turn.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/list.h"
#include "net/loop.h"

struct conn;

struct conn_ops {
    /* Bytes arrived; `data` is the loop's read buffer, valid during the call. */
    void (*on_read)(struct conn *c, void *owner, const char *data, size_t len);
    /* The turn's end of a connection marked dirty. May be NULL. */
    void (*on_flush)(struct conn *c, void *owner);
    /* on_flush comes soon, after those of `others` connections, 1 or 2: asks the cache for what it
     * will touch (PREFETCH), and does nothing else. May be NULL. */
    void (*on_near)(const void *owner, int others);
    /* The kernel took everything that was queued (after conn_queued was > 0). May be NULL. */
    void (*on_drain)(struct conn *c, void *owner);
    /* The peer will send no more (FIN), which a peer that left does too. True keeps the connection
     * for writing: no more reads, the protocol closes it. False, or NULL here: it is closed. */
    bool (*on_eof)(struct conn *c, void *owner);
    /* The peer ended, failed, or conn_close was called: forget c now, it is freed after this call.
     * Called exactly once; out of a callback of libuv, or inside conn_close, never inside
     * conn_send. */
    void (*on_closed)(struct conn *c, void *owner);
};

/* Bytes queued in the connection beyond which conn_send refuses. */
enum { CONN_QUEUE_BYTES_MAX = 32 * 1024 * 1024 };

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *owner);
struct loop *conn_loop(struct conn *c);
/* The peer's address as text, e.g. "127.0.0.1"; lives as long as c. */
const char *conn_peer(const struct conn *c);
/* False when the connection is closing or its queue would pass the maximum; it is then closing. */
bool conn_send(struct conn *c, const void *data, size_t len);
/* Sends two pieces as one write. */
bool conn_send2(struct conn *c, const void *a, size_t a_len, const void *b, size_t b_len);
/* Bytes that the kernel has not taken yet. */
size_t conn_queued(const struct conn *c);
void conn_mark_dirty(struct conn *c);
/* Connections of one loop that somebody gives something to, all at once. */
struct bulk_lane {
    struct list conns;
    struct list node; /* in loop.lanes while it has any */
    int64_t credit;   /* what its writing may still cost in this round of the lanes */
    bool held;        /* not to be written while the loop holds bulk (loop_hold_bulk) */
};
static inline void bulk_lane_init(struct bulk_lane *lane)
{
    *lane = (struct bulk_lane){.held = false};
    list_init(&lane->conns);
}
/* Those that still wait in it are marked dirty. */
void bulk_lane_deinit(struct bulk_lane *lane);
/* As dirty, for one of very many: they are flushed a portion a turn, after those marked dirty, so
 * that others need not wait for all of them; and lane after lane. Who waits already stays where it
 * is. */
void conn_mark_bulk(struct conn *c, struct bulk_lane *lane);
/* Stops and restarts reading (backpressure). */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/* Ends the connection so that the peer can read what it was told: a dirty connection is flushed,
 * what is queued is sent within linger_ms, then the write side is shut down and what the peer still
 * sends is thrown away until it ends too, at most CONN_DRAIN_MS and CONN_DRAIN_BYTES (closing with
 * unread bytes would make the kernel reset the connection, RFC 9112 §9.6). Of the callbacks, only
 * on_closed still comes, never inside this call. */
void conn_close_after_flush(struct conn *c, uint64_t linger_ms);
/* Enough for an upload that is refused by its head, which its client goes on sending: it would not
 * get to read why. */
enum { CONN_DRAIN_MS = 5000, CONN_DRAIN_BYTES = 64 * 1024 * 1024 };
/* Closes now; on_closed is called before conn_close returns only if called outside of it. */
void conn_close(struct conn *c);
bool conn_closing(const struct conn *c);
/* It speaks TLS. */
bool conn_secure(const struct conn *c);

/* The peer has shown that it is no idle socket: a request is complete, a session is begun. Until
 * then a connection is a stranger: when there are too many, the oldest of them are closed. */
void conn_known(struct conn *c);
/* Again it has shown nothing: it became something else. A stranger keeps its age. */
void conn_stranger(struct conn *c);

/* Moves the socket to another loop: c is gone for this thread when the call returns (no on_closed),
 * and on `to`'s thread `adopted` gets a new connection with the same socket, peer and accounting,
 * or NULL if it could not be made. The new owner calls conn_set_ops inside it. conn_queued(c) must
 * be 0. */
void conn_move(struct conn *c, struct loop *to, void (*adopted)(void *ctx, struct conn *c),
               void *ctx);
