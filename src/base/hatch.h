#pragma once

/*
 * A serving hatch: askers put a ticket down and sleep until a server has served it; servers take
 * tickets one by one. It is how threads that may block (workers) hand work to a few threads that
 * each own something that cannot be shared (a child process). Bounded in tickets that wait and in
 * how long one waits to be taken; once taken it is the server that must keep its time. One mutex,
 * held for a few pointers.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/list.h"
#include "base/mem.h"

struct hatch;

/* First member of what is asked for; the asker's memory. Zeroed before use. */
struct hatch_ticket {
    struct list node;
    bool taken;
    bool served;
};

enum hatch_end {
    HATCH_SERVED,
    HATCH_FULL, /* too many wait already */
    HATCH_LATE, /* nobody took it in time */
    HATCH_SHUT
};

/* NULL when memory is short. */
MUST_CHECK struct hatch *hatch_new(enum mem_area area, unsigned waiting_max);
/* Nobody may be inside. NULL allowed; nulls the caller's copy. */
void hatch_free(struct hatch **h);
/* Sleeps until it is served. Of any other answer: no server has seen the ticket, or ever will. */
MUST_CHECK enum hatch_end hatch_ask(struct hatch *h, struct hatch_ticket *t, uint64_t wait_ms);
/* The ticket that waits longest; each taken one must be served. NULL: none came in time, or it is
 * shut and empty. */
struct hatch_ticket *hatch_take(struct hatch *h, uint64_t wait_ms);
/* t is the asker's again, who may be gone with it as soon as this returns. */
void hatch_serve(struct hatch *h, struct hatch_ticket *t);
/* For good: who waits untaken is sent away, nobody is let in any more. */
void hatch_shut(struct hatch *h);
bool hatch_is_shut(struct hatch *h);
/* Servers asleep in hatch_take. A hint: it may have changed when this returns. */
unsigned hatch_idle(struct hatch *h);
