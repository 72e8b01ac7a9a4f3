/* Direct message channels. */

#include "store/dms.h"

#include "base/limits.h"
#include "store/rows.h"
#include "store/users.h"

/* Of dm_channels d, recipients r and users u; integers first (see users.h). */
#define COLUMNS                                                                                    \
    "d.id, d.type, d.owner_id, d.last_message_id, d.last_pin_at_ms, r.open, " USERS_COLUMNS        \
    ", r.nick, d.name, d.icon FROM dm_channels d JOIN dm_recipients r ON r.channel_id = d.id "     \
    "JOIN users u ON u.id = r.user_id "
enum { COLUMN_OPEN = 5, COLUMN_USER = 6, COLUMN_NICK = COLUMN_USER + USERS_COLUMN_COUNT };

/* A channel that is being read: a row a recipient, one channel after the other. */
struct reading {
    struct rows channels;
    struct rows users;
    struct rows nicks;
    struct rows open;
};

/* The recipients read so far are those of the last channel. */
static void settle(struct reading *r)
{
    if (r->channels.count == 0)
        return;
    struct dm_channel *d = (struct dm_channel *)r->channels.items + r->channels.count - 1;
    d->recipients = r->users.items;
    d->nicks = r->nicks.items;
    d->open = r->open.items;
    d->recipient_count = r->users.count;
    r->users = r->nicks = r->open = (struct rows){0};
}

/* As many as there can be, so that a long list of channels fits into a request's arena. */
static bool make_room(struct arena *arena, enum channel_type type, struct reading *r)
{
    size_t cap = type == CHANNEL_TYPE_DM ? 2 : LIMIT_GROUP_RECIPIENTS;
    r->users = (struct rows){arena_array(arena, cap, sizeof(struct user)), 0, cap};
    r->nicks = (struct rows){arena_array(arena, cap, sizeof(struct slice)), 0, cap};
    r->open = (struct rows){arena_array(arena, cap, sizeof(bool)), 0, cap};
    return r->users.items != NULL && r->nicks.items != NULL && r->open.items != NULL;
}

static bool begin_channel(struct sql_stmt *s, struct arena *arena, struct reading *r)
{
    settle(r);
    struct dm_channel *d = rows_push(&r->channels, arena, sizeof *d);
    if (d == NULL)
        return false;
    d->id.v = sql_u64(s, 0);
    d->type = (enum channel_type)sql_i64(s, 1);
    d->owner.v = sql_u64(s, 2);
    d->last_message.v = sql_u64(s, 3);
    d->last_pin_at_ms = sql_i64(s, 4);
    d->name = sql_text(s, COLUMN_NICK + 1, arena);
    d->icon = sql_text(s, COLUMN_NICK + 2, arena);
    return make_room(arena, d->type, r);
}

static bool add_recipient(struct sql_stmt *s, struct arena *arena, struct reading *r)
{
    struct user *user = rows_push(&r->users, arena, sizeof *user);
    struct slice *nick = rows_push(&r->nicks, arena, sizeof *nick);
    bool *open = rows_push(&r->open, arena, sizeof *open);
    if (user == NULL || nick == NULL || open == NULL)
        return false;
    *open = sql_bool(s, COLUMN_OPEN);
    users_read(s, COLUMN_USER, arena, user);
    *nick = sql_text(s, COLUMN_NICK, arena);
    return true;
}

static enum err read_channels(struct sql_stmt *s, struct arena *arena, struct dm_channel **out,
                              size_t *count)
{
    struct reading r = {0};
    uint64_t last = 0;
    bool fits = true;
    while (fits && sql_step(s)) {
        uint64_t id = sql_u64(s, 0);
        fits = (id == last || begin_channel(s, arena, &r)) && add_recipient(s, arena, &r);
        last = id;
    }
    settle(&r);
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = r.channels.items;
    *count = r.channels.count;
    return ERR_OK;
}

enum err dms_find(struct sql_conn *c, struct channel_id id, struct arena *arena,
                  struct dm_channel *out)
{
    struct dm_channel *list;
    size_t count;
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE d.id = $1 ORDER BY d.id, r.user_id");
    sql_bind_u64(s, 1, id.v);
    enum err e = read_channels(s, arena, &list, &count);
    if (e != ERR_OK)
        return e;
    if (count == 0)
        return ERR_UNKNOWN_CHANNEL;
    *out = list[0];
    return ERR_OK;
}

enum err dms_open_of(struct sql_conn *c, struct user_id user, size_t max, struct arena *arena,
                     struct dm_channel **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS "WHERE d.id IN (SELECT channel_id FROM dm_recipients WHERE "
                     "user_id = $1 AND open = 1 ORDER BY channel_id DESC LIMIT $2) "
                     "ORDER BY d.id DESC, r.user_id");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    return read_channels(s, arena, out, count);
}

enum err dms_recipients_same(struct sql_conn *c, const struct dm_channel *d, bool *same)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT user_id, open FROM dm_recipients WHERE channel_id = $1 ORDER BY user_id");
    sql_bind_u64(s, 1, d->id.v);
    size_t n = 0;
    bool alike = true;
    while (sql_step(s)) {
        alike = alike && n < d->recipient_count && d->recipients[n].id.v == sql_u64(s, 0) &&
                d->open[n] == sql_bool(s, 1);
        n++;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *same = alike && n == d->recipient_count;
    return e;
}

enum err dms_any_of(struct sql_conn *c, struct user_id user, struct channel_id *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id FROM dm_recipients WHERE user_id = $1 LIMIT 1");
    sql_bind_u64(s, 1, user.v);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        out->v = id;
    return e;
}

enum err dms_owned_groups(struct sql_conn *c, struct user_id user, size_t max, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT r.channel_id FROM dm_recipients r JOIN dm_channels d ON d.id = r.channel_id "
           "WHERE r.user_id = $1 AND d.type = 3 AND d.owner_id = $1 LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    size_t n = 0;
    while (sql_step(s))
        n++;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err dms_insert(struct sql_conn *c, const struct dm_channel *d)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO dm_channels (id, type, owner_id, last_message_id, "
                     "last_pin_at_ms, name, icon) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    sql_bind_u64(s, 1, d->id.v);
    sql_bind_i64(s, 2, (int64_t)d->type);
    sql_bind_id_or_null(s, 3, d->owner.v);
    sql_bind_u64(s, 4, d->last_message.v);
    sql_bind_i64(s, 5, d->last_pin_at_ms);
    sql_bind_text(s, 6, d->name);
    sql_bind_text(s, 7, d->icon);
    return sql_run(s);
}

enum err dms_update(struct sql_conn *c, const struct dm_channel *d)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE dm_channels SET owner_id = $2, name = $3, icon = $4 WHERE id = $1");
    sql_bind_u64(s, 1, d->id.v);
    sql_bind_id_or_null(s, 2, d->owner.v);
    sql_bind_text(s, 3, d->name);
    sql_bind_text(s, 4, d->icon);
    return sql_run(s);
}

enum err dms_delete(struct sql_conn *c, struct channel_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM dm_channels WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

enum err dms_set_last_message(struct sql_conn *c, struct channel_id id, struct message_id message)
{
    struct sql_stmt *s = sql_query(c, "UPDATE dm_channels SET last_message_id = $2 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, message.v);
    return sql_send(s);
}

static void bind_pair(struct sql_stmt *s, struct user_id a, struct user_id b)
{
    sql_bind_u64(s, 1, a.v < b.v ? a.v : b.v);
    sql_bind_u64(s, 2, a.v < b.v ? b.v : a.v);
}

enum err dms_pair_find(struct sql_conn *c, struct user_id a, struct user_id b,
                       struct channel_id *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id FROM dm_pairs WHERE low_id = $1 AND high_id = $2");
    bind_pair(s, a, b);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        out->v = id;
    return e;
}

enum err dms_pair_insert(struct sql_conn *c, struct user_id a, struct user_id b,
                         struct channel_id channel)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO dm_pairs (low_id, high_id, channel_id) VALUES ($1, $2, $3)");
    bind_pair(s, a, b);
    sql_bind_u64(s, 3, channel.v);
    return sql_run(s);
}

enum err dms_pair_delete(struct sql_conn *c, struct channel_id channel)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM dm_pairs WHERE channel_id = $1");
    sql_bind_u64(s, 1, channel.v);
    return sql_run(s);
}

enum err dms_recipient_add(struct sql_conn *c, struct channel_id channel, struct user_id user,
                           int64_t added_at_ms, struct slice nick)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO dm_recipients (channel_id, user_id, open, "
                                      "added_at_ms, nick) VALUES ($1, $2, 1, $3, $4)");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, added_at_ms);
    sql_bind_text(s, 4, nick);
    return sql_run(s);
}

enum err dms_recipient_remove(struct sql_conn *c, struct channel_id channel, struct user_id user)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM dm_recipients WHERE channel_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, user.v);
    return sql_run(s);
}

enum err dms_recipient_set_open(struct sql_conn *c, struct channel_id channel, struct user_id user,
                                bool open)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE dm_recipients SET open = $3 WHERE channel_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_bool(s, 3, open);
    return sql_send(s);
}

enum err dms_eldest(struct sql_conn *c, struct channel_id channel, struct user_id *out)
{
    struct user_id eldest = {0};
    int64_t since = INT64_MAX;
    struct sql_stmt *s = sql_query(c, "SELECT user_id, added_at_ms FROM dm_recipients "
                                      "WHERE channel_id = $1 ORDER BY user_id");
    sql_bind_u64(s, 1, channel.v);
    while (sql_step(s)) {
        if (sql_i64(s, 1) >= since)
            continue;
        eldest.v = sql_u64(s, 0);
        since = sql_i64(s, 1);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = eldest;
    return e;
}
