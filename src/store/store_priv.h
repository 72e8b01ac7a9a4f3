#pragma once

/*
 * The inside of a store: what store.c, writer.c, readers.c, tx.c and event_log.c share. Two locks,
 * writer.lock and readers.lock; no thread ever holds both, and neither is held across SQL.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/list.h"
#include "store/store.h"
#include "store/stream_heads.h"

#define STORE_MAGIC UINT32_C(0x53544f52)

enum {
    STORE_PATH_MAX = 4096,
    STORE_RETRIES_MAX = 3,         /* runs again of one closure that met RETRY */
    STORE_EVENTS_TX_MAX = 4096,    /* of one closure; longer work is cut into steps */
    STORE_EVENTS_BATCH_MAX = 4096, /* a batch that has as many takes no further closure */
    STORE_PROBE_MS = 1000,         /* between two looks whether a failed disk works again */
    STORE_STREAMS_TX_MAX = 64,     /* locked by one closure */
    STORE_ID_LEASE_MS = 2000,      /* the id floor is stored this far ahead */
    STORE_ID_LEASE_MIN_MS = 50,
    STORE_WAKES = 2
};

struct store_engine;
struct postgres;
struct backfill;

/* One store_write or store_between under way; lives on its caller's stack until `done` is posted.
 */
struct write_job {
    struct list node;
    store_fn fn;              /* or */
    store_between_fn between; /* this one */
    void *ctx;
    enum err result;
    sem_t done;
    struct write_job *wakes[STORE_WAKES]; /* whom its thread wakes, once it is awake itself */
};

/* The events of a batch in order of emission; owns one reference of each. Writer thread only. */
struct event_list {
    struct event **items;
    size_t count;
    size_t cap;
};

struct writer {
    pthread_t thread;
    bool started;
    struct sql_conn *sql; /* the writer thread's alone while it runs */
    struct event_list events;
    struct stream_heads heads;
    unsigned copies;      /* hotcopies under way; the writer thread's alone */
    uint64_t last_id;     /* the highest one in a committed batch; the writer thread's alone */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct list queue; /* of struct write_job */
    unsigned queued;
    bool stopping;
    /* enum err: why the last batch failed, if because of the disk. Written by the writer thread;
     * relaxed: it is a hint for readiness and orders nothing. */
    _Atomic int trouble;
};

struct readers {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t returned;
    struct sql_conn **idle; /* a stack, so that the warm one goes first */
    unsigned idle_count;
    unsigned open_count; /* idle, in use, or being opened */
};

/* Holds writes off while the store is frozen, and knows when the last one has ended. */
struct freezer {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;
    unsigned writing;
    bool frozen;
};

struct store {
    uint32_t magic;
    struct store_options o; /* path points to `path` here; url and migrations_dir are not kept */
    const struct store_engine *engine;
    char path[STORE_PATH_MAX];
    char db_file[STORE_PATH_MAX];
    int lock_fd;
    struct snowflake_gen ids;
    /* As committed: an id above it needs a new lease first. Relaxed: stale values only mean one
     * update too many (tx.c). */
    _Atomic uint64_t id_floor;
    struct freezer freezer;
    struct writer writer;      /* SQLite */
    struct readers readers;    /* SQLite */
    struct postgres *postgres; /* PostgreSQL; owned by its engine */
    void *context;             /* store_attach */
    struct backfill *backfill; /* NULL: no online migration is under way */
};

/* A stream that a transaction holds. */
struct tx_stream {
    struct stream stream;
    uint64_t head;   /* with this transaction's events */
    uint64_t stored; /* what the row says in this transaction */
};

struct tx {
    struct store *store;
    struct sql_conn *sql;
    int64_t now_ms;
    struct event_list *events;  /* NULL: a read */
    size_t events_before;       /* in the list when this transaction began */
    struct stream_heads *heads; /* of the batch; NULL: this transaction holds its streams' rows */
    uint64_t last_id;
    uint64_t leased; /* the id floor that this transaction has written; 0: none */
    enum err failed; /* an event is half there: the transaction must not succeed */
    struct tx_stream streams[STORE_STREAMS_TX_MAX];
    unsigned stream_count;
};

/* For engines, once fn has succeeded and before the commit: writes what the transaction has put off
 * (heads of streams, a lease of ids). Then, if the commit succeeded, tx_committed. */
MUST_CHECK enum err tx_finish(struct tx *tx);
void tx_committed(const struct tx *tx);

/* Moves a stream's head without an event: for repairs (log_check.c). The last thing that a closure
 * does, since a head is given back with its events only. */
MUST_CHECK enum err tx_raise_head(struct tx *tx, struct stream s, uint64_t least);

enum err writer_start(struct store *s);
/* Finishes the queue and ends the thread; harmless if it never started. */
void writer_stop(struct store *s);
enum err writer_submit(struct store *s, store_fn fn, void *ctx);
enum err writer_between(struct store *s, store_between_fn fn, void *ctx);
enum err writer_trouble(struct store *s);

enum err readers_init(struct store *s);
/* All of them must have been given back. */
void readers_deinit(struct store *s);
enum err readers_run(struct store *s, store_fn fn, void *ctx);
/* Counts a read transaction, on either backend. */
void readers_note(struct store *s, uint64_t statements);

void freezer_init(struct freezer *f);
void freezer_deinit(struct freezer *f);
/* False: frozen. Else freezer_leave follows. */
MUST_CHECK bool freezer_enter(struct freezer *f);
void freezer_leave(struct freezer *f);
bool freezer_freeze(struct freezer *f);
void freezer_thaw(struct freezer *f);
bool freezer_is_frozen(struct freezer *f);

/* Drops the newest events until `count` are left. */
void event_list_cut(struct event_list *l, size_t count);
void event_list_deinit(struct event_list *l);

/*
 * True on a thread that is inside a transaction, or is a writer thread: there, store_write and
 * store_read would wait for themselves. The one thread-local of the store, for assertions only.
 */
bool store_thread_is_inside(void);
void store_thread_set_inside(bool inside);
