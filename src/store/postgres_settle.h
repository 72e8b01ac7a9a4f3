#pragma once

/*
 * What became of a transaction whose connection was lost while COMMIT was under way. Private to
 * src/store.
 */

#include "store/postgres_pool.h"
#include "store/store_priv.h"

enum fate { FATE_COMMITTED, FATE_UNDONE, FATE_UNKNOWN };

/*
 * Asks the event log. Waits for as long as the transaction is still under way, at most the pool's
 * acquire_ms. UNKNOWN: there is no logged event among `events`, or the database cannot be asked.
 */
enum fate postgres_settle(struct pool *p, enum pool_use use, const struct event_list *events);
