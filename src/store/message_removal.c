/* Removing what belongs to messages. Many go in as many statements as one: their ids are one
 * parameter, and what none of them has costs a look at an index. */

#include "store/message_removal.h"

#include <assert.h>

#include "store/attachments.h"
#include "store/id_list.h"
#include "store/search.h"
#include "store/tasks.h"

#define OF " WHERE channel_id = $1 AND message_id IN (SELECT value FROM ids($2))"

static void bind_messages(struct sql_stmt *s, struct channel_id channel, struct slice messages)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_blob(s, 2, messages);
}

static enum err remove_of(struct sql_stmt *s, struct channel_id channel, struct slice messages)
{
    bind_messages(s, channel, messages);
    return sql_send(s);
}

/* ---- how much they have ---- */

struct weight {
    uint64_t message;
    uint64_t rows; /* reactions and votes */
};

/* Of those that have counts, ascending. */
static enum err weigh(struct sql_conn *c, struct channel_id channel, struct slice messages,
                      struct weight *list, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT message_id, CAST(SUM(few) AS BIGINT) FROM (SELECT message_id, normal "
                     "+ burst AS few FROM "
                     "reaction_counts" OF " UNION ALL SELECT message_id, votes FROM poll_counts" OF
                     ") AS counts GROUP BY message_id ORDER BY message_id");
    size_t n = 0;
    bind_messages(s, channel, messages);
    while (n < REMOVED_MESSAGES && sql_step(s)) {
        int64_t rows = sql_i64(s, 1);
        list[n++] = (struct weight){sql_u64(s, 0), rows > 0 ? (uint64_t)rows : 0};
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* ---- reactions and votes ---- */

/* One task a message: its id is that of the message, which nothing else has. */
static enum err leave(struct sql_conn *c, struct channel_id channel, uint64_t message,
                      int64_t now_ms)
{
    bool inserted;
    const struct task t = {.id = message,
                           .kind = TASK_MESSAGE_PARTS,
                           .subject = message,
                           .cursor_a = channel.v,
                           .created_at_ms = now_ms};
    return tasks_insert(c, &t, &inserted);
}

static enum err remove_counted(struct sql_conn *c, struct channel_id channel, struct slice messages,
                               struct slice light)
{
    enum err e = remove_of(sql_query(c, "DELETE FROM reaction_counts" OF), channel, messages);
    if (e == ERR_OK)
        e = remove_of(sql_query(c, "DELETE FROM poll_counts" OF), channel, messages);
    if (e == ERR_OK && light.len > 0)
        e = remove_of(sql_query(c, "DELETE FROM reactions" OF), channel, light);
    if (e == ERR_OK && light.len > 0)
        e = remove_of(sql_query(c, "DELETE FROM poll_votes" OF), channel, light);
    return e;
}

static enum err remove_reactions(struct sql_conn *c, struct channel_id channel,
                                 struct slice messages, int64_t now_ms)
{
    struct weight list[REMOVED_MESSAGES];
    char light[REMOVED_MESSAGES * ID_LIST_BYTES];
    char *end = light;
    uint64_t room = REMOVED_ROWS;
    size_t count = 0;
    enum err e = weigh(c, channel, messages, list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        if (list[i].rows > room) {
            e = leave(c, channel, list[i].message, now_ms);
            continue;
        }
        room -= list[i].rows;
        id_list_put(&end, list[i].message);
    }
    return e == ERR_OK && count > 0
               ? remove_counted(c, channel, messages, slice_of(light, (size_t)(end - light)))
               : e;
}

enum err message_parts_remove(struct sql_conn *c, struct channel_id channel, struct slice messages,
                              int64_t now_ms)
{
    assert(id_list_count(messages) <= REMOVED_MESSAGES);
    enum err e = attachments_remove(c, channel, messages, now_ms);
    if (e == ERR_OK)
        e = remove_reactions(c, channel, messages, now_ms);
    if (e == ERR_OK)
        e = remove_of(sql_query(c, "DELETE FROM polls" OF), channel, messages);
    if (e == ERR_OK)
        e = remove_of(sql_query(c, "DELETE FROM user_mentions" OF), channel, messages);
    if (e == ERR_OK)
        e = remove_of(sql_query(c, "DELETE FROM role_mentions" OF), channel, messages);
    return e == ERR_OK ? search_remove(c, messages) : e;
}

/* ---- what was left ---- */

static enum err remove_some(struct sql_conn *c, struct sql_stmt *s, struct channel_id channel,
                            struct message_id message, uint64_t limit, uint64_t *rows)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, message.v);
    sql_bind_u64(s, 3, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err message_parts_remove_some(struct sql_conn *c, struct channel_id channel,
                                   struct message_id message, uint64_t limit, uint64_t *rows)
{
    enum err e = remove_some(
        c,
        sql_query(c, "DELETE FROM reactions WHERE (channel_id, message_id, emoji_id, emoji, type, "
                     "user_id) IN (SELECT channel_id, message_id, emoji_id, emoji, type, user_id "
                     "FROM reactions WHERE channel_id = $1 AND message_id = $2 LIMIT $3)"),
        channel, message, limit, rows);
    if (e != ERR_OK || *rows > 0)
        return e;
    return remove_some(
        c,
        sql_query(c, "DELETE FROM poll_votes WHERE (channel_id, message_id, answer_id, user_id) IN "
                     "(SELECT channel_id, message_id, answer_id, user_id FROM poll_votes "
                     "WHERE channel_id = $1 AND message_id = $2 LIMIT $3)"),
        channel, message, limit, rows);
}

/* ---- the beginning of a channel ---- */

static enum err first_messages(struct sql_conn *c, struct channel_id channel, size_t limit,
                               uint64_t *ids, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id FROM messages WHERE channel_id = $1 ORDER BY id LIMIT $2");
    size_t n = 0;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, limit);
    while (n < limit && sql_step(s))
        ids[n++] = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

static struct slice pack(char *room, const uint64_t *ids, size_t count)
{
    char *end = room;
    for (size_t i = 0; i < count; i++)
        id_list_put(&end, ids[i]);
    return slice_of(room, count * ID_LIST_BYTES);
}

enum err message_parts_batch(struct sql_conn *c, struct channel_id channel, size_t limit,
                             char *room, struct slice *messages)
{
    uint64_t ids[REMOVED_MESSAGES];
    struct weight weights[REMOVED_MESSAGES];
    size_t count = 0;
    size_t weighed = 0;
    uint64_t rows = 0;
    assert(limit <= REMOVED_MESSAGES);
    enum err e = first_messages(c, channel, limit, ids, &count);
    if (e == ERR_OK && count > 0)
        e = weigh(c, channel, pack(room, ids, count), weights, &weighed);
    if (e != ERR_OK)
        return e;
    size_t taken = 0;
    for (size_t k = 0; taken < count; taken++) {
        if (k < weighed && weights[k].message == ids[taken])
            rows += weights[k++].rows;
        if (taken > 0 && rows > REMOVED_ROWS)
            break;
    }
    *messages = slice_of(room, taken * ID_LIST_BYTES);
    return ERR_OK;
}
