/* Moderation's long work. Neither messages by author nor members without roles are indexed, since
 * posting and joining would pay for that: they are looked through along their keys, in pages. */

#include "store/moderation_jobs.h"

#include "store/id_list.h"

enum { SEEN_SINCE_VERSION = 4 }; /* of the schema: users.seen_at_ms */

enum err moderation_jobs_insert(struct sql_conn *c, const struct moderation_job *j,
                                struct arena *arena)
{
    struct slice ids;
    enum err e = id_list_pack(j->ids, j->id_count, arena, &ids);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO moderation_jobs (id, guild_id, actor_id, since_ms, days, ids, reason) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7)");
    sql_bind_u64(s, 1, j->id);
    sql_bind_u64(s, 2, j->guild.v);
    sql_bind_u64(s, 3, j->actor.v);
    sql_bind_i64(s, 4, j->since_ms);
    sql_bind_u64(s, 5, j->days);
    sql_bind_blob(s, 6, ids);
    sql_bind_text(s, 7, j->reason);
    return sql_send(s);
}

static enum err read_job(struct sql_stmt *s, struct arena *arena, struct moderation_job *out)
{
    uint64_t *ids = NULL;
    *out = (struct moderation_job){
        .id = sql_u64(s, 0),
        .guild = {sql_u64(s, 1)},
        .actor = {sql_u64(s, 2)},
        .since_ms = sql_i64(s, 3),
        .days = (uint32_t)sql_u64(s, 4),
        .reason = sql_text(s, 6, arena),
    };
    enum err e = id_list_unpack(sql_blob(s, 5), arena, &ids, &out->id_count);
    out->ids = ids;
    return e;
}

enum err moderation_jobs_find(struct sql_conn *c, uint64_t id, struct arena *arena,
                              struct moderation_job *out, bool *found)
{
    struct moderation_job job;
    struct sql_stmt *s = sql_query(c, "SELECT id, guild_id, actor_id, since_ms, days, ids, reason "
                                      "FROM moderation_jobs WHERE id = $1");
    sql_bind_u64(s, 1, id);
    bool some = sql_step(s);
    enum err e = some ? read_job(s, arena, &job) : ERR_OK;
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    *found = some;
    if (some)
        *out = job;
    return ERR_OK;
}

enum err moderation_jobs_delete(struct sql_conn *c, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM moderation_jobs WHERE id = $1");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}

enum err authored_messages(struct sql_conn *c, struct channel_id channel, uint64_t after,
                           size_t limit, struct authored_message *list, size_t *count)
{
    /* An alert of AutoMod (type 24) is in its member's name, but the moderators'. */
    struct sql_stmt *s = sql_query(c, "SELECT id, CASE type WHEN 24 THEN 0 ELSE author_id END "
                                      "FROM messages WHERE channel_id = $1 AND id > $2 "
                                      "ORDER BY id LIMIT $3");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, limit);
    *count = 0;
    while (*count < limit && sql_step(s))
        list[(*count)++] = (struct authored_message){{sql_u64(s, 0)}, {sql_u64(s, 1)}};
    return sql_done(s);
}

static bool among(const uint64_t *ids, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* An account that has not been seen since that is noted counts as seen on the day when it began to
 * be: otherwise everybody would look idle after an upgrade. Who joins is there. */
static int64_t seen(struct sql_stmt *s)
{
    int64_t known = sql_i64(s, 1);
    int64_t joined = sql_i64(s, 2);
    int64_t noted_from = sql_i64(s, 3);
    int64_t least = known != 0 ? known : noted_from;
    return joined > least ? joined : least;
}

/* A row for each role, also for one that is being deleted, which is none (0): `protected` says of
 * the member under way that a role protects them. */
struct prune_walk {
    struct prune_row row;
    bool protected;
};

static void end_member(const struct prune_walk *w, int64_t since_ms, struct prune_row *list,
                       size_t *count)
{
    if (w->row.user.v != 0 && !w->protected && w->row.seen_at_ms < since_ms)
        list[(*count)++] = w->row;
}

enum err prune_page(struct sql_conn *c, struct guild_id guild, uint64_t after, size_t limit,
                    int64_t since_ms, const uint64_t *roles, size_t role_count,
                    struct prune_row *list, size_t *count, uint64_t *last, size_t *looked_at)
{
    struct prune_walk w = {0};
    struct sql_stmt *s =
        sql_query(c, "SELECT m.user_id, u.seen_at_ms, m.joined_at_ms, (SELECT applied_at_ms FROM "
                     "schema_migrations WHERE version = $4), u.bot, held.id "
                     "FROM (SELECT guild_id, user_id, joined_at_ms FROM members WHERE "
                     "guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3) m "
                     "JOIN users u ON u.id = m.user_id LEFT JOIN member_roles r "
                     "ON r.guild_id = m.guild_id AND r.user_id = m.user_id LEFT JOIN roles held "
                     "ON held.id = r.role_id AND held.deleting = 0 ORDER BY m.user_id");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, limit);
    sql_bind_u64(s, 4, SEEN_SINCE_VERSION);
    *count = *looked_at = 0;
    while (sql_step(s)) {
        uint64_t user = sql_u64(s, 0);
        uint64_t role = sql_u64(s, 5);
        if (user != w.row.user.v) {
            end_member(&w, since_ms, list, count);
            w = (struct prune_walk){.row = {{user}, seen(s), sql_bool(s, 4)}};
            ++*looked_at;
        }
        w.protected |= role != 0 && !among(roles, role_count, role);
    }
    end_member(&w, since_ms, list, count);
    *last = w.row.user.v;
    return sql_done(s);
}
