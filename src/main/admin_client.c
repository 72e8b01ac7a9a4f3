#include "main/admin_client.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "main/admin_wire.h"

static enum admin_answer connect_to(const char *data, int *out)
{
    struct sockaddr_un address;
    int folder = -1;
    if (!admin_address(data, &address, &folder))
        return errno == ENOENT ? ADMIN_NOBODY : ADMIN_REFUSED;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    int error = errno;
    close(folder);
    if (connected) {
        *out = fd;
        return ADMIN_ANSWER;
    }
    if (fd >= 0)
        close(fd);
    errno = error;
    /* A server that was killed leaves its socket behind. */
    return error == ENOENT || error == ECONNREFUSED ? ADMIN_NOBODY : ADMIN_REFUSED;
}

/* What goes wrong here shows in the answer: a server that has no room says so unasked. */
static void send_request(int fd, size_t argc, const char *const *argv)
{
    char cwd[PATH_MAX];
    struct buf b;
    if (getcwd(cwd, sizeof cwd) == NULL)
        cwd[0] = '\0';
    buf_init(&b, MEM_MAIN, ADMIN_REQUEST_BYTES_MAX);
    buf_append(&b, cwd, strlen(cwd) + 1);
    for (size_t i = 0; i < argc; i++)
        buf_append(&b, argv[i], strlen(argv[i]) + 1);
    if (b.failed || !admin_send(fd, ADMIN_REQUEST, b.data, b.len))
        (void)shutdown(fd, SHUT_WR);
    buf_deinit(&b);
}

static enum admin_answer read_answer(int fd, FILE *out, int *code)
{
    char data[ADMIN_OUTPUT_BYTES_MAX];
    size_t len;
    char kind;
    while (admin_receive(fd, &kind, data, sizeof data, &len)) {
        if (kind == ADMIN_EXIT && len == 1) {
            *code = (unsigned char)data[0];
            return ADMIN_ANSWER;
        }
        if (kind != ADMIN_OUTPUT || fwrite(data, 1, len, out) != len || fflush(out) != 0)
            break; /* nobody reads us: going away ends the command */
    }
    return ADMIN_BROKEN;
}

enum admin_answer admin_client_run(const char *data, size_t argc, const char *const *argv,
                                   FILE *out, int *code)
{
    int fd = -1;
    enum admin_answer answer = connect_to(data, &fd);
    if (answer != ADMIN_ANSWER)
        return answer;
    send_request(fd, argc, argv);
    answer = read_answer(fd, out, code);
    close(fd);
    return answer;
}
