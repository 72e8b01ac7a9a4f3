#pragma once

/*
 * The store: transactions over the database, and the event log that every mutation appends to.
 *
 * A mutation is a closure. Workers call store_write and sleep until it is durable. On SQLite one
 * writer thread runs the closures that wait, each under its own savepoint, in one transaction, and
 * commits once (group commit, synchronous=FULL). On PostgreSQL each runs on its caller's thread in
 * a transaction of its own (READ COMMITTED). After the commit, in this order: on_commit gets the
 * events (it replaces views and publishes), then the waiters wake. A closure touches nothing but
 * its tx and its own context, may run again, returns the first error that it meets, and should need
 * less than 2 ms. What it reads before tx_lock may have changed when it writes, on PostgreSQL: a
 * closure that changes a guild takes the lock of the guild's stream first.
 *
 * Reads run on the caller's thread on a connection of the pool, in one read transaction: all that
 * they see is one moment.
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
    const char *url;            /* "" or NULL: SQLite in path; postgres:// or postgresql:// */
    const char *migrations_dir; /* has sqlite/ and postgres/; NULL: those built into the binary */
    unsigned worker_id;         /* of the ids made here, 0 to SNOWFLAKE_WORKER_MAX */
    unsigned readers;           /* SQLite: connections in the read pool */
    unsigned batch_max;         /* SQLite: closures in one commit */
    unsigned queue_max;         /* closures waiting; beyond: OVERLOADED */
    uint64_t wal_alarm_bytes;   /* SQLite: a warning is logged when the WAL passes it */
    unsigned read_limit_ms;     /* a read transaction older than this is interrupted */
    /* PostgreSQL's pool; 0 in pool_max means its defaults (2, 16, 5000, 1800, 30). */
    unsigned pool_min;        /* connections kept open */
    unsigned pool_max;        /* at once */
    unsigned pool_acquire_ms; /* longest wait for one; then OVERLOADED */
    unsigned pool_lifetime_s; /* a connection older than this is replaced */
    unsigned pool_check_s;    /* an idle connection is checked this often */
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    /* Called after each commit that emitted events, by one thread at a time, in the order of the
     * commits of a stream. `events` are borrowed. */
    void (*on_commit)(void *ctx, struct event *const *events, size_t count);
    void *on_commit_ctx;
};

/*
 * Takes the folder's lock, opens or creates the database (path/guildhall.db, or what url names),
 * migrates, starts threads. STORE_LOCKED (another process holds the folder), STORE_NEWER (made by a
 * later version), STORE_AWAY, STORE, IO. `why` gets a sentence for the operator (why_len bytes with
 * NUL), without the password of url.
 */
MUST_CHECK enum err store_open(const struct store_options *o, struct store **out, char *why,
                               size_t why_len);
/* Finishes the queue, stops the writer, checkpoints, closes. No call may be under way. */
void store_close(struct store **s);

/*
 * Runs fn in a transaction and returns when it is durable (or failed; then nothing of it is there).
 * fn's own error rolls its part back and is returned. Also: OVERLOADED (queue full, no connection
 * free), STOPPING, STORE_FROZEN, STORE_AWAY, STORE, STORE_IO, STORE_READONLY, STORE_FULL, NO_MEMORY
 * (of the batch), RETRY (again and again). Blocks: workers only, and
 * never from inside a transaction or on_commit (asserted).
 */
typedef enum err (*store_fn)(struct tx *tx, void *ctx);
MUST_CHECK enum err store_write(struct store *s, store_fn fn, void *ctx);
/* A consistent snapshot for the duration of fn; RETRY when that takes longer than read_limit_ms.
 * Emitting is an assertion failure. Callers as of store_write. */
MUST_CHECK enum err store_read(struct store *s, store_fn fn, void *ctx);

/* What tx_context gives to closures: whoever holds what they need beside the store. Before any of
 * them runs; NULL: nobody. */
void store_attach(struct store *s, void *context);

/* Inside fn: */
struct sql_conn *tx_sql(struct tx *tx);
void *tx_context(const struct tx *tx);
int64_t tx_now_ms(const struct tx *tx); /* one wall time per transaction */
/* Reads: from now on this one has at most so long, if that is less than what it has. */
void tx_limit(struct tx *tx, uint64_t ms);
/*
 * Holds the stream for this transaction: from here on nobody else changes it, and what is read is
 * its latest state. Several in ascending order (kind, id). Write transactions only; again is
 * harmless. NO_MEMORY beyond 64 streams.
 */
MUST_CHECK enum err tx_lock(struct tx *tx, struct stream s);
/* A new id, above everything stored (also after a clock step). Write transactions only; ids of a
 * stream's entities are made under its lock, so that their order is that of the commits. */
uint64_t tx_id(struct tx *tx);
/*
 * Appends the event to the log of its stream, in this transaction: locks the stream (tx_lock),
 * gives the event the next position and takes over the caller's reference. Events of a closure keep
 * their order; ephemeral kinds are only announced. On error (NO_MEMORY, also beyond 4,096 events;
 * STORE ...) the reference is dropped too, and the transaction fails even if fn goes on. at_ms 0
 * becomes tx_now_ms.
 */
MUST_CHECK enum err tx_emit(struct tx *tx, struct event *e);
/* As tx_emit with extra bytes for the row's `delta` (what cannot be rebuilt); data NULL: none. */
MUST_CHECK enum err tx_emit_delta(struct tx *tx, struct event *e, struct slice delta);
/* The last position of a stream, 0 if it has none; in a write, this transaction's own included. */
MUST_CHECK enum err tx_stream_head(struct tx *tx, struct stream s, uint64_t *position);

/* The view that the latest event emitted to the guild's stream with one carries, among the events
 * that are there but not committed yet: this transaction's and, with one writer, those of its batch
 * before it. Borrowed; NULL: there is none. */
const struct guild_view *tx_emitted_view(const struct tx *tx, struct stream s);

/* For readiness: true while writes are accepted. */
bool store_ready(struct store *s);
/* Why it is not: STORE_FULL, STORE_IO, STORE_READONLY, STORE_AWAY, STORE_LOCKED (another server
 * took the worker id), STORE_FROZEN, STOPPING, STORE ...; ERR_OK while it is. */
enum err store_trouble(struct store *s);
/* In words: "the disk is full" ...; NULL for ERR_OK. */
const char *store_trouble_text(enum err trouble);
/* What store_options.url names: PostgreSQL, or SQLite. */
bool store_url_is_postgres(const char *url);
/* "sqlite" or "postgres". */
const char *store_backend(const struct store *s);
/* The data folder; lives as long as the store. */
const char *store_path(const struct store *s);
/* From now on writes get STORE_FROZEN; returns when those under way have ended. Reads go on. For
 * moving the installation elsewhere. False, at once: somebody else has frozen it, and only they may
 * thaw it. */
bool store_freeze(struct store *s);
void store_thaw(struct store *s);
/*
 * SQLite: runs fn on the writer's own connection between two batches, outside of any transaction,
 * and waits for it: steps of a backup, giving pages back. It holds all writes up: a few ms at most.
 * STOPPING; on PostgreSQL an assertion failure.
 */
typedef enum err (*store_between_fn)(struct sql_conn *c, void *ctx);
MUST_CHECK enum err store_between(struct store *s, store_between_fn fn, void *ctx);
