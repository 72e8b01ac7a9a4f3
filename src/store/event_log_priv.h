#pragma once

/* The event log's writing half, for tx.c. */

#include "model/event.h"
#include "store/sql.h"

/*
 * Takes the row of the stream (made if absent) and reserves one position: *head is the reserved
 * one. Whoever does not use it, or uses more, must set the head before the commit.
 */
MUST_CHECK enum err event_log_reserve(struct sql_conn *c, struct stream s, uint64_t *head);
/* Makes the row if there is none. */
MUST_CHECK enum err event_log_put_head(struct sql_conn *c, struct stream s, uint64_t head);
MUST_CHECK enum err event_log_set_head(struct sql_conn *c, struct stream s, uint64_t head);
/* Writes e's row at e->position. */
MUST_CHECK enum err event_log_insert(struct sql_conn *c, const struct event *e, struct slice delta);
/* 0: nothing yet. */
MUST_CHECK enum err event_log_head(struct sql_conn *c, struct stream s, uint64_t *position);
