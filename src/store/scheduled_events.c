/* Scheduled events. */

#include "store/scheduled_events.h"

#include "store/rows.h"

#define COLUMNS                                                                                    \
    "id, guild_id, channel_id, creator_id, entity_id, start_ms, end_ms, privacy_level, status, "   \
    "entity_type, user_count, name, description, location, image, recurrence"

enum { COLUMN_NAME = 11 };

static void bind_texts(struct sql_stmt *s, int first, const struct scheduled_event *x)
{
    sql_bind_text(s, first, x->name);
    sql_bind_text(s, first + 1, x->description);
    sql_bind_text(s, first + 2, x->location);
    sql_bind_text(s, first + 3, x->image);
    sql_bind_text(s, first + 4, x->recurrence);
}

enum err scheduled_events_insert(struct sql_conn *c, const struct scheduled_event *x)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO scheduled_events (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, "
                     "$7, $8, $9, $10, 0, $11, $12, $13, $14, $15)");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_u64(s, 2, x->guild.v);
    sql_bind_id_or_null(s, 3, x->channel.v);
    sql_bind_u64(s, 4, x->creator.v);
    sql_bind_id_or_null(s, 5, x->entity);
    sql_bind_i64(s, 6, x->start_ms);
    sql_bind_i64(s, 7, x->end_ms);
    sql_bind_u64(s, 8, x->privacy_level);
    sql_bind_i64(s, 9, x->status);
    sql_bind_i64(s, 10, x->entity_type);
    bind_texts(s, 11, x);
    return sql_run(s);
}

enum err scheduled_events_update(struct sql_conn *c, const struct scheduled_event *x)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE scheduled_events SET channel_id = $2, entity_id = $3, start_ms = $4, end_ms = "
           "$5, privacy_level = $6, status = $7, entity_type = $8, name = $9, description = $10, "
           "location = $11, image = $12, recurrence = $13 WHERE id = $1");
    sql_bind_u64(s, 1, x->id.v);
    sql_bind_id_or_null(s, 2, x->channel.v);
    sql_bind_id_or_null(s, 3, x->entity);
    sql_bind_i64(s, 4, x->start_ms);
    sql_bind_i64(s, 5, x->end_ms);
    sql_bind_u64(s, 6, x->privacy_level);
    sql_bind_i64(s, 7, x->status);
    sql_bind_i64(s, 8, x->entity_type);
    bind_texts(s, 9, x);
    return sql_run(s);
}

enum err scheduled_events_delete(struct sql_conn *c, struct scheduled_event_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM scheduled_events WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

static void read_event(struct sql_stmt *s, struct arena *arena, struct scheduled_event *out)
{
    *out = (struct scheduled_event){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .channel = {sql_u64(s, 2)},
        .creator = {sql_u64(s, 3)},
        .entity = sql_u64(s, 4),
        .start_ms = sql_i64(s, 5),
        .end_ms = sql_i64(s, 6),
        .privacy_level = (uint32_t)sql_u64(s, 7),
        .status = (enum scheduled_status)sql_i64(s, 8),
        .entity_type = (enum scheduled_entity)sql_i64(s, 9),
        .user_count = sql_u64(s, 10),
    };
    out->name = sql_text(s, COLUMN_NAME, arena);
    out->description = sql_text(s, COLUMN_NAME + 1, arena);
    out->location = sql_text(s, COLUMN_NAME + 2, arena);
    out->image = sql_text(s, COLUMN_NAME + 3, arena);
    out->recurrence = sql_text(s, COLUMN_NAME + 4, arena);
}

enum err scheduled_events_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                   struct scheduled_event **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM scheduled_events WHERE guild_id = $1 "
                     "AND status < 3 ORDER BY id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct scheduled_event *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL) {
            e = ERR_NO_MEMORY;
            break;
        }
        read_event(s, arena, x);
        x->user_count = 0;
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

enum err scheduled_events_find(struct sql_conn *c, struct guild_id guild,
                               struct scheduled_event_id id, struct arena *arena,
                               struct scheduled_event *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM scheduled_events WHERE id = $1 AND guild_id = $2");
    struct scheduled_event found = {0};
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, guild.v);
    bool any = sql_step(s);
    if (any)
        read_event(s, arena, &found);
    enum err e = sql_done(s);
    if (e == ERR_OK && !any)
        e = ERR_UNKNOWN_SCHEDULED_EVENT;
    if (e == ERR_OK)
        *out = found;
    return e;
}

enum err scheduled_events_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT COUNT(*) FROM scheduled_events WHERE guild_id = $1 AND status < 3");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err scheduled_events_interest(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                   struct scheduled_interest **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id, user_count FROM scheduled_events WHERE guild_id = "
                     "$1 AND status < 3 ORDER BY id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct scheduled_interest *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL)
            e = ERR_NO_MEMORY;
        else
            *x = (struct scheduled_interest){{sql_u64(s, 0)}, sql_u64(s, 1)};
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

/* ---- who is interested ---- */

static enum err count_user(struct sql_conn *c, struct scheduled_event_id id, int64_t by)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE scheduled_events SET user_count = user_count + $2 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_i64(s, 2, by);
    return sql_run(s);
}

enum err scheduled_events_add_user(struct sql_conn *c, struct scheduled_event_id id,
                                   struct user_id user, bool *changed)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO scheduled_event_users (event_id, user_id) VALUES "
                     "($1, $2) ON CONFLICT DO NOTHING");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    *changed = sql_changes(c) > 0;
    return *changed ? count_user(c, id, 1) : ERR_OK;
}

enum err scheduled_events_remove_user(struct sql_conn *c, struct scheduled_event_id id,
                                      struct user_id user, bool *changed)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM scheduled_event_users WHERE event_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    *changed = sql_changes(c) > 0;
    return *changed ? count_user(c, id, -1) : ERR_OK;
}

enum err scheduled_events_forget_user(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE scheduled_events SET user_count = user_count - 1 WHERE guild_id = $1 AND status "
           "< 3 AND EXISTS (SELECT 1 FROM scheduled_event_users u WHERE u.event_id = "
           "scheduled_events.id AND u.user_id = $2)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    if (e != ERR_OK || sql_changes(c) == 0)
        return e;
    s = sql_query(c, "DELETE FROM scheduled_event_users WHERE user_id = $2 AND event_id IN (SELECT "
                     "id FROM scheduled_events WHERE guild_id = $1 AND status < 3)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return sql_run(s);
}

static enum err read_users(struct sql_stmt *s, struct arena *arena, struct user_id **out,
                           size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct user_id *id = rows_push(&rows, arena, sizeof *id);
        if (id == NULL)
            e = ERR_NO_MEMORY;
        else
            id->v = sql_u64(s, 0);
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

static void reverse(struct user_id *ids, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct user_id kept = ids[i];
        ids[i] = ids[count - 1 - i];
        ids[count - 1 - i] = kept;
    }
}

enum err scheduled_events_users(struct sql_conn *c, struct scheduled_event_id id, uint64_t before,
                                uint64_t after, unsigned limit, struct arena *arena,
                                struct user_id **out, size_t *count)
{
    struct sql_stmt *s =
        before != 0
            ? sql_query(c, "SELECT user_id FROM scheduled_event_users WHERE event_id = $1 AND "
                           "user_id < $2 ORDER BY user_id DESC LIMIT $3")
            : sql_query(c, "SELECT user_id FROM scheduled_event_users WHERE event_id = $1 AND "
                           "user_id > $2 ORDER BY user_id LIMIT $3");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, before != 0 ? before : after);
    sql_bind_u64(s, 3, limit);
    enum err e = read_users(s, arena, out, count);
    if (e == ERR_OK && before != 0)
        reverse(*out, *count);
    return e;
}
