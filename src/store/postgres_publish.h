#pragma once

/*
 * Announcing committed transactions (on_commit) by one thread at a time, in the order of the
 * commits of each stream. Any thread that has committed. Private to src/store.
 */

#include <pthread.h>
#include <semaphore.h>

#include "store/store_priv.h"

enum { PUBLISH_BATCH_MAX = 256 }; /* events announced together; longer transactions go alone */

enum publication_state {
    PUBLICATION_PENDING, /* its COMMIT is under way */
    PUBLICATION_READY,
    PUBLICATION_LEADS, /* its thread is to go on announcing */
    PUBLICATION_DONE
};

/* A transaction's events on their way; on the stack of its thread. */
struct publication {
    struct list node;
    const struct event_list *events;
    const struct tx_stream *streams; /* that it holds until its commit */
    unsigned stream_count;
    enum publication_state state;
    sem_t wake;
};

struct publisher {
    pthread_mutex_t lock; /* guards what follows; not held in on_commit */
    struct list queue;    /* of struct publication, those of a stream in the order of its commits */
    bool busy;            /* somebody announces */
    void (*on_commit)(void *ctx, struct event *const *events, size_t count);
    void *ctx;
    struct event *batch[PUBLISH_BATCH_MAX]; /* of whoever announces */
};

void publisher_init(struct publisher *p, const struct store_options *o);
void publisher_deinit(struct publisher *p);

/* Before COMMIT is sent, while the locks of the streams are held: that is what makes the order of
 * the queue the order of the commits. */
void publish_enter(struct publisher *p, struct publication *pub, const struct tx *tx);
/* Committed: returns when the events have been announced. */
void publish_finish(struct publisher *p, struct publication *pub);
/* Not committed, or nobody knows. */
void publish_leave(struct publisher *p, struct publication *pub);
/* Late, out of turn: their streams have gone on meanwhile. */
void publish_late(struct publisher *p, const struct event_list *events);
