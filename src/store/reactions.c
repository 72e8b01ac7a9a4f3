/* Reactions. A row for each, and a row for each kind with its counts, so that a page of messages is
 * read without counting. */

#include "store/reactions.h"

#include "store/message_slots.h"
#include "store/rows.h"
#include "store/user_pages.h"

enum { KEY_PARAMETERS = 4 };

#define KEY "channel_id = $1 AND message_id = $2 AND emoji_id = $3 AND emoji = $4"

static void bind_key(struct sql_stmt *s, const struct reaction_key *k)
{
    sql_bind_u64(s, 1, k->channel.v);
    sql_bind_u64(s, 2, k->message.v);
    sql_bind_u64(s, 3, k->emoji);
    sql_bind_text(s, 4, k->emoji != 0 ? SLICE("") : k->text);
}

static enum err run_one(struct sql_conn *c, struct sql_stmt *s, const struct reaction *r,
                        bool *changed)
{
    bind_key(s, &r->key);
    sql_bind_u64(s, KEY_PARAMETERS + 1, (uint64_t)r->type);
    sql_bind_u64(s, KEY_PARAMETERS + 2, r->user.v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *changed = sql_changes(c) > 0;
    return e;
}

enum err reactions_insert(struct sql_conn *c, const struct reaction *r, bool *added)
{
    return run_one(c,
                   sql_query(c, "INSERT INTO reactions (channel_id, message_id, emoji_id, emoji, "
                                "type, user_id) VALUES ($1, $2, $3, $4, $5, $6) "
                                "ON CONFLICT DO NOTHING"),
                   r, added);
}

enum err reactions_delete(struct sql_conn *c, const struct reaction *r, bool *removed)
{
    return run_one(
        c, sql_query(c, "DELETE FROM reactions WHERE " KEY " AND type = $5 AND user_id = $6"), r,
        removed);
}

static enum err run_on_message(struct sql_stmt *s, struct channel_id channel,
                               struct message_id message)
{
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, message.v);
    return sql_run(s);
}

enum err reactions_delete_all(struct sql_conn *c, struct channel_id channel,
                              struct message_id message)
{
    enum err e = run_on_message(
        sql_query(c, "DELETE FROM reactions WHERE channel_id = $1 AND message_id = $2"), channel,
        message);
    return e != ERR_OK ? e
                       : run_on_message(sql_query(c, "DELETE FROM reaction_counts WHERE "
                                                     "channel_id = $1 AND message_id = $2"),
                                        channel, message);
}

static enum err run_on_kind(struct sql_stmt *s, const struct reaction_key *key)
{
    bind_key(s, key);
    return sql_run(s);
}

enum err reactions_delete_kind(struct sql_conn *c, const struct reaction_key *key)
{
    enum err e = run_on_kind(sql_query(c, "DELETE FROM reactions WHERE " KEY), key);
    return e != ERR_OK ? e
                       : run_on_kind(sql_query(c, "DELETE FROM reaction_counts WHERE " KEY), key);
}

/* ---- counts ---- */

#define COUNT_COLUMNS "emoji_id, animated, normal, burst, ordinal, emoji, name"

static struct emoji_ref read_emoji(struct sql_stmt *s, int id, int animated, int text,
                                   struct arena *arena)
{
    struct emoji_ref emoji = {.id = sql_u64(s, id), .animated = sql_bool(s, animated)};
    emoji.name = sql_text(s, emoji.id == 0 ? text : text + 1, arena);
    return emoji;
}

enum err reaction_counts_find(struct sql_conn *c, const struct reaction_key *key,
                              struct arena *arena, struct reaction_standing *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COUNT_COLUMNS " FROM reaction_counts "
                                      "WHERE channel_id = $1 AND message_id = $2");
    struct reaction_standing found = {.next_ordinal = 1};
    sql_bind_u64(s, 1, key->channel.v);
    sql_bind_u64(s, 2, key->message.v);
    while (sql_step(s)) {
        found.kinds++;
        if (sql_u64(s, 4) >= found.next_ordinal)
            found.next_ordinal = sql_u64(s, 4) + 1;
        uint64_t normal = sql_u64(s, 2);
        uint64_t burst = sql_u64(s, 3);
        struct emoji_ref emoji = read_emoji(s, 0, 1, 5, arena);
        if (emoji.id != key->emoji || (emoji.id == 0 && !slice_eq(emoji.name, key->text)))
            continue;
        found.found = true;
        found.emoji = emoji;
        found.normal = normal;
        found.burst = burst;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = found;
    return e;
}

enum err reaction_counts_insert(struct sql_conn *c, const struct reaction_key *key,
                                const struct emoji_ref *emoji, uint64_t ordinal,
                                enum reaction_type type)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO reaction_counts (channel_id, message_id, emoji_id, emoji, ordinal, normal, "
           "burst, animated, name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    bind_key(s, key);
    sql_bind_u64(s, 5, ordinal);
    sql_bind_u64(s, 6, type == REACTION_NORMAL ? 1 : 0);
    sql_bind_u64(s, 7, type == REACTION_BURST ? 1 : 0);
    sql_bind_bool(s, 8, emoji->animated);
    sql_bind_text(s, 9, emoji->id != 0 ? emoji->name : slice_of(NULL, 0));
    return sql_run(s);
}

enum err reaction_counts_move(struct sql_conn *c, const struct reaction_key *key,
                              enum reaction_type type, int64_t by)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE reaction_counts SET normal = normal + $5, burst = burst + $6 WHERE " KEY);
    bind_key(s, key);
    sql_bind_i64(s, 5, type == REACTION_NORMAL ? by : 0);
    sql_bind_i64(s, 6, type == REACTION_BURST ? by : 0);
    enum err e = sql_run(s);
    if (e != ERR_OK || by > 0)
        return e;
    return run_on_kind(
        sql_query(c, "DELETE FROM reaction_counts WHERE " KEY " AND normal <= 0 AND burst <= 0"),
        key);
}

/* The people with the lowest ids. */
enum err reactions_delete_some(struct sql_conn *c, const struct reaction_key *key,
                               enum reaction_type type, uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM reactions WHERE " KEY " AND type = $5 AND user_id <= COALESCE((SELECT "
           "user_id FROM reactions WHERE " KEY " AND type = $5 ORDER BY user_id LIMIT 1 "
           "OFFSET $6), 9223372036854775807)");
    bind_key(s, key);
    sql_bind_u64(s, 5, (uint64_t)type);
    sql_bind_u64(s, 6, limit - 1);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    *rows = sql_changes(c);
    return reaction_counts_move(c, key, type, -(int64_t)*rows);
}

static void compare(struct reaction_total *t, const struct reaction_key *key,
                    enum reaction_type type, uint64_t count)
{
    t->total += count;
    if (count <= t->of_most)
        return;
    t->most = *key;
    t->type = type;
    t->of_most = count;
}

enum err reaction_counts_total(struct sql_conn *c, struct channel_id channel,
                               struct message_id message, struct arena *arena,
                               struct reaction_total *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT emoji_id, normal, burst, emoji FROM reaction_counts "
                                      "WHERE channel_id = $1 AND message_id = $2");
    struct reaction_total t = {.total = 0};
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, message.v);
    while (sql_step(s)) {
        uint64_t normal = sql_u64(s, 1);
        uint64_t burst = sql_u64(s, 2);
        struct reaction_key key = {channel, message, sql_u64(s, 0), sql_text(s, 3, arena)};
        compare(&t, &key, REACTION_NORMAL, normal);
        compare(&t, &key, REACTION_BURST, burst);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = t;
    return e;
}

/* ---- of a page ---- */

/* Whether the reader is among them: a look-up a kind, however many have reacted. */
#define OWN(type)                                                                                  \
    "CASE WHEN (SELECT r.user_id FROM reactions r WHERE r.channel_id = c.channel_id AND "          \
    "r.message_id = c.message_id AND r.emoji_id = c.emoji_id AND r.emoji = c.emoji AND "           \
    "r.type = " type " AND r.user_id = $3) IS NULL THEN 0 ELSE 1 END"

/* Where the list of the message under way is being made. */
struct counts_read {
    const struct message_slots *slots;
    size_t at;
    struct message *of;
    struct rows rows;
};

static void end_message(struct counts_read *x)
{
    if (x->of != NULL) {
        x->of->reactions = x->rows.items;
        x->of->reaction_count = x->rows.count;
    }
    x->rows = (struct rows){0};
}

static enum err read_count(struct sql_stmt *s, struct counts_read *x, struct arena *arena)
{
    struct message *m = message_slots_find(x->slots, sql_u64(s, 0), &x->at);
    if (m == NULL)
        return ERR_OK;
    if (m != x->of) {
        end_message(x);
        x->of = m;
    }
    struct reaction_count *one = rows_push(&x->rows, arena, sizeof *one);
    if (one == NULL)
        return ERR_NO_MEMORY;
    one->normal = sql_u64(s, 3);
    one->burst = sql_u64(s, 4);
    one->me = sql_bool(s, 5);
    one->me_burst = sql_bool(s, 6);
    one->emoji = read_emoji(s, 1, 2, 7, arena);
    return ERR_OK;
}

static enum err read_channel(struct sql_conn *c, struct user_id reader, struct counts_read *x,
                             struct arena *arena)
{
    enum err e = ERR_OK;
    struct sql_stmt *s = sql_query(
        c, "SELECT c.message_id, c.emoji_id, c.animated, c.normal, c.burst, " OWN("0") ", " OWN(
               "1") ", c.emoji, c.name FROM reaction_counts c WHERE c.channel_id = $1 AND "
                    "c.message_id IN (SELECT value FROM ids($2)) ORDER BY c.message_id, c.ordinal");
    sql_bind_u64(s, 1, x->slots->channel.v);
    sql_bind_blob(s, 2, x->slots->ids);
    sql_bind_u64(s, 3, reader.v);
    while (e == ERR_OK && sql_step(s))
        e = read_count(s, x, arena);
    enum err done = sql_done(s);
    end_message(x);
    return e == ERR_OK ? done : e;
}

enum err reaction_counts_read(struct sql_conn *c, struct user_id reader,
                              struct message *const *messages, size_t count, struct arena *arena)
{
    struct message_slots slots = {.messages = messages, .count = count};
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK && found) {
        struct counts_read x = {.slots = &slots};
        e = message_slots_next(&slots, arena, &found);
        if (e == ERR_OK && found)
            e = read_channel(c, reader, &x, arena);
    }
    return e;
}

/* ---- people ---- */

enum err reactions_users(struct sql_conn *c, const struct reaction_key *key,
                         enum reaction_type type, struct user_id after, size_t limit,
                         struct arena *arena, struct user **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT user_id FROM reactions WHERE " KEY " AND type = $5 AND user_id > $6 "
                     "ORDER BY user_id LIMIT $7");
    bind_key(s, key);
    sql_bind_u64(s, 5, (uint64_t)type);
    sql_bind_u64(s, 6, after.v > INT64_MAX ? INT64_MAX : after.v);
    sql_bind_u64(s, 7, limit);
    return user_page_read(c, s, limit, arena, out, count);
}

enum err reactions_of_user(struct sql_conn *c, struct user_id user, size_t room,
                           struct arena *arena, struct reaction *list, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id, message_id, emoji_id, type, emoji FROM reactions "
                     "WHERE user_id = $1 ORDER BY channel_id, message_id LIMIT $2");
    size_t n = 0;
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, room);
    while (sql_step(s)) {
        struct reaction *r = &list[n++];
        *r = (struct reaction){
            .key = {.channel = {sql_u64(s, 0)}, .message = {sql_u64(s, 1)}, .emoji = sql_u64(s, 2)},
            .type = (enum reaction_type)sql_u64(s, 3),
            .user = user};
        r->key.text = sql_text(s, 4, arena);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
