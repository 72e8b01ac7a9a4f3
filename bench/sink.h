#pragma once

/*
 * The sink: opens many gateway sessions, posts messages over HTTP and measures how long their
 * dispatches take to reach every session. One thread. It works against Guildhall and against
 * bench_fanout_bare, which answers the same few things. sink.c reads commands, sink_session.c is a
 * session, sink_round.c is a round of posts and what comes of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SINK_BUFFER_BYTES = 4 * 1024 * 1024, /* holds the READY of a guild of 500 channels */
    SINK_POSTERS_MAX = 64,
    SINK_PAYLOAD_MAX = 64 * 1024,
    SINK_TOKEN_MAX = 128,
    SINK_ROUNDS_MAX = 100000,
    SINK_ID_LEN = 32
};

enum peer_kind { PEER_SESSION, PEER_POSTER };

/* First member of everything that epoll points at. */
struct peer {
    enum peer_kind kind;
    int fd;
};

enum session_state { SESSION_UPGRADING, SESSION_IDENTIFYING, SESSION_LIVE, SESSION_RESUMING };

/* What comes by zlib-stream is inflated; or no more of it is read than the stored block with the
 * sequence number: the sink must not be slower than what it measures. */
enum sink_zlib { SINK_PLAIN, SINK_ZLIB_INFLATE, SINK_ZLIB_COUNT };

struct session {
    struct peer peer;
    enum session_state state;
    uint64_t seq;
    char id[SINK_ID_LEN + 1];       /* once it had READY: its next connection resumes it */
    struct sink_inflater *inflater; /* NULL: no zlib-stream, or its frames are not inflated */
    uint8_t *rest;                  /* start of a frame whose end has not come, NULL mostly */
    size_t rest_len;
    struct ssl_st *tls; /* NULL: plain */
};

struct poster {
    struct peer peer;
    bool busy;
    size_t len;
    char reply[16384];
};

struct sink {
    int epoll_fd;
    uint16_t port;
    char (*tokens)[SINK_TOKEN_MAX]; /* of the people whose sessions these are */
    size_t token_count;
    enum sink_zlib zlib;    /* of the sessions that are opened from now on */
    bool tls;               /* likewise */
    const char *post_token; /* of the person who posts */
    const char *path;       /* where messages are posted */
    uint8_t *buffer;        /* one read */
    struct session *sessions;
    size_t session_count;
    struct poster posters[SINK_POSTERS_MAX];
    size_t poster_count;
    /* counted while reading */
    size_t live;
    size_t resumed;
    uint64_t dispatches;
    uint64_t acks;
    uint64_t replies;
    uint64_t first_ns; /* arrival of the first dispatch since it was set to 0 */
    uint64_t last_ns;
    /* the first dispatch of the last round, without its sequence number */
    char payload[SINK_PAYLOAD_MAX];
    size_t payload_len;
};

/* Reads what is there on every connection; waits at most timeout_ms for the first of it. */
void sink_poll(struct sink *k, int timeout_ms);

/* Opens sessions until there are `count`; returns when all have their READY. */
void sessions_open(struct sink *k, size_t count);
/* Cuts all connections, posts so many messages meanwhile, and has all sessions resumed; prints how
 * long that took from the first new connection to the last RESUMED. Nothing may be missing. */
void sessions_resume(struct sink *k, unsigned messages);
/* Every session confirms what it got, and has its acknowledgement. */
void sessions_heartbeat(struct sink *k);
/* sink_zlib.c: the text of one frame of a zlib-stream, valid until the next call. */
const char *zlib_frame(struct session *s, const char *data, size_t len, size_t *text_len);
/* A stream begins; it is not inflated any more. */
void zlib_begin(struct session *s);
void zlib_end(struct session *s);
/* sink_tls.c */
void tls_begin(struct session *s);
void tls_end(struct session *s);
void tls_send(const struct session *s, const void *data, size_t len);
size_t tls_recv(const struct session *s, uint8_t *data, size_t capacity);
/* Bytes that arrived for a session. */
void session_read(struct sink *k, struct session *s);

/* `rounds` times: `burst` messages at once, then everything that follows from them; prints the
 * sums as a JSON line. */
void rounds_run(struct sink *k, unsigned rounds, unsigned burst);
/* `rounds` messages, one every interval_us; prints how long after its time each had reached every
 * session: the quantiles. One that must wait for the one before it is late from its own time on, so
 * that a stall counts for all whom it would have met. */
void rounds_latency(struct sink *k, unsigned rounds, unsigned interval_us);
/* Posts `rate` messages a second for so long, however slowly they come back, and prints what came.
 */
void rounds_flood(struct sink *k, unsigned rate, unsigned ms);
/* So many messages, one after the other. */
void rounds_post(struct sink *k, unsigned messages);
void poster_read(struct sink *k, struct poster *p);
