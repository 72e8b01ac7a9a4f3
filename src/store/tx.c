/* What a closure can do with its transaction, besides SQL: time, ids, events. */

#include "store/event_log_priv.h"
#include "store/store_priv.h"

#include <assert.h>

enum { EVENT_LIST_FIRST = 64 };

static bool event_list_room(struct event_list *l)
{
    if (l->count < l->cap)
        return true;
    size_t cap = l->cap == 0 ? EVENT_LIST_FIRST : l->cap * 2;
    struct event **items = mem_realloc(MEM_STORE, l->items, cap * sizeof(struct event *));
    if (items == NULL)
        return false;
    l->items = items;
    l->cap = cap;
    return true;
}

void event_list_cut(struct event_list *l, size_t count)
{
    while (l->count > count)
        event_unref(&l->items[--l->count]);
}

void event_list_deinit(struct event_list *l)
{
    event_list_cut(l, 0);
    mem_free(MEM_STORE, l->items);
    *l = (struct event_list){NULL, 0, 0};
}

struct sql_conn *tx_sql(struct tx *tx)
{
    return tx->sql;
}

int64_t tx_now_ms(const struct tx *tx)
{
    return tx->now_ms;
}

uint64_t tx_id(struct tx *tx)
{
    assert(tx->events != NULL && "ids are made in write transactions only");
    tx->last_id = snowflake_next(&tx->store->ids);
    return tx->last_id;
}

static enum err append(struct tx *tx, struct event *e, struct slice delta)
{
    struct event_list *l = tx->events;
    /* The room comes first: once the row is written, nothing may fail any more. */
    if (l->count - tx->events_before >= STORE_EVENTS_TX_MAX || !event_list_room(l))
        return ERR_NO_MEMORY;
    if (e->at_ms == 0)
        e->at_ms = tx->now_ms;
    const struct event_info *info = event_info(e->kind);
    if (info == NULL || info->kept == KEPT_LOGGED) {
        enum err failed = event_log_append(tx->sql, e, delta);
        if (failed != ERR_OK)
            return failed;
    }
    l->items[l->count++] = e;
    return ERR_OK;
}

enum err tx_emit_delta(struct tx *tx, struct event *e, struct slice delta)
{
    assert(tx->events != NULL && "events are emitted in write transactions only");
    enum err failed = append(tx, e, delta);
    if (failed != ERR_OK) {
        event_unref(&e);
        tx->failed = failed;
    }
    return failed;
}

enum err tx_emit(struct tx *tx, struct event *e)
{
    return tx_emit_delta(tx, e, (struct slice){NULL, 0});
}

enum err tx_stream_head(struct tx *tx, struct stream s, uint64_t *position)
{
    return event_log_head(tx->sql, s, position);
}
