/* Messages. */

#include "store/messages.h"

#include <string.h>

#include "base/limits.h"
#include "store/id_list.h"
#include "store/message_removal.h"
#include "store/users.h"

enum {
    ID_BYTES = 8,
    NONCES_FORGOTTEN_AT_ONCE = 256, /* far more than come between two calls */
};

/* Of messages m and users u; integers first (see users.h). */
#define NUMBERS                                                                                    \
    "m.id, m.channel_id, m.guild_id, m.author_id, m.type, m.edited_at_ms, m.flags, m.tts, "        \
    "m.mention_everyone, m.reference_id, m.reference_type, m.reference_channel_id, "               \
    "m.reference_guild_id, m.parts, m.pinned_at_ms"
#define TEXTS                                                                                      \
    "m.content, m.mentions, m.mention_roles, m.embeds, m.components, m.stickers, m.snapshots, "    \
    "m.poll"
#define COLUMNS                                                                                    \
    NUMBERS ", " USERS_COLUMNS ", " TEXTS " FROM messages m LEFT JOIN users u ON "                 \
            "u.id = m.author_id "
enum { COLUMN_USER = 15, COLUMN_CONTENT = COLUMN_USER + USERS_COLUMN_COUNT };

/* Ids as a blob: 8 bytes each, big-endian. */
struct packed {
    char bytes[LIMIT_MENTIONS * ID_BYTES];
    size_t len;
};

static void pack(struct packed *p, uint64_t id)
{
    if (p->len == sizeof p->bytes)
        return;
    for (int i = 0; i < ID_BYTES; i++)
        p->bytes[p->len++] = (char)(unsigned char)(id >> (8 * (ID_BYTES - 1 - i)));
}

static struct slice packed_slice(const struct packed *p)
{
    return p->len == 0 ? slice_of(NULL, 0) : slice_of(p->bytes, p->len);
}

static void pack_mentions(const struct message *m, struct packed *users, struct packed *roles)
{
    users->len = 0;
    roles->len = 0;
    for (size_t i = 0; i < m->mention_count; i++)
        pack(users, m->mentions[i].id.v);
    for (size_t i = 0; i < m->mention_role_count; i++)
        pack(roles, m->mention_roles[i].v);
}

_Static_assert(sizeof(struct role_id) == sizeof(uint64_t), "ids are read as arrays of integers");

static enum err read_mentions(struct sql_stmt *s, struct arena *arena, struct message_record *out)
{
    uint64_t *users = NULL;
    uint64_t *roles = NULL;
    enum err e =
        id_list_unpack(sql_blob(s, COLUMN_CONTENT + 1), arena, &users, &out->mention_count);
    if (e == ERR_OK)
        e = id_list_unpack(sql_blob(s, COLUMN_CONTENT + 2), arena, &roles,
                           &out->message.mention_role_count);
    out->mention_ids = users;
    out->message.mention_roles = (const struct role_id *)(const void *)roles;
    return e;
}

static void read_numbers(struct sql_stmt *s, struct message *m)
{
    m->id.v = sql_u64(s, 0);
    m->channel.v = sql_u64(s, 1);
    m->guild.v = sql_u64(s, 2);
    m->type = (enum message_type)sql_i64(s, 4);
    m->edited_at_ms = sql_i64(s, 5);
    m->flags = sql_u64(s, 6);
    m->tts = sql_bool(s, 7);
    m->mention_everyone = sql_bool(s, 8);
    m->reference.v = sql_u64(s, 9);
    m->reference_type = (enum message_reference_type)sql_i64(s, 10);
    m->reference_channel.v = sql_u64(s, 11);
    m->reference_guild.v = sql_u64(s, 12);
    m->parts = (unsigned)sql_u64(s, 13);
    m->pinned_at_ms = sql_i64(s, 14);
}

static enum err read_message(struct sql_stmt *s, struct arena *arena, struct message_record *out)
{
    *out = (struct message_record){0};
    struct message *m = &out->message;
    uint64_t author = sql_u64(s, 3);
    read_numbers(s, m);
    users_read(s, COLUMN_USER, arena, &m->author);
    if (m->author.id.v == 0) { /* erased: the message stays, nameless */
        m->author.id.v = author;
        m->author.username = SLICE("deleted_user");
    }
    enum err e = read_mentions(s, arena, out);
    m->content = sql_text(s, COLUMN_CONTENT, arena);
    m->embeds = sql_text(s, COLUMN_CONTENT + 3, arena);
    m->components = sql_text(s, COLUMN_CONTENT + 4, arena);
    m->stickers = sql_text(s, COLUMN_CONTENT + 5, arena);
    m->snapshots = sql_text(s, COLUMN_CONTENT + 6, arena);
    m->poll = sql_text(s, COLUMN_CONTENT + 7, arena);
    return e;
}

static void bind_numbers(struct sql_stmt *s, const struct message *m)
{
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->id.v);
    sql_bind_u64(s, 3, m->guild.v);
    sql_bind_u64(s, 4, m->author.id.v);
    sql_bind_i64(s, 5, (int64_t)m->type);
    sql_bind_u64(s, 6, m->flags);
    sql_bind_bool(s, 7, m->tts);
    sql_bind_bool(s, 8, m->mention_everyone);
    sql_bind_id_or_null(s, 9, m->reference.v);
    sql_bind_i64(s, 10, (int64_t)m->reference_type);
    sql_bind_id_or_null(s, 11, m->reference_channel.v);
    sql_bind_id_or_null(s, 12, m->reference_guild.v);
    sql_bind_u64(s, 13, m->parts);
}

enum err messages_insert(struct sql_conn *c, const struct message *m)
{
    struct packed users, roles;
    pack_mentions(m, &users, &roles);
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, "
           "tts, mention_everyone, reference_id, reference_type, reference_channel_id, "
           "reference_guild_id, parts, content, mentions, mention_roles, embeds, components, "
           "stickers, snapshots, poll) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, "
           "$12, $13, $14, $15, $16, $17, $18, $19, $20, $21)");
    bind_numbers(s, m);
    sql_bind_text(s, 14, m->content);
    sql_bind_blob(s, 15, packed_slice(&users));
    sql_bind_blob(s, 16, packed_slice(&roles));
    sql_bind_text(s, 17, m->embeds);
    sql_bind_text(s, 18, m->components);
    sql_bind_text(s, 19, m->stickers);
    sql_bind_text(s, 20, m->snapshots);
    sql_bind_text(s, 21, m->poll);
    return sql_send(s);
}

enum err messages_find(struct sql_conn *c, struct channel_id channel, struct message_id id,
                       struct arena *arena, struct message_record *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE m.channel_id = $1 AND m.id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, id.v);
    struct message_record r;
    enum err e = ERR_OK;
    bool found = sql_step(s);
    if (found)
        e = read_message(s, arena, &r);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_MESSAGE;
    *out = r;
    return ERR_OK;
}

enum err messages_update(struct sql_conn *c, const struct message *m)
{
    struct packed users, roles;
    pack_mentions(m, &users, &roles);
    struct sql_stmt *s =
        sql_query(c, "UPDATE messages SET content = $3, flags = $4, edited_at_ms = $5, "
                     "mention_everyone = $6, mentions = $7, mention_roles = $8, embeds = $9, "
                     "components = $10, parts = $11 WHERE channel_id = $1 AND id = $2");
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->id.v);
    sql_bind_text(s, 3, m->content);
    sql_bind_u64(s, 4, m->flags);
    sql_bind_i64(s, 5, m->edited_at_ms);
    sql_bind_bool(s, 6, m->mention_everyone);
    sql_bind_blob(s, 7, packed_slice(&users));
    sql_bind_blob(s, 8, packed_slice(&roles));
    sql_bind_text(s, 9, m->embeds);
    sql_bind_text(s, 10, m->components);
    sql_bind_u64(s, 11, m->parts);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_MESSAGE;
    return e;
}

enum err messages_delete(struct sql_conn *c, struct channel_id channel, struct message_id id,
                         int64_t now_ms)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM messages WHERE channel_id = $1 AND id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, id.v);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_MESSAGE;
    if (e != ERR_OK)
        return e;
    char packed[ID_LIST_BYTES];
    char *end = packed;
    id_list_put(&end, id.v);
    return message_parts_remove(c, channel, slice_of(packed, sizeof packed), now_ms);
}

enum err messages_delete_many(struct sql_conn *c, struct channel_id channel, struct slice ids,
                              int64_t now_ms, uint64_t *deleted)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM messages WHERE channel_id = $1 AND id IN "
                                      "(SELECT value FROM ids($2))");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, ids);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *deleted = sql_changes(c);
    return e == ERR_OK && *deleted > 0 ? message_parts_remove(c, channel, ids, now_ms) : e;
}

static enum err read_rows(struct sql_stmt *s, struct arena *arena, struct message_record *list,
                          size_t *count)
{
    size_t n = *count;
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s))
        e = read_message(s, arena, &list[n++]);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* Ids are 63-bit; what a client sends need not be. */
static uint64_t bounded(uint64_t id)
{
    return id > INT64_MAX ? INT64_MAX : id;
}

enum err messages_find_many(struct sql_conn *c, struct channel_id channel, struct slice ids,
                            struct arena *arena, struct message_record *list, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE m.channel_id = $1 AND m.id IN "
                                      "(SELECT value FROM ids($2))");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, ids);
    return read_rows(s, arena, list, count);
}

static enum err read_page(struct sql_stmt *s, struct channel_id channel, uint64_t bound,
                          size_t limit, struct arena *arena, struct message_record *list,
                          size_t *count)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, bounded(bound));
    sql_bind_u64(s, 3, limit);
    return read_rows(s, arena, list, count);
}

enum err messages_before(struct sql_conn *c, struct channel_id channel, uint64_t before,
                         size_t limit, struct arena *arena, struct message_record *list,
                         size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE m.channel_id = $1 AND m.id < $2 "
                                      "ORDER BY m.id DESC LIMIT $3");
    return read_page(s, channel, before, limit, arena, list, count);
}

enum err messages_from(struct sql_conn *c, struct channel_id channel, uint64_t from, size_t limit,
                       struct arena *arena, struct message_record *list, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE m.channel_id = $1 AND m.id >= $2 "
                                      "ORDER BY m.id LIMIT $3");
    return read_page(s, channel, from, limit, arena, list, count);
}

enum err messages_around(struct sql_conn *c, struct channel_id channel, uint64_t around,
                         size_t older, size_t newer, struct arena *arena,
                         struct message_record *list, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " NUMBERS ", " USERS_COLUMNS ", " TEXTS " FROM (SELECT id AS near FROM (SELECT "
           "id FROM messages WHERE channel_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) a UNION "
           "ALL SELECT id FROM (SELECT id FROM messages WHERE channel_id = $1 AND id >= $2 "
           "ORDER BY id LIMIT $4) b) n JOIN messages m ON m.channel_id = $1 AND m.id = n.near "
           "LEFT JOIN users u ON u.id = m.author_id ORDER BY m.id DESC");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, bounded(around));
    sql_bind_u64(s, 3, older);
    sql_bind_u64(s, 4, newer);
    return read_rows(s, arena, list, count);
}

enum err nonces_use(struct sql_conn *c, const struct message *m, uint64_t since, bool enforce,
                    struct message_id *first)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO recent_nonces (channel_id, author_id, nonce, message_id) "
           "VALUES ($1, $2, $3, $4) ON CONFLICT (channel_id, author_id, nonce) DO UPDATE "
           "SET message_id = CASE WHEN $5 = 1 AND recent_nonces.message_id > $6 "
           "THEN recent_nonces.message_id ELSE excluded.message_id END RETURNING message_id");
    sql_bind_u64(s, 1, m->channel.v);
    sql_bind_u64(s, 2, m->author.id.v);
    sql_bind_text(s, 3, m->nonce);
    sql_bind_u64(s, 4, m->id.v);
    sql_bind_bool(s, 5, enforce);
    sql_bind_u64(s, 6, since);
    struct message_id id = {0};
    bool found = sql_step(s);
    if (found)
        id.v = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_STORE;
    if (e == ERR_OK)
        *first = id;
    return e;
}

enum err nonces_forget(struct sql_conn *c, uint64_t until)
{
    /* Up to the one that is so many further on. The lower bound lets PostgreSQL expect a range,
     * hence a walk along the index. */
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM recent_nonces WHERE message_id > 0 AND message_id < COALESCE((SELECT "
           "message_id "
           "FROM recent_nonces WHERE message_id < $1 ORDER BY message_id LIMIT 1 OFFSET $2), $1)");
    sql_bind_u64(s, 1, until);
    sql_bind_u64(s, 2, NONCES_FORGOTTEN_AT_ONCE);
    return sql_run(s);
}
