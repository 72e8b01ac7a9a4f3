/* Gateway sessions that wait for the next start. */

#include "store/gateway_sessions.h"

#include <string.h>

enum { CLEAR_ROWS = 64 }; /* of 256 KiB each: SQLite overwrites what it deletes */

enum err gateway_sessions_insert(struct sql_conn *c, unsigned worker,
                                 const struct gateway_session_row *row)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO gateway_sessions (worker_id, number, user_id, token_hash, "
                     "expires_at_ms, state) VALUES ($1, $2, $3, $4, $5, $6)");
    sql_bind_u64(s, 1, worker);
    sql_bind_u64(s, 2, row->number);
    sql_bind_u64(s, 3, row->user.v);
    sql_bind_blob(s, 4, slice_of((const char *)row->token.hash, sizeof row->token.hash));
    sql_bind_i64(s, 5, row->expires_at_ms);
    sql_bind_blob(s, 6, row->state);
    return sql_send(s);
}

enum err gateway_sessions_page(struct sql_conn *c, unsigned worker, uint32_t from, int64_t now_ms,
                               size_t bytes_max, struct arena *arena,
                               struct gateway_session_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT number, user_id, token_hash, expires_at_ms, state FROM "
                     "gateway_sessions WHERE worker_id = $1 AND number >= $2 AND expires_at_ms > "
                     "$3 ORDER BY number LIMIT $4");
    sql_bind_u64(s, 1, worker);
    sql_bind_u64(s, 2, from);
    sql_bind_i64(s, 3, now_ms);
    sql_bind_u64(s, 4, GATEWAY_ROWS_PAGE);
    size_t n = 0;
    bool full = false;
    for (size_t bytes = 0; bytes < bytes_max && n < GATEWAY_ROWS_PAGE && sql_step(s); n++) {
        rows[n] = (struct gateway_session_row){.number = (uint32_t)sql_u64(s, 0),
                                               .user = {sql_u64(s, 1)},
                                               .expires_at_ms = sql_i64(s, 3)};
        struct slice hash = sql_blob(s, 2);
        if (hash.len == sizeof rows[n].token.hash)
            memcpy(rows[n].token.hash, hash.data, hash.len);
        rows[n].state = arena_dup(arena, sql_blob(s, 4));
        full = full || rows[n].state.data == NULL;
        bytes += rows[n].state.len;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !full)
        *count = n;
    return e == ERR_OK && full ? arena_short(arena) : e;
}

enum err gateway_payloads_insert(struct sql_conn *c, unsigned worker,
                                 const struct gateway_payload_row *row)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO gateway_payloads (worker_id, number, expires_at_ms, payloads) "
                     "VALUES ($1, $2, $3, $4)");
    sql_bind_u64(s, 1, worker);
    sql_bind_u64(s, 2, row->number);
    sql_bind_i64(s, 3, row->expires_at_ms);
    sql_bind_blob(s, 4, row->payloads);
    return sql_send(s);
}

enum err gateway_payloads_page(struct sql_conn *c, unsigned worker, uint32_t from, size_t bytes_max,
                               struct arena *arena,
                               struct gateway_payload_row rows[GATEWAY_ROWS_PAGE], size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT number, expires_at_ms, payloads FROM gateway_payloads WHERE "
                     "worker_id = $1 AND number >= $2 ORDER BY number LIMIT $3");
    sql_bind_u64(s, 1, worker);
    sql_bind_u64(s, 2, from);
    sql_bind_u64(s, 3, GATEWAY_ROWS_PAGE);
    size_t n = 0;
    bool full = false;
    for (size_t bytes = 0; bytes < bytes_max && n < GATEWAY_ROWS_PAGE && sql_step(s); n++) {
        rows[n] = (struct gateway_payload_row){.number = (uint32_t)sql_u64(s, 0),
                                               .expires_at_ms = sql_i64(s, 1),
                                               .payloads = arena_dup(arena, sql_blob(s, 2))};
        full = full || rows[n].payloads.data == NULL;
        bytes += rows[n].payloads.len;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !full)
        *count = n;
    return e == ERR_OK && full ? arena_short(arena) : e;
}

enum err gateway_sessions_clear(struct sql_conn *c, unsigned worker, int64_t now_ms)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM gateway_sessions WHERE worker_id = $1");
    sql_bind_u64(s, 1, worker);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(c, "DELETE FROM gateway_sessions WHERE expires_at_ms <= $1");
    sql_bind_i64(s, 1, now_ms);
    return sql_run(s);
}

enum err gateway_payloads_clear(struct sql_conn *c, unsigned worker, int64_t now_ms, bool *more)
{
    *more = false;
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM gateway_payloads WHERE worker_id = $1 AND number IN (SELECT "
                     "number FROM gateway_payloads WHERE worker_id = $1 ORDER BY number LIMIT $2)");
    sql_bind_u64(s, 1, worker);
    sql_bind_u64(s, 2, CLEAR_ROWS);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    *more = sql_changes(c) == CLEAR_ROWS;
    s = sql_query(c, "DELETE FROM gateway_payloads WHERE expires_at_ms <= $1");
    sql_bind_i64(s, 1, now_ms);
    return sql_run(s);
}

enum err gateway_sessions_forget(struct sql_conn *c)
{
    enum err e = sql_run(sql_query(c, "DELETE FROM gateway_payloads WHERE expires_at_ms > 0"));
    if (e != ERR_OK)
        return e;
    return sql_run(sql_query(c, "DELETE FROM gateway_sessions WHERE expires_at_ms > 0"));
}
