#pragma once

/* The event log's writing half, for tx.c. */

#include "model/event.h"
#include "store/sql.h"

/* Gives e the next position of its stream and writes its row. */
MUST_CHECK enum err event_log_append(struct sql_conn *c, struct event *e, struct slice delta);
/* 0: nothing yet. */
MUST_CHECK enum err event_log_head(struct sql_conn *c, struct stream s, uint64_t *position);
