/* What a closure can do with its transaction, besides SQL: time, ids, events. */

#include "store/event_log_priv.h"
#include "store/sql_driver.h"
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

void *tx_context(const struct tx *tx)
{
    return tx->store->context;
}

/* From the end: what a burst of changes asks for is near it. */
const struct guild_view *tx_emitted_view(const struct tx *tx, struct stream s)
{
    for (size_t i = tx->events == NULL ? 0 : tx->events->count; i-- > 0;) {
        const struct event *e = tx->events->items[i];
        if (e->view != NULL && e->stream.kind == s.kind && e->stream.id == s.id)
            return e->view;
    }
    return NULL;
}

void tx_limit(struct tx *tx, uint64_t ms)
{
    const struct store *s = tx->store;
    if (ms < s->o.read_limit_ms)
        tx->sql->driver->set_deadline(tx->sql, clock_mono_ns(s->o.clock) + ms * 1000000);
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

/* The two ways to a stream's head: with one writer the batch keeps them (stream_heads.h); else this
 * transaction holds the rows. */
static struct tx_stream *held(struct tx *tx, struct stream s)
{
    for (unsigned i = 0; i < tx->stream_count; i++)
        if (tx->streams[i].stream.kind == s.kind && tx->streams[i].stream.id == s.id)
            return &tx->streams[i];
    return NULL;
}

static enum err hold(struct tx *tx, struct stream s, struct tx_stream **out)
{
    uint64_t reserved;
    *out = held(tx, s);
    if (*out != NULL)
        return ERR_OK;
    if (tx->stream_count == STORE_STREAMS_TX_MAX)
        return ERR_NO_MEMORY;
    enum err e = event_log_reserve(tx->sql, s, &reserved);
    if (e != ERR_OK)
        return e;
    *out = &tx->streams[tx->stream_count++];
    **out = (struct tx_stream){s, reserved - 1, reserved};
    return ERR_OK;
}

enum err tx_lock(struct tx *tx, struct stream s)
{
    struct tx_stream *ignored;
    assert(tx->events != NULL && "locks are taken in write transactions only");
    return tx->sql->driver->one_writer ? ERR_OK : hold(tx, s, &ignored);
}

static enum err head_of(struct tx *tx, struct stream s, uint64_t **head)
{
    struct stream_head *kept;
    struct tx_stream *stream;
    enum err e =
        tx->heads != NULL ? stream_heads_get(tx->heads, tx->sql, s, &kept) : hold(tx, s, &stream);
    if (e == ERR_OK)
        *head = tx->heads != NULL ? &kept->head : &stream->head;
    return e;
}

static enum err log_event(struct tx *tx, struct event *e, struct slice delta)
{
    uint64_t *head;
    enum err failed = head_of(tx, e->stream, &head);
    if (failed != ERR_OK)
        return failed;
    e->position = *head + 1;
    failed = event_log_insert(tx->sql, e, delta);
    if (failed == ERR_OK)
        *head = e->position;
    else
        e->position = 0;
    return failed;
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
        enum err failed = log_event(tx, e, delta);
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

enum err tx_raise_head(struct tx *tx, struct stream s, uint64_t least)
{
    uint64_t *head;
    enum err e = head_of(tx, s, &head);
    if (e == ERR_OK && *head < least)
        *head = least;
    return e;
}

enum err tx_stream_head(struct tx *tx, struct stream s, uint64_t *position)
{
    const struct stream_head *kept = tx->heads != NULL ? stream_heads_find(tx->heads, s) : NULL;
    const struct tx_stream *stream = held(tx, s);
    if (kept == NULL && stream == NULL)
        return event_log_head(tx->sql, s, position);
    *position = kept != NULL ? kept->head : stream->head;
    return ERR_OK;
}

/* Shorter while ids run ahead of the clock, as after a crash, so that many crashes do not add up.
 */
static int64_t lease_ms(const struct tx *tx)
{
    int64_t ahead = snowflake_ms(tx->last_id) - tx->now_ms;
    int64_t lease = STORE_ID_LEASE_MS - (ahead > 0 ? ahead : 0);
    return lease > STORE_ID_LEASE_MIN_MS ? lease : STORE_ID_LEASE_MIN_MS;
}

/*
 * Ids that were given out are never given out again, whatever the clock says after a restart: the
 * stored floor is ahead of them by a lease, so that it is moved every two seconds and not by every
 * transaction (on PostgreSQL all of them would wait for that one row).
 */
static enum err lease_ids(struct tx *tx)
{
    uint64_t floor = atomic_load_explicit(&tx->store->id_floor, memory_order_relaxed);
    if (tx->last_id <= floor)
        return ERR_OK;
    uint64_t leased = snowflake_at(snowflake_ms(tx->last_id) + lease_ms(tx));
    struct sql_stmt *q =
        sql_query(tx->sql, "UPDATE meta SET number = $1 WHERE name = 'id_floor' AND number < $1");
    sql_bind_u64(q, 1, leased);
    tx->leased = leased;
    return sql_send(q);
}

enum err tx_finish(struct tx *tx)
{
    enum err e = tx->failed;
    for (unsigned i = 0; i < tx->stream_count && e == ERR_OK; i++) {
        const struct tx_stream *s = &tx->streams[i];
        if (s->head != s->stored)
            e = event_log_set_head(tx->sql, s->stream, s->head);
    }
    return e == ERR_OK ? lease_ids(tx) : e;
}

void tx_committed(const struct tx *tx)
{
    _Atomic uint64_t *floor = &tx->store->id_floor;
    uint64_t known = atomic_load_explicit(floor, memory_order_relaxed);
    while (known < tx->leased &&
           !atomic_compare_exchange_weak_explicit(floor, &known, tx->leased, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}
