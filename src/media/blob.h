#pragma once

/*
 * Where the bytes of images, stickers and sounds lie: immutable blobs, named by the SHA-256 of
 * their contents in 64 small hex digits. A table of functions, so that another place than the disk
 * can be had; blob_disk.c is the one there is: DATA/media/<2 digits>/<62 digits>.
 *
 * All functions may be called by several threads at once, block on I/O (workers, never loops), and
 * give: NOT_FOUND, STORE_FULL (no room), STORE_IO (anything else; logged where it happened).
 * Which blobs are wanted is not known here: the tables blobs and blob_references say it (store/).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/slice.h"

struct blob_store;

enum { BLOB_NAME_LEN = 64 };

/* What is asked of each blob by walk. `bytes`: its size. */
typedef enum err (*blob_fn)(void *ctx, const char *name, uint64_t bytes);

struct blob_ops {
    enum err (*put)(struct blob_store *s, const char *name, struct slice bytes);
    enum err (*get)(struct blob_store *s, const char *name, struct buf *out);
    enum err (*size)(struct blob_store *s, const char *name, uint64_t *bytes);
    enum err (*remove)(struct blob_store *s, const char *name);
    enum err (*walk)(struct blob_store *s, blob_fn fn, void *ctx);
    void (*close)(struct blob_store *s);
};

/* The beginning of every kind of store. */
struct blob_store {
    const struct blob_ops *ops;
};

/* The name of these bytes, with a NUL. NO_MEMORY. */
MUST_CHECK enum err blob_name(struct slice bytes, char out[BLOB_NAME_LEN + 1]);
/* Whether it is one: 64 small hex digits. */
bool blob_name_valid(struct slice name);

/* Durable when it returns ERR_OK; putting what is there already is no error. */
MUST_CHECK enum err blob_put(struct blob_store *s, const char *name, struct slice bytes);
/* Appends the bytes. NOT_FOUND; STORE_IO also for more than `out` may hold. */
MUST_CHECK enum err blob_get(struct blob_store *s, const char *name, struct buf *out);
/* NOT_FOUND. */
MUST_CHECK enum err blob_size(struct blob_store *s, const char *name, uint64_t *bytes);
/* ERR_OK also if there is none. */
MUST_CHECK enum err blob_remove(struct blob_store *s, const char *name);
/* Every blob, in no order; fn's first error ends it. What is no blob is passed over. */
MUST_CHECK enum err blob_walk(struct blob_store *s, blob_fn fn, void *ctx);
/* NULL allowed; nulls the caller's copy. */
void blob_close(struct blob_store **s);

/* The store in the folder `data`/media, which is made when it is first needed. NO_MEMORY. `data`
 * and `log` (NULL: none) must outlive it. */
MUST_CHECK enum err blob_disk_open(const char *data, const struct log *log,
                                   struct blob_store **out);
