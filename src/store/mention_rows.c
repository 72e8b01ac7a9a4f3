/* The mentions that unread counts and the list of recent mentions are made of. Every statement
 * reads a bounded piece of an index. */

#include "store/read_states.h"
#include "store/rows.h"

/* Columns: guild, channel, message, author, role. */
static enum err collect(struct sql_stmt *s, struct arena *arena, struct mention_row **out,
                        size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct mention_row *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL)
            e = ERR_NO_MEMORY;
        else
            *x = (struct mention_row){
                {sql_u64(s, 0)}, {sql_u64(s, 1)}, {sql_u64(s, 2)}, {sql_u64(s, 3)}, sql_u64(s, 4)};
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

enum err mentions_of_user(struct sql_conn *c, struct user_id user, uint64_t before, size_t max,
                          struct arena *arena, struct mention_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c,
        "SELECT u.guild_id, u.channel_id, u.message_id, m.author_id, 0 FROM user_mentions u JOIN "
        "messages m ON m.channel_id = u.channel_id AND m.id = u.message_id WHERE u.user_id = $1 "
        "AND u.message_id < $2 ORDER BY u.message_id DESC LIMIT $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, before);
    sql_bind_u64(s, 3, max);
    return collect(s, arena, out, count);
}

enum err mentions_of_role(struct sql_conn *c, uint64_t role, uint64_t after, uint64_t before,
                          size_t max, struct arena *arena, struct mention_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c,
        "SELECT 0, r.channel_id, r.message_id, r.author_id, r.role_id FROM role_mentions r WHERE "
        "r.role_id = $1 AND r.message_id > $2 AND r.message_id < $3 ORDER BY r.message_id DESC "
        "LIMIT $4");
    sql_bind_u64(s, 1, role);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, before);
    sql_bind_u64(s, 4, max);
    return collect(s, arena, out, count);
}

static enum err collect_ids(struct sql_stmt *s, struct arena *arena, uint64_t **out, size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        uint64_t *id = rows_push(&rows, arena, sizeof *id);
        if (id == NULL)
            e = ERR_NO_MEMORY;
        else
            *id = sql_u64(s, 0);
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

enum err mentions_roles_after(struct sql_conn *c, struct slice roles, uint64_t after,
                              struct arena *arena, uint64_t **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT i.value FROM ids($1) i WHERE (SELECT r.message_id FROM role_mentions r WHERE "
           "r.role_id = i.value AND r.message_id > $2 ORDER BY r.message_id LIMIT 1) IS NOT NULL");
    sql_bind_blob(s, 1, roles);
    sql_bind_u64(s, 2, after);
    return collect_ids(s, arena, out, count);
}

enum err mentions_in_channel(struct sql_conn *c, struct user_id user, struct channel_id channel,
                             uint64_t after, size_t max, struct arena *arena,
                             struct mention_row **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c,
        "SELECT u.guild_id, u.channel_id, u.message_id, m.author_id, 0 FROM user_mentions u JOIN "
        "messages m ON m.channel_id = u.channel_id AND m.id = u.message_id WHERE u.user_id = $1 "
        "AND u.channel_id = $2 AND u.message_id > $3 ORDER BY u.message_id LIMIT $4");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, channel.v);
    sql_bind_u64(s, 3, after);
    sql_bind_u64(s, 4, max);
    return collect(s, arena, out, count);
}

enum err mentions_of_roles_in_channel(struct sql_conn *c, struct channel_id channel, uint64_t after,
                                      size_t max, struct arena *arena, struct mention_row **out,
                                      size_t *count)
{
    struct sql_stmt *s = sql_query(
        c,
        "SELECT 0, r.channel_id, r.message_id, r.author_id, r.role_id FROM role_mentions r WHERE "
        "r.channel_id = $1 AND r.message_id > $2 ORDER BY r.message_id LIMIT $3");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, max);
    return collect(s, arena, out, count);
}

enum err mentions_delete(struct sql_conn *c, struct user_id user, struct message_id message,
                         struct channel_id *channel)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM user_mentions WHERE user_id = $1 AND message_id "
                                      "= $2 RETURNING channel_id");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, message.v);
    uint64_t found = 0;
    while (sql_step(s))
        found = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        channel->v = found;
    return e;
}

enum err messages_of_others(struct sql_conn *c, struct channel_id channel, uint64_t after,
                            struct user_id user, struct slice except, size_t max, uint64_t *count)
{
    struct sql_stmt *s = sql_query(
        c,
        "SELECT COUNT(*) FROM (SELECT author_id FROM messages WHERE channel_id = $1 AND id > $2 "
        "ORDER BY id DESC LIMIT $3) x WHERE x.author_id <> $4 AND x.author_id NOT IN (SELECT value "
        "FROM ids($5))");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, max);
    sql_bind_u64(s, 4, user.v);
    sql_bind_blob(s, 5, except);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err blocked_of(struct sql_conn *c, struct user_id user, size_t max, struct arena *arena,
                    uint64_t **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT other_id FROM relationships WHERE user_id = $1 AND "
                                      "type = 2 ORDER BY other_id LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    return collect_ids(s, arena, out, count);
}
