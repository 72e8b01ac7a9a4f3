/* Read states and mentions. */

#include "store/read_states.h"

#include "store/rows.h"

#define COLUMNS                                                                                    \
    "s.read_state_type, s.entity_id, s.guild_id, s.last_acked_id, s.last_pin_acked_ms, "           \
    "s.last_viewed, s.flags, s.version"
enum { COLUMN_COUNT = 8 };

static void read_row(struct sql_stmt *s, struct read_state *out)
{
    *out = (struct read_state){
        .type = (enum read_state_type)sql_i64(s, 0),
        .entity = sql_u64(s, 1),
        .guild = {sql_u64(s, 2)},
        .last_acked = sql_u64(s, 3),
        .last_pin_acked_ms = sql_i64(s, 4),
        .last_viewed = sql_u64(s, 5),
        .flags = sql_u64(s, 6),
        .version = sql_u64(s, 7),
    };
}

enum err read_states_find(struct sql_conn *c, struct user_id user, enum read_state_type type,
                          uint64_t entity, struct read_state *out, bool *found)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM read_states s WHERE s.user_id = $1 "
                                      "AND s.read_state_type = $2 AND s.entity_id = $3");
    struct read_state row = {.type = type, .entity = entity};
    sql_bind_u64(s, 1, user.v);
    sql_bind_i64(s, 2, type);
    sql_bind_u64(s, 3, entity);
    bool any = sql_step(s);
    if (any)
        read_row(s, &row);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *out = row;
    *found = any;
    return ERR_OK;
}

enum err read_states_place(struct sql_conn *c, struct channel_id channel)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT 1 FROM channels c JOIN guilds g ON g.id = c.guild_id AND g.deleting = 0 WHERE "
           "c.id = $1 UNION ALL SELECT 1 FROM dm_channels d WHERE d.id = $1 LIMIT 1");
    sql_bind_u64(s, 1, channel.v);
    bool any = sql_step(s);
    enum err e = sql_done(s);
    return e == ERR_OK && !any ? ERR_UNKNOWN_CHANNEL : e;
}

enum err read_states_set(struct sql_conn *c, struct user_id user, const struct read_state *x)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO read_states (user_id, read_state_type, entity_id, guild_id, "
           "last_acked_id, last_pin_acked_ms, last_viewed, flags, version) VALUES ($1, $2, $3, "
           "$4, $5, $6, $7, $8, $9) ON CONFLICT (user_id, read_state_type, entity_id) DO UPDATE "
           "SET guild_id = excluded.guild_id, last_acked_id = excluded.last_acked_id, "
           "last_pin_acked_ms = excluded.last_pin_acked_ms, last_viewed = excluded.last_viewed, "
           "flags = excluded.flags, version = excluded.version");
    sql_bind_u64(s, 1, user.v);
    sql_bind_i64(s, 2, x->type);
    sql_bind_u64(s, 3, x->entity);
    sql_bind_u64(s, 4, x->guild.v);
    sql_bind_u64(s, 5, x->last_acked);
    sql_bind_i64(s, 6, x->last_pin_acked_ms);
    sql_bind_u64(s, 7, x->last_viewed);
    sql_bind_u64(s, 8, x->flags);
    sql_bind_u64(s, 9, x->version);
    return sql_send(s);
}

enum err read_states_delete(struct sql_conn *c, struct user_id user, enum read_state_type type,
                            uint64_t entity, bool *deleted)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM read_states WHERE user_id = $1 AND "
                                      "read_state_type = $2 AND entity_id = $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_i64(s, 2, type);
    sql_bind_u64(s, 3, entity);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *deleted = sql_changes(c) > 0;
    return e;
}

/* Messages are found by channel and id, so whose the newest one is costs a look-up, and to know it
 * when it is asked for spares a write with each message. */
enum err read_states_of(struct sql_conn *c, struct user_id user, size_t max, struct arena *arena,
                        struct read_state **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " COLUMNS ", COALESCE(m.id, 0) FROM read_states s LEFT JOIN channels c ON c.id "
           "= s.entity_id LEFT JOIN dm_channels d ON d.id = s.entity_id LEFT JOIN messages m ON "
           "m.channel_id = s.entity_id AND m.id = COALESCE(c.last_message_id, d.last_message_id) "
           "AND m.author_id = s.user_id WHERE s.user_id = $1 ORDER BY s.read_state_type, "
           "s.entity_id LIMIT $2");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    while (e == ERR_OK && sql_step(s)) {
        struct read_state *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL) {
            e = ERR_NO_MEMORY;
            continue;
        }
        read_row(s, x);
        uint64_t own = sql_u64(s, COLUMN_COUNT);
        if (x->type == READ_STATE_CHANNEL && own > x->last_acked)
            x->last_acked = own;
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

static enum err run_some(struct sql_conn *c, struct sql_stmt *s, uint64_t id, uint64_t limit,
                         uint64_t *rows)
{
    sql_bind_u64(s, 1, id);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err read_states_forget_user(struct sql_conn *c, struct user_id user, uint64_t limit,
                                 uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM read_states WHERE (user_id, read_state_type, entity_id) IN (SELECT "
           "user_id, read_state_type, entity_id FROM read_states WHERE user_id = $1 LIMIT $2)");
    return run_some(c, s, user.v, limit, rows);
}

enum err read_states_forget_entity(struct sql_conn *c, uint64_t entity, uint64_t limit,
                                   uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM read_states WHERE (user_id, read_state_type, entity_id) IN (SELECT "
           "user_id, read_state_type, entity_id FROM read_states WHERE entity_id = $1 LIMIT $2)");
    return run_some(c, s, entity, limit, rows);
}
