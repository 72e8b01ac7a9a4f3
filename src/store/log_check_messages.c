/* Which messages are missing: those that the log has made, that do not exist, and that nobody
 * deleted. Only looked for once a channel's numbers disagree. */

#include "store/log_check_priv.h"

#include <inttypes.h>

#include "base/map.h"
#include "store/id_list.h"

enum { GONE_MAX = 1 << 20, MISSING_TOLD = 10 };

struct search {
    uint64_t channel;
    struct map gone; /* id -> a mark: does not exist, no deletion seen yet */
    bool full;
};

static enum err exists(struct tx *tx, uint64_t channel, uint64_t id, bool *found)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT 1 FROM messages WHERE channel_id = $1 AND id = $2");
    sql_bind_u64(s, 1, channel);
    sql_bind_u64(s, 2, id);
    *found = sql_step(s);
    return sql_done(s);
}

/* A message that is deleted later in the log does not exist already, or still does: both at the
 * moment of this read. */
static enum err on_row(struct log_walk *w, const struct event_row *row)
{
    struct search *x = w->ctx;
    bool found = true;
    if (row->channel_id != x->channel || row->entity_id == 0)
        return ERR_OK;
    if (row->kind == EVENT_MESSAGE_DELETE)
        (void)map_remove(&x->gone, row->entity_id);
    for (size_t i = 0; row->kind == EVENT_MESSAGE_DELETE_BULK && i < id_list_count(row->delta); i++)
        (void)map_remove(&x->gone, id_list_at(row->delta, i));
    if (row->kind != EVENT_MESSAGE_CREATE)
        return ERR_OK;
    enum err e = exists(w->tx, x->channel, row->entity_id, &found);
    if (e == ERR_OK && !found && !map_put(&x->gone, row->entity_id, x))
        x->full = true;
    return e;
}

static void tell(struct log_check_run *r, const struct search *x)
{
    size_t cursor = 0;
    uint64_t id;
    void *value;
    for (int i = 0; i < MISSING_TOLD && map_next(&x->gone, &cursor, &id, &value); i++)
        check_found(r, false, "entity",
                    "channel:%" PRIu64 ": message %" PRIu64 " is gone without a deletion",
                    x->channel, id);
}

enum err check_missing_messages(struct log_check_run *r, struct stream stream, uint64_t after,
                                uint64_t channel)
{
    struct search x = {.channel = channel};
    struct log_walk w = {.run = r, .stream = stream, .after = after, .fn = on_row, .ctx = &x};
    map_init(&x.gone, MEM_STORE, GONE_MAX, 0);
    enum err e = log_walk_run(&w);
    if (e == ERR_OK && !x.full)
        tell(r, &x);
    map_deinit(&x.gone);
    return e;
}
