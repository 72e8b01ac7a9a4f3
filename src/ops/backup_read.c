/*
 * Two walks. The first goes from header to header, to know that the archive is whole and where the
 * sums are, which stand at its end. The second reads every byte in order, with a second cursor in
 * the list of sums: so neither memory nor time depends on how many files there are.
 */

#include "ops/backup_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ops/backup_manifest.h"
#include "ops/backup_write.h"

enum { MANIFEST_BYTES_MAX = 64 * 1024, SUMS_CHUNK_BYTES = 8 * 1024 };

struct place {
    uint64_t at;
    uint64_t bytes;
};

struct reader {
    const struct backup_reading *r;
    struct backup_contents *found;
    int fd;
    uint64_t size;
    struct place manifest;
    struct place sums;
    struct sha256 *sha;
    char *chunk; /* BACKUP_CHUNK_BYTES */
    /* The list of sums: lines[line_at..line_end) are read and not used; sums.at moves on. */
    char lines[SUMS_CHUNK_BYTES];
    size_t line_at;
    size_t line_end;
};

static enum err damaged(const struct reader *x, uint64_t at, const char *what)
{
    snprintf(x->r->why, BACKUP_WHY_MAX, "%.300s is damaged at byte %" PRIu64 ": %s.", x->r->path,
             at, what);
    return ERR_BAD_REQUEST;
}

static enum err read_at(const struct reader *x, void *out, size_t len, uint64_t at)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(x->fd, (char *)out + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            snprintf(x->r->why, BACKUP_WHY_MAX, "%.300s: %s.", x->r->path, strerror(errno));
            return ERR_IO;
        }
        if (n == 0)
            return damaged(x, at + done, "it ends here");
        done += (size_t)n;
    }
    return ERR_OK;
}

static bool all_zero(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\0')
            return false;
    }
    return true;
}

/* ---- the first walk ---- */

static enum err note_entry(struct reader *x, const struct archive_entry *e, uint64_t at)
{
    struct slice name = slice_from(e->name);
    struct backup_contents *found = x->found;
    bool in_order = x->sums.at == 0 && (x->manifest.at == 0 || slice_eq_cstr(name, BACKUP_SUMS));
    if (found->begun_at_s == 0)
        found->begun_at_s = (int64_t)e->mtime_s;
    if (!in_order || (uint64_t)found->begun_at_s != e->mtime_s)
        return damaged(x, at, "this entry does not belong here");
    const struct place contents = {at + ARCHIVE_BLOCK_BYTES, e->bytes};
    if (slice_starts_with(name, SLICE(BACKUP_MEDIA))) {
        found->media_files++;
        found->media_bytes += e->bytes;
    } else if (slice_eq_cstr(name, BACKUP_DATABASE) && found->database.offset == 0) {
        found->database = (struct db_place){x->r->path, contents.at, contents.bytes};
    } else if (slice_eq_cstr(name, BACKUP_MANIFEST) && e->bytes <= MANIFEST_BYTES_MAX) {
        x->manifest = contents;
    } else if (slice_eq_cstr(name, BACKUP_SUMS)) {
        x->sums = contents;
    } else {
        return damaged(x, at, "this entry does not belong here");
    }
    return ERR_OK;
}

static enum err next_entry(const struct reader *x, uint64_t at, struct archive_entry *e)
{
    unsigned char block[ARCHIVE_BLOCK_BYTES];
    enum err err = read_at(x, block, sizeof block, at);
    if (err != ERR_OK)
        return err;
    if (!archive_parse(block, e))
        return damaged(x, at, "there is no entry of a backup");
    uint64_t left = x->size - at - ARCHIVE_BLOCK_BYTES;
    if (e->bytes > left || archive_padding(e->bytes) > left - e->bytes)
        return damaged(x, x->size, "it ends here");
    return ERR_OK;
}

static uint64_t behind(uint64_t at, const struct archive_entry *e)
{
    return at + ARCHIVE_BLOCK_BYTES + e->bytes + archive_padding(e->bytes);
}

static enum err check_end(const struct reader *x, uint64_t at)
{
    char end[ARCHIVE_END_BYTES];
    enum err e = read_at(x, end, sizeof end, at);
    if (e != ERR_OK)
        return e;
    if (!all_zero(end, sizeof end) || x->size != at + ARCHIVE_END_BYTES)
        return damaged(x, at, "this should be its end");
    return x->found->database.offset != 0 && x->manifest.at != 0
               ? ERR_OK
               : damaged(x, at, "the database or the manifest is missing");
}

static enum err walk_headers(struct reader *x)
{
    struct archive_entry e;
    uint64_t at = 0;
    while (x->sums.at == 0) {
        enum err err = next_entry(x, at, &e);
        if (err == ERR_OK)
            err = note_entry(x, &e, at);
        if (err == ERR_OK && !pace_rest(x->r->pace, 0))
            err = ERR_STOPPING;
        if (err != ERR_OK)
            return err;
        at = behind(at, &e);
    }
    return check_end(x, at);
}

/* ---- the second walk ---- */

/* So that a whole line is in hand, if there is one. */
static enum err fill_lines(struct reader *x)
{
    size_t kept = x->line_end - x->line_at;
    memmove(x->lines, x->lines + x->line_at, kept);
    x->line_at = 0;
    x->line_end = kept;
    size_t room = sizeof x->lines - kept;
    size_t len = x->sums.bytes < room ? (size_t)x->sums.bytes : room;
    enum err e = read_at(x, x->lines + kept, len, x->sums.at);
    if (e == ERR_OK) {
        x->line_end += len;
        x->sums.at += len;
        x->sums.bytes -= len;
    }
    return e;
}

static enum err check_sum(struct reader *x, const struct archive_entry *e, uint64_t at)
{
    unsigned char sum[SHA256_LEN];
    char hex[SHA256_HEX_LEN + 1];
    char line[SHA256_HEX_LEN + ARCHIVE_NAME_MAX + 4];
    sha256_end(x->sha, sum);
    sha256_hex(sum, hex);
    int len = snprintf(line, sizeof line, "%s  %s\n", hex, e->name);
    if (x->line_end - x->line_at < (size_t)len) {
        enum err err = fill_lines(x);
        if (err != ERR_OK)
            return err;
    }
    if (x->line_end - x->line_at < (size_t)len ||
        memcmp(x->lines + x->line_at, line, (size_t)len) != 0) {
        snprintf(x->r->why, BACKUP_WHY_MAX,
                 "%.200s is damaged: %.200s (from byte %" PRIu64 ") is not what %s says.",
                 x->r->path, e->name, at, BACKUP_SUMS);
        return ERR_BAD_REQUEST;
    }
    x->line_at += (size_t)len;
    return ERR_OK;
}

static enum err check_padding(const struct reader *x, uint64_t end, uint64_t bytes)
{
    char tail[ARCHIVE_BLOCK_BYTES];
    size_t len = (size_t)archive_padding(bytes);
    enum err e = read_at(x, tail, len, end);
    return e == ERR_OK && !all_zero(tail, len) ? damaged(x, end, "there should be zeros") : e;
}

static enum err read_contents(struct reader *x, uint64_t begin, uint64_t bytes)
{
    const struct backup_sink *sink = x->r->sink;
    sha256_begin(x->sha);
    for (uint64_t done = 0; done < bytes;) {
        uint64_t left = bytes - done;
        size_t len = left < BACKUP_CHUNK_BYTES ? (size_t)left : BACKUP_CHUNK_BYTES;
        enum err e = read_at(x, x->chunk, len, begin + done);
        if (e == ERR_OK && sink != NULL)
            e = sink->data(sink->ctx, slice_of(x->chunk, len));
        if (e != ERR_OK)
            return e;
        sha256_add(x->sha, slice_of(x->chunk, len));
        done += len;
        if (!pace_spend(x->r->pace, len))
            return ERR_STOPPING;
    }
    return check_padding(x, begin + bytes, bytes);
}

static enum err read_entry(struct reader *x, const struct archive_entry *e, uint64_t at)
{
    const struct backup_sink *sink = x->r->sink;
    enum err err = sink != NULL ? sink->begin(sink->ctx, e) : ERR_OK;
    if (err == ERR_OK)
        err = read_contents(x, at + ARCHIVE_BLOCK_BYTES, e->bytes);
    if (err == ERR_OK)
        err = check_sum(x, e, at);
    return err == ERR_OK && sink != NULL ? sink->end(sink->ctx) : err;
}

static enum err read_entries(struct reader *x)
{
    uint64_t end = x->sums.at - ARCHIVE_BLOCK_BYTES;
    uint64_t sums_end = x->sums.at + x->sums.bytes;
    uint64_t sums_bytes = x->sums.bytes;
    struct archive_entry e;
    x->r->pace->total = end;
    for (uint64_t at = 0; at < end; at = behind(at, &e)) {
        enum err err = next_entry(x, at, &e);
        if (err == ERR_OK)
            err = read_entry(x, &e, at);
        if (err != ERR_OK)
            return err;
    }
    if (x->sums.bytes > 0 || x->line_at != x->line_end)
        return damaged(x, end, "the list of sums names more than there is");
    return check_padding(x, sums_end, sums_bytes);
}

/* ---- all of it ---- */

static enum err check_manifest(struct reader *x)
{
    enum err e = read_at(x, x->chunk, (size_t)x->manifest.bytes, x->manifest.at);
    if (e != ERR_OK)
        return e;
    return backup_manifest_check(x->r, slice_of(x->chunk, (size_t)x->manifest.bytes), x->found);
}

static enum err open_backup(struct reader *x)
{
    /* A pipe is no backup, and must not be waited for. */
    x->fd = open(x->r->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    off_t size = x->fd < 0 ? -1 : lseek(x->fd, 0, SEEK_END);
    if (size < 0) {
        snprintf(x->r->why, BACKUP_WHY_MAX, "%.300s cannot be read: %s.", x->r->path,
                 strerror(errno));
        return ERR_IO;
    }
    x->size = (uint64_t)size;
    x->sha = sha256_new();
    x->chunk = mem_alloc(MEM_CORE, BACKUP_CHUNK_BYTES);
    return x->sha != NULL && x->chunk != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err read_all(struct reader *x)
{
    enum err e = open_backup(x);
    if (e == ERR_OK)
        e = walk_headers(x);
    if (e == ERR_OK)
        e = read_entries(x);
    return e == ERR_OK ? check_manifest(x) : e;
}

enum err backup_read(const struct backup_reading *r, struct backup_contents *out)
{
    struct backup_contents found = {0};
    struct reader *x = mem_zalloc(MEM_CORE, sizeof *x);
    enum err e = ERR_NO_MEMORY;
    r->why[0] = '\0';
    if (x != NULL) {
        x->r = r;
        x->found = &found;
        x->fd = -1;
        e = read_all(x);
        if (x->fd >= 0)
            close(x->fd);
        sha256_free(&x->sha);
        mem_free(MEM_CORE, x->chunk);
        mem_free(MEM_CORE, x);
    }
    if (e == ERR_OK)
        *out = found;
    else if (r->why[0] == '\0')
        snprintf(r->why, BACKUP_WHY_MAX, "The backup cannot be read: %s.", err_info(e)->name);
    return e;
}

static bool is_stopped(void *ctx)
{
    const struct backup_reading *r = ctx;
    return r->pace->io->stopped(r->pace->io->ctx);
}

enum err backup_verify(const struct backup_reading *r, struct backup_contents *out)
{
    struct backup_contents found;
    enum err e = backup_read(r, &found);
    if (e != ERR_OK)
        return e;
    struct backup_reading copy = *r;
    const struct db_look look = {.place = found.database, .stopped = is_stopped, .ctx = &copy};
    e = db_check(&look, r->why, BACKUP_WHY_MAX);
    if (e == ERR_OK)
        *out = found;
    return e == ERR_STORE ? ERR_BAD_REQUEST : e;
}
