/* Applications. */

#include "store/applications.h"

enum err applications_insert(struct sql_conn *c, const struct application *a, int64_t created_at_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO applications (id, owner_id, name, description, bot_id, "
                     "bot_public, flags, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sql_bind_u64(s, 1, a->id.v);
    sql_bind_u64(s, 2, a->owner.v);
    sql_bind_text(s, 3, a->name);
    sql_bind_text(s, 4, a->description);
    sql_bind_id_or_null(s, 5, a->bot.v);
    sql_bind_bool(s, 6, a->bot_public);
    sql_bind_u64(s, 7, a->flags);
    sql_bind_i64(s, 8, created_at_ms);
    return sql_run(s);
}

enum err applications_find(struct sql_conn *c, struct application_id id, struct arena *arena,
                           struct application *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT id, owner_id, bot_id, bot_public, flags, name, "
                                      "description FROM applications WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    struct application a = {0};
    bool found = sql_step(s);
    if (found) {
        a.id.v = sql_u64(s, 0);
        a.owner.v = sql_u64(s, 1);
        a.bot.v = sql_u64(s, 2);
        a.bot_public = sql_bool(s, 3);
        a.flags = sql_u64(s, 4);
        a.name = sql_text(s, 5, arena);
        a.description = sql_text(s, 6, arena);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_APPLICATION;
    *out = a;
    return ERR_OK;
}

enum err applications_count(struct sql_conn *c, struct user_id owner, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM applications WHERE owner_id = $1");
    sql_bind_u64(s, 1, owner.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err applications_set_bot(struct sql_conn *c, struct application_id id, struct user_id bot)
{
    struct sql_stmt *s = sql_query(c, "UPDATE applications SET bot_id = $2 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, bot.v);
    return sql_run(s);
}
