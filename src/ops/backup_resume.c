/*
 * What an earlier attempt left. It may have ended with the power, so nothing in it is believed:
 * each entry is compared with the file that it should be, byte for byte, which costs reading but no
 * writing. The first one that differs ends it.
 */

#include "ops/backup_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static bool read_exactly(int fd, char *out, size_t len, uint64_t at)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, out + done, len - done, (off_t)(at + done));
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool padding_is_zero(const struct creation *c, const struct archive_entry *e)
{
    static const char zeros[ARCHIVE_BLOCK_BYTES];
    char tail[ARCHIVE_BLOCK_BYTES];
    size_t len = (size_t)archive_padding(e->bytes);
    uint64_t at = c->f.at + ARCHIVE_BLOCK_BYTES + e->bytes;
    return read_exactly(c->f.fd, tail, len, at) && memcmp(tail, zeros, len) == 0;
}

/* Compares, and leaves the sum in c->f.sha. */
static bool contents_are_equal(struct creation *c, const struct archive_entry *e, int source,
                               char *other)
{
    uint64_t begin = c->f.at + ARCHIVE_BLOCK_BYTES;
    sha256_begin(c->f.sha);
    for (uint64_t done = 0; done < e->bytes;) {
        uint64_t left = e->bytes - done;
        size_t len = left < BACKUP_CHUNK_BYTES ? (size_t)left : BACKUP_CHUNK_BYTES;
        if (!read_exactly(c->f.fd, c->f.chunk, len, begin + done) ||
            !read_exactly(source, other, len, done) || memcmp(c->f.chunk, other, len) != 0)
            return false;
        sha256_add(c->f.sha, slice_of(other, len));
        done += len;
    }
    return padding_is_zero(c, e);
}

static bool is_the_file(struct creation *c, const struct archive_entry *e, char *other)
{
    char path[OPS_PATH_MAX + ARCHIVE_NAME_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", c->o->data, e->name);
    int source = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0)
        return false;
    bool equal = fstat(source, &st) == 0 && S_ISREG(st.st_mode) &&
                 (uint64_t)st.st_size == e->bytes && contents_are_equal(c, e, source, other);
    close(source);
    return equal;
}

static bool next_header(const struct creation *c, uint64_t size, struct archive_entry *e)
{
    unsigned char block[ARCHIVE_BLOCK_BYTES];
    uint64_t begin = c->f.at + ARCHIVE_BLOCK_BYTES;
    return begin <= size && read_exactly(c->f.fd, (char *)block, sizeof block, c->f.at) &&
           archive_parse(block, e) && e->bytes <= size - begin &&
           archive_padding(e->bytes) <= size - begin - e->bytes &&
           slice_starts_with(slice_from(e->name), SLICE(BACKUP_MEDIA)) &&
           (c->f.at == 0 || e->mtime_s == c->f.mtime_s);
}

static enum err keep_entries(struct creation *c, uint64_t size, char *other)
{
    struct archive_entry e;
    enum err err = ERR_OK;
    while (err == ERR_OK && next_header(c, size, &e) && is_the_file(c, &e, other)) {
        unsigned char sum[SHA256_LEN];
        sha256_end(c->f.sha, sum);
        c->f.mtime_s = e.mtime_s;
        c->media_files++;
        c->media_bytes += e.bytes;
        err = name_set_add(&c->names, e.name) ? backup_keep(&c->f, &e, sum) : ERR_NO_MEMORY;
        if (err == ERR_OK && !pace_rest(&c->f.pace, 0))
            err = ERR_STOPPING;
    }
    return err;
}

enum err backup_resume(struct creation *c)
{
    off_t size = lseek(c->f.fd, 0, SEEK_END);
    char *other = mem_alloc(MEM_CORE, BACKUP_CHUNK_BYTES);
    enum err e = ERR_NO_MEMORY;
    if (other != NULL)
        e = size < 0 ? backup_io_failed(&c->f, c->f.partial)
                     : keep_entries(c, (uint64_t)size, other);
    mem_free(MEM_CORE, other);
    if (e != ERR_OK)
        return e;
    name_set_sort(&c->names);
    if (c->media_files == 0)
        c->f.mtime_s = (uint64_t)clock_wall_ms(c->o->clock) / 1000;
    else
        ops_printf(c->io, "kept: %" PRIu64 " files of an earlier attempt\n", c->media_files);
    return backup_file_cut(&c->f, c->f.at);
}
