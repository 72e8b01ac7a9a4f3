/* Users and credentials. */

#include "store/users.h"

void users_read(struct sql_stmt *s, int column, struct arena *arena, struct user *out)
{
    *out = (struct user){
        .id = {sql_u64(s, column)},
        .tenant = {sql_u64(s, column + 1)},
        .bot = sql_bool(s, column + 2),
        .flags = sql_u64(s, column + 3),
        .seen_at_ms = sql_i64(s, column + 4),
    };
    out->username = sql_text(s, column + 5, arena);
    out->global_name = sql_text(s, column + 6, arena);
}

enum err users_insert(struct sql_conn *c, const struct user *u, int64_t created_at_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO users (id, tenant_id, username, global_name, email, bot, flags, "
                     "created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sql_bind_u64(s, 1, u->id.v);
    sql_bind_u64(s, 2, u->tenant.v);
    sql_bind_text(s, 3, u->username);
    sql_bind_text(s, 4, u->global_name);
    sql_bind_text(s, 5, u->email);
    sql_bind_bool(s, 6, u->bot);
    sql_bind_u64(s, 7, u->flags);
    sql_bind_i64(s, 8, created_at_ms);
    return sql_run(s);
}

enum err users_find(struct sql_conn *c, struct user_id id, struct arena *arena, struct user *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " USERS_COLUMNS ", u.email FROM users u WHERE u.id = $1");
    sql_bind_u64(s, 1, id.v);
    struct user u = {0};
    bool found = sql_step(s);
    if (found) {
        users_read(s, 0, arena, &u);
        u.email = sql_text(s, USERS_COLUMN_COUNT, arena);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_USER;
    *out = u;
    return ERR_OK;
}

enum err users_set_seen(struct sql_conn *c, struct user_id id, int64_t day_ms)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE users SET seen_at_ms = $2 WHERE id = $1 AND seen_at_ms < $2");
    sql_bind_u64(s, 1, id.v);
    sql_bind_i64(s, 2, day_ms);
    return sql_run(s);
}

static enum err taken_in(struct sql_stmt *s, struct tenant_id tenant, struct slice text,
                         bool *taken)
{
    sql_bind_u64(s, 1, tenant.v);
    sql_bind_text(s, 2, text);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *taken = found;
    return e;
}

enum err users_username_taken(struct sql_conn *c, struct tenant_id tenant, struct slice username,
                              bool *taken)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM users WHERE tenant_id = $1 AND username = $2");
    return taken_in(s, tenant, username, taken);
}

enum err users_email_taken(struct sql_conn *c, struct tenant_id tenant, struct slice email,
                           bool *taken)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM users WHERE tenant_id = $1 AND email = $2");
    return taken_in(s, tenant, email, taken);
}

enum err credentials_insert(struct sql_conn *c, struct user_id user, struct slice password_hash)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO credentials (user_id, password_hash) VALUES ($1, $2)");
    sql_bind_u64(s, 1, user.v);
    sql_bind_text(s, 2, password_hash);
    return sql_run(s);
}

enum err credentials_exist(struct sql_conn *c, struct user_id user, bool *exist)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM credentials WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *exist = found;
    return e;
}

enum err credentials_find(struct sql_conn *c, struct tenant_id tenant, struct slice login,
                          struct arena *arena, struct credential *out)
{
    /* User names have no '@' and addresses have one: the two never meet in one namespace. */
    bool by_email = slice_find(login, '@') < login.len;
    struct sql_stmt *s =
        by_email ? sql_query(c, "SELECT u.id, k.password_hash FROM users u JOIN credentials k ON "
                                "k.user_id = u.id WHERE u.tenant_id = $1 AND u.email = $2")
                 : sql_query(c, "SELECT u.id, k.password_hash FROM users u JOIN credentials k ON "
                                "k.user_id = u.id WHERE u.tenant_id = $1 AND u.username = $2");
    sql_bind_u64(s, 1, tenant.v);
    sql_bind_text(s, 2, login);
    struct credential k = {{0}, {NULL, 0}};
    bool found = sql_step(s);
    if (found) {
        k.user.v = sql_u64(s, 0);
        k.password_hash = sql_text(s, 1, arena);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_USER;
    *out = k;
    return ERR_OK;
}
