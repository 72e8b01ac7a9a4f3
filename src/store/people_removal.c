/* Taking a person out of relations, notes and settings. */

#include "store/people_removal.h"

enum err people_removal_known_to(struct sql_conn *c, struct user_id user, size_t max,
                                 struct user_id *list, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT user_id FROM relationships WHERE other_id = $1 "
                                      "ORDER BY user_id LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    size_t n = 0;
    while (sql_step(s))
        list[n++].v = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

static struct sql_stmt *deletion_of(struct sql_conn *c, enum people_part part)
{
    switch (part) {
    case PEOPLE_RELATIONS:
        return sql_query(c, "DELETE FROM relationships WHERE user_id = $1 AND other_id IN (SELECT "
                            "other_id FROM relationships WHERE user_id = $1 LIMIT $2)");
    case PEOPLE_NOTES:
        return sql_query(c, "DELETE FROM user_notes WHERE user_id = $1 AND about_id IN (SELECT "
                            "about_id FROM user_notes WHERE user_id = $1 LIMIT $2)");
    case PEOPLE_NOTES_ABOUT:
        return sql_query(c, "DELETE FROM user_notes WHERE about_id = $1 AND user_id IN (SELECT "
                            "user_id FROM user_notes WHERE about_id = $1 LIMIT $2)");
    case PEOPLE_GUILD_PRIVACY:
        return sql_query(c, "DELETE FROM user_guild_privacy WHERE user_id = $1 AND guild_id IN "
                            "(SELECT guild_id FROM user_guild_privacy WHERE user_id = $1 "
                            "LIMIT $2)");
    case PEOPLE_SETTINGS:
    case PEOPLE_PARTS:
        break;
    }
    return sql_query(c, "DELETE FROM user_settings WHERE user_id IN (SELECT user_id FROM "
                        "user_settings WHERE user_id = $1 LIMIT $2)");
}

enum err people_removal_part(struct sql_conn *c, enum people_part part, struct user_id user,
                             uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s = deletion_of(c, part);
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err people_removal_nonces(struct sql_conn *c, struct channel_id channel, struct user_id author)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM recent_nonces WHERE channel_id = $1 AND author_id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, author.v);
    return sql_run(s);
}
