#pragma once

/* What a server does by itself beside serving: a thread for small steps (upkeep.h) and one for
 * scheduled backups. */

#include "base/metrics.h"
#include "main/config.h"
#include "ops/ops.h"

struct chores;

/* `ops` and `config` must outlive it. NO_MEMORY. */
MUST_CHECK enum err chores_start(const struct config *config, struct ops *ops,
                                 struct metrics *metrics, struct chores **out);
/* Any thread; struct ops' wake with ctx = the chores. */
void chores_wake(void *ctx);
/* Returns when the steps under way have ended; after the workers have stopped, before the store is
 * closed. NULL allowed. */
void chores_stop(struct chores **c);
