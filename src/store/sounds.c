/* Sounds of soundboards. */

#include "store/sounds.h"

#include "store/rows.h"

#define COLUMNS "id, guild_id, creator_id, volume, available, emoji_id, name, hash, emoji_name"

enum err sounds_insert(struct sql_conn *c, const struct sound *x)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO sounds (" COLUMNS
                                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_u64(s, 2, x->guild.v);
    sql_bind_u64(s, 3, x->creator.v);
    sql_bind_u64(s, 4, x->volume);
    sql_bind_bool(s, 5, x->available);
    sql_bind_id_or_null(s, 6, x->emoji);
    sql_bind_text(s, 7, x->name);
    sql_bind_text(s, 8, x->hash);
    sql_bind_text(s, 9, x->emoji_name);
    return sql_run(s);
}

enum err sounds_update(struct sql_conn *c, const struct sound *x)
{
    struct sql_stmt *s = sql_query(c, "UPDATE sounds SET name = $2, volume = $3, emoji_id = $4, "
                                      "emoji_name = $5 WHERE id = $1");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_text(s, 2, x->name);
    sql_bind_u64(s, 3, x->volume);
    sql_bind_id_or_null(s, 4, x->emoji);
    sql_bind_text(s, 5, x->emoji_name);
    return sql_run(s);
}

enum err sounds_delete(struct sql_conn *c, struct sound_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM sounds WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

static void read_sound(struct sql_stmt *s, struct arena *arena, struct sound *out)
{
    *out = (struct sound){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .creator = {sql_u64(s, 2)},
        .volume = (uint32_t)sql_u64(s, 3),
        .available = sql_bool(s, 4),
        .emoji = sql_u64(s, 5),
    };
    out->name = sql_text(s, 6, arena);
    out->hash = sql_text(s, 7, arena);
    out->emoji_name = sql_text(s, 8, arena);
}

enum err sounds_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                         struct sound **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM sounds WHERE guild_id = $1 ORDER BY id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct sound *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL)
            e = ERR_NO_MEMORY;
        else
            read_sound(s, arena, x);
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

enum err sounds_find(struct sql_conn *c, struct guild_id guild, struct sound_id id,
                     struct arena *arena, struct sound *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM sounds WHERE id = $1 AND guild_id = $2");
    struct sound found = {0};
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, guild.v);
    bool any = sql_step(s);
    if (any)
        read_sound(s, arena, &found);
    enum err e = sql_done(s);
    if (e == ERR_OK && !any)
        e = ERR_UNKNOWN_SOUND;
    if (e == ERR_OK)
        *out = found;
    return e;
}

enum err sounds_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM sounds WHERE guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
