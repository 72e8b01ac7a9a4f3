/* Polls. A row for each vote and a count for each answer, so that a page of messages is read
 * without counting. */

#include "store/polls.h"

#include "store/message_slots.h"
#include "store/user_pages.h"

#define POLL_COLUMNS                                                                               \
    "channel_id, message_id, guild_id, author_id, expires_at_ms, finalized, multiselect, answers"

enum err polls_insert(struct sql_conn *c, const struct poll *p)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO polls (" POLL_COLUMNS
                                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sql_bind_u64(s, 1, p->channel.v);
    sql_bind_u64(s, 2, p->message.v);
    sql_bind_u64(s, 3, p->guild.v);
    sql_bind_u64(s, 4, p->author.v);
    sql_bind_i64(s, 5, p->expires_at_ms);
    sql_bind_bool(s, 6, p->finalized);
    sql_bind_bool(s, 7, p->multiselect);
    sql_bind_u64(s, 8, p->answers);
    return sql_run(s);
}

static void read_poll(struct sql_stmt *s, struct poll *out)
{
    *out = (struct poll){
        .channel = {sql_u64(s, 0)},
        .message = {sql_u64(s, 1)},
        .guild = {sql_u64(s, 2)},
        .author = {sql_u64(s, 3)},
        .expires_at_ms = sql_i64(s, 4),
        .finalized = sql_bool(s, 5),
        .multiselect = sql_bool(s, 6),
        .answers = (unsigned)sql_u64(s, 7),
    };
}

enum err polls_find(struct sql_conn *c, struct channel_id channel, struct message_id message,
                    struct poll *out, bool *found)
{
    struct sql_stmt *s = sql_query(c, "SELECT " POLL_COLUMNS
                                      " FROM polls WHERE channel_id = $1 AND message_id = $2");
    struct poll p;
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, message.v);
    bool any = sql_step(s);
    if (any)
        read_poll(s, &p);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *found = any;
    if (any)
        *out = p;
    return ERR_OK;
}

enum err polls_finalize(struct sql_conn *c, const struct poll *p, int64_t expires_at_ms)
{
    struct sql_stmt *s = sql_query(c, "UPDATE polls SET finalized = 1, expires_at_ms = $3 "
                                      "WHERE channel_id = $1 AND message_id = $2");
    sql_bind_u64(s, 1, p->channel.v);
    sql_bind_u64(s, 2, p->message.v);
    sql_bind_i64(s, 3, expires_at_ms);
    return sql_run(s);
}

enum err polls_due(struct sql_conn *c, int64_t until_ms, size_t room, struct poll *list,
                   size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " POLL_COLUMNS " FROM polls WHERE finalized = 0 AND "
                                      "expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2");
    size_t n = 0;
    sql_bind_i64(s, 1, until_ms);
    sql_bind_u64(s, 2, room);
    while (sql_step(s))
        read_poll(s, &list[n++]);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* ---- votes ---- */

static void bind_vote(struct sql_stmt *s, const struct poll_vote *v)
{
    sql_bind_u64(s, 1, v->channel.v);
    sql_bind_u64(s, 2, v->message.v);
    sql_bind_u64(s, 3, v->answer);
}

static enum err run_vote(struct sql_conn *c, struct sql_stmt *s, const struct poll_vote *v,
                         bool *changed)
{
    bind_vote(s, v);
    sql_bind_u64(s, 4, v->user.v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *changed = sql_changes(c) > 0;
    return e;
}

static enum err count_vote(struct sql_conn *c, const struct poll_vote *v)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO poll_counts (channel_id, message_id, answer_id, votes) "
           "VALUES ($1, $2, $3, 1) ON CONFLICT (channel_id, message_id, answer_id) DO UPDATE "
           "SET votes = poll_counts.votes + excluded.votes");
    bind_vote(s, v);
    return sql_run(s);
}

/* *counted: false of a poll that is gone, whose votes follow (message_removal.h). */
static enum err uncount_vote(struct sql_conn *c, const struct poll_vote *v, bool *counted)
{
    struct sql_stmt *s = sql_query(c, "UPDATE poll_counts SET votes = votes - 1 WHERE "
                                      "channel_id = $1 AND message_id = $2 AND answer_id = $3");
    bind_vote(s, v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *counted = sql_changes(c) > 0;
    return e;
}

enum err poll_votes_insert(struct sql_conn *c, const struct poll_vote *v, bool *changed)
{
    enum err e =
        run_vote(c,
                 sql_query(c, "INSERT INTO poll_votes (channel_id, message_id, answer_id, user_id) "
                              "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"),
                 v, changed);
    return e == ERR_OK && *changed ? count_vote(c, v) : e;
}

enum err poll_votes_delete(struct sql_conn *c, const struct poll_vote *v, bool *changed)
{
    enum err e = run_vote(c,
                          sql_query(c, "DELETE FROM poll_votes WHERE channel_id = $1 AND "
                                       "message_id = $2 AND answer_id = $3 AND user_id = $4"),
                          v, changed);
    return e == ERR_OK && *changed ? uncount_vote(c, v, changed) : e;
}

enum err poll_votes_own(struct sql_conn *c, const struct poll *p, struct user_id user,
                        uint64_t *answers)
{
    struct sql_stmt *s = sql_query(c, "SELECT answer_id FROM poll_votes WHERE user_id = $3 AND "
                                      "channel_id = $1 AND message_id = $2");
    uint64_t bits = 0;
    sql_bind_u64(s, 1, p->channel.v);
    sql_bind_u64(s, 2, p->message.v);
    sql_bind_u64(s, 3, user.v);
    while (sql_step(s))
        bits |= UINT64_C(1) << (sql_u64(s, 0) & 63);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *answers = bits;
    return e;
}

enum err poll_votes_users(struct sql_conn *c, const struct poll_vote *v, size_t limit,
                          struct arena *arena, struct user **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT user_id FROM poll_votes WHERE channel_id = $1 AND message_id = $2 AND "
                     "answer_id = $3 AND user_id > $4 ORDER BY user_id LIMIT $5");
    bind_vote(s, v);
    sql_bind_u64(s, 4, v->user.v > INT64_MAX ? INT64_MAX : v->user.v);
    sql_bind_u64(s, 5, limit);
    return user_page_read(c, s, limit, arena, out, count);
}

enum err poll_votes_of_user(struct sql_conn *c, struct user_id user, size_t room,
                            struct poll_vote *list, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id, message_id, answer_id FROM poll_votes "
                     "WHERE user_id = $1 ORDER BY channel_id, message_id LIMIT $2");
    size_t n = 0;
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, room);
    while (sql_step(s))
        list[n++] =
            (struct poll_vote){{sql_u64(s, 0)}, {sql_u64(s, 1)}, (unsigned)sql_u64(s, 2), user};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* ---- of a page ---- */

struct states_read {
    const struct message_slots *slots;
    size_t at;
    struct message *of; /* whose rows come now */
    unsigned answers;
    uint64_t *votes;
    bool *me;
};

/* The row of a poll itself, which comes before those of its answers (answer 0). */
static enum err begin_state(struct sql_stmt *s, struct states_read *x, struct arena *arena,
                            struct message *m)
{
    struct poll_state *p = arena_zalloc(arena, sizeof *p);
    x->answers = (unsigned)sql_u64(s, 4);
    x->votes = arena_array(arena, x->answers + 1, sizeof *x->votes);
    x->me = arena_array(arena, x->answers + 1, sizeof *x->me);
    if (p == NULL || x->votes == NULL || x->me == NULL)
        return ERR_NO_MEMORY;
    *p = (struct poll_state){.expires_at_ms = sql_i64(s, 2),
                             .finalized = sql_bool(s, 3),
                             .answer_count = x->answers,
                             .votes = x->votes,
                             .me = x->me};
    x->of = m;
    m->poll_state = p;
    return ERR_OK;
}

static enum err read_state(struct sql_stmt *s, struct states_read *x, struct arena *arena)
{
    unsigned answer = (unsigned)sql_u64(s, 1);
    struct message *m = message_slots_find(x->slots, sql_u64(s, 0), &x->at);
    if (m == NULL)
        return ERR_OK;
    if (answer == 0)
        return begin_state(s, x, arena, m);
    if (m == x->of && answer <= x->answers) {
        x->votes[answer - 1] = sql_u64(s, 2);
        x->me[answer - 1] = sql_bool(s, 3);
    }
    return ERR_OK;
}

static enum err read_channel(struct sql_conn *c, struct user_id reader, struct states_read *x,
                             struct arena *arena)
{
    enum err e = ERR_OK;
    struct sql_stmt *s = sql_query(
        c, "SELECT p.message_id, 0 AS answer, p.expires_at_ms, p.finalized, p.answers FROM polls p "
           "WHERE p.channel_id = $1 AND p.message_id IN (SELECT value FROM ids($2)) UNION ALL "
           "SELECT c.message_id, c.answer_id, c.votes, CASE WHEN (SELECT v.user_id FROM poll_votes "
           "v WHERE v.channel_id = c.channel_id AND v.message_id = c.message_id AND "
           "v.answer_id = c.answer_id AND v.user_id = $3) IS NULL THEN 0 ELSE 1 END, 0 "
           "FROM poll_counts c WHERE c.channel_id = $1 AND "
           "c.message_id IN (SELECT value FROM ids($2)) ORDER BY 1, 2");
    sql_bind_u64(s, 1, x->slots->channel.v);
    sql_bind_blob(s, 2, x->slots->ids);
    sql_bind_u64(s, 3, reader.v);
    while (e == ERR_OK && sql_step(s))
        e = read_state(s, x, arena);
    enum err done = sql_done(s);
    return e == ERR_OK ? done : e;
}

enum err poll_states_read(struct sql_conn *c, struct user_id reader,
                          struct message *const *messages, size_t count, struct arena *arena)
{
    struct message_slots slots = {.messages = messages, .count = count};
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK && found) {
        struct states_read x = {.slots = &slots};
        e = message_slots_next(&slots, arena, &found);
        if (e == ERR_OK && found)
            e = read_channel(c, reader, &x, arena);
    }
    return e;
}
