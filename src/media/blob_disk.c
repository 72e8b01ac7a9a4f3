/*
 * Blobs as files. The difficulty: a row that names a blob must never be durable before the blob is,
 * whatever the power does. So a file is written under a temporary name in its folder, synced,
 * renamed, and every folder on the way is synced, before put returns. A name that begins with a dot
 * is of a file that is not there yet: readers, walks and backups pass it over.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "media/blob_priv.h"

enum { FAN_LEN = 2, TEMPORARY_MAX = 64 };

struct disk {
    struct blob_store base; /* first */
    unsigned next_fan;      /* of the sweep, which is one thread's */
};

static struct disk *disk_of(struct blob_store *s)
{
    return (struct disk *)(void *)s;
}

static enum err fail(const struct disk *d, const char *what)
{
    return blob_fail(&d->base, what);
}

/* The folder of a blob. */
static int open_fan(const struct disk *d, const char *name, bool make)
{
    char fan[FAN_LEN + 1] = {name[0], name[1], '\0'};
    int root = blob_root(&d->base, make);
    if (root < 0)
        return -1;
    int fd = blob_folder(root, fan, make);
    blob_shut(root);
    return fd;
}

/* ---- putting ---- */

static bool write_file(int folder, const char *temporary, struct slice bytes)
{
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = blob_write_all(fd, bytes) && fsync(fd) == 0;
    blob_shut(fd);
    return written;
}

/* True: it is there, complete. Its name may not be durable yet. */
static bool is_there(int folder, const char *file, size_t len)
{
    struct stat st;
    return fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == len;
}

static enum err put_into(struct disk *d, int folder, const char *file, struct slice bytes)
{
    char temporary[TEMPORARY_MAX];
    unsigned n = atomic_fetch_add_explicit(&d->base.serial, 1, memory_order_relaxed);
    snprintf(temporary, sizeof temporary, ".%ld.%u.tmp", (long)getpid(), n);
    if (!is_there(folder, file, bytes.len)) {
        if (!write_file(folder, temporary, bytes) ||
            renameat(folder, temporary, folder, file) != 0) {
            enum err e = fail(d, "write");
            (void)unlinkat(folder, temporary, 0);
            return e == ERR_NOT_FOUND ? ERR_STORE_IO : e;
        }
    }
    return fsync(folder) == 0 ? ERR_OK : fail(d, "sync");
}

static enum err disk_put(struct blob_store *s, const char *name, struct slice bytes)
{
    struct disk *d = disk_of(s);
    int folder = open_fan(d, name, true);
    if (folder < 0) {
        enum err e = fail(d, "folder");
        return e == ERR_NOT_FOUND ? ERR_STORE_IO : e;
    }
    enum err e = put_into(d, folder, name + FAN_LEN, bytes);
    blob_shut(folder);
    return e;
}

static enum err adopt_into(struct disk *d, int folder, const char *file,
                           const struct blob_staged *staged)
{
    if (is_there(folder, file, staged->bytes))
        (void)unlinkat(staged->folder, staged->file, 0);
    else if (renameat(staged->folder, staged->file, folder, file) != 0)
        return fail(d, "rename");
    return fsync(folder) == 0 ? ERR_OK : fail(d, "sync");
}

static enum err disk_adopt(struct blob_store *s, const char *name, const struct blob_staged *staged)
{
    struct disk *d = disk_of(s);
    int folder = open_fan(d, name, true);
    enum err e = folder < 0 ? fail(d, "folder") : adopt_into(d, folder, name + FAN_LEN, staged);
    blob_shut(folder);
    return e == ERR_NOT_FOUND ? ERR_STORE_IO : e;
}

/* ---- reading ---- */

static int open_blob(const struct disk *d, const char *name)
{
    int folder = open_fan(d, name, false);
    if (folder < 0)
        return -1;
    int fd = openat(folder, name + FAN_LEN, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    blob_shut(folder);
    return fd;
}

static enum err read_all(const struct disk *d, int fd, struct buf *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(d, "stat");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > out->max - out->len)
        return ERR_STORE_IO;
    size_t left = (size_t)st.st_size;
    if (!buf_reserve(out, left))
        return ERR_NO_MEMORY;
    while (left > 0) {
        ssize_t n = read(fd, out->data + out->len, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(d, "read");
        if (n == 0)
            return ERR_STORE_IO; /* blobs do not shrink */
        out->len += (size_t)n;
        left -= (size_t)n;
    }
    return ERR_OK;
}

static enum err disk_get(struct blob_store *s, const char *name, struct buf *out)
{
    struct disk *d = disk_of(s);
    int fd = open_blob(d, name);
    if (fd < 0)
        return fail(d, "open");
    enum err e = read_all(d, fd, out);
    blob_shut(fd);
    return e;
}

static enum err disk_read_at(struct blob_store *s, const char *name, uint64_t offset, void *into,
                             size_t len, size_t *got)
{
    struct disk *d = disk_of(s);
    enum err e = ERR_OK;
    size_t n = 0;
    int fd = open_blob(d, name);
    if (fd < 0)
        return fail(d, "open");
    while (n < len && e == ERR_OK) {
        ssize_t r = pread(fd, (char *)into + n, len - n, (off_t)(offset + n));
        if (r == 0)
            break;
        if (r > 0)
            n += (size_t)r;
        else if (errno != EINTR)
            e = fail(d, "read");
    }
    blob_shut(fd);
    if (e == ERR_OK)
        *got = n;
    return e;
}

static enum err disk_size(struct blob_store *s, const char *name, uint64_t *bytes)
{
    struct disk *d = disk_of(s);
    struct stat st;
    int fd = open_blob(d, name);
    if (fd < 0)
        return fail(d, "open");
    enum err e = fstat(fd, &st) == 0 ? ERR_OK : fail(d, "stat");
    blob_shut(fd);
    if (e == ERR_OK)
        *bytes = (uint64_t)st.st_size;
    return e;
}

static enum err disk_remove(struct blob_store *s, const char *name)
{
    struct disk *d = disk_of(s);
    int folder = open_fan(d, name, false);
    if (folder < 0)
        return errno == ENOENT ? ERR_OK : fail(d, "folder");
    enum err e = ERR_OK;
    if (unlinkat(folder, name + FAN_LEN, 0) != 0 && errno != ENOENT)
        e = fail(d, "remove");
    blob_shut(folder);
    return e;
}

/* ---- walking ---- */

static enum err walk_fan(const struct disk *d, int root, const char *fan, blob_fn fn, void *ctx)
{
    char name[BLOB_NAME_LEN + 1];
    const struct dirent *entry;
    struct stat st;
    enum err e = ERR_OK;
    int fd = blob_folder(root, fan, false);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        blob_shut(fd);
        return fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT) ? ERR_OK
                                                                                 : fail(d, "walk");
    }
    while (e == ERR_OK && (entry = readdir(folder)) != NULL) {
        int n = snprintf(name, sizeof name, "%s%s", fan, entry->d_name);
        if (n == BLOB_NAME_LEN && blob_name_valid(slice_of(name, BLOB_NAME_LEN)) &&
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            e = fn(ctx, name, (uint64_t)st.st_size);
    }
    closedir(folder);
    return e;
}

static enum err disk_walk(struct blob_store *s, blob_fn fn, void *ctx)
{
    const struct disk *d = disk_of(s);
    int root = blob_root(&d->base, false);
    if (root < 0)
        return errno == ENOENT ? ERR_OK : fail(d, "walk");
    enum err e = ERR_OK;
    for (unsigned i = 0; i < 256 && e == ERR_OK; i++) {
        char fan[FAN_LEN + 1];
        snprintf(fan, sizeof fan, "%02x", i);
        e = walk_fan(d, root, fan, fn, ctx);
    }
    blob_shut(root);
    return e;
}

/* ---- sweeping ---- */

/* A fan a call. */
static enum err disk_sweep(struct blob_store *s, int64_t before_ms, bool *more)
{
    struct disk *d = disk_of(s);
    char fan[FAN_LEN + 1];
    int root = blob_root(s, false);
    if (root < 0)
        return errno == ENOENT ? ERR_OK : fail(d, "sweep");
    snprintf(fan, sizeof fan, "%02x", d->next_fan & 255);
    int fd = blob_folder(root, fan, false);
    blob_shut(root);
    enum err e = ERR_OK;
    if (fd >= 0)
        e = blob_remove_leftovers(
            s, fd,
            &(struct blob_leftovers){.prefix = ".", .suffix = ".tmp", .before_ms = before_ms});
    else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
        e = fail(d, "sweep");
    d->next_fan = (d->next_fan + 1) & 255;
    *more = e == ERR_OK && d->next_fan != 0;
    return e;
}

static void disk_close(struct blob_store *s)
{
    mem_free(MEM_CORE, disk_of(s));
}

enum err blob_disk_open(const char *data, const struct log *log, struct blob_store **out)
{
    static const struct blob_ops ops = {disk_put,    disk_get,   disk_size,
                                        disk_remove, disk_walk,  disk_read_at,
                                        disk_adopt,  disk_sweep, disk_close};
    struct disk *d = mem_zalloc(MEM_CORE, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    d->base.ops = &ops;
    d->base.data = data;
    d->base.log = log;
    d->base.opened_ms = clock_wall_ms(clock_system());
    *out = &d->base;
    return ERR_OK;
}
