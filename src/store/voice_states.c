/* Voice states. */

#include "store/voice_states.h"

#include <string.h>

#include "store/rows.h"

#define OWN_COLUMNS                                                                                \
    "guild_id, user_id, channel_id, session_id, self_deaf, self_mute, self_stream, self_video, "   \
    "suppress, request_to_speak_at_ms, joined_at_ms"
#define COLUMNS                                                                                    \
    "v.guild_id, v.user_id, v.channel_id, v.self_deaf, v.self_mute, v.self_stream, v.self_video, " \
    "v.suppress, v.request_to_speak_at_ms, v.joined_at_ms, COALESCE(m.deaf, 0), "                  \
    "COALESCE(m.mute, 0), v.session_id"
#define FROM                                                                                       \
    " FROM voice_states v LEFT JOIN members m ON m.guild_id = v.guild_id "                         \
    "AND m.user_id = v.user_id "

enum { SESSION_COLUMN = 12, ROW_BYTES = 4096 };

static enum err read_state(struct sql_stmt *s, struct arena *arena, struct voice_state *out)
{
    *out = (struct voice_state){
        .guild = {sql_u64(s, 0)},
        .user = {sql_u64(s, 1)},
        .channel = {sql_u64(s, 2)},
        .self_deaf = sql_bool(s, 3),
        .self_mute = sql_bool(s, 4),
        .self_stream = sql_bool(s, 5),
        .self_video = sql_bool(s, 6),
        .suppress = sql_bool(s, 7),
        .request_to_speak_at_ms = sql_i64(s, 8),
        .joined_at_ms = sql_i64(s, 9),
        .deaf = sql_bool(s, 10),
        .mute = sql_bool(s, 11),
    };
    struct slice session = sql_text(s, SESSION_COLUMN, arena);
    if (session.data == NULL || session.len > VOICE_SESSION_MAX)
        return session.data == NULL ? ERR_NO_MEMORY : ERR_STORE;
    memcpy(out->session, session.data, session.len);
    return ERR_OK;
}

/* Ends s. */
static enum err read_list(struct sql_stmt *s, struct arena *arena, struct voice_state **out,
                          size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct voice_state *state = rows_push(&rows, arena, sizeof *state);
        e = state == NULL ? ERR_NO_MEMORY : read_state(s, arena, state);
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

enum err voice_states_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                           struct voice_state *out, bool *found)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS FROM "WHERE v.guild_id = $1 AND v.user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    struct voice_state state;
    struct arena arena;
    arena_init(&arena, MEM_STORE, ROW_BYTES);
    bool some = sql_step(s);
    enum err e = some ? read_state(s, &arena, &state) : ERR_OK;
    enum err done = sql_done(s);
    arena_deinit(&arena);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    *found = some;
    if (some)
        *out = state;
    return ERR_OK;
}

enum err voice_states_put(struct sql_conn *c, const struct voice_state *v)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO voice_states (" OWN_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
           "$10, $11) ON CONFLICT (guild_id, user_id) DO UPDATE SET "
           "channel_id = excluded.channel_id, session_id = excluded.session_id, "
           "self_deaf = excluded.self_deaf, self_mute = excluded.self_mute, "
           "self_stream = excluded.self_stream, self_video = excluded.self_video, "
           "suppress = excluded.suppress, "
           "request_to_speak_at_ms = excluded.request_to_speak_at_ms, "
           "joined_at_ms = excluded.joined_at_ms");
    sql_bind_u64(s, 1, v->guild.v);
    sql_bind_u64(s, 2, v->user.v);
    sql_bind_u64(s, 3, v->channel.v);
    sql_bind_text(s, 4, slice_from(v->session));
    sql_bind_bool(s, 5, v->self_deaf);
    sql_bind_bool(s, 6, v->self_mute);
    sql_bind_bool(s, 7, v->self_stream);
    sql_bind_bool(s, 8, v->self_video);
    sql_bind_bool(s, 9, v->suppress);
    sql_bind_i64(s, 10, v->request_to_speak_at_ms);
    sql_bind_i64(s, 11, v->joined_at_ms);
    return sql_run(s);
}

enum err voice_states_delete(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM voice_states WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return sql_run(s);
}

enum err voice_states_of_guild(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                               struct arena *arena, struct voice_state **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS FROM "WHERE v.guild_id = $1 ORDER BY v.user_id LIMIT $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, limit);
    return read_list(s, arena, out, count);
}

enum err voice_states_of_channel(struct sql_conn *c, struct channel_id channel, uint64_t limit,
                                 struct arena *arena, struct voice_state **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS FROM "WHERE v.channel_id = $1 LIMIT $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, limit);
    return read_list(s, arena, out, count);
}

enum err voice_states_of_user(struct sql_conn *c, struct user_id user, struct guild_id after,
                              uint64_t limit, struct arena *arena, struct voice_state **out,
                              size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS FROM "WHERE v.user_id = $1 AND v.guild_id > $2 "
                     "ORDER BY v.guild_id LIMIT $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, after.v);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

enum err voice_states_after(struct sql_conn *c, struct guild_id guild, struct user_id user,
                            uint64_t limit, struct arena *arena, struct voice_state **out,
                            size_t *count)
{
    /* Without the members: a walk over all states must not become one over all members. */
    struct sql_stmt *s =
        sql_query(c, "SELECT guild_id, user_id, channel_id, self_deaf, self_mute, self_stream, "
                     "self_video, suppress, request_to_speak_at_ms, joined_at_ms, 0, 0, session_id "
                     "FROM voice_states WHERE (guild_id, user_id) > ($1, $2) "
                     "ORDER BY guild_id, user_id LIMIT $3");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

static enum err count_of(struct sql_stmt *s, uint64_t of, uint64_t limit, uint64_t *count)
{
    sql_bind_u64(s, 1, of);
    sql_bind_u64(s, 2, limit);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err voice_states_in_channel(struct sql_conn *c, struct channel_id channel, uint64_t limit,
                                 uint64_t *count)
{
    return count_of(sql_query(c, "SELECT COUNT(*) FROM (SELECT 1 FROM voice_states WHERE "
                                 "channel_id = $1 LIMIT $2) AS those"),
                    channel.v, limit, count);
}

enum err voice_states_in_guild(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                               uint64_t *count)
{
    return count_of(sql_query(c, "SELECT COUNT(*) FROM (SELECT 1 FROM voice_states WHERE "
                                 "guild_id = $1 LIMIT $2) AS those"),
                    guild.v, limit, count);
}
