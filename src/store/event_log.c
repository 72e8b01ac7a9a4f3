/*
 * The event log. A stream's head is a row that is moved in the same transaction as the rows that it
 * counts: rolling back gives the positions back by itself, so there are no gaps. Whoever moves it
 * holds the row until the commit, so positions follow the order of commits.
 */

#include "store/event_log.h"
#include "store/event_log_priv.h"

enum err event_log_reserve(struct sql_conn *c, struct stream stream, uint64_t *head)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO streams (stream_kind, stream_id, head) VALUES ($1, $2, 1) "
                     "ON CONFLICT (stream_kind, stream_id) DO UPDATE SET head = streams.head + 1 "
                     "RETURNING head");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    uint64_t reserved = 0;
    while (sql_step(s))
        reserved = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *head = reserved;
    return e;
}

enum err event_log_put_head(struct sql_conn *c, struct stream stream, uint64_t head)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO streams (stream_kind, stream_id, head) VALUES ($1, $2, $3) "
                     "ON CONFLICT (stream_kind, stream_id) DO UPDATE SET head = excluded.head");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, head);
    return sql_send(s);
}

enum err event_log_set_head(struct sql_conn *c, struct stream stream, uint64_t head)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE streams SET head = $3 WHERE stream_kind = $1 AND stream_id = $2");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, head);
    return sql_send(s);
}

enum err event_log_insert(struct sql_conn *c, const struct event *e, struct slice delta)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, channel_id, "
           "entity_id, actor_id, at_ms, delta) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    sql_bind_u64(s, 1, e->stream.kind);
    sql_bind_u64(s, 2, e->stream.id);
    sql_bind_u64(s, 3, e->position);
    sql_bind_u64(s, 4, e->kind);
    sql_bind_id_or_null(s, 5, e->guild_id);
    sql_bind_id_or_null(s, 6, e->channel_id);
    sql_bind_id_or_null(s, 7, e->entity_id);
    sql_bind_id_or_null(s, 8, e->actor_id);
    sql_bind_i64(s, 9, e->at_ms);
    sql_bind_blob(s, 10, delta);
    return sql_send(s);
}

enum err event_log_head(struct sql_conn *c, struct stream stream, uint64_t *position)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT head FROM streams WHERE stream_kind = $1 AND stream_id = $2");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    uint64_t head = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *position = head;
    return e;
}

static struct event_row row_of(struct sql_stmt *s, struct stream stream)
{
    return (struct event_row){
        .stream = stream,
        .position = sql_u64(s, 0),
        .kind = (enum event_kind)sql_u64(s, 1),
        .guild_id = sql_u64(s, 2),
        .channel_id = sql_u64(s, 3),
        .entity_id = sql_u64(s, 4),
        .actor_id = sql_u64(s, 5),
        .at_ms = sql_i64(s, 6),
        .delta = sql_blob(s, 7),
    };
}

enum err event_log_bounds(struct tx *tx, struct stream stream, uint64_t *trimmed, uint64_t *head)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT trimmed, head FROM streams WHERE stream_kind = $1 AND stream_id = $2");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    bool found = sql_step(s);
    uint64_t first = found ? sql_u64(s, 0) : 0;
    uint64_t last = found ? sql_u64(s, 1) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *trimmed = first;
    *head = last;
    return ERR_OK;
}

/* Each row has the next position: a row that is not there was trimmed, or lost. No statement asks
 * for that; the row after it shows it, and there always is one, since the newest is never trimmed.
 */
enum err event_log_read(struct tx *tx, struct stream stream, uint64_t after, unsigned max,
                        enum err (*fn)(void *ctx, const struct event_row *row), void *ctx)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx),
                  "SELECT position, kind, guild_id, channel_id, entity_id, actor_id, at_ms, delta "
                  "FROM event_log WHERE stream_kind = $1 AND stream_id = $2 AND position > $3 "
                  "ORDER BY position LIMIT $4");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, after);
    sql_bind_u64(s, 4, max);
    enum err stopped = ERR_OK;
    while (stopped == ERR_OK && sql_step(s)) {
        struct event_row row = row_of(s, stream);
        stopped = row.position == ++after ? fn(ctx, &row) : ERR_LOG_TRIMMED;
    }
    enum err e = sql_done(s);
    return e != ERR_OK ? e : stopped;
}

enum err event_log_read_back(struct tx *tx, struct stream stream, uint64_t before, unsigned max,
                             enum err (*fn)(void *ctx, const struct event_row *row), void *ctx)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx),
                  "SELECT position, kind, guild_id, channel_id, entity_id, actor_id, at_ms, delta "
                  "FROM event_log WHERE stream_kind = $1 AND stream_id = $2 AND position < $3 "
                  "ORDER BY position DESC LIMIT $4");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, before);
    sql_bind_u64(s, 4, max);
    enum err stopped = ERR_OK;
    while (stopped == ERR_OK && sql_step(s)) {
        struct event_row row = row_of(s, stream);
        stopped = fn(ctx, &row);
    }
    enum err e = sql_done(s);
    return e != ERR_OK ? e : stopped;
}
