#pragma once

/*
 * A multi-producer, single-consumer mailbox of intrusive letters: lock-free (a stack that the
 * consumer takes whole and reverses, so letters come out in the order of their posting per
 * producer). It has no maximum of its own: each producer bounds what it posts (a job in flight owns
 * its letter).
 */

#include <stdatomic.h>
#include <stdbool.h>

struct letter {
    struct letter *next;
};

struct mailbox {
    _Atomic(struct letter *) top;
};

void mailbox_init(struct mailbox *m);
/* Any thread. True if the box was empty: the consumer needs waking. */
bool mailbox_post(struct mailbox *m, struct letter *l);
/* The consumer: everything posted so far, oldest first, linked by next; NULL if empty. */
struct letter *mailbox_take(struct mailbox *m);
