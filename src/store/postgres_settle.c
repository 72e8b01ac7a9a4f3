/*
 * A connection that breaks while COMMIT is under way leaves it open whether the transaction is
 * there. PostgreSQL can be asked by the transaction's number (pg_xact_status), but the number would
 * have to be fetched by every transaction, and after a crash of the server numbers are given out
 * anew. The log knows as well: the transaction holds the locks of its streams, so whoever gets such
 * a lock after it finds the transaction ended; then it was committed if the log has, at the
 * position that it reserved, just its event. Had it been undone, the next transaction of the stream
 * would have taken that position.
 */

#include "store/postgres_settle.h"

#include "base/mem.h"
#include "store/event_log_priv.h"
#include "store/postgres.h"
#include "store/sql_driver.h"

enum { UNSETTLED_MAX = 1024 };

struct pending {
    struct list node;
    struct event_list events;
};

/* Ephemeral events have no position. NULL: all are. */
static const struct event *last_logged(const struct event_list *l)
{
    for (size_t i = l->count; i > 0; i--)
        if (l->items[i - 1]->position != 0)
            return l->items[i - 1];
    return NULL;
}

static enum err look(struct sql_conn *c, const struct event *e, bool *there)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT kind, entity_id, actor_id, at_ms FROM event_log "
                     "WHERE stream_kind = $1 AND stream_id = $2 AND position = $3");
    sql_bind_u64(s, 1, e->stream.kind);
    sql_bind_u64(s, 2, e->stream.id);
    sql_bind_u64(s, 3, e->position);
    bool same = false;
    if (sql_step(s))
        same = sql_u64(s, 0) == (uint64_t)e->kind && sql_u64(s, 1) == e->entity_id &&
               sql_u64(s, 2) == e->actor_id && sql_i64(s, 3) == e->at_ms;
    enum err failed = sql_done(s);
    *there = same;
    return failed;
}

static enum err ask(struct sql_conn *c, const struct event *e, bool *there)
{
    uint64_t ignored;
    enum err failed = sql_begin(c, c->driver->begin_write);
    if (failed != ERR_OK)
        return failed;
    failed = event_log_reserve(c, e->stream, &ignored);
    if (failed == ERR_OK)
        failed = look(c, e, there);
    sql_rollback(c);
    return failed;
}

static enum err ask_pool(struct pool *p, enum pool_use use, const struct event *e, bool *there)
{
    struct pool_conn *c;
    enum err failed = pool_acquire(p, use, &c);
    if (failed != ERR_OK)
        return failed;
    failed = ask(c->sql, e, there);
    pool_release(p, &c);
    return failed;
}

enum fate postgres_settle(struct pool *p, enum pool_use use, uint64_t patience_ms,
                          const struct event_list *events)
{
    uint64_t until_ms = clock_mono_ms(clock_system()) + patience_ms;
    const struct event *e = last_logged(events);
    enum err failed;
    bool there = false;
    if (e == NULL)
        return FATE_UNKNOWN;
    /* What has cost us one connection often costs the next one as well. */
    do
        failed = ask_pool(p, use, e, &there);
    while (failed == ERR_STORE_AWAY && clock_mono_ms(clock_system()) < until_ms);
    if (failed != ERR_OK)
        return FATE_UNKNOWN;
    return there ? FATE_COMMITTED : FATE_UNDONE;
}

/* ---- later ---- */

static void drop(struct pending *t)
{
    event_list_deinit(&t->events);
    mem_free(MEM_STORE, t);
}

static bool push(struct unsettled *u, struct pending *t)
{
    pthread_mutex_lock(&u->lock);
    bool room = u->count < UNSETTLED_MAX;
    if (room) {
        list_push_back(&u->list, &t->node);
        u->count++;
    }
    pthread_mutex_unlock(&u->lock);
    return room;
}

static struct pending *pop(struct unsettled *u)
{
    pthread_mutex_lock(&u->lock);
    struct list *node = list_pop_front(&u->list);
    u->count -= node != NULL;
    pthread_mutex_unlock(&u->lock);
    return node == NULL ? NULL : LIST_OWNER(node, struct pending, node);
}

void unsettled_init(struct unsettled *u)
{
    pthread_mutex_init(&u->lock, NULL);
    list_init(&u->list);
    u->count = 0;
}

void unsettled_deinit(struct unsettled *u)
{
    struct pending *t;
    while ((t = pop(u)) != NULL)
        drop(t);
    pthread_mutex_destroy(&u->lock);
}

void unsettled_add(struct unsettled *u, struct event_list *events)
{
    struct pending *t = last_logged(events) != NULL ? mem_zalloc(MEM_STORE, sizeof *t) : NULL;
    if (t == NULL)
        return;
    t->events = *events;
    *events = (struct event_list){NULL, 0, 0};
    if (!push(u, t))
        drop(t);
}

void unsettled_retry(struct unsettled *u, struct pool *pool, struct publisher *publisher)
{
    struct pending *t;
    while ((t = pop(u)) != NULL) {
        enum fate fate = postgres_settle(pool, POOL_READ, 0, &t->events);
        if (fate == FATE_UNKNOWN && push(u, t))
            return; /* another time */
        if (fate == FATE_COMMITTED)
            publish_late(publisher, &t->events);
        drop(t);
    }
}
