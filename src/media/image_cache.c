/*
 * The difficulty: a crash, a full disk or an operator's hand may leave any bytes under any name,
 * and a picture once served is kept by browsers for a year. So an entry carries its own key, its
 * length and the hash of its bytes, appears by renaming, and counts only when all of that is true.
 */

#include "media/image_cache_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "media/blob.h"
#include "media/image_wire.h"

enum { FAN_LEN = 2, TOUCH_S = 3600, TEMPORARY_BYTES = 64 };

#define CACHE_MAGIC "GHic1"

struct entry {
    char magic[sizeof CACHE_MAGIC];
    uint8_t what;
    uint8_t format;
    uint32_t bytes;
    unsigned char sum[SHA256_LEN];
    char key[IMAGE_CACHE_KEY_BYTES];
};

struct image_cache *image_cache_new(const struct image_cache_options *o)
{
    struct image_cache *c = mem_zalloc(MEM_CORE, sizeof *c);
    if (c == NULL)
        return NULL;
    c->o = *o;
    atomic_init(&c->bytes, CACHE_UNKNOWN);
    return c;
}

void image_cache_free(struct image_cache **c)
{
    mem_free(MEM_CORE, *c);
    *c = NULL;
}

void image_cache_key(const char *blob, const struct image_want *want,
                     char out[IMAGE_CACHE_KEY_BYTES])
{
    static const char *const formats[] = {"same", "png", "jpeg", "webp", "gif", "avif"};
    _Static_assert(sizeof formats / sizeof *formats == IMAGE_FORMAT_COUNT, "all of them");
    snprintf(out, IMAGE_CACHE_KEY_BYTES, "%.*s.%ux%u.%s%s%s", BLOB_NAME_LEN, blob, want->width,
             want->height, formats[want->format], want->lossless ? ".l" : "",
             want->animated ? ".a" : "");
}

bool cache_path(const struct image_cache *c, const char *fan, const char *file,
                char out[CACHE_PATH_BYTES])
{
    int n = snprintf(out, CACHE_PATH_BYTES, "%s/media/.cache/%.*s%s%s", c->o.data, FAN_LEN, fan,
                     file[0] != '\0' ? "/" : "", file);
    return n > 0 && n < CACHE_PATH_BYTES;
}

int64_t cache_blocks(uint64_t bytes)
{
    return (int64_t)((bytes + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK);
}

void cache_count(struct image_cache *c, int64_t delta)
{
    if (atomic_load_explicit(&c->bytes, memory_order_relaxed) == CACHE_UNKNOWN)
        return;
    int64_t now = atomic_fetch_add_explicit(&c->bytes, delta, memory_order_relaxed) + delta;
    metrics_set(c->o.metrics, METRIC_IMAGE_CACHE_BYTES, now);
}

uint64_t image_cache_bytes(struct image_cache *c)
{
    int64_t bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed);
    return bytes < 0 ? 0 : (uint64_t)bytes;
}

/* ---- an entry ---- */

static bool sum_of(struct slice body, unsigned char out[SHA256_LEN])
{
    struct sha256 *h = sha256_new();
    if (h == NULL)
        return false;
    sha256_begin(h);
    sha256_add(h, body);
    sha256_end(h, out);
    sha256_free(&h);
    return true;
}

static bool head_is_good(const struct entry *e, const char *key, uint64_t file_bytes)
{
    return memcmp(e->magic, CACHE_MAGIC, sizeof e->magic) == 0 &&
           memchr(e->key, '\0', sizeof e->key) != NULL && strcmp(e->key, key) == 0 &&
           e->what >= IMAGE_CACHED_MADE && e->what <= IMAGE_CACHED_FAILED &&
           e->format < IMAGE_FORMAT_COUNT && e->bytes <= IMAGE_MADE_BYTES_MAX &&
           file_bytes == sizeof *e + e->bytes;
}

static bool read_all(int fd, void *into, size_t len)
{
    char *at = into;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_body(int fd, const struct entry *e, struct buf *out)
{
    unsigned char sum[SHA256_LEN];
    if (e->bytes == 0)
        return true;
    if (!buf_reserve(out, e->bytes) || !read_all(fd, out->data + out->len, e->bytes) ||
        !sum_of(slice_of(out->data + out->len, e->bytes), sum) ||
        memcmp(sum, e->sum, sizeof sum) != 0)
        return false;
    out->len += e->bytes;
    return true;
}

static bool is_over(const struct image_cache *c, const struct entry *e, const struct stat *st)
{
    int64_t age_s = clock_wall_ms(c->o.clock) / 1000 - (int64_t)st->st_mtime;
    int64_t most_s = e->what == IMAGE_CACHED_REFUSED  ? (int64_t)IMAGE_CACHE_REFUSED_S
                     : e->what == IMAGE_CACHED_FAILED ? (int64_t)IMAGE_CACHE_FAILED_S
                                                      : INT64_MAX;
    return most_s != INT64_MAX && (age_s > most_s || age_s < -1);
}

/* The time of the last change is that of the last use, within an hour. */
static void touch(const struct image_cache *c, int fd, const struct stat *st)
{
    int64_t now_s = clock_wall_ms(c->o.clock) / 1000;
    if (now_s - (int64_t)st->st_mtime > TOUCH_S)
        (void)futimens(fd, NULL);
}

static void drop(struct image_cache *c, const char *path, const struct stat *st)
{
    if (unlink(path) == 0)
        cache_count(c, -cache_blocks((uint64_t)st->st_size));
}

enum image_cached image_cache_get(struct image_cache *c, const char *key, struct buf *out,
                                  enum image_format *format)
{
    char path[CACHE_PATH_BYTES];
    struct entry e;
    struct stat st;
    int fd = cache_path(c, key, key + FAN_LEN, path) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                                                     : -1;
    if (fd < 0)
        return IMAGE_CACHED_NOT;
    bool good = fstat(fd, &st) == 0 && read_all(fd, &e, sizeof e) &&
                head_is_good(&e, key, (uint64_t)st.st_size) && !is_over(c, &e, &st) &&
                read_body(fd, &e, out);
    if (good && e.what != IMAGE_CACHED_REFUSED && e.what != IMAGE_CACHED_FAILED)
        touch(c, fd, &st);
    close(fd);
    if (!good) {
        if (!out->failed) /* else it is our memory that fails */
            drop(c, path, &st);
        return IMAGE_CACHED_NOT;
    }
    *format = (enum image_format)e.format;
    return (enum image_cached)e.what;
}

/* ---- putting ---- */

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

static bool make_folders(const struct image_cache *c, const char *key)
{
    static const char *const parts[] = {"/media", "/media/.cache"};
    char path[CACHE_PATH_BYTES];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int n = snprintf(path, sizeof path, "%s%s", c->o.data, parts[i]);
        if (n < 0 || n >= (int)sizeof path || (mkdir(path, 0700) != 0 && errno != EEXIST))
            return false;
    }
    return cache_path(c, key, "", path) && (mkdir(path, 0700) == 0 || errno == EEXIST);
}

static bool write_entry(const char *temporary, const char *path, const struct entry *e,
                        struct slice body)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = write_all(fd, slice_of((const char *)e, sizeof *e)) && write_all(fd, body);
    written = close(fd) == 0 && written && rename(temporary, path) == 0;
    if (!written)
        (void)unlink(temporary);
    return written;
}

static bool put(struct image_cache *c, const char *key, const struct entry *e, struct slice body)
{
    char path[CACHE_PATH_BYTES], temporary[CACHE_PATH_BYTES], name[TEMPORARY_BYTES];
    struct stat before;
    unsigned n = atomic_fetch_add_explicit(&c->writes, 1, memory_order_relaxed);
    snprintf(name, sizeof name, ".%ld.%u.tmp", (long)getpid(), n);
    if (!make_folders(c, key) || !cache_path(c, key, key + FAN_LEN, path) ||
        !cache_path(c, key, name, temporary))
        return false;
    int64_t replaced = stat(path, &before) == 0 ? cache_blocks((uint64_t)before.st_size) : 0;
    if (!write_entry(temporary, path, e, body))
        return false;
    cache_count(c, cache_blocks(sizeof *e + body.len) - replaced);
    return true;
}

void image_cache_put(struct image_cache *c, const char *key, enum image_cached what,
                     enum image_format format, struct slice body)
{
    struct entry e = {
        .what = (uint8_t)what, .format = (uint8_t)format, .bytes = (uint32_t)body.len};
    if (c->o.bytes_max == 0 || body.len > IMAGE_MADE_BYTES_MAX || body.len > c->o.bytes_max)
        return;
    memcpy(e.magic, CACHE_MAGIC, sizeof e.magic);
    snprintf(e.key, sizeof e.key, "%s", key);
    if (!sum_of(body, e.sum))
        return;
    if (!put(c, key, &e, body))
        log_warn(c->o.log, "images", "a picture cannot be kept", LOG_S("error", strerror(errno)));
    cache_trim(c);
}
