/* The directory. A guild with the feature DISCOVERABLE is in the index guilds_directory, whose
 * condition (features & 2) the texts here repeat. */

#include "store/directory.h"

#include "store/rows.h"

_Static_assert(DIRECTORY_LOOKED_AT == 2000, "the texts have the number");

enum err directory_list(struct sql_conn *c, struct tenant_id tenant, struct slice pattern,
                        struct arena *arena, struct guild_id **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT id FROM (SELECT id, member_count, name FROM guilds WHERE tenant_id = $1 "
           "AND features & 2 <> 0 AND deleting = 0 ORDER BY member_count DESC, id DESC "
           "LIMIT 2000) AS listed WHERE lower(name) LIKE $2 ESCAPE '!' "
           "ORDER BY member_count DESC, id DESC");
    sql_bind_u64(s, 1, tenant.v);
    sql_bind_text(s, 2, pattern.data != NULL ? pattern : SLICE("%"));
    struct rows list = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct guild_id *id = rows_push(&list, arena, sizeof *id);
        if (id == NULL)
            e = ERR_NO_MEMORY;
        else
            id->v = sql_u64(s, 0);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = list.items;
        *count = list.count;
    }
    return e;
}

enum err directory_shows(struct sql_conn *c, struct guild_id guild, struct tenant_id tenant,
                         struct user_id user, bool *shown)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT (SELECT COUNT(*) FROM guilds WHERE id = $1 AND tenant_id = $2 "
                     "AND features & 2 <> 0 AND deleting = 0) + "
                     "(SELECT COUNT(*) FROM members WHERE guild_id = $1 AND user_id = $3)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, tenant.v);
    sql_bind_u64(s, 3, user.v);
    bool found = sql_step(s) && sql_u64(s, 0) > 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *shown = found;
    return e;
}

enum err directory_set_policy(struct sql_conn *c, struct guild_id guild,
                              enum guild_join_policy policy)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE guilds SET join_policy = $2 WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, (uint64_t)policy);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_GUILD : e;
}
