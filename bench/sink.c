/*
 *   bench_sink PORT TOKENS_FILE SESSIONS_MAX POST_TOKEN PATH
 *
 * TOKENS_FILE has a person's token in each line; sessions take them in turn.
 * Commands come on standard input, one a line; each is answered by one JSON line:
 *   open N           open sessions until there are N, each with its READY
 *   run ROUNDS BURST post and measure, see sink_round.c
 *   latency ROUNDS US  post one message every so often, see sink_round.c
 *   read MS          take what comes, for so long
 *   zlib MODE        0: sessions are plain; 1: opened with zlib-stream, and inflated; 2: of those
 *                  that are open only the sequence numbers are read from now on
 *   tls ON           1: sessions are opened with TLS from now on
 *   heartbeat        every session sends a heartbeat and waits for its acknowledgement
 *   payload FILE     write the last round's dispatch into FILE, without its sequence number
 * It ends at the end of its input.
 */
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "io.h"

enum { EVENTS_MAX = 64, SESSIONS_MAX = 100000 };

void sink_poll(struct sink *k, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(k->epoll_fd, events, EVENTS_MAX, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct peer *p = events[i].data.ptr;
        if (p->kind == PEER_SESSION)
            session_read(k, (struct session *)p);
        else
            poster_read(k, (struct poster *)p);
    }
}

static void write_payload(const struct sink *k, const char *path)
{
    FILE *out = fopen(path, "wb");
    if (out == NULL || k->payload_len == 0 || fwrite(k->payload, 1, k->payload_len, out) == 0 ||
        fclose(out) != 0)
        die(path);
    printf("{\"payload_bytes\":%zu}\n", k->payload_len);
}

static void read_tokens(struct sink *k, const char *path)
{
    char line[SINK_TOKEN_MAX];
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        die(path);
    k->tokens = io_alloc(SESSIONS_MAX, sizeof *k->tokens);
    while (k->token_count < SESSIONS_MAX && fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(k->tokens[k->token_count++], line, sizeof line);
    }
    fclose(in);
    if (k->token_count == 0)
        die("no tokens");
}

/* Dispatches that somebody else's doings bring. */
static void read_for(struct sink *k, unsigned ms)
{
    uint64_t end_ns = io_now_ns() + (uint64_t)ms * 1000000;
    k->dispatches = 0;
    while (io_now_ns() < end_ns)
        sink_poll(k, 1);
    printf("{\"dispatches\":%llu}\n", (unsigned long long)k->dispatches);
}

static void obey(struct sink *k, const char *line, size_t sessions_max)
{
    char path[512];
    unsigned a = 0;
    unsigned b = 0;
    errno = 0;
    if (sscanf(line, "open %u", &a) == 1 && a <= sessions_max) {
        uint64_t begun_ns = io_now_ns();
        sessions_open(k, a);
        printf("{\"sessions\":%zu,\"elapsed_ns\":%llu}\n", k->live,
               (unsigned long long)(io_now_ns() - begun_ns));
    } else if (sscanf(line, "resume %u", &a) == 1) {
        sessions_resume(k, a);
    } else if (sscanf(line, "flood %u %u", &a, &b) == 2 && a > 0) {
        rounds_flood(k, a, b);
    } else if (sscanf(line, "run %u %u", &a, &b) == 2 && b > 0 && b <= SINK_POSTERS_MAX) {
        rounds_run(k, a, b);
    } else if (sscanf(line, "latency %u %u", &a, &b) == 2 && a > 0 && a <= SINK_ROUNDS_MAX) {
        rounds_latency(k, a, b);
    } else if (sscanf(line, "zlib %u", &a) == 1 && a <= SINK_ZLIB_COUNT) {
        k->zlib = (enum sink_zlib)a;
        for (size_t i = 0; a == SINK_ZLIB_COUNT && i < k->session_count; i++)
            zlib_end(&k->sessions[i]);
        printf("{\"zlib\":%u}\n", a);
    } else if (sscanf(line, "tls %u", &a) == 1) {
        k->tls = a != 0;
        printf("{\"tls\":%u}\n", a);
    } else if (sscanf(line, "read %u", &a) == 1) {
        read_for(k, a);
    } else if (sscanf(line, "payload %511s", path) == 1) {
        write_payload(k, path);
    } else if (strncmp(line, "heartbeat", 9) == 0) {
        sessions_heartbeat(k);
        printf("{\"acks\":%llu}\n", (unsigned long long)k->acks);
    } else {
        die(line);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: bench_sink PORT TOKENS_FILE SESSIONS_MAX POST_TOKEN PATH\n", stderr);
        return 2;
    }
    static struct sink k;
    size_t sessions_max = io_number(argv[3], SESSIONS_MAX);
    k.port = (uint16_t)io_number(argv[1], UINT16_MAX);
    read_tokens(&k, argv[2]);
    k.post_token = argv[4];
    k.path = argv[5];
    k.sessions = io_alloc(sessions_max, sizeof *k.sessions);
    k.buffer = io_alloc(1, SINK_BUFFER_BYTES);
    k.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    setvbuf(stdout, NULL, _IOLBF, 0);
    char line[1024];
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(&k, line, sessions_max);
    return 0;
}
