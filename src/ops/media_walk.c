#include "ops/media_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    media_fn fn;
    void *ctx;
    char *why;
    size_t why_len;
    char name[MEDIA_PATH_MAX]; /* of what is being looked at */
};

static enum err walk_folder(struct walk *w, int fd, size_t len, unsigned depth);

static enum err refuse(const struct walk *w, const char *what)
{
    snprintf(w->why, w->why_len, "%.300s %s.", w->name, what);
    return ERR_IO;
}

static enum err walk_below(struct walk *w, DIR *folder, const char *name, size_t len,
                           unsigned depth)
{
    int fd = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return refuse(w, strerror(errno));
    if (depth < MEDIA_DEPTH_MAX)
        return walk_folder(w, fd, len, depth + 1);
    close(fd);
    return refuse(w, "lies too deep");
}

static enum err walk_entry(struct walk *w, DIR *folder, const char *name, size_t len,
                           unsigned depth)
{
    struct stat st;
    int n = snprintf(w->name + len, sizeof w->name - len, "/%s", name);
    if (n < 0 || (size_t)n >= sizeof w->name - len)
        return refuse(w, "has too long a name");
    if (fstatat(dirfd(folder), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ERR_OK : refuse(w, strerror(errno)); /* it has just gone */
    if (S_ISDIR(st.st_mode))
        return walk_below(w, folder, name, len + (size_t)n, depth);
    if (!S_ISREG(st.st_mode))
        return refuse(w, "is no file");
    return w->fn(w->ctx, w->name, (uint64_t)st.st_size);
}

/* Takes over fd. `len`: of its name in w->name. */
static enum err walk_folder(struct walk *w, int fd, size_t len, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return refuse(w, strerror(errno));
    }
    enum err e = ERR_OK;
    const struct dirent *entry;
    while (e == ERR_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            e = walk_entry(w, folder, entry->d_name, len, depth);
        w->name[len] = '\0';
    }
    closedir(folder);
    return e;
}

enum err media_walk(const char *data, media_fn fn, void *ctx, char *why, size_t why_len)
{
    struct walk w = {.fn = fn, .ctx = ctx, .why = why, .why_len = why_len, .name = "media"};
    int data_fd = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = data_fd < 0 ? -1 : openat(data_fd, "media", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    if (data_fd >= 0)
        close(data_fd);
    if (fd < 0)
        return error == ENOENT ? ERR_OK : refuse(&w, strerror(error));
    return walk_folder(&w, fd, strlen("media"), 1);
}
