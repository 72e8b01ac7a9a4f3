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
    uint64_t heartbeat_interval_ms;
    uint64_t identify_timeout_ms;
    uint64_t resume_window_ms;
    size_t session_bytes_max;
    uint32_t replay_events_max;
    size_t queue_events; /* of the bus, per loop */
    size_t event_bytes_max;
};

MUST_CHECK enum err gateway_new(const struct gateway_options *o, struct gateway **out);
/* True for the paths that clients open a gateway connection on: "/", "/gateway", "/gateway/". */
bool gateway_path(struct slice path);
/* Loop thread: answers a request that asks for an upgrade on such a path, one way or the other; 426
 * if it is not a proper one. */
void gateway_upgrade(struct gateway *g, struct http_exchange *x);
/* Any thread: tells every session to reconnect (op 7), closes their connections, refuses new ones.
 */
void gateway_drain(struct gateway *g);
/* After the loops were joined. */
void gateway_free(struct gateway **g);
/* docs/GATEWAY.md, from the event and opcode tables. */
void gateway_docs_write(struct buf *out);
