/* Checkpoints of the log's readers. */

#include "store/log_readers.h"

enum err log_reader_get(struct tx *tx, struct slice name, struct stream stream, uint64_t *position)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT position FROM log_readers "
                              "WHERE name = $1 AND stream_kind = $2 AND stream_id = $3");
    sql_bind_text(s, 1, name);
    sql_bind_u64(s, 2, stream.kind);
    sql_bind_u64(s, 3, stream.id);
    uint64_t found = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *position = found;
    return e;
}

static enum err begin(struct tx *tx, struct slice name, struct stream stream, uint64_t to)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "INSERT INTO log_readers (name, stream_kind, stream_id, position, "
                              "updated_at_ms) VALUES ($1, $2, $3, $4, $5) "
                              "ON CONFLICT (name, stream_kind, stream_id) DO NOTHING");
    sql_bind_text(s, 1, name);
    sql_bind_u64(s, 2, stream.kind);
    sql_bind_u64(s, 3, stream.id);
    sql_bind_u64(s, 4, to);
    sql_bind_i64(s, 5, tx_now_ms(tx));
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(tx_sql(tx)) == 0 ? ERR_STORE_CONFLICT : e;
}

enum err log_reader_save(struct tx *tx, struct slice name, struct stream stream, uint64_t from,
                         uint64_t to)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "UPDATE log_readers SET position = $5, updated_at_ms = $6 "
                    "WHERE name = $1 AND stream_kind = $2 AND stream_id = $3 AND position = $4");
    sql_bind_text(s, 1, name);
    sql_bind_u64(s, 2, stream.kind);
    sql_bind_u64(s, 3, stream.id);
    sql_bind_u64(s, 4, from);
    sql_bind_u64(s, 5, to);
    sql_bind_i64(s, 6, tx_now_ms(tx));
    enum err e = sql_run(s);
    if (e != ERR_OK || sql_changes(tx_sql(tx)) > 0)
        return e;
    return from == 0 ? begin(tx, name, stream, to) : ERR_STORE_CONFLICT;
}

enum err log_reader_drop(struct tx *tx, struct slice name, struct stream stream)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "DELETE FROM log_readers "
                              "WHERE name = $1 AND stream_kind = $2 AND stream_id = $3");
    sql_bind_text(s, 1, name);
    sql_bind_u64(s, 2, stream.kind);
    sql_bind_u64(s, 3, stream.id);
    return sql_run(s);
}

enum err log_readers_least(struct tx *tx, struct stream stream, int64_t since_ms,
                           uint64_t *position)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT position FROM log_readers WHERE stream_kind = $1 AND "
                              "stream_id = $2 AND updated_at_ms >= $3 ORDER BY position LIMIT 1");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_i64(s, 3, since_ms);
    uint64_t least = sql_step(s) ? sql_u64(s, 0) : UINT64_MAX;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *position = least;
    return e;
}

enum err log_readers_idle(struct tx *tx, struct stream stream, uint64_t from, uint64_t to,
                          int64_t since_ms,
                          void (*fn)(void *ctx, struct slice name, uint64_t position), void *ctx)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT name, position FROM log_readers WHERE stream_kind = $1 AND "
                              "stream_id = $2 AND position >= $3 AND position < $4 AND "
                              "updated_at_ms < $5 ORDER BY name");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, from);
    sql_bind_u64(s, 4, to);
    sql_bind_i64(s, 5, since_ms);
    while (sql_step(s))
        fn(ctx, sql_blob(s, 0), sql_u64(s, 1));
    return sql_done(s);
}
