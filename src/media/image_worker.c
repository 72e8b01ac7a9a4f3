/* The life of the process of images. Nothing here trusts what it works on, and nothing outside
 * trusts it: the parent counts its bytes, watches its time, and ends it. */

#include "media/image_worker.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/image_make.h"
#include "media/image_sandbox.h"

enum { ARGUMENTS = 5, ARENAS_MAX = 2 };

bool image_worker_asked(int argc, char **argv)
{
    return argc == ARGUMENTS && strcmp(argv[1], IMAGE_WORKER_WORD) == 0;
}

static bool send_all(const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(IMAGE_WORKER_FD, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* A question and its file. -1: the end. */
static int receive(struct image_ask *ask)
{
    struct iovec part = {ask, sizeof *ask};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
    ssize_t n;
    int fd = -1;
    do
        n = recvmsg(IMAGE_WORKER_FD, &head, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (n < 0 && errno == EINTR);
    const struct cmsghdr *c = n == (ssize_t)sizeof *ask ? CMSG_FIRSTHDR(&head) : NULL;
    if (c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd) ||
        ask->magic != IMAGE_WIRE_MAGIC)
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static bool reply(const struct image_vips *v, const struct image_ask *ask, struct slice source)
{
    struct image_result r;
    image_answer(v, ask, source, &r);
    bool sent = send_all(&r.said, sizeof r.said) && send_all(r.body, r.said.bytes);
    image_result_release(v, &r);
    return sent;
}

static bool turn(const struct image_vips *v)
{
    struct image_ask ask;
    int fd = receive(&ask);
    if (fd < 0)
        return false;
    size_t len = (size_t)ask.source_bytes;
    void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return false;
    bool sent = reply(v, &ask, slice_of(data, len));
    (void)munmap(data, len);
    (void)malloc_trim(0);
    return sent;
}

static enum image_hello_state prepare(struct image_vips *v, char **argv)
{
    const struct image_sandbox bounds = {strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10)};
    (void)mallopt(M_ARENA_MAX, ARENAS_MAX); /* each reserves address space, which is bounded */
    if (!image_vips_load(v))
        return IMAGE_HELLO_NO_LIBRARY;
    return image_sandbox_enter(&bounds) ? IMAGE_HELLO_READY : IMAGE_HELLO_NO_SANDBOX;
}

_Noreturn void image_worker_run(char **argv)
{
    struct image_vips vips;
    struct image_hello hello = {.magic = IMAGE_WIRE_MAGIC};
    if (!image_sandbox_follow(strtol(argv[2], NULL, 10)))
        _exit(1);
    hello.state = (uint32_t)prepare(&vips, argv);
    hello.avif = hello.state == IMAGE_HELLO_READY && vips.avif;
    if (!send_all(&hello, sizeof hello) || hello.state != IMAGE_HELLO_READY)
        _exit(1);
    while (turn(&vips))
        continue;
    _exit(0);
}
