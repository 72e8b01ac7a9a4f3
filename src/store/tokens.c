/* Tokens. */

#include "store/tokens.h"

#include <string.h>

#include "store/rows.h"

static struct slice hash_slice(const struct token_id *t)
{
    return slice_of((const char *)t->hash, sizeof t->hash);
}

enum err tokens_insert(struct sql_conn *c, const struct token_id *t, struct user_id user,
                       enum token_kind kind, int64_t created_at_ms)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO tokens (hash, user_id, kind, created_at_ms) VALUES ($1, $2, $3, $4)");
    sql_bind_blob(s, 1, hash_slice(t));
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, (int64_t)kind);
    sql_bind_i64(s, 4, created_at_ms);
    return sql_run(s);
}

enum err tokens_principal(struct sql_conn *c, const struct token_id *t, struct principal *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT u.id, u.tenant_id, u.bot, a.id, a.flags FROM tokens t "
                     "JOIN users u ON u.id = t.user_id "
                     "LEFT JOIN applications a ON a.bot_id = u.id WHERE t.hash = $1");
    sql_bind_blob(s, 1, hash_slice(t));
    struct principal p = {0};
    bool found = sql_step(s);
    if (found) {
        p.user.v = sql_u64(s, 0);
        p.tenant.v = sql_u64(s, 1);
        p.bot = sql_bool(s, 2);
        p.application.v = sql_u64(s, 3);
        p.application_flags = sql_u64(s, 4);
        memcpy(p.token_hash, t->hash, sizeof p.token_hash);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_TOKEN;
    *out = p;
    return ERR_OK;
}

enum err tokens_delete(struct sql_conn *c, const struct token_id *t, bool *deleted)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM tokens WHERE hash = $1");
    sql_bind_blob(s, 1, hash_slice(t));
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *deleted = sql_changes(c) > 0;
    return e;
}

enum err tokens_of_user(struct sql_conn *c, struct user_id user, struct arena *arena,
                        struct token_id **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT hash FROM tokens WHERE user_id = $1 ORDER BY hash");
    sql_bind_u64(s, 1, user.v);
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct token_id *t = rows_push(&rows, arena, sizeof *t);
        struct slice hash = sql_blob(s, 0);
        if (t == NULL)
            e = ERR_NO_MEMORY;
        else if (hash.len != sizeof t->hash)
            e = ERR_STORE;
        else
            memcpy(t->hash, hash.data, sizeof t->hash);
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

enum err tokens_delete_of_user(struct sql_conn *c, struct user_id user)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM tokens WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    return sql_run(s);
}
