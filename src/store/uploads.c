/* Files that are sent ahead. */

#include "store/uploads.h"

#include "store/rows.h"

/* Integers first (see users.h). */
#define COLUMNS                                                                                    \
    "id, channel_id, user_id, declared_size, size, width, height, expires_at_ms, token, "          \
    "filename, "                                                                                   \
    "hash, content_type, placeholder"

static void read_row(struct sql_stmt *s, struct arena *arena, struct upload_row *u)
{
    u->id = sql_u64(s, 0);
    u->channel.v = sql_u64(s, 1);
    u->user.v = sql_u64(s, 2);
    u->declared_size = sql_u64(s, 3);
    u->size = sql_u64(s, 4);
    u->width = (uint32_t)sql_u64(s, 5);
    u->height = (uint32_t)sql_u64(s, 6);
    u->expires_at_ms = sql_i64(s, 7);
    u->token = sql_text(s, 8, arena);
    u->filename = sql_text(s, 9, arena);
    u->hash = sql_text(s, 10, arena);
    u->content_type = sql_text(s, 11, arena);
    u->placeholder = sql_text(s, 12, arena);
}

enum err uploads_insert(struct sql_conn *c, const struct upload_row *u)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO uploads (id, channel_id, user_id, declared_size, size, width, height, "
           "expires_at_ms, token, filename) VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $6, $7)");
    sql_bind_u64(s, 1, u->id);
    sql_bind_u64(s, 2, u->channel.v);
    sql_bind_u64(s, 3, u->user.v);
    sql_bind_u64(s, 4, u->declared_size);
    sql_bind_i64(s, 5, u->expires_at_ms);
    sql_bind_text(s, 6, u->token);
    sql_bind_text(s, 7, u->filename);
    return sql_send(s);
}

enum err uploads_find(struct sql_conn *c, struct slice token, struct arena *arena,
                      struct upload_row *out)
{
    struct upload_row u = {0};
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM uploads WHERE token = $1");
    sql_bind_text(s, 1, token);
    bool found = sql_step(s);
    if (found)
        read_row(s, arena, &u);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UPLOAD_NOT_FOUND;
    if (e == ERR_OK)
        *out = u;
    return e;
}

enum err uploads_set_file(struct sql_conn *c, const struct upload_row *u, bool *there)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE uploads SET size = $2, width = $3, height = $4, hash = $5, "
                     "content_type = $6, placeholder = $7 WHERE id = $1");
    sql_bind_u64(s, 1, u->id);
    sql_bind_u64(s, 2, u->size);
    sql_bind_u64(s, 3, u->width);
    sql_bind_u64(s, 4, u->height);
    sql_bind_text(s, 5, u->hash);
    sql_bind_text(s, 6, u->content_type);
    sql_bind_text(s, 7, u->placeholder);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *there = sql_changes(c) > 0;
    return e;
}

enum err uploads_take(struct sql_conn *c, uint64_t id, struct user_id user,
                      struct channel_id channel, struct slice hash, bool *there)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM uploads WHERE id = $1 AND user_id = $2 AND "
                                      "channel_id = $3 AND hash = $4");
    sql_bind_u64(s, 1, id);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, channel.v);
    sql_bind_text(s, 4, hash);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *there = sql_changes(c) > 0;
    return e;
}

enum err uploads_delete(struct sql_conn *c, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM uploads WHERE id = $1");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}

enum err uploads_pending(struct sql_conn *c, struct user_id user, uint64_t *count, uint64_t *bytes)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN size > 0 THEN size ELSE declared_size "
           "END), 0) AS BIGINT) FROM uploads WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    uint64_t n = 0, sum = 0;
    if (sql_step(s)) {
        n = sql_u64(s, 0);
        sum = sql_u64(s, 1);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK) {
        *count = n;
        *bytes = sum;
    }
    return e;
}

static enum err read_list(struct sql_stmt *s, struct arena *arena, struct upload_row **out,
                          size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct upload_row *u = rows_push(&rows, arena, sizeof *u);
        if (u == NULL)
            e = ERR_NO_MEMORY;
        else
            read_row(s, arena, u);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = rows.items;
        *count = rows.count;
    }
    return e;
}

enum err uploads_expired(struct sql_conn *c, int64_t before_ms, unsigned max, struct arena *arena,
                         struct upload_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM uploads WHERE expires_at_ms < $1 "
                                      "ORDER BY expires_at_ms LIMIT $2");
    sql_bind_i64(s, 1, before_ms);
    sql_bind_u64(s, 2, max);
    return read_list(s, arena, out, count);
}

enum err uploads_of_user(struct sql_conn *c, struct user_id user, unsigned max, struct arena *arena,
                         struct upload_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS
                                      " FROM uploads WHERE user_id = $1 ORDER BY user_id LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    return read_list(s, arena, out, count);
}
