/* Users and credentials. */

#include "store/users.h"

#include "store/rows.h"

void users_read(struct sql_stmt *s, int column, struct arena *arena, struct user *out)
{
    *out = (struct user){
        .id = {sql_u64(s, column)},
        .tenant = {sql_u64(s, column + 1)},
        .bot = sql_bool(s, column + 2),
        .flags = sql_u64(s, column + 3),
        .seen_at_ms = sql_i64(s, column + 4),
        .accent_color = (uint32_t)sql_u64(s, column + 5),
    };
    out->username = sql_text(s, column + 6, arena);
    out->global_name = sql_text(s, column + 7, arena);
    out->avatar = sql_text(s, column + 8, arena);
    out->banner = sql_text(s, column + 9, arena);
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
    struct sql_stmt *s = sql_query(c, "SELECT " USERS_COLUMNS
                                      ", u.email, u.bio, u.pronouns FROM users u WHERE u.id = $1");
    sql_bind_u64(s, 1, id.v);
    struct user u = {0};
    bool found = sql_step(s);
    if (found) {
        users_read(s, 0, arena, &u);
        u.email = sql_text(s, USERS_COLUMN_COUNT, arena);
        u.bio = sql_text(s, USERS_COLUMN_COUNT + 1, arena);
        u.pronouns = sql_text(s, USERS_COLUMN_COUNT + 2, arena);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_USER;
    *out = u;
    return ERR_OK;
}

enum err users_find_many(struct sql_conn *c, struct slice ids, struct arena *arena,
                         struct user **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " USERS_COLUMNS
                                      " FROM users u WHERE u.id IN (SELECT value FROM ids($1))");
    struct rows found = {0};
    enum err e = ERR_OK;
    sql_bind_blob(s, 1, ids);
    while (e == ERR_OK && sql_step(s)) {
        struct user *u = rows_push(&found, arena, sizeof *u);
        if (u == NULL)
            e = ERR_NO_MEMORY;
        else
            users_read(s, 0, arena, u);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = found.items;
        *count = found.count;
    }
    return e;
}

enum err users_update(struct sql_conn *c, const struct user *u)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE users SET username = $2, global_name = $3, email = $4, avatar = $5, "
                     "banner = $6, accent_color = NULLIF($7, 0) - 16777216, bio = $8, pronouns = "
                     "$9 WHERE id = $1");
    sql_bind_u64(s, 1, u->id.v);
    sql_bind_text(s, 2, u->username);
    sql_bind_text(s, 3, u->global_name);
    sql_bind_text(s, 4, u->email);
    sql_bind_text(s, 5, u->avatar);
    sql_bind_text(s, 6, u->banner);
    sql_bind_u64(s, 7, u->accent_color);
    sql_bind_text(s, 8, u->bio);
    sql_bind_text(s, 9, u->pronouns);
    return sql_run(s);
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

enum err users_find_name(struct sql_conn *c, struct tenant_id tenant, struct slice username,
                         struct user_id *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id FROM users WHERE tenant_id = $1 AND username = $2");
    sql_bind_u64(s, 1, tenant.v);
    sql_bind_text(s, 2, username);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    out->v = id;
    return id != 0 ? ERR_OK : ERR_UNKNOWN_USER;
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

enum err credentials_update(struct sql_conn *c, struct user_id user, struct slice password_hash)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE credentials SET password_hash = $2 WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    sql_bind_text(s, 2, password_hash);
    return sql_run(s);
}

enum err credentials_of(struct sql_conn *c, struct user_id user, struct arena *arena,
                        struct slice *password_hash)
{
    struct sql_stmt *s = sql_query(c, "SELECT password_hash FROM credentials WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    struct slice hash = {NULL, 0};
    if (sql_step(s))
        hash = sql_text(s, 0, arena);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *password_hash = hash;
    return e;
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
