#pragma once

/*
 * What the bus brought for one stream and the loop has not got to yet, in order of arrival, with a
 * maximum. It holds memory only while there is something in it. From the first event that it has no
 * room for, nothing that the log can give again is taken any more until the inbox was read empty:
 * then the reader is told so, and reads the log. Pure. Loop thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"

enum { INBOX_EVENTS_MAX = 256 };

struct inbox {
    struct event **ring;
    uint16_t capacity; /* a power of two, or 0 */
    uint16_t head;
    uint16_t count;
    bool lost; /* events of the log, behind those that are in it */
};

/* Takes a reference, or, if there is no room, does not: false. */
bool inbox_put(struct inbox *b, struct event *e);
/* The oldest; its reference is the caller's. NULL: none. */
struct event *inbox_take(struct inbox *b);
/* Read empty, and something was lost: the caller sees to that. Says so once. */
bool inbox_take_lost(struct inbox *b);
static inline bool inbox_waits(const struct inbox *b)
{
    return b->count > 0 || b->lost;
}
/* Drops what is in it. */
void inbox_deinit(struct inbox *b);
