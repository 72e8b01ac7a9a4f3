/* Stickers. */

#include "store/stickers.h"

#include "store/rows.h"

/* Of stickers x. */
#define COLUMNS                                                                                    \
    "x.id, x.guild_id, x.creator_id, x.format, x.available, x.name, x.tags, x.hash, x.description"

enum err stickers_insert(struct sql_conn *c, const struct sticker *x)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO stickers (id, guild_id, creator_id, format, available, name, "
                     "tags, hash, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_u64(s, 2, x->guild.v);
    sql_bind_u64(s, 3, x->creator.v);
    sql_bind_i64(s, 4, x->format);
    sql_bind_bool(s, 5, x->available);
    sql_bind_text(s, 6, x->name);
    sql_bind_text(s, 7, x->tags);
    sql_bind_text(s, 8, x->hash);
    sql_bind_text(s, 9, x->description);
    return sql_run(s);
}

enum err stickers_update(struct sql_conn *c, const struct sticker *x)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE stickers SET name = $2, tags = $3, description = $4 WHERE id = $1");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_text(s, 2, x->name);
    sql_bind_text(s, 3, x->tags);
    sql_bind_text(s, 4, x->description);
    return sql_run(s);
}

enum err stickers_delete(struct sql_conn *c, struct sticker_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM stickers WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

static void read_sticker(struct sql_stmt *s, struct arena *arena, struct sticker *out)
{
    *out = (struct sticker){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .creator = {sql_u64(s, 2)},
        .format = (enum sticker_format)sql_i64(s, 3),
        .available = sql_bool(s, 4),
    };
    out->name = sql_text(s, 5, arena);
    out->tags = sql_text(s, 6, arena);
    out->hash = sql_text(s, 7, arena);
    out->description = sql_text(s, 8, arena);
}

enum err stickers_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                           struct sticker **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM stickers x WHERE x.guild_id = $1 ORDER BY x.id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct sticker *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL)
            e = ERR_NO_MEMORY;
        else
            read_sticker(s, arena, x);
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

enum err stickers_find(struct sql_conn *c, struct sticker_id id, struct arena *arena,
                       struct sticker *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM stickers x JOIN guilds g ON g.id = x.guild_id AND "
                     "g.deleting = 0 WHERE x.id = $1");
    struct sticker found = {0};
    sql_bind_u64(s, 1, id.v);
    bool any = sql_step(s);
    if (any)
        read_sticker(s, arena, &found);
    enum err e = sql_done(s);
    if (e == ERR_OK && !any)
        e = ERR_UNKNOWN_STICKER;
    if (e == ERR_OK)
        *out = found;
    return e;
}

enum err stickers_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM stickers WHERE guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
