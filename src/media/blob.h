#pragma once

/*
 * Where the bytes of images, sounds and files lie: immutable blobs, named by the SHA-256 of
 * their contents in 64 small hex digits. A table of functions, so that another place than the disk
 * can be had; blob_disk.c is the one there is: DATA/media/<2 digits>/<62 digits>.
 *
 * All functions may be called by several threads at once, block on I/O (workers, never loops), and
 * give: NOT_FOUND, STORE_FULL (no room), STORE_IO (anything else; logged where it happened).
 * Which blobs are wanted is not known here: the tables blobs and blob_references say it (store/).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/slice.h"

struct blob_store;

enum { BLOB_NAME_LEN = 64 };

/*
 * Bytes on their way in, when they come in pieces: begin, write, finish (now the name is known),
 * then commit (durable under that name) or abort. Staged bytes lie in DATA/media/.staging whatever
 * the store, so that another store's commit gets a local file. A stage belongs to one thread at a
 * time.
 */
struct blob_stage;

/* What is asked of each blob by walk. `bytes`: its size. */
typedef enum err (*blob_fn)(void *ctx, const char *name, uint64_t bytes);

/* A finished stage's file: durable, below the open folder. */
struct blob_staged {
    int folder;
    const char *file;
    uint64_t bytes;
};

struct blob_ops {
    enum err (*put)(struct blob_store *s, const char *name, struct slice bytes);
    enum err (*get)(struct blob_store *s, const char *name, struct buf *out);
    enum err (*size)(struct blob_store *s, const char *name, uint64_t *bytes);
    enum err (*remove)(struct blob_store *s, const char *name);
    enum err (*walk)(struct blob_store *s, blob_fn fn, void *ctx);
    enum err (*read_at)(struct blob_store *s, const char *name, uint64_t offset, void *into,
                        size_t len, size_t *got);
    /* Makes the blob out of the file, durably, and the file goes (renamed, or sent and removed); on
     * failure it may stay, the caller removes it. */
    enum err (*adopt)(struct blob_store *s, const char *name, const struct blob_staged *staged);
    /* blob_sweep beyond stages: what the store's own puts leave. */
    enum err (*sweep)(struct blob_store *s, int64_t before_ms, bool *more);
    void (*close)(struct blob_store *s);
};

/* The beginning of every kind of store. `data` (stages lie below it) and `log` (NULL: none) outlive
 * it. */
struct blob_store {
    const struct blob_ops *ops;
    /* What is worth a blob_read_at of its own: less costs more than it is worth. 0: anything. */
    size_t read_bytes;
    const char *data;
    const struct log *log;
    /* Tells the temporary files of this process apart; nothing else follows from it. */
    _Atomic unsigned serial;
    int64_t
        opened_ms; /* wall time: what is half-written since before is of a process that is gone */
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
/* At most len bytes from offset on; *got: how many, less than len only at the end. NOT_FOUND. */
MUST_CHECK enum err blob_read_at(struct blob_store *s, const char *name, uint64_t offset,
                                 void *into, size_t len, size_t *got);

/* STORE_FULL, STORE_IO, NO_MEMORY. */
MUST_CHECK enum err blob_stage_begin(struct blob_store *s, struct blob_stage **out);
MUST_CHECK enum err blob_stage_write(struct blob_stage *st, struct slice bytes);
/* No more bytes come. */
MUST_CHECK enum err blob_stage_finish(struct blob_stage *st);
/* Of a finished stage, with a NUL; of its bytes so far. */
const char *blob_stage_name(const struct blob_stage *st);
uint64_t blob_stage_bytes(const struct blob_stage *st);
/* Both free the stage and null the caller's copy; NULL allowed for abort. */
MUST_CHECK enum err blob_stage_commit(struct blob_stage **st);
void blob_stage_abort(struct blob_stage **st);
/* Removes what was left half-written: not touched since `before_ms` (wall time), or since before
 * this process began. A portion a call; *more: there is more to look at in this round. For the one
 * server of the data folder, on one thread. */
MUST_CHECK enum err blob_sweep(struct blob_store *s, int64_t before_ms, bool *more);

/* NULL allowed; nulls the caller's copy. */
void blob_close(struct blob_store **s);

/* The store in the folder `data`/media, which is made when it is first needed. NO_MEMORY. `data`
 * and `log` (NULL: none) must outlive it. */
MUST_CHECK enum err blob_disk_open(const char *data, const struct log *log,
                                   struct blob_store **out);

/* Objects in a bucket of an S3-compatible store (media/s3_client.h). Nothing is asked of it yet.
 * Staged bytes lie below `data`, which must outlive it, as o->log must. NO_MEMORY. */
struct s3_options;
MUST_CHECK enum err blob_s3_open(const char *data, const struct s3_options *o,
                                 struct blob_store **out);
