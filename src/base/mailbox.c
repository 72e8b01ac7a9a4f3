/*
 * A Treiber stack that is only ever emptied whole: without single pops there is no ABA problem, and
 * no letter is touched by two threads at once.
 */

#include "base/mailbox.h"

#include <stddef.h>

void mailbox_init(struct mailbox *m)
{
    atomic_init(&m->top, NULL);
}

bool mailbox_post(struct mailbox *m, struct letter *l)
{
    struct letter *top = atomic_load_explicit(&m->top, memory_order_relaxed);
    /* Release: the letter and its link are written before it can be taken. Relaxed on failure: only
     * the pointer's value is used, `top` is never followed here. */
    do
        l->next = top;
    while (!atomic_compare_exchange_weak_explicit(&m->top, &top, l, memory_order_release,
                                                  memory_order_relaxed));
    return top == NULL;
}

struct letter *mailbox_take(struct mailbox *m)
{
    /* Acquire: pairs with every post's release (they form one release sequence). */
    struct letter *l = atomic_exchange_explicit(&m->top, NULL, memory_order_acquire);
    struct letter *oldest = NULL;
    while (l != NULL) {
        struct letter *next = l->next;
        l->next = oldest;
        oldest = l;
        l = next;
    }
    return oldest;
}
