/* Freezing: writes are turned away, and those under way are waited for. Uncontended but for the few
 * instructions inside the lock. */

#include "store/store_priv.h"

#include <assert.h>

void freezer_init(struct freezer *f)
{
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->idle, NULL);
}

void freezer_deinit(struct freezer *f)
{
    assert(f->writing == 0);
    pthread_cond_destroy(&f->idle);
    pthread_mutex_destroy(&f->lock);
}

bool freezer_enter(struct freezer *f)
{
    pthread_mutex_lock(&f->lock);
    bool entered = !f->frozen;
    f->writing += entered;
    pthread_mutex_unlock(&f->lock);
    return entered;
}

void freezer_leave(struct freezer *f)
{
    pthread_mutex_lock(&f->lock);
    if (--f->writing == 0 && f->frozen)
        pthread_cond_broadcast(&f->idle);
    pthread_mutex_unlock(&f->lock);
}

bool freezer_freeze(struct freezer *f)
{
    pthread_mutex_lock(&f->lock);
    bool first = !f->frozen;
    f->frozen = true;
    while (first && f->writing > 0)
        pthread_cond_wait(&f->idle, &f->lock);
    pthread_mutex_unlock(&f->lock);
    return first;
}

void freezer_thaw(struct freezer *f)
{
    pthread_mutex_lock(&f->lock);
    f->frozen = false;
    pthread_mutex_unlock(&f->lock);
}

bool freezer_is_frozen(struct freezer *f)
{
    pthread_mutex_lock(&f->lock);
    bool frozen = f->frozen;
    pthread_mutex_unlock(&f->lock);
    return frozen;
}
