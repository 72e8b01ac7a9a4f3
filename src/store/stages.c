/* Stage instances. */

#include "store/stages.h"

#include "store/rows.h"

#define COLUMNS "id, guild_id, channel_id, scheduled_event_id, privacy_level, topic"

static void read_stage(struct sql_stmt *s, struct arena *arena, struct stage_instance *out)
{
    *out = (struct stage_instance){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .channel = {sql_u64(s, 2)},
        .event = {sql_u64(s, 3)},
        .privacy_level = (uint32_t)sql_u64(s, 4),
    };
    out->topic = sql_text(s, 5, arena);
}

enum err stages_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                         struct stage_instance **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM stage_instances WHERE guild_id = $1 ORDER BY id");
    sql_bind_u64(s, 1, guild.v);
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct stage_instance *stage = rows_push(&rows, arena, sizeof *stage);
        if (stage == NULL)
            e = ERR_NO_MEMORY;
        else
            read_stage(s, arena, stage);
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

enum err stages_insert(struct sql_conn *c, const struct stage_instance *s)
{
    struct sql_stmt *q =
        sql_query(c, "INSERT INTO stage_instances (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)");
    sql_bind_u64(q, 1, s->id.v);
    sql_bind_u64(q, 2, s->guild.v);
    sql_bind_u64(q, 3, s->channel.v);
    sql_bind_id_or_null(q, 4, s->event.v);
    sql_bind_u64(q, 5, s->privacy_level);
    sql_bind_text(q, 6, s->topic);
    return sql_run(q);
}

enum err stages_update(struct sql_conn *c, const struct stage_instance *s)
{
    struct sql_stmt *q = sql_query(
        c, "UPDATE stage_instances SET privacy_level = $2, topic = $3 WHERE channel_id = $1");
    sql_bind_u64(q, 1, s->channel.v);
    sql_bind_u64(q, 2, s->privacy_level);
    sql_bind_text(q, 3, s->topic);
    return sql_run(q);
}

enum err stages_delete(struct sql_conn *c, struct channel_id channel)
{
    struct sql_stmt *q = sql_query(c, "DELETE FROM stage_instances WHERE channel_id = $1");
    sql_bind_u64(q, 1, channel.v);
    return sql_run(q);
}
