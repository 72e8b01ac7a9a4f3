/* The lock is flock's, so that it ends with the process however that ends. */

#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_PATH_MAX = 4096 };

struct opening {
    const char *path;
    char *why;
    size_t why_len;
};

static enum err refuse(const struct opening *op, enum err e, const char *what)
{
    snprintf(op->why, op->why_len, "The data folder %s %s: %s.", op->path, what, strerror(errno));
    return e;
}

/* The new entry must survive a power cut as the acknowledged rows in it do. */
static enum err sync_parent(const struct opening *op)
{
    char parent[FOLDER_PATH_MAX + 4];
    snprintf(parent, sizeof parent, "%s/..", op->path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? ERR_OK : refuse(op, ERR_IO, "has no readable parent");
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ERR_OK : refuse(op, ERR_IO, "cannot be synced");
}

static enum err make_folder(const struct opening *op)
{
    if (mkdir(op->path, 0700) == 0)
        return sync_parent(op);
    return errno == EEXIST ? ERR_OK : refuse(op, ERR_IO, "cannot be made");
}

static enum err take_lock(const struct opening *op, int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno != EWOULDBLOCK)
        return refuse(op, ERR_IO, "cannot be locked");
    snprintf(op->why, op->why_len, "The data folder %s is in use by another server.", op->path);
    return ERR_STORE_LOCKED;
}

enum err folder_lock(const char *path, int *fd, char *why, size_t why_len)
{
    struct opening op = {path, why, why_len};
    enum err e = make_folder(&op);
    if (e != ERR_OK)
        return e;
    char file[FOLDER_PATH_MAX];
    int len = snprintf(file, sizeof file, "%s/guildhall.lock", path);
    if (len < 0 || (size_t)len >= sizeof file) {
        errno = ENAMETOOLONG;
        return refuse(&op, ERR_IO, "cannot be used");
    }
    int lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return refuse(&op, ERR_IO, "cannot be written to");
    e = take_lock(&op, lock);
    if (e == ERR_OK)
        *fd = lock;
    else
        close(lock);
    return e;
}
