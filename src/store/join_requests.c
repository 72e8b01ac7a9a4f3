/* Requests to join guilds. */

#include "store/join_requests.h"

#include "store/rows.h"
#include "store/users.h"

/* Of join_requests j and users u; integers first (see users.h). */
#define COLUMNS                                                                                    \
    "j.id, j.guild_id, j.status, j.created_at_ms, j.decided_by, j.decided_at_ms, " USERS_COLUMNS   \
    ", j.responses, j.rejection_reason FROM join_requests j JOIN users u ON u.id = j.user_id "
enum { COLUMN_USER = 6, COLUMN_RESPONSES = COLUMN_USER + USERS_COLUMN_COUNT };

static void read_request(struct sql_stmt *s, struct arena *arena, struct join_request *out)
{
    *out = (struct join_request){
        .id = sql_u64(s, 0),
        .guild = {sql_u64(s, 1)},
        .status = (enum join_request_status)sql_i64(s, 2),
        .created_at_ms = sql_i64(s, 3),
        .decided_by = {sql_u64(s, 4)},
        .decided_at_ms = sql_i64(s, 5),
    };
    users_read(s, COLUMN_USER, arena, &out->user);
    out->responses = sql_text(s, COLUMN_RESPONSES, arena);
    out->rejection_reason = sql_text(s, COLUMN_RESPONSES + 1, arena);
}

enum err join_requests_put(struct sql_conn *c, const struct join_request *r)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO join_requests (guild_id, user_id, id, status, created_at_ms, decided_by, "
           "decided_at_ms, responses, rejection_reason) "
           "VALUES ($1, $2, $3, $4, $5, NULL, 0, $6, NULL) ON CONFLICT (guild_id, user_id) "
           "DO UPDATE SET id = excluded.id, status = excluded.status, "
           "created_at_ms = excluded.created_at_ms, decided_by = NULL, decided_at_ms = 0, "
           "responses = excluded.responses, rejection_reason = NULL");
    sql_bind_u64(s, 1, r->guild.v);
    sql_bind_u64(s, 2, r->user.id.v);
    sql_bind_u64(s, 3, r->id);
    sql_bind_u64(s, 4, (uint64_t)r->status);
    sql_bind_i64(s, 5, r->created_at_ms);
    sql_bind_text(s, 6, r->responses);
    return sql_run(s);
}

static enum err read_one(struct sql_stmt *s, struct arena *arena, struct join_request *out)
{
    struct join_request r = {0};
    bool found = sql_step(s);
    if (found)
        read_request(s, arena, &r);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_JOIN_REQUEST;
    *out = r;
    return ERR_OK;
}

enum err join_requests_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                            struct arena *arena, struct join_request *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE j.guild_id = $1 AND j.user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return read_one(s, arena, out);
}

enum err join_requests_find_id(struct sql_conn *c, uint64_t id, struct arena *arena,
                               struct join_request *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE j.id = $1");
    sql_bind_u64(s, 1, id);
    return read_one(s, arena, out);
}

enum err join_requests_decide(struct sql_conn *c, const struct join_request *r)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE join_requests SET status = $3, decided_by = $4, decided_at_ms = $5, "
                     "rejection_reason = $6 WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, r->guild.v);
    sql_bind_u64(s, 2, r->user.id.v);
    sql_bind_u64(s, 3, (uint64_t)r->status);
    sql_bind_id_or_null(s, 4, r->decided_by.v);
    sql_bind_i64(s, 5, r->decided_at_ms);
    sql_bind_text(s, 6, r->rejection_reason);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_JOIN_REQUEST : e;
}

enum err join_requests_delete(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM join_requests WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_JOIN_REQUEST : e;
}

static enum err read_list(struct sql_stmt *s, struct arena *arena, struct join_request **out,
                          size_t *count)
{
    struct rows list = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct join_request *r = rows_push(&list, arena, sizeof *r);
        if (r == NULL)
            e = ERR_NO_MEMORY;
        else
            read_request(s, arena, r);
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

enum err join_requests_list(struct sql_conn *c, const struct join_request_page *p,
                            struct arena *arena, struct join_request **out, size_t *count)
{
    struct sql_stmt *s =
        p->after != 0
            ? sql_query(c, "SELECT " COLUMNS "WHERE j.guild_id = $1 AND j.status = $2 AND "
                           "j.id > $3 ORDER BY j.id LIMIT $4")
            : sql_query(c, "SELECT " COLUMNS "WHERE j.guild_id = $1 AND j.status = $2 AND "
                           "j.id < $3 ORDER BY j.id DESC LIMIT $4");
    sql_bind_u64(s, 1, p->guild.v);
    sql_bind_u64(s, 2, (uint64_t)p->status);
    sql_bind_u64(s, 3, p->after != 0 ? p->after : p->before != 0 ? p->before : INT64_MAX);
    sql_bind_u64(s, 4, p->limit);
    return read_list(s, arena, out, count);
}

static enum err one_count(struct sql_stmt *s, uint64_t *count)
{
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err join_requests_of_guild(struct sql_conn *c, struct guild_id guild,
                                enum join_request_status status, uint64_t most, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM (SELECT 1 FROM join_requests "
                                      "WHERE guild_id = $1 AND status = $2 LIMIT $3) AS found");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, (uint64_t)status);
    sql_bind_u64(s, 3, most);
    return one_count(s, count);
}

enum err join_requests_of_user(struct sql_conn *c, struct user_id user, uint64_t most,
                               uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM (SELECT 1 FROM join_requests "
                                      "WHERE user_id = $1 AND status = 0 LIMIT $2) AS found");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, most);
    return one_count(s, count);
}
