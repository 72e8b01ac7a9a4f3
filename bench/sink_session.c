/*
 * A gateway session as far as counting needs one: upgrade, Identify, and then frames, whose
 * sequence numbers must follow each other without a gap. The frames of both servers begin with
 * `{"s":N,` when they are dispatches; that is all the JSON there is to read.
 */
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

enum { OPENING_MAX = 64, RESUMING_MAX = 512, OPEN_TIMEOUT_NS = 1000000000 };

#define UPGRADE_TO(query)                                                                          \
    "GET /?v=10&encoding=json" query " HTTP/1.1\r\nHost: 127.0.0.1\r\n"                            \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static const char UPGRADE[] = UPGRADE_TO("");
static const char UPGRADE_ZLIB[] = UPGRADE_TO("&compress=zlib-stream");

noreturn static void refuse(const char *what, const char *data, size_t len)
{
    fprintf(stderr, "bench_sink: %.*s\n", (int)(len < 300 ? len : 300), data);
    errno = 0;
    die(what);
}

static void send_bytes(const struct session *s, const void *data, size_t len)
{
    if (s->tls != NULL)
        tls_send(s, data, len);
    else
        io_send(s->peer.fd, data, len);
}

/* Clients must mask; a mask of zeros leaves the text as it is. */
static void send_text(const struct session *s, const char *text, size_t len)
{
    uint8_t frame[1024] = {0x81};
    size_t n = 2;
    if (len > sizeof frame - 8)
        die("a command is too long");
    if (len < 126) {
        frame[1] = (uint8_t)(0x80 | len);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (uint8_t)(len >> 8);
        frame[3] = (uint8_t)len;
        n = 4;
    }
    memset(frame + n, 0, 4);
    memcpy(frame + n + 4, text, len);
    send_bytes(s, frame, n + 4 + len);
}

static void identify(const struct sink *k, const struct session *s)
{
    char text[512];
    const char *token = k->tokens[(size_t)(s - k->sessions) % k->token_count];
    /* GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT */
    int n = snprintf(
        text, sizeof text,
        "{\"op\":2,\"d\":{\"token\":\"%s\",\"intents\":%u,\"properties\":{\"os\":\"linux\","
        "\"browser\":\"bench\",\"device\":\"bench\"}}}",
        token, 1U | 1U << 9 | 1U << 15);
    if (n < 0 || (size_t)n >= sizeof text)
        die("the token is too long");
    send_text(s, text, (size_t)n);
}

static void resume(const struct sink *k, const struct session *s)
{
    char text[512];
    const char *token = k->tokens[(size_t)(s - k->sessions) % k->token_count];
    int n = snprintf(text, sizeof text,
                     "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":%llu}}",
                     token, s->id, (unsigned long long)s->seq);
    if (n < 0 || (size_t)n >= sizeof text)
        die("the token is too long");
    send_text(s, text, (size_t)n);
}

static bool contains(const char *data, size_t len, const char *what)
{
    return memmem(data, len, what, strlen(what)) != NULL;
}

static void keep_payload(struct sink *k, const char *payload, size_t len)
{
    k->payload_len = len <= SINK_PAYLOAD_MAX ? len : 0;
    memcpy(k->payload, payload, k->payload_len);
}

static void keep_id(struct session *s, const char *data, size_t len)
{
    static const char KEY[] = "\"session_id\":\"";
    const char *at = memmem(data, len, KEY, sizeof KEY - 1);
    /* The bare program gives none. */
    if (at != NULL && (size_t)(data + len - at) >= sizeof KEY + SINK_ID_LEN)
        memcpy(s->id, at + sizeof KEY - 1, SINK_ID_LEN);
}

static void on_dispatch(struct sink *k, struct session *s, const char *data, size_t len)
{
    char *after = NULL;
    uint64_t seq = strtoull(data + 5, &after, 10);
    if (seq != s->seq + 1)
        refuse("a sequence number is missing or came twice", data, len);
    s->seq = seq;
    k->dispatches++;
    k->last_ns = io_now_ns();
    if (k->first_ns == 0)
        k->first_ns = k->last_ns;
    if (s->state == SESSION_LIVE) {
        if (k->dispatches == 1)
            keep_payload(k, after + 1, len - (size_t)(after + 1 - data));
    } else if (contains(data, len < 64 ? len : 64, "\"READY\"")) {
        s->state = SESSION_LIVE;
        keep_id(s, data, len);
        k->live++;
    } else if (s->state == SESSION_RESUMING && contains(data, len < 64 ? len : 64, "\"RESUMED\"")) {
        s->state = SESSION_LIVE;
        k->resumed++;
    }
}

static void on_text(struct sink *k, struct session *s, const char *data, size_t len)
{
    if (len > 6 && memcmp(data, "{\"s\":", 5) == 0)
        on_dispatch(k, s, data, len);
    else if (contains(data, len, "\"op\":11"))
        k->acks++;
    else if (contains(data, len, "\"op\":10"))
        s->id[0] == '\0' ? identify(k, s) : resume(k, s);
    else
        refuse("an unexpected payload", data, len);
}

/* Length of the whole frame at data, 0 if it is not all there; *header is the part before the
 * payload. */
static size_t frame_length(const uint8_t *data, size_t len, size_t *header)
{
    if (len < 2)
        return 0;
    uint64_t payload = data[1];
    *header = 2;
    if (payload == 126) {
        if (len < 4)
            return 0;
        payload = (uint64_t)data[2] << 8 | data[3];
        *header = 4;
    } else if (payload == 127) {
        if (len < 10)
            return 0;
        payload = 0;
        for (size_t i = 2; i < 10; i++)
            payload = payload << 8 | data[i];
        *header = 10;
        if (payload > SINK_BUFFER_BYTES / 2)
            die("a frame that is too large");
    }
    return len >= *header + payload ? *header + (size_t)payload : 0;
}

/* Returns the bytes used. */
static size_t read_frames(struct sink *k, struct session *s, const uint8_t *data, size_t len)
{
    size_t used = 0;
    size_t header = 0;
    for (size_t n; (n = frame_length(data + used, len - used, &header)) > 0; used += n) {
        const char *payload = (const char *)data + used + header;
        size_t len_read = n - header;
        if (data[used] != (k->zlib == SINK_PLAIN ? 0x81 : 0x82))
            refuse("a frame of the other type", payload, n - header);
        if (k->zlib != SINK_PLAIN)
            payload = zlib_frame(s, payload, len_read, &len_read);
        on_text(k, s, payload, len_read);
    }
    return used;
}

static size_t read_upgrade(struct session *s, const uint8_t *data, size_t len)
{
    const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (len < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0)
        refuse("the upgrade was refused", (const char *)data, len);
    s->state = s->id[0] == '\0' ? SESSION_IDENTIFYING : SESSION_RESUMING;
    return (size_t)(end - data) + 4;
}

static void keep_rest(struct session *s, const uint8_t *data, size_t len)
{
    free(s->rest);
    s->rest = NULL;
    s->rest_len = len;
    if (len > 0)
        s->rest = memcpy(io_alloc(1, len), data, len);
}

void session_read(struct sink *k, struct session *s)
{
    uint8_t *data = k->buffer;
    if (s->rest_len > 0)
        memcpy(data, s->rest, s->rest_len);
    uint8_t *to = data + s->rest_len;
    size_t room = SINK_BUFFER_BYTES - s->rest_len;
    size_t len = s->rest_len;
    len += s->tls != NULL ? tls_recv(s, to, room) : io_recv(s->peer.fd, to, room);
    size_t used = s->state == SESSION_UPGRADING ? read_upgrade(s, data, len) : 0;
    if (s->state != SESSION_UPGRADING)
        used += read_frames(k, s, data + used, len - used);
    if (used < len || s->rest_len > 0)
        keep_rest(s, data + used, len - used);
}

static void open_one(struct sink *k, struct session *s)
{
    s->state = SESSION_UPGRADING;
    s->peer = (struct peer){.kind = PEER_SESSION, .fd = io_connect(k->port)};
    if (k->tls)
        tls_begin(s);
    io_nonblocking(s->peer.fd);
    io_watch(k->epoll_fd, s->peer.fd, s);
    if (k->zlib == SINK_PLAIN) {
        send_bytes(s, UPGRADE, sizeof UPGRADE - 1);
    } else {
        zlib_begin(s);
        send_bytes(s, UPGRADE_ZLIB, sizeof UPGRADE_ZLIB - 1);
    }
}

void sessions_open(struct sink *k, size_t count)
{
    uint64_t progress_ns = io_now_ns();
    while (k->live < count) {
        while (k->session_count < count && k->session_count - k->live < OPENING_MAX)
            open_one(k, &k->sessions[k->session_count++]);
        size_t before = k->live;
        sink_poll(k, 100);
        if (k->live > before)
            progress_ns = io_now_ns();
        errno = 0;
        if (io_now_ns() - progress_ns > 20ULL * OPEN_TIMEOUT_NS)
            die("sessions do not become ready");
    }
}

static void cut_all(struct sink *k)
{
    for (size_t i = 0; i < k->session_count; i++) {
        struct session *s = &k->sessions[i];
        tls_end(s);
        close(s->peer.fd);
        free(s->rest);
        s->rest = NULL;
        s->rest_len = 0;
    }
}

void sessions_resume(struct sink *k, unsigned messages)
{
    uint64_t expected = 0;
    for (size_t i = 0; i < k->session_count; i++)
        expected += k->sessions[i].seq + messages + 1; /* RESUMED has a number, too */
    cut_all(k);
    rounds_post(k, messages);
    uint64_t begun_ns = io_now_ns();
    uint64_t end_ns = begun_ns + 60ULL * OPEN_TIMEOUT_NS;
    k->resumed = 0;
    for (size_t opened = 0; k->resumed < k->session_count;) {
        while (opened < k->session_count && opened - k->resumed < RESUMING_MAX)
            open_one(k, &k->sessions[opened++]);
        sink_poll(k, 100);
        errno = 0;
        if (io_now_ns() > end_ns)
            die("sessions are not resumed");
    }
    uint64_t elapsed_ns = io_now_ns() - begun_ns;
    for (size_t i = 0; i < k->session_count; i++)
        expected -= k->sessions[i].seq;
    if (expected != 0)
        die("dispatches are missing after the resume");
    printf("{\"resumed\":%zu,\"elapsed_ns\":%llu}\n", k->resumed, (unsigned long long)elapsed_ns);
}

void sessions_heartbeat(struct sink *k)
{
    uint64_t end_ns = io_now_ns() + 60ULL * OPEN_TIMEOUT_NS;
    k->acks = 0;
    for (size_t i = 0; i < k->session_count; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "{\"op\":1,\"d\":%llu}",
                         (unsigned long long)k->sessions[i].seq);
        send_text(&k->sessions[i], text, (size_t)n);
    }
    while (k->acks < k->session_count) {
        sink_poll(k, 100);
        errno = 0;
        if (io_now_ns() > end_ns)
            die("heartbeats are not acknowledged");
    }
}
