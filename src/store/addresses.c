/* Addresses of people and address bans. */

#include "store/addresses.h"

#include <string.h>

#include "store/rows.h"
#include "store/users.h"

static struct slice bytes_of(const struct address_hash *hash)
{
    return slice_of((const char *)hash->bytes, sizeof hash->bytes);
}

static enum err forget_old(struct sql_conn *c, struct user_id user, uint64_t kept)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM user_addresses WHERE user_id = $1 AND address_hash IN "
                     "(SELECT address_hash FROM user_addresses WHERE user_id = $1 "
                     "ORDER BY seen_at_ms DESC, address_hash LIMIT 1000 OFFSET $2)");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, kept);
    return sql_send(s);
}

enum err addresses_note(struct sql_conn *c, struct user_id user, const struct address_hash *hash,
                        int64_t now_ms, uint64_t kept)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO user_addresses (user_id, address_hash, seen_at_ms) VALUES ($1, $2, $3) "
           "ON CONFLICT (user_id, address_hash) DO UPDATE SET seen_at_ms = $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_blob(s, 2, bytes_of(hash));
    sql_bind_i64(s, 3, now_ms);
    enum err e = sql_send(s);
    return e == ERR_OK ? forget_old(c, user, kept) : e;
}

enum err addresses_of_user(struct sql_conn *c, struct user_id user, size_t room,
                           struct address_hash *list, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT address_hash FROM user_addresses WHERE user_id = $1 "
                                      "ORDER BY seen_at_ms DESC, address_hash LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, room);
    *count = 0;
    while (sql_step(s)) {
        struct slice hash = sql_blob(s, 0);
        if (hash.len == ADDRESS_HASH_BYTES && *count < room)
            memcpy(list[(*count)++].bytes, hash.data, hash.len);
    }
    return sql_done(s);
}

enum err address_bans_insert(struct sql_conn *c, struct guild_id guild,
                             const struct address_hash *hash, struct user_id user, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO address_bans (guild_id, address_hash, user_id, created_at_ms) "
                     "VALUES ($1, $2, $3, $4) ON CONFLICT (guild_id, address_hash) DO NOTHING");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_blob(s, 2, bytes_of(hash));
    sql_bind_u64(s, 3, user.v);
    sql_bind_i64(s, 4, now_ms);
    return sql_send(s);
}

enum err address_bans_exists(struct sql_conn *c, struct guild_id guild,
                             const struct address_hash *hash, bool *exists)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT 1 FROM address_bans WHERE guild_id = $1 AND address_hash = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_blob(s, 2, bytes_of(hash));
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *exists = found;
    return e;
}

enum err address_bans_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM address_bans WHERE guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err address_bans_remove(struct sql_conn *c, struct guild_id guild, struct user_id user,
                             uint64_t *removed)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM address_bans WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *removed = sql_changes(c);
    return e;
}

static void read_address_ban(struct sql_stmt *s, struct arena *arena, struct address_ban *out)
{
    uint64_t user = sql_u64(s, 0);
    out->count = sql_u64(s, 1);
    out->created_at_ms = sql_i64(s, 2);
    users_read(s, 3, arena, &out->user);
    out->user.id.v = user;
}

enum err address_bans_page(struct sql_conn *c, struct guild_id guild, uint64_t after,
                           uint64_t limit, struct arena *arena, struct address_ban **out,
                           size_t *count)
{
    struct rows list = {0};
    bool fits = true;
    struct sql_stmt *s = sql_query(
        c, "SELECT b.user_id, b.hashes, b.created_at_ms, " USERS_COLUMNS " FROM (SELECT user_id, "
           "COUNT(*) AS hashes, MIN(created_at_ms) AS created_at_ms FROM address_bans "
           "WHERE guild_id = $1 AND user_id > $2 GROUP BY user_id ORDER BY user_id LIMIT $3) b "
           "LEFT JOIN users u ON u.id = b.user_id ORDER BY b.user_id");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, limit);
    while (fits && sql_step(s)) {
        struct address_ban *one = rows_push(&list, arena, sizeof *one);
        fits = one != NULL;
        if (fits)
            read_address_ban(s, arena, one);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e == ERR_OK) {
        *out = list.items;
        *count = list.count;
    }
    return e;
}
