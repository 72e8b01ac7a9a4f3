/*
 * The difficulty is a client that goes away or does not read: its command must end, and nothing
 * else may notice. Output is written with a timeout, an end of the connection is looked for by
 * stopped(), and both make the command stop at its next step.
 */

#include "main/admin_socket.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "main/admin_wire.h"

enum {
    CONNECTION_MAGIC = 0x41444d43,
    THREAD_STACK_BYTES = 1024 * 1024,
    REQUEST_TIMEOUT_S = 5, /* from the connection to the whole request */
    OUTPUT_TIMEOUT_S = 3,  /* a client that reads nothing for so long is gone */
    ACCEPT_PAUSE_NS = 50 * 1000 * 1000,
};

/* One command under way. Its thread writes `done`; everything else is the accepting thread's. */
struct connection {
    uint32_t magic; /* travels through void * */
    struct admin_socket *owner;
    pthread_t thread;
    int fd; /* -1: the slot is free */
    bool gone;
    _Atomic bool done; /* release: what the thread did is seen by who joins it */
};

struct admin_socket {
    struct ops ops;
    int folder; /* for unlinking, whatever the path means by then */
    int listener;
    int wake; /* eventfd: a command has ended, or all should */
    pthread_t thread;
    bool started;
    /* Relaxed: a hint that is looked at again and again. */
    _Atomic bool stopping;
    struct connection connections[ADMIN_CONNECTIONS_MAX];
};

static struct connection *connection_from(void *ctx)
{
    struct connection *c = ctx;
    assert(c->magic == CONNECTION_MAGIC);
    return c;
}

/* ---- a command ---- */

static void write_output(void *ctx, const char *data, size_t len)
{
    struct connection *c = connection_from(ctx);
    while (len > 0 && !c->gone) {
        size_t n = len < ADMIN_OUTPUT_BYTES_MAX ? len : ADMIN_OUTPUT_BYTES_MAX;
        c->gone = !admin_send(c->fd, ADMIN_OUTPUT, data, n);
        data += n;
        len -= n;
    }
}

/* A client has nothing more to say after its request: whatever arrives is the end. */
static bool is_stopped(void *ctx)
{
    struct connection *c = connection_from(ctx);
    if (atomic_load_explicit(&c->owner->stopping, memory_order_relaxed))
        return true;
    struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLRDHUP};
    c->gone = c->gone || poll(&p, 1, 0) > 0;
    return c->gone;
}

/* The NUL-ended texts of a request; false if there are none or too many. */
static bool split(const char *data, size_t len, const char *texts[ADMIN_ARGUMENTS_MAX],
                  size_t *count)
{
    size_t n = 0;
    if (len == 0 || data[len - 1] != '\0')
        return false;
    for (const char *at = data; at < data + len; at += strlen(at) + 1) {
        if (n == ADMIN_ARGUMENTS_MAX)
            return false;
        texts[n++] = at;
    }
    *count = n;
    return n >= 2;
}

static enum ops_result run_command(struct connection *c, const char *const *texts, size_t count,
                                   const struct ops_io *io)
{
    const struct ops_command *command = ops_find(texts[1], count > 2 ? texts[2] : NULL);
    if (command == NULL ||
        (command->place != OPS_PLACE_STORE && command->place != OPS_PLACE_MIGRATE &&
         command->place != OPS_PLACE_SERVER)) {
        ops_printf(io, "guildhall: the server does not know this command.\n");
        return OPS_USAGE;
    }
    struct ops_parsed parsed;
    char why[OPS_WHY_MAX];
    size_t words = command->second == NULL ? 2 : 3;
    if (!ops_parse(command, count - words, texts + words, &parsed, why)) {
        ops_say_usage(command, io, why);
        return OPS_USAGE;
    }
    parsed.args.cwd = texts[0];
    struct ops ops = c->owner->ops;
    log_info(ops.log, "admin", "a command", LOG_S("word", command->word),
             LOG_S("second", command->second == NULL ? "" : command->second));
    return ops_run(command, &ops, &parsed.args, io);
}

static void serve(struct connection *c, char *request)
{
    const struct ops_io io = {c, write_output, is_stopped};
    const char *texts[ADMIN_ARGUMENTS_MAX];
    size_t count;
    size_t len;
    char kind;
    enum ops_result result = OPS_USAGE;
    if (!admin_receive(c->fd, &kind, request, ADMIN_REQUEST_BYTES_MAX, &len))
        return;
    if (kind == ADMIN_REQUEST && split(request, len, texts, &count))
        result = run_command(c, texts, count, &io);
    const char code = (char)result;
    if (!c->gone)
        c->gone = !admin_send(c->fd, ADMIN_EXIT, &code, 1);
}

static void poke(int wake)
{
    const uint64_t one = 1;
    ssize_t n = write(wake, &one, sizeof one);
    (void)n; /* fails only if the counter is full, and then the reader is woken anyway */
}

static void *connection_main(void *ctx)
{
    struct connection *c = connection_from(ctx);
    char *request = mem_alloc(MEM_MAIN, ADMIN_REQUEST_BYTES_MAX);
    if (request != NULL)
        serve(c, request);
    mem_free(MEM_MAIN, request);
    int wake = c->owner->wake;
    atomic_store_explicit(&c->done, true, memory_order_release);
    poke(wake);
    return NULL;
}

/* ---- connections ---- */

static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void set_timeouts(int fd)
{
    struct timeval in = {.tv_sec = REQUEST_TIMEOUT_S};
    struct timeval out = {.tv_sec = OUTPUT_TIMEOUT_S};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &in, sizeof in);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &out, sizeof out);
}

static void refuse(int fd, const char *text)
{
    const char code = OPS_FAILED;
    if (admin_send(fd, ADMIN_OUTPUT, text, strlen(text)) && admin_send(fd, ADMIN_EXIT, &code, 1))
        (void)shutdown(fd, SHUT_WR);
    close(fd);
}

static int start_thread(pthread_t *thread, void *(*fn)(void *), void *ctx)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    int rc = pthread_create(thread, &attr, fn, ctx);
    pthread_attr_destroy(&attr);
    return rc;
}

static void take(struct admin_socket *a, int fd)
{
    struct connection *c = NULL;
    for (size_t i = 0; i < ADMIN_CONNECTIONS_MAX && c == NULL; i++)
        c = a->connections[i].fd < 0 ? &a->connections[i] : NULL;
    set_timeouts(fd);
    if (c == NULL) {
        refuse(fd, "Too many commands are under way; try again when one has ended.\n");
        return;
    }
    *c = (struct connection){.magic = CONNECTION_MAGIC, .owner = a, .fd = fd};
    if (start_thread(&c->thread, connection_main, c) != 0) {
        c->fd = -1;
        refuse(fd, "The server has no memory for another command.\n");
    }
}

static void accept_one(struct admin_socket *a)
{
    int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        /* Out of descriptors, say: the caller stays in line, and asking again at once is no use. */
        nanosleep(&(struct timespec){.tv_nsec = ACCEPT_PAUSE_NS}, NULL);
        return;
    }
    if (is_allowed(fd))
        take(a, fd);
    else
        close(fd);
}

static void reap(struct admin_socket *a, bool all)
{
    for (size_t i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
        struct connection *c = &a->connections[i];
        if (c->fd < 0 || !(all || atomic_load_explicit(&c->done, memory_order_acquire)))
            continue;
        pthread_join(c->thread, NULL);
        close(c->fd);
        c->fd = -1;
    }
}

/* A request that is still awaited ends by this; a command sees `stopping`, and can still answer. */
static void end_connections(struct admin_socket *a)
{
    for (size_t i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
        if (a->connections[i].fd >= 0)
            (void)shutdown(a->connections[i].fd, SHUT_RD);
    }
    reap(a, true);
}

static void *admin_main(void *ctx)
{
    struct admin_socket *a = ctx;
    struct pollfd waits[2] = {{.fd = a->wake, .events = POLLIN},
                              {.fd = a->listener, .events = POLLIN}};
    while (!atomic_load_explicit(&a->stopping, memory_order_relaxed)) {
        if (poll(waits, 2, -1) < 0)
            continue;
        uint64_t count;
        if (waits[0].revents != 0 && read(a->wake, &count, sizeof count) > 0)
            reap(a, false);
        if (waits[1].revents != 0)
            accept_one(a);
    }
    end_connections(a);
    return NULL;
}

/* ---- the socket ---- */

static bool listen_at(struct admin_socket *a)
{
    struct sockaddr_un address;
    if (!admin_address(a->ops.data, &address, &a->folder))
        return false;
    if (unlinkat(a->folder, "admin.sock", 0) != 0 && errno != ENOENT)
        return false;
    a->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* Nobody but us can connect before the chmod: the umask of a server lets no one else in, and
     * peers are asked who they are. */
    return a->listener >= 0 && a->wake >= 0 &&
           bind(a->listener, (const struct sockaddr *)&address, sizeof address) == 0 &&
           fchmodat(a->folder, "admin.sock", 0600, 0) == 0 &&
           listen(a->listener, ADMIN_CONNECTIONS_MAX) == 0;
}

enum err admin_socket_start(const struct ops *ops, struct admin_socket **out, char *why,
                            size_t why_len)
{
    struct admin_socket *a = mem_zalloc(MEM_MAIN, sizeof *a);
    if (a == NULL)
        return ERR_NO_MEMORY;
    a->ops = *ops;
    a->folder = a->listener = a->wake = -1;
    for (size_t i = 0; i < ADMIN_CONNECTIONS_MAX; i++)
        a->connections[i].fd = -1;
    bool listening = listen_at(a);
    if (!listening)
        snprintf(why, why_len, "The admin socket %s/admin.sock cannot be made: %s.", ops->data,
                 strerror(errno));
    a->started = listening && start_thread(&a->thread, admin_main, a) == 0;
    if (a->started) {
        pthread_setname_np(a->thread, "admin");
        *out = a;
        return ERR_OK;
    }
    admin_socket_stop(&a);
    return listening ? ERR_NO_MEMORY : ERR_IO;
}

void admin_socket_stop(struct admin_socket **ap)
{
    struct admin_socket *a = *ap;
    if (a == NULL)
        return;
    if (a->listener >= 0)
        (void)unlinkat(a->folder, "admin.sock", 0);
    if (a->started) {
        atomic_store_explicit(&a->stopping, true, memory_order_relaxed);
        poke(a->wake);
        pthread_join(a->thread, NULL);
    }
    const int fds[] = {a->listener, a->wake, a->folder};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    mem_free(MEM_MAIN, a);
    *ap = NULL;
}
