/*
 * Bytes on their way in. What a stage holds is a file and a hash that grows with it; the file is
 * synced before the name is known, so that a commit is a rename. A stage that nobody ends (a crash)
 * is a file that the sweep takes by its age: writing keeps it young.
 */

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "media/blob_priv.h"

enum { STAGE_FILE_MAX = 48 };

static const char FOLDER[] = ".staging";

struct blob_stage {
    struct blob_store *store;
    struct sha256 *hash;
    int folder;
    int fd; /* -1: finished */
    uint64_t bytes;
    char file[STAGE_FILE_MAX];
    char name[BLOB_NAME_LEN + 1]; /* "": not finished */
};

static int open_folder(const struct blob_store *s, bool make)
{
    int root = blob_root(s, make);
    if (root < 0)
        return -1;
    int fd = blob_folder(root, FOLDER, make);
    blob_shut(root);
    return fd;
}

/* A folder that is not there is no answer to a write. */
static enum err fail(const struct blob_store *s, const char *what)
{
    enum err e = blob_fail(s, what);
    return e == ERR_NOT_FOUND ? ERR_STORE_IO : e;
}

static void stage_free(struct blob_stage **st)
{
    blob_shut((*st)->fd);
    blob_shut((*st)->folder);
    sha256_free(&(*st)->hash);
    mem_free(MEM_CORE, *st);
    *st = NULL;
}

static enum err open_files(struct blob_stage *st)
{
    struct blob_store *s = st->store;
    unsigned n = atomic_fetch_add_explicit(&s->serial, 1, memory_order_relaxed);
    snprintf(st->file, sizeof st->file, "%ld.%u", (long)getpid(), n);
    st->folder = open_folder(s, true);
    if (st->folder < 0)
        return fail(s, "folder");
    /* Left by an earlier process of this number: not ours to keep. */
    st->fd =
        openat(st->folder, st->file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return st->fd >= 0 ? ERR_OK : fail(s, "stage");
}

enum err blob_stage_begin(struct blob_store *s, struct blob_stage **out)
{
    struct blob_stage *st = mem_zalloc(MEM_CORE, sizeof *st);
    if (st == NULL)
        return ERR_NO_MEMORY;
    st->store = s;
    st->folder = st->fd = -1;
    st->hash = sha256_new();
    enum err e = st->hash != NULL ? open_files(st) : ERR_NO_MEMORY;
    if (e != ERR_OK) {
        stage_free(&st);
        return e;
    }
    sha256_begin(st->hash);
    *out = st;
    return ERR_OK;
}

enum err blob_stage_write(struct blob_stage *st, struct slice bytes)
{
    assert(st->fd >= 0);
    if (!blob_write_all(st->fd, bytes))
        return fail(st->store, "write");
    sha256_add(st->hash, bytes);
    st->bytes += bytes.len;
    return ERR_OK;
}

enum err blob_stage_finish(struct blob_stage *st)
{
    unsigned char sum[SHA256_LEN];
    assert(st->fd >= 0);
    if (fsync(st->fd) != 0)
        return fail(st->store, "sync");
    blob_shut(st->fd);
    st->fd = -1;
    sha256_end(st->hash, sum);
    sha256_hex(sum, st->name);
    return ERR_OK;
}

const char *blob_stage_name(const struct blob_stage *st)
{
    assert(st->name[0] != '\0');
    return st->name;
}

uint64_t blob_stage_bytes(const struct blob_stage *st)
{
    return st->bytes;
}

enum err blob_stage_commit(struct blob_stage **st)
{
    const struct blob_stage *s = *st;
    assert(s->name[0] != '\0');
    const struct blob_staged staged = {s->folder, s->file, s->bytes};
    enum err e = s->store->ops->adopt(s->store, s->name, &staged);
    if (e != ERR_OK)
        (void)unlinkat(s->folder, s->file, 0);
    stage_free(st);
    return e;
}

void blob_stage_abort(struct blob_stage **st)
{
    if (*st == NULL)
        return;
    (void)unlinkat((*st)->folder, (*st)->file, 0);
    stage_free(st);
}

enum err blob_stage_sweep(struct blob_store *s, int64_t before_ms)
{
    char ours[STAGE_FILE_MAX];
    snprintf(ours, sizeof ours, "%ld.", (long)getpid());
    /* A stage of another process is of one that is gone: there is one server a data folder. */
    const struct blob_leftovers which = {"", "", before_ms, ours};
    int fd = open_folder(s, false);
    if (fd >= 0)
        return blob_remove_leftovers(s, fd, &which);
    enum err e = blob_fail(s, "sweep");
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
