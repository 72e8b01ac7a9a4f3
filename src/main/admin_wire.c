#include "main/admin_wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEAD_BYTES = 5 };

bool admin_address(const char *data, struct sockaddr_un *out, int *folder)
{
    int fd = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/admin.sock", fd);
    *folder = fd;
    return true;
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool admin_send(int fd, enum admin_frame kind, const char *data, size_t len)
{
    assert(len <= UINT32_MAX);
    const char head[HEAD_BYTES] = {(char)kind, (char)(len >> 24), (char)(len >> 16),
                                   (char)(len >> 8), (char)len};
    return send_all(fd, head, sizeof head) && send_all(fd, data, len);
}

static bool receive_all(int fd, void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t n = recv(fd, at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool admin_receive(int fd, char *kind, char *data, size_t max, size_t *len)
{
    unsigned char head[HEAD_BYTES];
    if (!receive_all(fd, head, sizeof head))
        return false;
    size_t n = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (n > max || !receive_all(fd, data, n))
        return false;
    *kind = (char)head[0];
    *len = n;
    return true;
}
