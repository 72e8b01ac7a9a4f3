/* Folders and files of blobs, by descriptors: no path is looked up twice. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/blob_priv.h"

enum err blob_fail(const struct blob_store *s, const char *what)
{
    int error = errno;
    if (error == ENOENT)
        return ERR_NOT_FOUND;
    if (s->log != NULL)
        log_error(s->log, "media", "a blob cannot be read or written", LOG_S("step", what),
                  LOG_S("error", strerror(error)));
    return error == ENOSPC || error == EDQUOT ? ERR_STORE_FULL : ERR_STORE_IO;
}

int blob_folder(int parent, const char *name, bool make)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return -1;
    /* Somebody else may have made it just now and not have synced it yet. */
    if (fsync(parent) != 0)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void blob_shut(int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
}

int blob_root(const struct blob_store *s, bool make)
{
    int data = open(s->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (data < 0)
        return -1;
    int root = blob_folder(data, "media", make);
    blob_shut(data);
    return root;
}

bool blob_write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

static bool begins(struct slice name, const char *prefix)
{
    return slice_starts_with(name, slice_from(prefix));
}

static bool ends(struct slice name, const char *suffix)
{
    struct slice end = slice_from(suffix);
    return name.len >= end.len && memcmp(name.data + name.len - end.len, end.data, end.len) == 0;
}

static bool is_leftover(const struct blob_leftovers *w, const char *file, const struct stat *st)
{
    struct slice name = slice_from(file);
    int64_t written_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    bool foreign = w->ours != NULL && !begins(name, w->ours);
    return S_ISREG(st->st_mode) && begins(name, w->prefix) && ends(name, w->suffix) &&
           (foreign || written_ms < w->before_ms);
}

enum err blob_remove_leftovers(struct blob_store *s, int fd, const struct blob_leftovers *which)
{
    const struct dirent *entry;
    struct stat st;
    enum err e = ERR_OK;
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        blob_shut(fd);
        return blob_fail(s, "sweep");
    }
    while (e == ERR_OK && (entry = readdir(folder)) != NULL) {
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !is_leftover(which, entry->d_name, &st))
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
            e = blob_fail(s, "sweep");
    }
    closedir(folder);
    return e;
}
