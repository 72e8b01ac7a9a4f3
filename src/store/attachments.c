/*
 * Files of messages. Those of many messages go in a fixed number of statements, however many there
 * are; and in none but one that finds nothing, if they have none.
 */

#include "store/attachments.h"

#include "store/rows.h"

/* Integers first (see users.h). */
#define COLUMNS                                                                                    \
    "id, channel_id, message_id, guild_id, uploader_id, size, width, height, flags, duration_ms, " \
    "hash, filename, content_type, title, description, waveform, placeholder"

static void read_row(struct sql_stmt *s, struct arena *arena, struct attachment *a)
{
    a->id = sql_u64(s, 0);
    a->channel.v = sql_u64(s, 1);
    a->message.v = sql_u64(s, 2);
    a->guild.v = sql_u64(s, 3);
    a->uploader.v = sql_u64(s, 4);
    a->size = sql_u64(s, 5);
    a->width = (uint32_t)sql_u64(s, 6);
    a->height = (uint32_t)sql_u64(s, 7);
    a->flags = sql_u64(s, 8);
    a->duration_ms = sql_i64(s, 9);
    a->hash = sql_text(s, 10, arena);
    a->filename = sql_text(s, 11, arena);
    a->content_type = sql_text(s, 12, arena);
    a->title = sql_text(s, 13, arena);
    a->description = sql_text(s, 14, arena);
    a->waveform = sql_text(s, 15, arena);
    a->placeholder = sql_text(s, 16, arena);
}

enum err attachments_insert(struct sql_conn *c, const struct attachment *a)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO attachments (" COLUMNS
           ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    sql_bind_u64(s, 1, a->id);
    sql_bind_u64(s, 2, a->channel.v);
    sql_bind_u64(s, 3, a->message.v);
    sql_bind_u64(s, 4, a->guild.v);
    sql_bind_u64(s, 5, a->uploader.v);
    sql_bind_u64(s, 6, a->size);
    sql_bind_u64(s, 7, a->width);
    sql_bind_u64(s, 8, a->height);
    sql_bind_u64(s, 9, a->flags);
    sql_bind_i64(s, 10, a->duration_ms);
    sql_bind_text(s, 11, a->hash);
    sql_bind_text(s, 12, a->filename);
    sql_bind_text(s, 13, a->content_type);
    sql_bind_text(s, 14, a->title);
    sql_bind_text(s, 15, a->description);
    sql_bind_text(s, 16, a->waveform);
    sql_bind_text(s, 17, a->placeholder);
    return sql_send(s);
}

enum err attachments_update(struct sql_conn *c, const struct attachment *a)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE attachments SET title = $4, description = $5, flags = $6 WHERE "
                     "channel_id = $1 AND message_id = $2 AND id = $3");
    sql_bind_u64(s, 1, a->channel.v);
    sql_bind_u64(s, 2, a->message.v);
    sql_bind_u64(s, 3, a->id);
    sql_bind_text(s, 4, a->title);
    sql_bind_text(s, 5, a->description);
    sql_bind_u64(s, 6, a->flags);
    return sql_send(s);
}

enum err attachments_delete(struct sql_conn *c, const struct attachment *a)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM attachments WHERE channel_id = $1 AND message_id = $2 AND id = $3");
    sql_bind_u64(s, 1, a->channel.v);
    sql_bind_u64(s, 2, a->message.v);
    sql_bind_u64(s, 3, a->id);
    return sql_send(s);
}

enum err attachments_find(struct sql_conn *c, uint64_t id, struct arena *arena,
                          struct attachment *out)
{
    struct attachment a = {0};
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM attachments WHERE id = $1");
    sql_bind_u64(s, 1, id > INT64_MAX ? INT64_MAX : id); /* what a path says may be anything */
    bool found = sql_step(s);
    if (found)
        read_row(s, arena, &a);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_ASSET;
    if (e == ERR_OK)
        *out = a;
    return e;
}

enum err attachments_of(struct sql_conn *c, struct channel_id channel, struct slice messages,
                        struct arena *arena, struct attachment **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM attachments WHERE channel_id = $1 AND message_id IN "
                     "(SELECT value FROM ids($2)) ORDER BY message_id, id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, messages);
    while (e == ERR_OK && sql_step(s)) {
        struct attachment *a = rows_push(&rows, arena, sizeof *a);
        if (a == NULL)
            e = ERR_NO_MEMORY;
        else
            read_row(s, arena, a);
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

/* ---- of many messages ---- */

#define OF " channel_id = $1 AND message_id IN (SELECT value FROM ids($2))"

static void bind_messages(struct sql_stmt *s, struct channel_id channel, struct slice messages)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, messages);
}

static enum err has_any(struct sql_conn *c, struct channel_id channel, struct slice messages,
                        bool *any)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM attachments WHERE" OF " LIMIT 1");
    bind_messages(s, channel, messages);
    *any = sql_step(s);
    return sql_done(s);
}

/* First the blobs, then who is counted: as attachments_store, so that nobody waits in a circle. */
static enum err let_blobs_go(struct sql_conn *c, struct channel_id channel, struct slice messages,
                             int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE blobs SET review_ms = $3 WHERE hash IN (SELECT hash FROM attachments "
                     "WHERE" OF ") AND review_ms >= 0");
    bind_messages(s, channel, messages);
    sql_bind_i64(s, 3, now_ms);
    enum err e = sql_send(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(c, "DELETE FROM blob_references WHERE kind = 13 AND owner_id IN (SELECT id FROM "
                     "attachments WHERE" OF ")");
    bind_messages(s, channel, messages);
    return sql_send(s);
}

static enum err uncount(struct sql_conn *c, struct channel_id channel, struct slice messages)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE media_usage SET bytes = media_usage.bytes - s.bytes FROM (SELECT uploader_id, "
           "SUM(size) AS bytes FROM attachments WHERE" OF " GROUP BY uploader_id) s WHERE "
           "media_usage.kind = 1 AND media_usage.id = s.uploader_id");
    bind_messages(s, channel, messages);
    enum err e = sql_send(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(
        c, "UPDATE media_usage SET bytes = media_usage.bytes - s.bytes FROM (SELECT guild_id, "
           "SUM(size) AS bytes FROM attachments WHERE" OF " GROUP BY guild_id) s WHERE "
           "media_usage.kind = 2 AND media_usage.id = s.guild_id");
    bind_messages(s, channel, messages);
    return sql_send(s);
}

enum err attachments_remove(struct sql_conn *c, struct channel_id channel, struct slice messages,
                            int64_t now_ms)
{
    bool any = false;
    enum err e = has_any(c, channel, messages, &any);
    if (e != ERR_OK || !any)
        return e;
    e = let_blobs_go(c, channel, messages, now_ms);
    if (e == ERR_OK)
        e = uncount(c, channel, messages);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s = sql_query(c, "DELETE FROM attachments WHERE" OF);
    bind_messages(s, channel, messages);
    return sql_send(s);
}

/* ---- how much there is ---- */

enum err usage_add(struct sql_conn *c, enum usage_kind kind, uint64_t id, int64_t change,
                   uint64_t *bytes)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO media_usage (kind, id, bytes) VALUES ($1, $2, $3) ON CONFLICT (kind, id) "
           "DO UPDATE SET bytes = media_usage.bytes + excluded.bytes RETURNING bytes");
    sql_bind_i64(s, 1, (int64_t)kind);
    sql_bind_u64(s, 2, id);
    sql_bind_i64(s, 3, change);
    int64_t now = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *bytes = now < 0 ? 0 : (uint64_t)now;
    return e;
}

enum err usage_find(struct sql_conn *c, enum usage_kind kind, uint64_t id, uint64_t *bytes)
{
    struct sql_stmt *s = sql_query(c, "SELECT bytes FROM media_usage WHERE kind = $1 AND id = $2");
    sql_bind_i64(s, 1, (int64_t)kind);
    sql_bind_u64(s, 2, id);
    int64_t now = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *bytes = now < 0 ? 0 : (uint64_t)now;
    return e;
}

enum err usage_forget(struct sql_conn *c, enum usage_kind kind, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM media_usage WHERE kind = $1 AND id = $2");
    sql_bind_i64(s, 1, (int64_t)kind);
    sql_bind_u64(s, 2, id);
    return sql_send(s);
}
