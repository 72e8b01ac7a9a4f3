/*
 * The difficulty: the process inherits nothing but its socket, whatever else the server has open
 * and whatever other threads open meanwhile. So everything is closed in the child by number, its
 * environment is empty, and it is this program's own file that is run, also after an upgrade has
 * replaced it on the disk.
 */

#include "media/image_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NUMBER_BYTES = 24, STANDARD_FILES = 3 };

uint64_t image_child_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- beginning ---- */

static bool list_files(posix_spawn_file_actions_t *files, int socket)
{
    for (int fd = 0; fd < STANDARD_FILES; fd++)
        if (posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0) != 0)
            return false;
    return posix_spawn_file_actions_adddup2(files, socket, IMAGE_WORKER_FD) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(files, IMAGE_WORKER_FD + 1) == 0;
}

/* No signal blocked or ignored; a group of its own, which Ctrl-C in a terminal does not reach. */
static bool list_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attr, &none) == 0 &&
           posix_spawnattr_setsigdefault(attr, &all) == 0 &&
           posix_spawnattr_setpgroup(attr, 0) == 0 &&
           posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP) == 0;
}

static pid_t run(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr,
                 const struct image_child_options *o)
{
    char name[] = "guildhall", word[] = IMAGE_WORKER_WORD;
    char parent[NUMBER_BYTES], memory[NUMBER_BYTES], cpu[NUMBER_BYTES];
    char *const argv[] = {name, word, parent, memory, cpu, NULL};
    char *const environment[] = {NULL};
    pid_t pid;
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    snprintf(memory, sizeof memory, "%llu", (unsigned long long)o->memory_bytes);
    snprintf(cpu, sizeof cpu, "%llu", (unsigned long long)o->cpu_s);
    return posix_spawn(&pid, "/proc/self/exe", files, attr, argv, environment) == 0 ? pid : 0;
}

static pid_t spawn_with(int socket, const struct image_child_options *o)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&files) != 0)
        return 0;
    if (posix_spawnattr_init(&attr) == 0) {
        if (list_files(&files, socket) && list_attributes(&attr))
            pid = run(&files, &attr, o);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* ---- talking ---- */

static enum image_child_end wait_readable(int fd, uint64_t until_ms, int stop_fd)
{
    for (;;) {
        struct pollfd on[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
        uint64_t now_ms = image_child_now_ms();
        if (now_ms >= until_ms)
            return IMAGE_CHILD_TIME;
        int n = poll(on, 2, (int)(until_ms - now_ms));
        if (n < 0 && errno != EINTR)
            return IMAGE_CHILD_DIED;
        if (n > 0 && on[1].revents != 0)
            return IMAGE_CHILD_SHUT;
        if (n > 0 && on[0].revents != 0)
            return IMAGE_CHILD_OK;
    }
}

static enum image_child_end receive(struct image_child *c, void *into, size_t len,
                                    uint64_t until_ms, int stop_fd)
{
    char *at = into;
    while (len > 0) {
        enum image_child_end end = wait_readable(c->fd, until_ms, stop_fd);
        if (end != IMAGE_CHILD_OK)
            return end;
        ssize_t n = recv(c->fd, at, len, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return IMAGE_CHILD_DIED;
        at += n;
        len -= (size_t)n;
    }
    return IMAGE_CHILD_OK;
}

/* A few bytes: they fit into the socket at once. */
static bool send_ask(int fd, const struct image_ask *ask, int source)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct image_ask copy = *ask;
    struct iovec part = {&copy, sizeof copy};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof source);
    memcpy(CMSG_DATA(c), &source, sizeof source);
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof copy;
}

static bool is_sane(const struct image_said *said)
{
    return said->magic == IMAGE_WIRE_MAGIC && said->outcome < IMAGE_OUTCOME_COUNT &&
           said->format < IMAGE_FORMAT_COUNT && said->bytes <= IMAGE_MADE_BYTES_MAX &&
           memchr(said->placeholder, '\0', sizeof said->placeholder) != NULL;
}

static enum image_child_end hear(struct image_child *c, uint64_t until_ms, int stop_fd,
                                 struct image_said *said, struct buf *out)
{
    struct image_said heard;
    enum image_child_end end = receive(c, &heard, sizeof heard, until_ms, stop_fd);
    if (end != IMAGE_CHILD_OK)
        return end;
    if (!is_sane(&heard))
        return IMAGE_CHILD_DIED;
    if (heard.bytes > 0) {
        if (out == NULL)
            return IMAGE_CHILD_DIED; /* nobody asked for a picture */
        if (!buf_reserve(out, heard.bytes))
            return IMAGE_CHILD_NO_MEMORY;
        end = receive(c, out->data + out->len, heard.bytes, until_ms, stop_fd);
        if (end != IMAGE_CHILD_OK)
            return end;
        out->len += heard.bytes;
    }
    *said = heard;
    return IMAGE_CHILD_OK;
}

enum image_child_end image_child_ask(struct image_child *c, const struct image_ask *ask, int source,
                                     uint64_t until_ms, int stop_fd, struct image_said *said,
                                     struct buf *out)
{
    enum image_child_end end = IMAGE_CHILD_DIED;
    c->asked++;
    if (send_ask(c->fd, ask, source))
        end = hear(c, until_ms, stop_fd, said, out);
    if (end != IMAGE_CHILD_OK)
        image_child_end(c);
    return end;
}

static enum image_child_end greet(struct image_child *c, uint64_t until_ms, int stop_fd)
{
    struct image_hello hello;
    enum image_child_end end = receive(c, &hello, sizeof hello, until_ms, stop_fd);
    if (end != IMAGE_CHILD_OK)
        return end;
    if (hello.magic != IMAGE_WIRE_MAGIC || hello.state > IMAGE_HELLO_NO_SANDBOX)
        return IMAGE_CHILD_DIED;
    c->avif = hello.avif;
    return hello.state == IMAGE_HELLO_NO_LIBRARY   ? IMAGE_CHILD_NO_LIBRARY
           : hello.state == IMAGE_HELLO_NO_SANDBOX ? IMAGE_CHILD_NO_SANDBOX
                                                   : IMAGE_CHILD_OK;
}

enum image_child_end image_child_start(struct image_child *c, const struct image_child_options *o,
                                       uint64_t until_ms, int stop_fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return IMAGE_CHILD_DIED;
    *c = (struct image_child){.pid = spawn_with(pair[1], o), .fd = pair[0]};
    close(pair[1]);
    if (c->pid == 0) {
        close(pair[0]);
        return IMAGE_CHILD_DIED;
    }
    enum image_child_end end = greet(c, until_ms, stop_fd);
    if (end != IMAGE_CHILD_OK)
        image_child_end(c);
    return end;
}

void image_child_end(struct image_child *c)
{
    if (c->pid == 0)
        return;
    close(c->fd);
    (void)kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    c->pid = 0;
}
