/*
 * One more payload for a session, or the same for thousands: every delivery of a fan-out comes by
 * here. What they have in common is looked at once; of each session only what its first lines of
 * memory hold, and the slot that takes the reference. What is already waiting to be written is not
 * marked again.
 *
 * The difficulty is the slow client: its unsent bytes are capped, then the connection is closed
 * with a resumable code, and if the session's memory fills meanwhile it cannot be resumed.
 */
#include "gateway/gateway_priv.h"
#include "gateway/inspect.h"

/* The same for all sessions of a hub at one moment. */
struct terms {
    uint64_t now_ms;
    uint64_t age_ms;
    size_t bytes_max;
    uint32_t events_max;
    struct bulk_lane *lane; /* or NULL */
};

static struct terms terms_of(const struct hub *h)
{
    const struct gateway_options *o = &h->gateway->options;
    return (struct terms){
        .now_ms = loop_now_ms(h->loop),
        /* A client that confirms what it gets does so within a heartbeat or two, and may be away
         * for the window: what is older than both together is kept for nobody. */
        .age_ms = o->resume_window_ms + 2 * o->heartbeat_interval_ms,
        .bytes_max = o->session_bytes_max,
        .events_max = o->replay_events_max,
        .lane = h->bulk,
    };
}

/* Too much is kept for a client that does not take it. What it has asked for does not count: READY
 * and its guilds, which are as large as they are; refusing them would shut it out for good. */
static bool over_cap(const struct session *s, size_t max)
{
    size_t asked = s->replay.sent < s->asked_seq ? s->asked_bytes : 0;
    size_t unasked = s->replay.unsent_bytes > asked ? s->replay.unsent_bytes - asked : 0;
    return unasked > max;
}

/* What was sent may be resumed only within the same cap, or a Resume could never be served: it
 * would pass the cap at once, and be closed for it, again and again. */
static void forget_beyond_cap(struct session *s, size_t max)
{
    while (s->replay.bytes > max && s->replay.bytes > s->replay.unsent_bytes)
        replay_limit(&s->replay, s->replay.count - 1);
}

static void age(struct session *s, const struct terms *t)
{
    if (UNLIKELY(replay_is_old(&s->replay, t->now_ms, t->age_ms)))
        replay_age(&s->replay, t->now_ms, t->age_ms);
}

void session_age(struct session *s)
{
    struct terms t = terms_of(s->hub);
    age(s, &t);
}

/* Something is unsent: with its first the connection was marked, or it waits for the kernel. */
static inline bool waits(const struct session *s)
{
    return s->replay.sent < s->replay.seq;
}

static void close_slow(struct session *s)
{
    metrics_add(loop_metrics(s->hub->loop), METRIC_GATEWAY_SLOW_CLOSED, 1);
    if (s->conn == NULL)
        session_fail(s);
    else
        gw_conn_close(s->conn, ERR_GW_UNKNOWN); /* resumable, while the window lasts */
}

/* With a reference that the caller has: true takes it over. */
static inline bool put(struct session *s, struct bytes *payload, const struct terms *t)
{
    struct replay *r = &s->replay;
    if (UNLIKELY(s->failed))
        return false;
    age(s, t);
    if (UNLIKELY(r->count >= t->events_max))
        replay_limit(r, t->events_max - 1);
    if (UNLIKELY(r->bytes > t->bytes_max))
        forget_beyond_cap(s, t->bytes_max);
    bool marked = waits(s);
    bool full = UNLIKELY(r->count >= t->events_max) && s->conn == NULL;
    if (UNLIKELY(full || !replay_put(r, payload))) {
        session_fail(s); /* a hole in the sequence can never be resumed over */
        return false;
    }
    if (UNLIKELY(s->inspection != NULL))
        inspect_pushed(s, payload);
    if (UNLIKELY(r->bytes > t->bytes_max && over_cap(s, t->bytes_max)))
        close_slow(s);
    else if (s->conn != NULL && t->lane == NULL)
        conn_mark_dirty(s->conn->conn);
    else if (s->conn != NULL && !marked)
        conn_mark_bulk(s->conn->conn, t->lane);
    return true;
}

void session_push(struct session *s, struct bytes *payload)
{
    struct terms t = terms_of(s->hub);
    struct bytes *own = bytes_ref(payload);
    if (!put(s, own, &t))
        bytes_unref(&own);
}

void session_push_asked(struct session *s, struct bytes *payload)
{
    if (s->replay.sent >= s->asked_seq)
        s->asked_bytes = 0;
    s->asked_bytes += payload->total;
    s->asked_seq = s->replay.seq + 1;
    session_push(s, payload);
}

enum { AHEAD_CONN = 2, AHEAD_SLOT = 4, AHEAD_SESSION = 8 };

/* The session at `at` is next. Of thousands hardly anything is in the caches, so what `put` touches
 * is asked for in steps: the session, what it points at, what that points at. The sessions that
 * follow, up to `end`, are not gone before it is their turn (put ends none at once). */
static inline void ask_ahead(struct session *const *at, struct session *const *end)
{
    size_t left = (size_t)(end - at);
    if (left > AHEAD_SESSION) {
        PREFETCH(at[AHEAD_SESSION]);
        PREFETCH((const char *)at[AHEAD_SESSION] + CACHE_LINE_BYTES);
    }
    if (left > AHEAD_SLOT) {
        PREFETCH(replay_end(&at[AHEAD_SLOT]->replay));
        if (!waits(at[AHEAD_SLOT]))
            PREFETCH(at[AHEAD_SLOT]->conn);
    }
    if (left > AHEAD_CONN && at[AHEAD_CONN]->conn != NULL && !waits(at[AHEAD_CONN]))
        PREFETCH(at[AHEAD_CONN]->conn->conn);
}

void session_push_all(struct session *const *sessions, uint32_t count, struct bytes *payload)
{
    if (count == 0)
        return;
    struct terms t = terms_of(sessions[0]->hub);
    uint32_t left = count;
    bytes_ref_many(payload, left); /* at once: cheaper than one by one */
    for (uint32_t i = 0; i < count; i++) {
        ask_ahead(&sessions[i], &sessions[count]);
        left -= put(sessions[i], payload, &t);
    }
    for (; left > 0; left--) {
        struct bytes *untaken = payload;
        bytes_unref(&untaken);
    }
}
