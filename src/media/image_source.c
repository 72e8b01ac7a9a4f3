/* The bytes go through a small window: a large file never lies in the server's own memory. */

#include "media/image_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

enum { WINDOW_BYTES = 256 * 1024 };

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static enum err copy(struct blob_store *s, const char *blob, uint64_t bytes, int fd, char *window)
{
    for (uint64_t at = 0; at < bytes;) {
        size_t got = 0;
        enum err e = blob_read_at(s, blob, at, window, WINDOW_BYTES, &got);
        if (e != ERR_OK)
            return e;
        if (got == 0 || !write_all(fd, window, got))
            return got == 0 ? ERR_STORE_IO : ERR_NO_MEMORY;
        at += got;
    }
    return ERR_OK;
}

static enum err fill(struct blob_store *s, const char *blob, uint64_t bytes, int fd)
{
    char *window = mem_alloc(MEM_CORE, WINDOW_BYTES);
    enum err e = window == NULL ? ERR_NO_MEMORY : copy(s, blob, bytes, fd, window);
    mem_free(MEM_CORE, window);
    if (e == ERR_OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        e = ERR_IO;
    return e;
}

enum err image_source_open(struct blob_store *s, const char *blob, uint64_t bytes_max, int *fd,
                           uint64_t *bytes)
{
    uint64_t size;
    enum err e = blob_size(s, blob, &size);
    if (e != ERR_OK)
        return e;
    if (size == 0 || size > bytes_max)
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    int file = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return ERR_NO_MEMORY;
    e = fill(s, blob, size, file);
    if (e != ERR_OK) {
        close(file);
        return e;
    }
    *fd = file;
    *bytes = size;
    return ERR_OK;
}
