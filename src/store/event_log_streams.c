/* Walking over all streams. Their times are looked up row by row, by key: a join would leave it to
 * the database to read the whole log instead. */

#include "store/event_log.h"

const char *stream_kind_name(enum stream_kind kind)
{
    switch (kind) {
    case STREAM_GUILD:
        return "guild";
    case STREAM_DM:
        return "dm";
    case STREAM_USER:
        return "user";
    case STREAM_INSTANCE:
        return "instance";
    }
    return "?";
}

static struct stream_row row_of(struct sql_stmt *s, bool times)
{
    return (struct stream_row){
        .stream = {(enum stream_kind)sql_u64(s, 0), sql_u64(s, 1)},
        .head = sql_u64(s, 2),
        .trimmed = sql_u64(s, 3),
        .oldest_at_ms = times ? sql_i64(s, 4) : 0,
        .newest_at_ms = times ? sql_i64(s, 5) : 0,
    };
}

static enum err walk(struct sql_stmt *s, struct stream cursor, unsigned max, bool times,
                     enum err (*fn)(void *ctx, const struct stream_row *row), void *ctx,
                     unsigned *count)
{
    sql_bind_u64(s, 1, cursor.kind);
    sql_bind_u64(s, 2, cursor.id);
    sql_bind_u64(s, 3, max);
    enum err stopped = ERR_OK;
    unsigned had = 0;
    for (; stopped == ERR_OK && sql_step(s); had++) {
        struct stream_row row = row_of(s, times);
        stopped = fn(ctx, &row);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        e = stopped;
    if (e == ERR_OK)
        *count = had;
    return e;
}

enum err event_log_streams(struct tx *tx, struct stream cursor, unsigned max,
                           enum err (*fn)(void *ctx, const struct stream_row *row), void *ctx,
                           unsigned *count)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT s.stream_kind, s.stream_id, s.head, s.trimmed, "
                    "(SELECT l.at_ms FROM event_log l WHERE l.stream_kind = s.stream_kind AND "
                    "l.stream_id = s.stream_id AND l.position = s.trimmed + 1), "
                    "(SELECT l.at_ms FROM event_log l WHERE l.stream_kind = s.stream_kind AND "
                    "l.stream_id = s.stream_id AND l.position = s.head) "
                    "FROM streams s WHERE (s.stream_kind, s.stream_id) > ($1, $2) "
                    "ORDER BY s.stream_kind, s.stream_id LIMIT $3");
    return walk(s, cursor, max, true, fn, ctx, count);
}

enum err event_log_heads(struct tx *tx, struct stream cursor, unsigned max,
                         enum err (*fn)(void *ctx, const struct stream_row *row), void *ctx,
                         unsigned *count)
{
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT stream_kind, stream_id, head, trimmed FROM streams "
                              "WHERE (stream_kind, stream_id) > ($1, $2) "
                              "ORDER BY stream_kind, stream_id LIMIT $3");
    return walk(s, cursor, max, false, fn, ctx, count);
}
