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

#define STORE_MAGIC UINT32_C(0x53544f52)

enum {
    STORE_PATH_MAX = 4096,
    STORE_RETRIES_MAX = 3,         /* runs again of one closure that met RETRY */
    STORE_EVENTS_TX_MAX = 4096,    /* of one closure; longer work is cut into steps */
    STORE_EVENTS_BATCH_MAX = 4096, /* a batch that has as many takes no further closure */
    STORE_PROBE_MS = 1000          /* between two looks whether a failed disk works again */
};

/* One store_write under way; lives on its caller's stack until `done` is posted. */
struct write_job {
    struct list node;
    store_fn fn;
    void *ctx;
    enum err result;
    sem_t done;
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
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct list queue; /* of struct write_job */
    unsigned queued;
    bool stopping;
    /* Last batch failed because of the disk. Written by the writer thread; relaxed: it is a hint
     * for readiness and orders nothing. */
    _Atomic bool failing;
};

struct readers {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t returned;
    struct sql_conn **idle; /* a stack, so that the warm one goes first */
    unsigned idle_count;
    unsigned open_count; /* idle, in use, or being opened */
};

struct store {
    uint32_t magic;
    struct store_options o; /* path and migrations_dir are not kept */
    char db_file[STORE_PATH_MAX];
    int lock_fd;
    struct snowflake_gen ids;
    uint64_t id_floor; /* as stored; writer thread only */
    struct writer writer;
    struct readers readers;
};

struct tx {
    struct store *store;
    struct sql_conn *sql;
    int64_t now_ms;
    struct event_list *events; /* NULL: a read */
    size_t events_before;      /* in the list when this transaction began */
    uint64_t last_id;
    enum err failed; /* an event is half there: the transaction must not succeed */
};

enum err writer_start(struct store *s);
/* Finishes the queue and ends the thread; harmless if it never started. */
void writer_stop(struct store *s);
enum err writer_submit(struct store *s, store_fn fn, void *ctx);

enum err readers_init(struct store *s);
/* All of them must have been given back. */
void readers_deinit(struct store *s);
enum err readers_run(struct store *s, store_fn fn, void *ctx);

/* Drops the newest events until `count` are left. */
void event_list_cut(struct event_list *l, size_t count);
void event_list_deinit(struct event_list *l);

/*
 * True on a thread that is inside a transaction, or is a writer thread: there, store_write and
 * store_read would wait for themselves. The one thread-local of the store, for assertions only.
 */
bool store_thread_is_inside(void);
void store_thread_set_inside(bool inside);
