/* Parts of rows of messages, and pins, which are a column of them. */

#include "store/message_heads.h"

#define HEAD_COLUMNS "id, author_id, type, flags, parts, pinned_at_ms"

static void read_head(struct sql_stmt *s, struct message_head *out)
{
    *out = (struct message_head){
        .id = {sql_u64(s, 0)},
        .author = {sql_u64(s, 1)},
        .type = (enum message_type)sql_i64(s, 2),
        .flags = sql_u64(s, 3),
        .parts = (unsigned)sql_u64(s, 4),
        .pinned_at_ms = sql_i64(s, 5),
    };
}

enum err message_heads_find(struct sql_conn *c, struct channel_id channel, struct message_id id,
                            struct message_head *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " HEAD_COLUMNS " FROM messages WHERE channel_id = $1 AND id = $2");
    struct message_head m;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, id.v);
    bool found = sql_step(s);
    if (found)
        read_head(s, &m);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_MESSAGE;
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err message_heads_of(struct sql_conn *c, struct channel_id channel, struct slice ids,
                          struct message_head *list, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " HEAD_COLUMNS " FROM messages WHERE channel_id = $1 AND "
                     "id IN (SELECT value FROM ids($2))");
    size_t n = 0;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, ids);
    while (sql_step(s))
        read_head(s, &list[n++]);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

static enum err set_number(struct sql_stmt *s, struct channel_id channel, struct message_id id,
                           int64_t value)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, id.v);
    sql_bind_i64(s, 3, value);
    return sql_run(s);
}

enum err message_heads_add_part(struct sql_conn *c, struct channel_id channel,
                                const struct message_head *m, enum message_part part)
{
    if ((m->parts & part) != 0)
        return ERR_OK;
    return set_number(
        sql_query(c, "UPDATE messages SET parts = $3 WHERE channel_id = $1 AND id = $2"), channel,
        m->id, (int64_t)(m->parts | part));
}

enum err message_heads_set_flags(struct sql_conn *c, struct channel_id channel,
                                 struct message_id id, uint64_t flags)
{
    return set_number(
        sql_query(c, "UPDATE messages SET flags = $3 WHERE channel_id = $1 AND id = $2"), channel,
        id, (int64_t)flags);
}

/* ---- pins ---- */

enum err pins_set(struct sql_conn *c, struct channel_id channel, struct message_id id,
                  int64_t at_ms)
{
    return set_number(
        sql_query(c, "UPDATE messages SET pinned_at_ms = $3 WHERE channel_id = $1 AND id = $2"),
        channel, id, at_ms);
}

/* As the index messages_pinned says it. */
#define PINNED "channel_id = $1 AND pinned_at_ms <> 0"

enum err pins_count(struct sql_conn *c, struct channel_id channel, size_t at_most, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM (SELECT 1 FROM messages WHERE " PINNED
                                      " LIMIT $2) AS few");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, at_most);
    size_t n = sql_step(s) ? (size_t)sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err pins_newest(struct sql_conn *c, struct channel_id channel, int64_t *at_ms)
{
    struct sql_stmt *s = sql_query(c, "SELECT pinned_at_ms FROM messages WHERE " PINNED
                                      " ORDER BY pinned_at_ms DESC LIMIT 1");
    sql_bind_u64(s, 1, channel.v);
    int64_t newest = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *at_ms = newest;
    return e;
}

enum err pins_before(struct sql_conn *c, struct channel_id channel, int64_t before_ms, size_t limit,
                     struct pin *list, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT id, pinned_at_ms FROM messages WHERE " PINNED
                                      " AND pinned_at_ms < $2 ORDER BY pinned_at_ms DESC LIMIT $3");
    size_t n = 0;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_i64(s, 2, before_ms);
    sql_bind_u64(s, 3, limit);
    while (sql_step(s))
        list[n++] = (struct pin){{sql_u64(s, 0)}, sql_i64(s, 1)};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err pins_set_last(struct sql_conn *c, struct channel_id channel, bool direct, int64_t at_ms)
{
    struct sql_stmt *s =
        direct ? sql_query(c, "UPDATE dm_channels SET last_pin_at_ms = $2 WHERE id = $1")
               : sql_query(c, "UPDATE channels SET last_pin_at_ms = $2 WHERE id = $1");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_i64(s, 2, at_ms);
    return sql_run(s);
}

enum err pins_last_of_channel(struct sql_conn *c, struct channel_id channel, int64_t *at_ms)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT COALESCE((SELECT last_pin_at_ms FROM channels WHERE id = $1), "
                     "(SELECT last_pin_at_ms FROM dm_channels WHERE id = $1), 0)");
    sql_bind_u64(s, 1, channel.v);
    int64_t last = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *at_ms = last;
    return e;
}
