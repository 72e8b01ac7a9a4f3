/* Names of blobs, and the way to the store behind the table. */

#include "media/blob.h"

#include <assert.h>
#include <string.h>

#include "crypto/sha256.h"
#include "media/blob_priv.h"

/* A file's time may be earlier than the moment it was written at: file systems round it. */
enum { FILE_TIME_MS = 2000 };

enum err blob_name(struct slice bytes, char out[BLOB_NAME_LEN + 1])
{
    unsigned char sum[SHA256_LEN];
    struct sha256 *h = sha256_new();
    if (h == NULL)
        return ERR_NO_MEMORY;
    sha256_begin(h);
    sha256_add(h, bytes);
    sha256_end(h, sum);
    sha256_free(&h);
    sha256_hex(sum, out);
    return ERR_OK;
}

bool blob_name_valid(struct slice name)
{
    if (name.len != BLOB_NAME_LEN)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

static void check(const char *name)
{
    assert(blob_name_valid(slice_from(name))); /* it becomes part of a path */
    (void)name;
}

enum err blob_put(struct blob_store *s, const char *name, struct slice bytes)
{
    check(name);
    return s->ops->put(s, name, bytes);
}

enum err blob_get(struct blob_store *s, const char *name, struct buf *out)
{
    check(name);
    return s->ops->get(s, name, out);
}

enum err blob_size(struct blob_store *s, const char *name, uint64_t *bytes)
{
    check(name);
    return s->ops->size(s, name, bytes);
}

enum err blob_remove(struct blob_store *s, const char *name)
{
    check(name);
    return s->ops->remove(s, name);
}

enum err blob_walk(struct blob_store *s, blob_fn fn, void *ctx)
{
    return s->ops->walk(s, fn, ctx);
}

enum err blob_read_at(struct blob_store *s, const char *name, uint64_t offset, void *into,
                      size_t len, size_t *got)
{
    check(name);
    return s->ops->read_at(s, name, offset, into, len, got);
}

enum err blob_sweep(struct blob_store *s, int64_t before_ms, bool *more)
{
    *more = false;
    int64_t begun_ms = s->opened_ms - FILE_TIME_MS;
    before_ms = before_ms > begun_ms ? before_ms : begun_ms;
    enum err e = blob_stage_sweep(s, before_ms);
    return e == ERR_OK ? s->ops->sweep(s, before_ms, more) : e;
}

void blob_close(struct blob_store **s)
{
    if (*s != NULL)
        (*s)->ops->close(*s);
    *s = NULL;
}
