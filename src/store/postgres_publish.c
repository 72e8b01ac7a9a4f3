/*
 * Announcing by flat combining: threads that have committed put their events into a queue, and one
 * of them announces for all who are ready, so that on_commit is never run by two at once and never
 * under a lock.
 *
 * The order. A transaction enters the queue before its COMMIT is sent, while it holds the locks of
 * its streams; the next one on a stream can only enter after that commit. So the queue has the
 * order of the commits per stream, whatever the order in which the threads learn of theirs. A
 * transaction that is ready waits only for earlier ones that share a stream with it, and those are
 * committed already: what is missing is their threads' turn on a processor.
 *
 *   enter (PENDING) ── COMMIT ──┬─ committed ──▶ READY ──▶ announced ──▶ DONE
 *                               ├─ failed ──▶ leaves
 *                               └─ unknown, and cannot be asked ──▶ leaves; announced late, if at
 *                                  all. The stream has a hole until then; feeds read the log.
 */

#include "store/postgres_publish.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* After so many rounds somebody else announces: a client waits for this thread's answer. */
enum { PUBLISH_ROUNDS_MAX = 16 };

void publisher_init(struct publisher *p, const struct store_options *o)
{
    pthread_mutex_init(&p->lock, NULL);
    list_init(&p->queue);
    p->busy = false;
    p->on_commit = o->on_commit;
    p->ctx = o->on_commit_ctx;
}

void publisher_deinit(struct publisher *p)
{
    assert(list_empty(&p->queue) && !p->busy);
    pthread_mutex_destroy(&p->lock);
}

/* ---- the queue; under the lock ---- */

static struct publication *publication_of(struct list *node)
{
    return LIST_OWNER(node, struct publication, node);
}

static bool share_stream(const struct publication *a, const struct publication *b)
{
    for (unsigned i = 0; i < a->stream_count; i++)
        for (unsigned j = 0; j < b->stream_count; j++)
            if (a->streams[i].stream.id == b->streams[j].stream.id &&
                a->streams[i].stream.kind == b->streams[j].stream.kind)
                return true;
    return false;
}

static bool is_blocked(const struct publisher *p, const struct publication *pub)
{
    for (struct list *it = p->queue.next; it != &pub->node; it = it->next)
        if (share_stream(publication_of(it), pub))
            return true;
    return false;
}

/* Takes those that may be announced now, in order, into `out`. */
static void take_ready(struct publisher *p, struct list *out)
{
    list_init(out);
    LIST_FOREACH (node, &p->queue) {
        struct publication *pub = publication_of(node);
        if (pub->state != PUBLICATION_READY || is_blocked(p, pub))
            continue;
        list_remove(node);
        list_push_back(out, node);
    }
}

/* ---- announcing; outside of the lock ---- */

static void flush(struct publisher *p, size_t *count)
{
    if (*count > 0)
        p->on_commit(p->ctx, p->batch, *count);
    *count = 0;
}

/* In few calls: each wakes loops. */
static void announce(struct publisher *p, struct list *batch)
{
    size_t count = 0;
    store_thread_set_inside(true);
    LIST_FOREACH (node, batch) {
        const struct event_list *l = publication_of(node)->events;
        if (count + l->count > PUBLISH_BATCH_MAX)
            flush(p, &count);
        if (l->count > PUBLISH_BATCH_MAX) {
            p->on_commit(p->ctx, l->items, l->count);
            continue;
        }
        memcpy(&p->batch[count], l->items, l->count * sizeof p->batch[0]);
        count += l->count;
    }
    flush(p, &count);
    store_thread_set_inside(false);
}

/* Whoever is woken may return, and its publication be gone. */
static void wake_all(struct list *batch, const struct publication *self)
{
    struct list *node;
    while ((node = list_pop_front(batch)) != NULL) {
        struct publication *pub = publication_of(node);
        pub->state = PUBLICATION_DONE;
        if (pub != self)
            sem_post(&pub->wake);
    }
}

/* ---- taking turns ---- */

/* Leaves announcing to the thread of the first that is ready; false: there is none. */
static bool hand_over(struct publisher *p)
{
    LIST_FOREACH (node, &p->queue) {
        struct publication *pub = publication_of(node);
        if (pub->state != PUBLICATION_READY || is_blocked(p, pub))
            continue;
        pub->state = PUBLICATION_LEADS;
        sem_post(&pub->wake);
        return true;
    }
    return false;
}

/* Under the lock, which is let go meanwhile; `busy` is this thread's. */
static void drain(struct publisher *p, const struct publication *self)
{
    struct list batch;
    for (int round = 0; round < PUBLISH_ROUNDS_MAX; round++) {
        take_ready(p, &batch);
        if (list_empty(&batch)) {
            p->busy = false;
            return;
        }
        pthread_mutex_unlock(&p->lock);
        announce(p, &batch);
        wake_all(&batch, self);
        pthread_mutex_lock(&p->lock);
    }
    p->busy = hand_over(p);
}

static void try_drain(struct publisher *p, const struct publication *self)
{
    if (p->busy)
        return;
    p->busy = true;
    drain(p, self);
}

static void lead_on(struct publisher *p, struct publication *pub)
{
    pthread_mutex_lock(&p->lock);
    pub->state = PUBLICATION_READY;
    drain(p, pub);
    pthread_mutex_unlock(&p->lock);
}

void publish_enter(struct publisher *p, struct publication *pub, const struct tx *tx)
{
    *pub = (struct publication){.events = tx->events,
                                .streams = tx->streams,
                                .stream_count = tx->stream_count,
                                .state = PUBLICATION_PENDING};
    sem_init(&pub->wake, 0, 0);
    pthread_mutex_lock(&p->lock);
    list_push_back(&p->queue, &pub->node);
    pthread_mutex_unlock(&p->lock);
}

void publish_finish(struct publisher *p, struct publication *pub)
{
    pthread_mutex_lock(&p->lock);
    pub->state = PUBLICATION_READY;
    try_drain(p, pub);
    bool done = pub->state == PUBLICATION_DONE;
    pthread_mutex_unlock(&p->lock);
    while (!done) {
        while (sem_wait(&pub->wake) != 0)
            assert(errno == EINTR);
        if (pub->state == PUBLICATION_LEADS)
            lead_on(p, pub);
        done = pub->state == PUBLICATION_DONE;
    }
    sem_destroy(&pub->wake);
}

void publish_leave(struct publisher *p, struct publication *pub)
{
    pthread_mutex_lock(&p->lock);
    list_remove(&pub->node);
    try_drain(p, NULL); /* others may have waited for it */
    pthread_mutex_unlock(&p->lock);
    sem_destroy(&pub->wake);
}

void publish_late(struct publisher *p, const struct event_list *events)
{
    struct publication pub = {.events = events, .state = PUBLICATION_PENDING};
    sem_init(&pub.wake, 0, 0);
    pthread_mutex_lock(&p->lock);
    list_push_back(&p->queue, &pub.node);
    pthread_mutex_unlock(&p->lock);
    publish_finish(p, &pub);
}
