#include "ops/backup_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum err backup_io_failed(struct backup_file *f, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    snprintf(f->why, BACKUP_WHY_MAX, "%.300s: %s.%s", path, strerror(errno),
             full ? " What is there is kept; with more room the same command goes on with it."
                  : "");
    return full ? ERR_STORE_FULL : ERR_IO;
}

/* ---- opening ---- */

static enum err take_lock(struct backup_file *f)
{
    struct stat ours;
    struct stat named;
    bool locked = flock(f->fd, LOCK_EX | LOCK_NB) == 0;
    /* One that was just finished is FILE by now, and is not written over. */
    if (locked && fstat(f->fd, &ours) == 0 && stat(f->partial, &named) == 0 &&
        ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
        return ERR_OK;
    if (!locked && errno != EWOULDBLOCK)
        return backup_io_failed(f, f->partial);
    snprintf(f->why, BACKUP_WHY_MAX, "Another backup to %.300s is under way.", f->path);
    return ERR_STORE_LOCKED;
}

static enum err open_files(struct backup_file *f)
{
    if (access(f->path, F_OK) == 0) {
        snprintf(f->why, BACKUP_WHY_MAX, "%.300s is there already.", f->path);
        return ERR_STORE_CONFLICT;
    }
    f->fd = open(f->partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f->fd < 0 || fchmod(f->fd, 0600) != 0)
        return backup_io_failed(f, f->partial);
    enum err e = take_lock(f);
    if (e != ERR_OK)
        return e;
    f->sums_fd = open(f->sums, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return f->sums_fd < 0 ? backup_io_failed(f, f->sums) : ERR_OK;
}

enum err backup_file_open(struct backup_file *f, const char *path, char *why)
{
    *f = (struct backup_file){.fd = -1, .sums_fd = -1, .why = why};
    snprintf(f->path, sizeof f->path, "%s", path);
    snprintf(f->partial, sizeof f->partial, "%s.partial", path);
    snprintf(f->sums, sizeof f->sums, "%s.partial.sums", path);
    f->sha = sha256_new();
    f->chunk = mem_alloc(MEM_CORE, BACKUP_CHUNK_BYTES);
    if (f->sha != NULL && f->chunk != NULL)
        return open_files(f);
    snprintf(why, BACKUP_WHY_MAX, "There is no memory for a backup.");
    return ERR_NO_MEMORY;
}

void backup_file_close(struct backup_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->sums_fd >= 0)
        close(f->sums_fd);
    sha256_free(&f->sha);
    mem_free(MEM_CORE, f->chunk);
    f->chunk = NULL;
    f->fd = f->sums_fd = -1;
}

enum err backup_file_cut(struct backup_file *f, uint64_t at)
{
    if (ftruncate(f->fd, (off_t)at) != 0)
        return backup_io_failed(f, f->partial);
    f->at = f->synced = at;
    return ERR_OK;
}

/* ---- entries ---- */

static enum err write_at(struct backup_file *f, const void *data, size_t len, uint64_t at)
{
    const char *from = data;
    while (len > 0) {
        ssize_t n = pwrite(f->fd, from, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return backup_io_failed(f, f->partial);
        from += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

static enum err sync_partial(struct backup_file *f)
{
    return fdatasync(f->fd) == 0 ? ERR_OK : backup_io_failed(f, f->partial);
}

/* Dirty pages without bound would make somebody else's sync wait for all of them. */
static enum err sync_sometimes(struct backup_file *f, uint64_t at)
{
    if (at < f->synced + BACKUP_SYNC_BYTES)
        return ERR_OK;
    f->synced = at;
    return sync_partial(f);
}

static enum err note_sum(struct backup_file *f, const char *name,
                         const unsigned char sum[SHA256_LEN])
{
    char line[SHA256_HEX_LEN + ARCHIVE_NAME_MAX + 4];
    char hex[SHA256_HEX_LEN + 1];
    sha256_hex(sum, hex);
    int len = snprintf(line, sizeof line, "%s  %s\n", hex, name);
    ssize_t n = write(f->sums_fd, line, (size_t)len);
    if (n == len)
        return ERR_OK;
    if (n >= 0)
        errno = ENOSPC;
    return backup_io_failed(f, f->sums);
}

/* Header and padding of the entry at f->at, whose contents stand there; moves behind it. */
static enum err frame(struct backup_file *f, const char *name, uint64_t bytes)
{
    static const char zeros[ARCHIVE_BLOCK_BYTES];
    unsigned char header[ARCHIVE_BLOCK_BYTES];
    struct archive_entry e = {.bytes = bytes, .mtime_s = f->mtime_s};
    snprintf(e.name, sizeof e.name, "%s", name);
    if (strlen(name) >= sizeof e.name || !archive_header(&e, header)) {
        snprintf(f->why, BACKUP_WHY_MAX, "%.300s has a name that an archive cannot have.", name);
        return ERR_IO;
    }
    uint64_t end = f->at + ARCHIVE_BLOCK_BYTES + bytes;
    enum err err = write_at(f, zeros, (size_t)archive_padding(bytes), end);
    if (err == ERR_OK)
        err = write_at(f, header, sizeof header, f->at);
    if (err == ERR_OK)
        f->at = end + archive_padding(bytes);
    return err;
}

static enum err finish_entry(struct backup_file *f, const char *name, uint64_t bytes)
{
    unsigned char sum[SHA256_LEN];
    sha256_end(f->sha, sum);
    enum err e = frame(f, name, bytes);
    return e == ERR_OK ? note_sum(f, name, sum) : e;
}

enum err backup_add_text(struct backup_file *f, const char *name, struct slice text)
{
    sha256_begin(f->sha);
    sha256_add(f->sha, text);
    enum err e = write_at(f, text.data, text.len, f->at + ARCHIVE_BLOCK_BYTES);
    return e == ERR_OK ? finish_entry(f, name, text.len) : e;
}

enum err backup_keep(struct backup_file *f, const struct archive_entry *e,
                     const unsigned char sum[SHA256_LEN])
{
    f->at += ARCHIVE_BLOCK_BYTES + e->bytes + archive_padding(e->bytes);
    f->synced = f->at;
    return note_sum(f, e->name, sum);
}

static enum err copy_contents(struct backup_file *f, int from, const char *name, uint64_t bytes)
{
    uint64_t done = 0;
    sha256_begin(f->sha);
    while (done < bytes) {
        uint64_t left = bytes - done;
        size_t want = left < BACKUP_CHUNK_BYTES ? (size_t)left : BACKUP_CHUNK_BYTES;
        ssize_t n = read(from, f->chunk, want);
        if (n < 0)
            return backup_io_failed(f, name);
        if (n == 0)
            break;
        uint64_t to = f->at + ARCHIVE_BLOCK_BYTES + done;
        sha256_add(f->sha, slice_of(f->chunk, (size_t)n));
        enum err e = write_at(f, f->chunk, (size_t)n, to);
        if (e == ERR_OK)
            e = sync_sometimes(f, to);
        if (e != ERR_OK)
            return e;
        if (!pace_spend(&f->pace, (uint64_t)n))
            return ERR_STOPPING;
        done += (uint64_t)n;
    }
    if (done == bytes)
        return ERR_OK;
    snprintf(f->why, BACKUP_WHY_MAX, "%.300s became shorter while it was copied.", name);
    return ERR_IO;
}

enum err backup_add_file(struct backup_file *f, const char *name, const char *from, uint64_t bytes)
{
    int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return backup_io_failed(f, from);
    enum err e = copy_contents(f, fd, name, bytes);
    close(fd);
    return e == ERR_OK ? finish_entry(f, name, bytes) : e;
}

enum err backup_add_written(struct backup_file *f, const char *name, uint64_t bytes)
{
    uint64_t begin = f->at + ARCHIVE_BLOCK_BYTES;
    sha256_begin(f->sha);
    for (uint64_t done = 0; done < bytes;) {
        uint64_t left = bytes - done;
        size_t want = left < BACKUP_CHUNK_BYTES ? (size_t)left : BACKUP_CHUNK_BYTES;
        ssize_t n = pread(f->fd, f->chunk, want, (off_t)(begin + done));
        if (n <= 0)
            return backup_io_failed(f, f->partial);
        sha256_add(f->sha, slice_of(f->chunk, (size_t)n));
        done += (uint64_t)n;
        if (!pace_rest(&f->pace, 0))
            return ERR_STOPPING;
    }
    return finish_entry(f, name, bytes);
}

/* ---- the end ---- */

static enum err add_sums(struct backup_file *f)
{
    off_t bytes = lseek(f->sums_fd, 0, SEEK_END);
    if (bytes < 0 || lseek(f->sums_fd, 0, SEEK_SET) < 0)
        return backup_io_failed(f, f->sums);
    f->pace.bytes_per_s = 0; /* a small remainder */
    enum err e = copy_contents(f, f->sums_fd, f->sums, (uint64_t)bytes);
    return e == ERR_OK ? frame(f, BACKUP_SUMS, (uint64_t)bytes) : e;
}

static enum err sync_folder(struct backup_file *f)
{
    char folder[OPS_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", f->path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[1] = '\0';
    int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return backup_io_failed(f, folder);
    int rc = fsync(fd);
    enum err e = rc == 0 ? ERR_OK : backup_io_failed(f, folder);
    close(fd);
    return e;
}

/* Never over something that came there meanwhile, where the file system can promise that. */
static enum err take_name(struct backup_file *f)
{
    int rc = renameat2(AT_FDCWD, f->partial, AT_FDCWD, f->path, RENAME_NOREPLACE);
    if (rc != 0 && errno == EINVAL)
        rc = rename(f->partial, f->path);
    if (rc != 0)
        return backup_io_failed(f, f->path);
    (void)unlink(f->sums);
    return sync_folder(f);
}

enum err backup_file_finish(struct backup_file *f)
{
    static const char zeros[ARCHIVE_END_BYTES];
    enum err e = add_sums(f);
    if (e == ERR_OK)
        e = write_at(f, zeros, sizeof zeros, f->at);
    if (e == ERR_OK && ftruncate(f->fd, (off_t)f->at + ARCHIVE_END_BYTES) != 0)
        e = backup_io_failed(f, f->partial);
    if (e == ERR_OK && fsync(f->fd) != 0)
        e = backup_io_failed(f, f->partial);
    return e == ERR_OK ? take_name(f) : e;
}
