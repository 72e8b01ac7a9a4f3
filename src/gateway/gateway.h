#pragma once

/*
 * The gateway (Discord Gateway v10, surface reference §2): sessions over WebSocket, each on one
 * loop, fed by the bus. main makes one, starts it once the loops exist, and hands it upgrade
 * requests. Where to start reading: gateway_priv.h (the objects), then transport.c, identify.c,
 * guild.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "bus/bus.h"
#include "bus/ratelimit.h"
#include "core/core.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/workers.h"

struct gateway;
struct online_source;

struct gateway_options {
    struct core *core;
    struct bus *bus;
    struct workers *workers;
    struct ratelimit *ratelimit;
    struct loop *const *loops; /* not started yet */
    unsigned loop_count;
    const struct clock *clock;
    const struct random *random;
    const struct log *log;
    struct metrics *metrics;
    const char *public_url; /* "": from the Host header of the upgrade */
    bool limits_enabled;
    uint32_t identifies_per_day;
    uint32_t identify_concurrency; /* buckets of 5 s that a bot's shards are in */
    uint32_t sessions_per_user;    /* 0: no limit */
    bool permessage_deflate;       /* agreed to where offered */
    uint64_t heartbeat_interval_ms;
    uint64_t identify_timeout_ms;
    uint64_t resume_window_ms;
    uint64_t stall_ms; /* a client that reads nothing for so long is cut off; 0: it is not */
    size_t session_bytes_max;
    uint32_t replay_events_max;
    size_t queue_events; /* of the bus, per loop */
    size_t event_bytes_max;
    size_t handover_bytes_max; /* of sessions kept over a planned restart; 0: none are */
    unsigned worker_id;        /* whose they are */
};

MUST_CHECK enum err gateway_new(const struct gateway_options *o, struct gateway **out);
/* True for the paths that clients open a gateway connection on: "/", "/gateway", "/gateway/". */
bool gateway_path(struct slice path);
/* Loop thread: answers a request that asks for an upgrade on such a path, one way or the other; 426
 * if it is not a proper one. */
void gateway_upgrade(struct gateway *g, struct http_exchange *x);
/* Any thread: tells every session to reconnect (op 7), closes their connections, refuses new ones.
 * The sessions go on without. */
void gateway_drain(struct gateway *g);
/*
 * After gateway_drain, once nobody writes to the store any more, the store being open: the sessions
 * end here, and are kept for the next start, as far as that is done by `until_ms` (monotonic).
 * Blocks; neither a loop's thread nor a worker's.
 */
void gateway_save(struct gateway *g, uint64_t until_ms);
/* Once the loops run, before anybody connects and before anything writes to the store: sessions
 * that gateway_save has kept live on, unless something has happened to them since, or it takes
 * longer than wait_ms. Blocks; likewise. */
void gateway_restore(struct gateway *g, uint64_t wait_ms);
/* After it, same thread: does that session live on? */
bool gateway_restored(void *gateway, const char *session_id);
/* Who is online, for the core (core/online.h); as long as the gateway. */
const struct online_source *gateway_online(const struct gateway *g);
/* After the loops were joined. */
void gateway_free(struct gateway **g);
/* Who looks at sessions. */
struct gateway_watcher {
    void *ctx;
    void (*write)(void *ctx, struct slice lines); /* whole lines, each with its end */
    bool (*stopped)(void *ctx);
};
/*
 * Lists all sessions (id "") and returns, or watches one live until `stopped` says so or it ends:
 * what it is subscribed to, what is sent to it, what is withheld and why. No message text. Blocks
 * the calling thread, which must be neither a loop's nor a worker's. NOT_FOUND.
 */
MUST_CHECK enum err gateway_inspect(struct gateway *g, struct slice session_id,
                                    const struct gateway_watcher *w);
/* docs/GATEWAY.md, from the event and opcode tables. */
void gateway_docs_write(struct buf *out);
