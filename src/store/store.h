#pragma once

/*
 * The store: transactions over the database, and the event log that every mutation appends to.
 *
 * A mutation is a closure. Workers call store_write and sleep; one writer thread runs the closures
 * that wait, each under its own savepoint, in one transaction, and commits once (group commit,
 * synchronous=FULL). After the commit, in this order: on_commit gets every event of the batch in
 * commit order (it replaces views and publishes), then the waiters wake. A closure touches nothing
 * but its tx and its own context, may run again, and should need less than 2 ms.
 *
 * Reads run on the caller's thread on a connection of the pool, in one read transaction.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/snowflake.h"
#include "model/event.h"
#include "store/sql.h"

struct store;
struct tx;

struct store_options {
    const char *path;           /* data folder; made if absent (mode 0700) */
    const char *migrations_dir; /* NULL: the migrations built into the binary */
    unsigned worker_id;         /* of the ids made here, 0 to SNOWFLAKE_WORKER_MAX */
    unsigned readers;           /* connections in the read pool */
    unsigned batch_max;         /* closures in one commit */
    unsigned queue_max;         /* closures waiting; beyond: OVERLOADED */
    uint64_t wal_alarm_bytes;   /* a warning is logged when the WAL passes it */
    unsigned read_limit_ms;     /* a read transaction older than this is interrupted */
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    /* Called on the writer thread after each commit that emitted events. `events` are borrowed. */
    void (*on_commit)(void *ctx, struct event *const *events, size_t count);
    void *on_commit_ctx;
};

/*
 * Opens or creates the database in path/guildhall.db, takes the folder's lock, migrates, starts the
 * writer thread. STORE_LOCKED (another server holds the folder), STORE_NEWER (made by a later
 * version), STORE, IO. `why` gets a sentence for the operator (why_len bytes with NUL).
 */
MUST_CHECK enum err store_open(const struct store_options *o, struct store **out, char *why,
                               size_t why_len);
/* Finishes the queue, stops the writer, checkpoints, closes. No call may be under way. */
void store_close(struct store **s);

/*
 * Runs fn in a transaction and returns when it is durable (or failed; then nothing of it is there).
 * fn's own error rolls its part back and is returned. Also: OVERLOADED (queue full), STOPPING,
 * STORE, STORE_FULL, NO_MEMORY (of the batch), RETRY (again and again). Blocks: workers only, and
 * never from inside a transaction or on_commit (asserted).
 */
typedef enum err (*store_fn)(struct tx *tx, void *ctx);
MUST_CHECK enum err store_write(struct store *s, store_fn fn, void *ctx);
/* A consistent snapshot for the duration of fn; RETRY when that takes longer than read_limit_ms.
 * Emitting is an assertion failure. Callers as of store_write. */
MUST_CHECK enum err store_read(struct store *s, store_fn fn, void *ctx);

/* Inside fn: */
struct sql_conn *tx_sql(struct tx *tx);
int64_t tx_now_ms(const struct tx *tx); /* one wall time per transaction */
/* A new id, above everything stored (also after a clock step). Write transactions only. */
uint64_t tx_id(struct tx *tx);
/*
 * Appends the event to the log of its stream, in this transaction: gives it the next position and
 * takes over the caller's reference. Events of a closure keep their order; ephemeral kinds are only
 * announced. On error (NO_MEMORY, also beyond 4,096 events; STORE ...) the reference is dropped
 * too, and the transaction fails even if fn goes on. at_ms 0 becomes tx_now_ms.
 */
MUST_CHECK enum err tx_emit(struct tx *tx, struct event *e);
/* As tx_emit with extra bytes for the row's `delta` (what cannot be rebuilt); data NULL: none. */
MUST_CHECK enum err tx_emit_delta(struct tx *tx, struct event *e, struct slice delta);
/* The last position of a stream, 0 if it has none; in a write, this transaction's own included. */
MUST_CHECK enum err tx_stream_head(struct tx *tx, struct stream s, uint64_t *position);

/* For readiness: true while writes are accepted. */
bool store_ready(struct store *s);
