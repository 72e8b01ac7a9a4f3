/* The mailbox: order per producer, nothing lost, and the wake-up rule. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/mailbox.h"

static void test_order_and_wakeup(void **state)
{
    (void)state;
    struct mailbox m;
    struct letter a, b, c;
    mailbox_init(&m);
    assert_null(mailbox_take(&m));
    assert_true(mailbox_post(&m, &a));
    assert_false(mailbox_post(&m, &b));
    assert_false(mailbox_post(&m, &c));
    struct letter *l = mailbox_take(&m);
    assert_ptr_equal(l, &a);
    assert_ptr_equal(l->next, &b);
    assert_ptr_equal(l->next->next, &c);
    assert_null(l->next->next->next);
    assert_null(mailbox_take(&m));
    assert_true(mailbox_post(&m, &b)); /* empty again: the consumer needs waking */
    assert_ptr_equal(mailbox_take(&m), &b);
}

enum { PRODUCERS = 4, PER_PRODUCER = 20000 };

struct numbered {
    struct letter letter; /* first */
    unsigned producer;
    unsigned number;
};

struct producer {
    struct mailbox *box;
    _Atomic unsigned *wakeups;
    struct numbered letters[PER_PRODUCER];
};

static void *post_all(void *arg)
{
    struct producer *p = arg;
    for (size_t i = 0; i < PER_PRODUCER; i++)
        if (mailbox_post(p->box, &p->letters[i].letter))
            atomic_fetch_add(p->wakeups, 1);
    return NULL;
}

static void test_producers(void **state)
{
    (void)state;
    static struct producer producers[PRODUCERS];
    struct mailbox box;
    _Atomic unsigned wakeups = 0;
    pthread_t threads[PRODUCERS];
    unsigned next[PRODUCERS] = {0}, taken = 0, batches = 0;
    mailbox_init(&box);
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i].box = &box;
        producers[i].wakeups = &wakeups;
        for (unsigned k = 0; k < PER_PRODUCER; k++) {
            producers[i].letters[k].producer = i;
            producers[i].letters[k].number = k;
        }
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &producers[i]), 0);
    while (taken < PRODUCERS * PER_PRODUCER) {
        struct letter *l = mailbox_take(&box);
        batches += l != NULL;
        for (; l != NULL; l = l->next, taken++) {
            const struct numbered *n = (const struct numbered *)(const void *)l;
            assert_int_equal(n->number, next[n->producer]++);
        }
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_null(mailbox_take(&box));
    /* One wake-up for each time the box went from empty to not empty. */
    assert_int_equal(atomic_load(&wakeups), batches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_wakeup),
        cmocka_unit_test(test_producers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
