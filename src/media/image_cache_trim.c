/*
 * All entries: counted once, thrown away when they are too many. The difficulty is to do it without
 * a list of all of them: the names are hashes, so each of the 256 folders holds about the same, and
 * bringing one folder after the other below its share brings the whole below its bound, with what
 * was used least recently going first in each.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "media/blob.h"
#include "media/image_cache_priv.h"

enum { FILES_MAX = 4096, STALE_S = 3600 };

struct file {
    int64_t used_s;
    int64_t bytes;
    char name[128];
};

struct listing {
    struct file *files;
    size_t count;
    int64_t bytes;
};

static DIR *open_fan(const struct image_cache *c, unsigned number, char fan[3])
{
    char path[CACHE_PATH_BYTES];
    snprintf(fan, 3, "%02x", number & 0xffU);
    return cache_path(c, fan, "", path) ? opendir(path) : NULL;
}

/* What a crash left half-written: older than anything takes to write. */
static void remove_stale(DIR *folder, const char *name, const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (strstr(name, ".tmp") != NULL && now.tv_sec - st->st_mtime > STALE_S)
        (void)unlinkat(dirfd(folder), name, 0);
}

/* Up to FILES_MAX into the list (NULL: only counted). */
static int64_t look(DIR *folder, struct listing *list)
{
    int64_t bytes = 0;
    const struct dirent *entry;
    struct stat st;
    while ((entry = readdir(folder)) != NULL) {
        if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        if (entry->d_name[0] == '.') {
            remove_stale(folder, entry->d_name, &st);
            continue;
        }
        bytes += cache_blocks((uint64_t)st.st_size);
        if (list == NULL || list->count == FILES_MAX ||
            strlen(entry->d_name) >= sizeof list->files->name)
            continue;
        struct file *f = &list->files[list->count++];
        f->used_s = (int64_t)st.st_mtime;
        f->bytes = cache_blocks((uint64_t)st.st_size);
        memcpy(f->name, entry->d_name, strlen(entry->d_name) + 1);
    }
    return bytes;
}

static void count_all(struct image_cache *c)
{
    int64_t bytes = 0;
    char fan[3];
    for (unsigned i = 0; i < CACHE_FANS; i++) {
        DIR *folder = open_fan(c, i, fan);
        if (folder == NULL)
            continue;
        bytes += look(folder, NULL);
        closedir(folder);
    }
    atomic_store_explicit(&c->bytes, bytes, memory_order_relaxed);
    metrics_set(c->o.metrics, METRIC_IMAGE_CACHE_BYTES, bytes);
}

static int by_use(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    return x->used_s < y->used_s ? -1 : x->used_s > y->used_s;
}

static void trim_fan(struct image_cache *c, unsigned number, int64_t share, struct file *memory)
{
    struct listing list = {.files = memory};
    char fan[3];
    DIR *folder = open_fan(c, number, fan);
    if (folder == NULL)
        return;
    int64_t bytes = look(folder, &list);
    qsort(list.files, list.count, sizeof *list.files, by_use);
    for (size_t i = 0; i < list.count && bytes > share; i++) {
        if (unlinkat(dirfd(folder), list.files[i].name, 0) != 0)
            continue;
        bytes -= list.files[i].bytes;
        cache_count(c, -list.files[i].bytes);
    }
    closedir(folder);
}

/* Down to nine tenths, so that it is not done for each picture. */
static void trim_all(struct image_cache *c)
{
    int64_t target = (int64_t)(c->o.bytes_max - c->o.bytes_max / 10);
    struct file *memory = mem_array(MEM_CORE, FILES_MAX, sizeof *memory);
    if (memory == NULL)
        return;
    for (unsigned i = 0; i < CACHE_FANS; i++) {
        if ((int64_t)image_cache_bytes(c) <= target)
            break;
        unsigned at = atomic_fetch_add_explicit(&c->trim_at, 1, memory_order_relaxed);
        trim_fan(c, at % CACHE_FANS, target / CACHE_FANS, memory);
    }
    mem_free(MEM_CORE, memory);
}

void cache_trim(struct image_cache *c)
{
    bool counted = atomic_load_explicit(&c->bytes, memory_order_relaxed) != CACHE_UNKNOWN;
    if (counted && image_cache_bytes(c) <= c->o.bytes_max)
        return;
    if (atomic_exchange_explicit(&c->trimming, true, memory_order_acquire))
        return;
    if (!counted)
        count_all(c);
    if (image_cache_bytes(c) > c->o.bytes_max)
        trim_all(c);
    atomic_store_explicit(&c->trimming, false, memory_order_release);
}

void image_cache_forget(struct image_cache *c, const char *blob)
{
    char path[CACHE_PATH_BYTES];
    const struct dirent *entry;
    struct stat st;
    const char *rest = blob + 2;
    DIR *folder = cache_path(c, blob, "", path) ? opendir(path) : NULL;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, rest, BLOB_NAME_LEN - 2) != 0 ||
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) == 0)
            cache_count(c, -cache_blocks((uint64_t)st.st_size));
    }
    closedir(folder);
}
