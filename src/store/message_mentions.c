/* Who is mentioned where. Two statements at most, however many are named. */

#include "store/message_mentions.h"

#include "base/arena.h"
#include "base/limits.h"
#include "store/id_list.h"

enum { IDS_MAX = LIMIT_MENTIONS + 1, SCRATCH = IDS_MAX * 16 + 1024 };

bool message_mentions_any(const struct message *m)
{
    return m->mention_count > 0 || m->mention_role_count > 0 || m->mention_everyone;
}

static enum err insert_users(struct sql_conn *c, const struct message *m, struct slice ids)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO user_mentions (channel_id, message_id, user_id, guild_id) "
                     "SELECT $1, $2, value, $3 FROM ids($4) WHERE true ON CONFLICT DO NOTHING");
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->id.v);
    sql_bind_u64(s, 3, m->guild.v);
    sql_bind_blob(s, 4, ids);
    return sql_send(s);
}

static enum err insert_roles(struct sql_conn *c, const struct message *m, struct slice ids)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO role_mentions (channel_id, message_id, role_id, author_id) "
                     "SELECT $1, $2, value, $3 FROM ids($4) WHERE true ON CONFLICT DO NOTHING");
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->id.v);
    sql_bind_u64(s, 3, m->author.id.v);
    sql_bind_blob(s, 4, ids);
    return sql_send(s);
}

static size_t user_ids(const struct message *m, uint64_t out[IDS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < m->mention_count && n < LIMIT_MENTIONS; i++)
        out[n++] = m->mentions[i].id.v;
    return n;
}

static size_t role_ids(const struct message *m, uint64_t out[IDS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < m->mention_role_count && n < LIMIT_MENTIONS; i++)
        out[n++] = m->mention_roles[i].v;
    if (m->mention_everyone && m->guild.v != 0)
        out[n++] = m->guild.v;
    return n;
}

enum err message_mentions_insert(struct sql_conn *c, const struct message *m)
{
    uint64_t list[IDS_MAX];
    struct slice ids;
    struct arena arena;
    if (!message_mentions_any(m))
        return ERR_OK;
    arena_init(&arena, MEM_STORE, SCRATCH);
    size_t count = user_ids(m, list);
    enum err e = id_list_pack(list, count, &arena, &ids);
    if (e == ERR_OK && count > 0)
        e = insert_users(c, m, ids);
    count = role_ids(m, list);
    if (e == ERR_OK)
        e = id_list_pack(list, count, &arena, &ids);
    if (e == ERR_OK && count > 0)
        e = insert_roles(c, m, ids);
    arena_deinit(&arena);
    return e;
}

static enum err remove_from(struct sql_stmt *s, const struct message *m)
{
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->id.v);
    return sql_send(s);
}

enum err message_mentions_replace(struct sql_conn *c, const struct message *m)
{
    enum err e = remove_from(
        sql_query(c, "DELETE FROM user_mentions WHERE channel_id = $1 AND message_id = $2"), m);
    if (e == ERR_OK)
        e = remove_from(
            sql_query(c, "DELETE FROM role_mentions WHERE channel_id = $1 AND message_id = $2"), m);
    return e == ERR_OK ? message_mentions_insert(c, m) : e;
}

enum err message_mentions_forget(struct sql_conn *c, struct user_id user, uint64_t limit,
                                 uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM user_mentions WHERE user_id = $1 AND message_id < COALESCE((SELECT "
           "message_id FROM user_mentions WHERE user_id = $1 ORDER BY message_id "
           "LIMIT 1 OFFSET $2), 9223372036854775807)");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}
