/*
 * The words of an erased person's messages: nothing finds them any more, but the index still holds
 * them in its file. All of it is written anew, some pages a step. What is posted meanwhile makes
 * for more to merge, hence a bound: a database cannot have more pages of index than pages.
 */

#include "core/user_erase_priv.h"
#include "store/search.h"
#include "store/space.h"

enum { MERGED_PAGES = 32, PAGE_BYTES = 4096, LEAST_STEPS = 64 };

/* How many steps it may take. */
enum err user_erase_words_look(struct task_run *x)
{
    struct space space;
    enum err e = space_of(x->core->store, &space);
    if (e == ERR_OK)
        x->scan.a = space.bytes / PAGE_BYTES / MERGED_PAGES + LEAST_STEPS;
    return e;
}

/* cursor_a: steps so far. */
enum err user_erase_words(struct tx *tx, struct task_run *x)
{
    bool more;
    enum err e = search_merge(tx_sql(tx), MERGED_PAGES, x->task.cursor_a == 0, &more);
    x->task.cursor_a++;
    x->step_done = !more || x->task.cursor_a > x->scan.a;
    return e;
}
