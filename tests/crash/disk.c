/* What a power cut leaves: see disk.h. Any failure of the real disk ends the process: a test that
 * cannot trust its own books must not go on. */

#include "crash/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

enum { NAMES_MAX = 16, NODES_MAX = 4096 };

struct name {
    char path[DISK_PATH_MAX];
    struct disk_node *now;    /* NULL: no such file */
    struct disk_node *synced; /* as of the last sync of the folder */
};

static struct {
    struct name names[NAMES_MAX];
    size_t name_count;
    struct disk_node *nodes[NODES_MAX];
    size_t node_count;
} disk;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

/* ---- images ---- */

static void image_resize(struct disk_image *i, size_t size)
{
    if (size > i->cap) {
        size_t cap = size * 2;
        unsigned char *bytes = realloc(i->bytes, cap);
        must(bytes != NULL, "memory");
        i->bytes = bytes;
        i->cap = cap;
    }
    if (size > i->size)
        memset(i->bytes + i->size, 0, size - i->size);
    i->size = size;
}

static void image_free(struct disk_image *i)
{
    free(i->bytes);
    *i = (struct disk_image){NULL, 0, 0};
}

static void image_load(struct disk_image *i, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, path);
    struct stat st;
    must(fstat(fd, &st) == 0, path);
    image_resize(i, (size_t)st.st_size);
    must(pread(fd, i->bytes, i->size, 0) == (ssize_t)i->size, path);
    close(fd);
}

static void image_store(const struct disk_image *i, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    must(i->size == 0 || pwrite(fd, i->bytes, i->size, 0) == (ssize_t)i->size, path);
    close(fd);
}

static const unsigned char *image_at(const struct disk_image *i, size_t offset)
{
    static const unsigned char nothing[DISK_SECTOR];
    return offset + DISK_SECTOR <= i->size ? i->bytes + offset : nothing;
}

/* ---- the books ---- */

static struct disk_node *node_new(const char *path)
{
    must(disk.node_count < NODES_MAX, "too many files");
    struct disk_node *n = calloc(1, sizeof *n);
    must(n != NULL, "memory");
    disk.nodes[disk.node_count++] = n;
    const char *end = strrchr(path, '-');
    n->rubbish = end == NULL || strcmp(end, "-journal") != 0;
    return n;
}

static struct name *name_of(const char *path)
{
    for (size_t i = 0; i < disk.name_count; i++)
        if (strcmp(disk.names[i].path, path) == 0)
            return &disk.names[i];
    must(disk.name_count < NAMES_MAX && strlen(path) < DISK_PATH_MAX, "too many names");
    struct name *name = &disk.names[disk.name_count++];
    snprintf(name->path, sizeof name->path, "%s", path);
    if (access(path, F_OK) == 0) {
        name->now = name->synced = node_new(path);
        image_load(&name->now->synced, path);
    }
    return name;
}

struct disk_node *disk_open(const char *path, bool *made)
{
    struct name *name = name_of(path);
    *made = name->now == NULL;
    if (name->now == NULL)
        name->now = node_new(path);
    return name->now;
}

struct disk_node *disk_find(const char *path)
{
    return name_of(path)->now;
}

void disk_delete(const char *path)
{
    struct name *name = name_of(path);
    if (name->now == NULL)
        return;
    image_load(&name->now->last, path);
    name->now->deleted = true;
    name->now = NULL;
}

void disk_written(struct disk_node *n, uint64_t offset, size_t len)
{
    size_t end = (size_t)((offset + len + DISK_SECTOR - 1) / DISK_SECTOR);
    if (end > n->dirty_cap) {
        size_t cap = end * 2;
        unsigned char *dirty = realloc(n->dirty, cap);
        must(dirty != NULL, "memory");
        memset(dirty + n->dirty_cap, 0, cap - n->dirty_cap);
        n->dirty = dirty;
        n->dirty_cap = cap;
    }
    for (size_t i = (size_t)(offset / DISK_SECTOR); i < end; i++)
        n->dirty[i] = 1;
}

void disk_truncated(struct disk_node *n, uint64_t from, uint64_t to)
{
    /* If it grows again before the sync, zeros and not the old bytes are between. */
    if (to < from)
        disk_written(n, to, (size_t)(from - to));
}

static void copy_sector(struct disk_node *n, size_t sector, int fd)
{
    unsigned char bytes[DISK_SECTOR];
    size_t offset = sector * DISK_SECTOR;
    ssize_t len = pread(fd, bytes, sizeof bytes, (off_t)offset);
    must(len >= 0, "pread");
    if (n->synced.size < offset + (size_t)len)
        image_resize(&n->synced, offset + (size_t)len);
    memcpy(n->synced.bytes + offset, bytes, (size_t)len);
}

void disk_synced(struct disk_node *n, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, path);
    struct stat st;
    must(fstat(fd, &st) == 0, path);
    image_resize(&n->synced, (size_t)st.st_size);
    for (size_t i = 0; i < n->dirty_cap; i++) {
        if (n->dirty[i] != 0 && i * DISK_SECTOR < n->synced.size)
            copy_sector(n, i, fd);
        n->dirty[i] = 0;
    }
    close(fd);
}

void disk_sync_dropped(struct disk_node *n)
{
    if (n->dirty_cap > 0)
        memset(n->dirty, 0, n->dirty_cap);
}

void disk_folder_synced(void)
{
    for (size_t i = 0; i < disk.name_count; i++)
        disk.names[i].synced = disk.names[i].now;
}

void disk_forget(void)
{
    for (size_t i = 0; i < disk.node_count; i++) {
        image_free(&disk.nodes[i]->synced);
        image_free(&disk.nodes[i]->last);
        free(disk.nodes[i]->dirty);
        free(disk.nodes[i]);
    }
    memset(&disk, 0, sizeof disk);
}

/* ---- from one process to the next ---- */

/* Of one file, followed by the bytes of `synced` and of `dirty`. */
struct page_of_books {
    char path[DISK_PATH_MAX];
    size_t synced;
    size_t dirty;
};

static bool save_name(FILE *f, const struct name *name)
{
    const struct disk_node *n = name->now;
    if (n == NULL)
        return true;
    struct page_of_books page;
    memset(&page, 0, sizeof page);
    memcpy(page.path, name->path, sizeof page.path);
    page.synced = n->synced.size;
    page.dirty = n->dirty_cap;
    return fwrite(&page, sizeof page, 1, f) == 1 &&
           (page.synced == 0 || fwrite(n->synced.bytes, page.synced, 1, f) == 1) &&
           (page.dirty == 0 || fwrite(n->dirty, page.dirty, 1, f) == 1);
}

bool disk_save(const char *file)
{
    FILE *f = fopen(file, "we");
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < disk.name_count; i++)
        ok = save_name(f, &disk.names[i]);
    return f != NULL && fclose(f) == 0 && ok;
}

static void load_name(FILE *f, const struct page_of_books *page)
{
    struct disk_node *n = name_of(page->path)->now;
    must(n != NULL, page->path);
    image_resize(&n->synced, 0);
    image_resize(&n->synced, page->synced);
    must(page->synced == 0 || fread(n->synced.bytes, page->synced, 1, f) == 1, "books");
    if (page->dirty > 0)
        disk_written(n, (page->dirty - 1) * DISK_SECTOR, 1);
    must(page->dirty == 0 || fread(n->dirty, page->dirty, 1, f) == 1, "books");
}

bool disk_load(const char *file)
{
    FILE *f = fopen(file, "re");
    struct page_of_books page;
    if (f == NULL)
        return false;
    while (fread(&page, sizeof page, 1, f) == 1)
        load_name(f, &page);
    fclose(f);
    return true;
}

/* ---- the power cut ---- */

/* How much of what was not synced is lost; the seed picks one for all files. */
enum mood { MOOD_ALL_LOST, MOOD_ALL_KEPT, MOOD_SECTORS, MOOD_PAGES, MOOD_ORDER, MOOD_COUNT };
enum { PAGE_SECTORS = 8 };

struct cut {
    struct random_seeded random;
    enum mood mood;
};

static uint64_t below(struct cut *c, uint64_t bound)
{
    return random_seeded_next(&c->random) % bound;
}

enum fate { FATE_OLD, FATE_NEW, FATE_TORN, FATE_ZEROS, FATE_RUBBISH };

static enum fate any_fate(struct cut *c, const struct disk_node *n)
{
    static const enum fate fates[] = {FATE_OLD, FATE_OLD,  FATE_OLD,   FATE_NEW,
                                      FATE_NEW, FATE_TORN, FATE_ZEROS, FATE_RUBBISH};
    enum fate f = fates[below(c, sizeof fates / sizeof fates[0])];
    return f >= FATE_ZEROS && !n->rubbish ? FATE_OLD : f;
}

/* `kept`: sectors below it survive in MOOD_ORDER. `page`: the fate of the one before, if it is of
 * the same page. */
static enum fate fate_of(struct cut *c, const struct disk_node *n, size_t sector, size_t kept,
                         enum fate page)
{
    switch (c->mood) {
    case MOOD_ALL_LOST:
        return FATE_OLD;
    case MOOD_ALL_KEPT:
        return FATE_NEW;
    case MOOD_ORDER:
        return sector < kept ? FATE_NEW : sector == kept ? FATE_TORN : FATE_OLD;
    case MOOD_PAGES:
        return sector % PAGE_SECTORS != 0 ? page : any_fate(c, n);
    default:
        return any_fate(c, n);
    }
}

/* Bytes that differ are those that were written; the others stay. */
static void mix_sector(struct cut *c, enum fate f, const unsigned char *old,
                       const unsigned char *new, unsigned char *out)
{
    size_t torn = (size_t)below(c, DISK_SECTOR);
    for (size_t i = 0; i < DISK_SECTOR; i++) {
        if (f == FATE_OLD || old[i] == new[i])
            out[i] = old[i];
        else if (f == FATE_NEW)
            out[i] = new[i];
        else if (f == FATE_TORN)
            out[i] = i < torn ? new[i] : old[i];
        else
            out[i] = f == FATE_ZEROS ? 0 : (unsigned char)random_seeded_next(&c->random);
    }
}

static size_t mixed_size(struct cut *c, size_t old, size_t new)
{
    size_t least = old < new ? old : new;
    size_t most = old < new ? new : old;
    if (c->mood == MOOD_ALL_LOST || most == least)
        return old;
    if (c->mood == MOOD_ALL_KEPT)
        return new;
    return below(c, 2) == 0 ? (below(c, 2) == 0 ? old : new)
                            : least + (size_t)below(c, most - least + 1);
}

static void round_up(struct disk_image *i, size_t sectors)
{
    if (i->size < sectors * DISK_SECTOR)
        image_resize(i, sectors * DISK_SECTOR);
}

/* Turns `now` into what is left of it. */
static void mix(struct cut *c, struct disk_node *n, struct disk_image *now)
{
    size_t size = mixed_size(c, n->synced.size, now->size);
    size_t most = n->synced.size > now->size ? n->synced.size : now->size;
    size_t sectors = (most + DISK_SECTOR - 1) / DISK_SECTOR;
    size_t kept = (size_t)below(c, sectors + 1);
    enum fate fate = any_fate(c, n);
    round_up(now, sectors);
    round_up(&n->synced, sectors);
    for (size_t i = 0; i < sectors; i++) {
        unsigned char *out = now->bytes + i * DISK_SECTOR;
        const unsigned char *old = image_at(&n->synced, i * DISK_SECTOR);
        fate = fate_of(c, n, i, kept, fate);
        if (memcmp(old, out, DISK_SECTOR) != 0)
            mix_sector(c, fate, old, out, out);
    }
    image_resize(now, size);
}

static void cut_name(struct cut *c, struct name *name)
{
    struct disk_node *n = name->now;
    if (name->now != name->synced && below(c, 2) == 0)
        n = name->synced;
    if (n == NULL) {
        unlink(name->path);
        return;
    }
    struct disk_image now = {NULL, 0, 0};
    if (!n->deleted) {
        image_load(&now, name->path);
    } else {
        now = n->last;
        n->last = (struct disk_image){NULL, 0, 0};
    }
    mix(c, n, &now);
    image_store(&now, name->path);
    image_free(&now);
}

/* Nobody promises anything about shared memory after a power cut. */
static void cut_shared_memory(struct cut *c, const char *path)
{
    char shm[DISK_PATH_MAX + 8];
    struct disk_image bytes = {NULL, 0, 0};
    snprintf(shm, sizeof shm, "%s-shm", path);
    if (access(shm, F_OK) != 0 || below(c, 3) == 0)
        return;
    if (below(c, 2) == 0) {
        unlink(shm);
        return;
    }
    image_load(&bytes, shm);
    for (size_t i = 0; i < bytes.size; i++)
        bytes.bytes[i] = (unsigned char)random_seeded_next(&c->random);
    image_store(&bytes, shm);
    image_free(&bytes);
}

void disk_cut_power(uint64_t seed)
{
    struct cut c;
    random_seeded_init(&c.random, seed);
    c.mood = (enum mood)below(&c, MOOD_COUNT);
    for (size_t i = 0; i < disk.name_count; i++) {
        cut_name(&c, &disk.names[i]);
        cut_shared_memory(&c, disk.names[i].path);
    }
}
