/* The difficulty: who gives up waiting must know that no server has its ticket, which lies on its
 * own stack. Whether it was taken is decided under the mutex, and only an untaken one is withdrawn.
 */

#include "base/hatch.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

struct hatch {
    pthread_mutex_t mutex;
    pthread_cond_t came;   /* a ticket, or the end */
    pthread_cond_t served; /* some ticket, or the end */
    struct list tickets;
    unsigned waiting;
    unsigned waiting_max;
    unsigned idle;
    bool shut;
    enum mem_area area;
};

static struct timespec moment_in(uint64_t wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_nsec + wait_ms % 1000 * 1000000;
    t.tv_sec += (time_t)(wait_ms / 1000 + ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

static void cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

struct hatch *hatch_new(enum mem_area area, unsigned waiting_max)
{
    struct hatch *h = mem_zalloc(area, sizeof *h);
    if (h == NULL)
        return NULL;
    pthread_mutex_init(&h->mutex, NULL);
    cond_init(&h->came);
    cond_init(&h->served);
    list_init(&h->tickets);
    h->waiting_max = waiting_max;
    h->area = area;
    return h;
}

void hatch_free(struct hatch **h)
{
    if (*h == NULL)
        return;
    assert((*h)->waiting == 0 && (*h)->idle == 0);
    pthread_cond_destroy(&(*h)->served);
    pthread_cond_destroy(&(*h)->came);
    pthread_mutex_destroy(&(*h)->mutex);
    mem_free((*h)->area, *h);
    *h = NULL;
}

/* Under the mutex. */
static enum hatch_end wait_for(struct hatch *h, struct hatch_ticket *t, uint64_t wait_ms)
{
    struct timespec until = moment_in(wait_ms);
    int rc = 0;
    while (!t->taken && !h->shut && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&h->served, &h->mutex, &until);
    if (!t->taken) {
        list_remove(&t->node);
        h->waiting--;
        return h->shut ? HATCH_SHUT : HATCH_LATE;
    }
    while (!t->served)
        pthread_cond_wait(&h->served, &h->mutex);
    return HATCH_SERVED;
}

enum hatch_end hatch_ask(struct hatch *h, struct hatch_ticket *t, uint64_t wait_ms)
{
    enum hatch_end end = HATCH_SHUT;
    assert(!t->taken && !t->served && !list_linked(&t->node));
    pthread_mutex_lock(&h->mutex);
    if (!h->shut && h->waiting == h->waiting_max) {
        end = HATCH_FULL;
    } else if (!h->shut) {
        list_push_back(&h->tickets, &t->node);
        h->waiting++;
        pthread_cond_signal(&h->came);
        end = wait_for(h, t, wait_ms);
    }
    pthread_mutex_unlock(&h->mutex);
    return end;
}

struct hatch_ticket *hatch_take(struct hatch *h, uint64_t wait_ms)
{
    struct timespec until = moment_in(wait_ms);
    struct hatch_ticket *t = NULL;
    int rc = 0;
    pthread_mutex_lock(&h->mutex);
    h->idle++;
    while (!h->shut && list_empty(&h->tickets) && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&h->came, &h->mutex, &until);
    h->idle--;
    if (!h->shut && !list_empty(&h->tickets)) {
        t = LIST_OWNER(list_pop_front(&h->tickets), struct hatch_ticket, node);
        t->taken = true;
        h->waiting--;
    }
    pthread_mutex_unlock(&h->mutex);
    return t;
}

void hatch_serve(struct hatch *h, struct hatch_ticket *t)
{
    pthread_mutex_lock(&h->mutex);
    assert(t->taken && !t->served);
    t->served = true;
    pthread_cond_broadcast(&h->served);
    pthread_mutex_unlock(&h->mutex);
}

void hatch_shut(struct hatch *h)
{
    pthread_mutex_lock(&h->mutex);
    h->shut = true;
    pthread_cond_broadcast(&h->came);
    pthread_cond_broadcast(&h->served);
    pthread_mutex_unlock(&h->mutex);
}

bool hatch_is_shut(struct hatch *h)
{
    pthread_mutex_lock(&h->mutex);
    bool shut = h->shut;
    pthread_mutex_unlock(&h->mutex);
    return shut;
}

unsigned hatch_idle(struct hatch *h)
{
    pthread_mutex_lock(&h->mutex);
    unsigned idle = h->idle;
    pthread_mutex_unlock(&h->mutex);
    return idle;
}
