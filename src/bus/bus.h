#pragma once

/*
 * The bus: events from whoever committed them to every subscriber (each loop's gateway), one
 * reference each. A publisher never blocks: a subscriber whose queue is full is marked as having
 * lost something, and refills from the event log. The log is the truth, the bus is a hint.
 *
 * Local implementation: a bounded ring and a mutex per subscriber, held for a pointer copy.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/metrics.h"
#include "model/event.h"

struct bus;
struct bus_queue;

MUST_CHECK struct bus *bus_new(struct metrics *metrics);
void bus_free(struct bus **b); /* after all publishers and subscribers stopped */
/* Before publishing begins. `wake` is called on the publisher's thread when the queue stops being
 * empty or loses something; it must not block. NULL when memory is short. */
MUST_CHECK struct bus_queue *bus_subscribe(struct bus *b, size_t capacity, void (*wake)(void *ctx),
                                           void *ctx);
/* Any thread. In order per publisher; takes a new reference per subscriber. */
void bus_publish(struct bus *b, struct event *const *events, size_t count);
/* The subscriber's thread: moves up to max events (references go to the caller) and tells whether
 * any were lost since the last call. Events after the loss are dropped until it is read here. */
size_t bus_take(struct bus_queue *q, struct event **out, size_t max, bool *lost);
/* Something is left to take, or to be told as lost. */
bool bus_waits(struct bus_queue *q);
