/* The difficulty: a key may be flown again before those who waited for its first flight have woken.
 * So they wait for the number of the flight, which is never used twice, not for its key. */

#include "base/flights.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct flying {
    uint64_t key;
    uint64_t number; /* 0: a free place */
};

struct flights {
    pthread_mutex_t mutex;
    pthread_cond_t landed;
    enum mem_area area;
    uint64_t number; /* of the latest */
    unsigned max;
    struct flying list[];
};

struct flights *flights_new(enum mem_area area, unsigned max)
{
    struct flights *f = mem_zalloc(area, sizeof *f + max * sizeof f->list[0]);
    pthread_condattr_t attr;
    if (f == NULL)
        return NULL;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->landed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&f->mutex, NULL);
    f->area = area;
    f->max = max;
    return f;
}

void flights_free(struct flights **f)
{
    if (*f == NULL)
        return;
    pthread_cond_destroy(&(*f)->landed);
    pthread_mutex_destroy(&(*f)->mutex);
    mem_free((*f)->area, *f);
    *f = NULL;
}

/* The rest under the mutex. */

static struct flying *find(struct flights *f, uint64_t key)
{
    for (unsigned i = 0; i < f->max; i++)
        if (f->list[i].number != 0 && f->list[i].key == key)
            return &f->list[i];
    return NULL;
}

static enum flight lead(struct flights *f, uint64_t key)
{
    for (unsigned i = 0; i < f->max; i++) {
        if (f->list[i].number == 0) {
            f->list[i] = (struct flying){key, ++f->number};
            return FLIGHT_LEAD;
        }
    }
    return FLIGHT_FULL;
}

static enum flight wait_for(struct flights *f, const struct flying *at, uint64_t wait_ms)
{
    struct timespec until;
    uint64_t number = at->number;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + wait_ms % 1000 * 1000000;
    until.tv_sec += (time_t)(wait_ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    while (at->number == number && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&f->landed, &f->mutex, &until);
    return at->number == number ? FLIGHT_LATE : FLIGHT_LANDED;
}

enum flight flights_board(struct flights *f, uint64_t key, uint64_t wait_ms)
{
    pthread_mutex_lock(&f->mutex);
    const struct flying *at = find(f, key);
    enum flight answer = at == NULL ? lead(f, key) : wait_for(f, at, wait_ms);
    pthread_mutex_unlock(&f->mutex);
    return answer;
}

void flights_land(struct flights *f, uint64_t key)
{
    pthread_mutex_lock(&f->mutex);
    struct flying *at = find(f, key);
    assert(at != NULL);
    at->number = 0;
    pthread_cond_broadcast(&f->landed);
    pthread_mutex_unlock(&f->mutex);
}
