#pragma once

/*
 * What became of a transaction whose connection was lost while COMMIT was under way. Private to
 * src/store.
 */

#include "store/postgres_pool.h"
#include "store/postgres_publish.h"
#include "store/store_priv.h"

enum fate { FATE_COMMITTED, FATE_UNDONE, FATE_UNKNOWN };

/*
 * Asks the event log. Waits for as long as the transaction is still under way, at most the pool's
 * acquire_ms; tries again for patience_ms when the connection is lost. UNKNOWN: there is no logged
 * event among `events`, or the database cannot be asked.
 */
enum fate postgres_settle(struct pool *p, enum pool_use use, uint64_t patience_ms,
                          const struct event_list *events);

/* Transactions whose fate is unknown: the keeper asks again later, and announces those that were
 * committed. Feeds would find the events by themselves, but views would stay as they were. */
struct unsettled {
    pthread_mutex_t lock; /* guards what follows */
    struct list list;
    unsigned count;
};

void unsettled_init(struct unsettled *u);
void unsettled_deinit(struct unsettled *u);
/* Takes the events over. Those of more than a thousand transactions are given up. */
void unsettled_add(struct unsettled *u, struct event_list *events);
void unsettled_retry(struct unsettled *u, struct pool *pool, struct publisher *publisher);
