/* Applications in guilds. */

#include "store/integrations.h"

#include "store/users.h"

/* Of integrations i, applications a, the bot b and who added it u; integers first (see users.h). */
#define BOT_COLUMNS                                                                                \
    "b.id, b.tenant_id, b.bot, b.flags, b.seen_at_ms, COALESCE(b.accent_color + 16777216, 0), "    \
    "b.username, b.global_name, b.avatar, b.banner"
#define COLUMNS                                                                                    \
    "SELECT i.id, i.guild_id, i.created_at_ms, a.id, a.owner_id, a.bot_id, a.bot_public, "         \
    "a.flags, a.name, a.description, " BOT_COLUMNS ", " USERS_COLUMNS                              \
    " FROM integrations i JOIN applications a ON a.id = i.application_id "                         \
    "LEFT JOIN users b ON b.id = a.bot_id LEFT JOIN users u ON u.id = i.added_by "
enum { COLUMN_NAME = 8, COLUMN_BOT = 10, COLUMN_ADDED_BY = COLUMN_BOT + USERS_COLUMN_COUNT };

static void read_integration(struct sql_stmt *s, struct arena *arena, struct integration *out)
{
    *out = (struct integration){
        .id = sql_u64(s, 0),
        .guild = {sql_u64(s, 1)},
        .created_at_ms = sql_i64(s, 2),
        .application = {.id = {sql_u64(s, 3)},
                        .owner = {sql_u64(s, 4)},
                        .bot = {sql_u64(s, 5)},
                        .bot_public = sql_bool(s, 6),
                        .flags = sql_u64(s, 7)},
    };
    uint64_t added_by = sql_u64(s, COLUMN_ADDED_BY);
    out->application.name = sql_text(s, COLUMN_NAME, arena);
    out->application.description = sql_text(s, COLUMN_NAME + 1, arena);
    users_read(s, COLUMN_BOT, arena, &out->bot);
    if (added_by != 0)
        users_read(s, COLUMN_ADDED_BY, arena, &out->added_by);
}

enum err integrations_insert(struct sql_conn *c, const struct integration *i)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO integrations (id, guild_id, application_id, added_by, "
                     "created_at_ms) VALUES ($1, $2, $3, $4, $5)");
    sql_bind_u64(s, 1, i->id);
    sql_bind_u64(s, 2, i->guild.v);
    sql_bind_u64(s, 3, i->application.id.v);
    sql_bind_u64(s, 4, i->added_by.id.v);
    sql_bind_i64(s, 5, i->created_at_ms);
    return sql_send(s);
}

static enum err read_one(struct sql_stmt *s, struct guild_id guild, uint64_t id,
                         struct arena *arena, struct integration *out)
{
    struct integration i;
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, id);
    bool found = sql_step(s);
    if (found)
        read_integration(s, arena, &i);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_INTEGRATION;
    *out = i;
    return ERR_OK;
}

enum err integrations_find(struct sql_conn *c, struct guild_id guild, uint64_t id,
                           struct arena *arena, struct integration *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE i.guild_id = $1 AND i.id = $2");
    return read_one(s, guild, id, arena, out);
}

/* A bot's user id is its application's (core/applications.c). */
enum err integrations_find_bot(struct sql_conn *c, struct guild_id guild, struct user_id bot,
                               struct arena *arena, struct integration *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE i.guild_id = $1 AND i.application_id = $2");
    return read_one(s, guild, bot.v, arena, out);
}

enum err integrations_of_guild(struct sql_conn *c, struct guild_id guild, unsigned max,
                               struct arena *arena, struct integration **out, size_t *count)
{
    struct integration *list = arena_array(arena, max, sizeof *list);
    struct sql_stmt *s =
        sql_query(c, COLUMNS "WHERE i.guild_id = $1 ORDER BY i.application_id LIMIT $2");
    size_t n = 0;
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, max);
    while (list != NULL && n < max && sql_step(s))
        read_integration(s, arena, &list[n++]);
    enum err e = sql_done(s);
    if (e == ERR_OK && list == NULL)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = list;
    *count = n;
    return ERR_OK;
}

enum err integrations_delete(struct sql_conn *c, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM integrations WHERE id = $1");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}
