/* The intrusive list. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
    int value;
    struct list node;
};

static void assert_values(const struct list *head, const int *expected, size_t count)
{
    size_t i = 0;
    for (const struct list *it = head->next; it != head; it = it->next, i++) {
        assert_true(i < count);
        assert_ptr_equal(it->next->prev, it);
        assert_int_equal(
            ((const struct item *)(const void *)((const char *)it - offsetof(struct item, node)))
                ->value,
            expected[i]);
    }
    assert_int_equal(i, count);
}

static void test_order(void **state)
{
    (void)state;
    struct list head;
    struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_pop_front(&head));
    list_push_back(&head, &b.node);
    list_push_back(&head, &c.node);
    list_push_front(&head, &a.node);
    assert_values(&head, (const int[]){1, 2, 3}, 3);
    list_remove(&b.node);
    assert_false(list_linked(&b.node));
    list_remove(&b.node); /* unlinked: nothing happens */
    assert_values(&head, (const int[]){1, 3}, 2);
    assert_ptr_equal(LIST_OWNER(list_pop_front(&head), struct item, node), &a);
    assert_false(list_linked(&a.node));
    assert_true(list_linked(&c.node));
    list_push_back(&head, &a.node);
    assert_values(&head, (const int[]){3, 1}, 2);
}

static void test_removal_inside_the_loop(void **state)
{
    (void)state;
    struct list head;
    struct item items[5] = {{.value = 0}};
    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        list_push_back(&head, &items[i].node);
    }
    int sum = 0;
    LIST_FOREACH (it, &head) {
        struct item *item = LIST_OWNER(it, struct item, node);
        sum += item->value;
        if (item->value % 2 == 0)
            list_remove(it);
    }
    assert_int_equal(sum, 10);
    assert_values(&head, (const int[]){1, 3}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_removal_inside_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
