/* Removing messages, and what their removal leaves to be done. */

#include "core/message_removal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "core/pins.h"
#include "core/tasks_priv.h"
#include "store/id_list.h"
#include "store/message_removal.h"
#include "store/messages.h"

static int by_id(const void *a, const void *b)
{
    const struct message_head *x = a;
    const struct message_head *y = b;
    return x->id.v < y->id.v ? -1 : x->id.v > y->id.v;
}

enum err messages_find_heads(struct tx *tx, const struct place *p, const uint64_t *ids,
                             size_t count, struct arena *arena, struct message_head *list,
                             size_t *found)
{
    struct slice packed;
    size_t n = 0;
    assert(count <= LIMIT_BULK_DELETE);
    enum err e = id_list_pack(ids, count, arena, &packed);
    if (e == ERR_OK && count > 0)
        e = message_heads_of(tx_sql(tx), p->channel, packed, list, &n);
    if (e != ERR_OK)
        return e;
    if (n > 1)
        qsort(list, n, sizeof *list, by_id);
    *found = n;
    return ERR_OK;
}

enum err messages_remove(struct tx *tx, const struct place *p, const struct actor *by,
                         const struct message_head *list, size_t count, struct arena *arena,
                         struct slice *ids)
{
    uint64_t plain[LIMIT_BULK_DELETE] = {0};
    uint64_t deleted;
    bool pinned = false;
    assert(count <= LIMIT_BULK_DELETE);
    for (size_t i = 0; i < count; i++) {
        plain[i] = list[i].id.v;
        pinned = pinned || list[i].pinned_at_ms != 0;
    }
    enum err e = id_list_pack(plain, count, arena, ids);
    if (e == ERR_OK && count > 0)
        e = messages_delete_many(tx_sql(tx), p->channel, *ids, tx_now_ms(tx), &deleted);
    return e == ERR_OK && pinned ? pins_deleted(tx, p, by) : e;
}

/* ---- reactions and votes that were too many to go with their message ---- */

/* subject: the message; cursor_a: its channel. */
static enum err act_parts(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e =
        message_parts_remove_some(tx_sql(tx), (struct channel_id){x->task.cursor_a},
                                  (struct message_id){x->task.subject}, REMOVED_ROWS / 2, &rows);
    x->task.done_rows += rows;
    x->step_done = rows == 0;
    return e;
}

static const struct task_step steps[] = {
    {"deleting reactions and votes", NULL, act_parts, NULL},
};

const struct task_plan task_message_parts = {
    .name = "message_parts",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
