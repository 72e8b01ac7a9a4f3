/*
 * What belongs to nothing. Each walk goes through a table in the order of a key, a page in one
 * read, and every row is judged within the snapshot that it was read in, so that writes under way
 * confuse nothing.
 */

#include "store/checkup_priv.h"

#include "store/tasks.h"

enum { PAGE_ROWS = 1000, STEPS_A_READ = 500 };

/* The channel, of a guild or of people, or the task that is erasing what was in it
 * (TASK_CHANNEL_DELETE). */
#define CHANNEL(id)                                                                                \
    "SELECT id FROM channels WHERE id = " id " UNION ALL "                                         \
    "SELECT id FROM dm_channels WHERE id = " id " UNION ALL "                                      \
    "SELECT id FROM tasks WHERE kind = 3 AND subject_id = " id " LIMIT 1"

/* Channels that have messages: a step from one to the next, whatever lies between. */
static struct sql_stmt *next_messages(struct sql_conn *c)
{
    return sql_query(c, "SELECT m.channel_id, 0, " MISSING(CHANNEL(
                            "m.channel_id")) " FROM messages m WHERE m.channel_id > $1 ORDER BY "
                                             "m.channel_id LIMIT 1");
}

static struct sql_stmt *next_nonces(struct sql_conn *c)
{
    return sql_query(c,
                     "SELECT n.channel_id, 0, " MISSING(CHANNEL(
                         "n.channel_id")) " FROM recent_nonces n WHERE n.channel_id > $1 ORDER BY "
                                          "n.channel_id LIMIT 1");
}

static struct sql_stmt *next_log(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT l.stream_kind, l.stream_id, " MISSING(
               "SELECT head FROM streams WHERE stream_kind = l.stream_kind "
               "AND stream_id = l.stream_id") " FROM event_log l WHERE (l.stream_kind, "
                                              "l.stream_id) > ($1, $2) "
                                              "ORDER BY l.stream_kind, l.stream_id LIMIT 1");
}

static struct sql_stmt *page_of_overwrites(struct sql_conn *c)
{
    return sql_query(
        c,
        "SELECT o.channel_id, o.target_id, " MISSING_IF(
            "o.type = 0",
            "SELECT id FROM roles WHERE id = o.target_id") " FROM overwrites o WHERE "
                                                           "(o.channel_id, o.target_id) > ($1, $2) "
                                                           "ORDER BY o.channel_id, o.target_id "
                                                           "LIMIT $3");
}

/* What belongs to messages goes with them. Of what has many rows a message, a step from one message
 * to the next. */
#define MESSAGE(t)                                                                                 \
    t ".channel_id, " t ".message_id, " MISSING("SELECT id FROM messages WHERE channel_id = " t    \
                                                ".channel_id AND id = " t ".message_id")

/* The message, or the task that is erasing what was too much to go with it (TASK_MESSAGE_PARTS). */
#define MESSAGE_OR_TASK(t)                                                                         \
    t ".channel_id, " t ".message_id, " MISSING(                                                   \
        "SELECT id FROM messages WHERE channel_id = " t ".channel_id AND id = " t                  \
        ".message_id UNION ALL SELECT id FROM tasks WHERE kind = 21 AND subject_id = " t           \
        ".message_id LIMIT 1")

static struct sql_stmt *next_reactions(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT " MESSAGE_OR_TASK("r") " FROM reactions r WHERE (r.channel_id, "
                                          "r.message_id) > ($1, $2) ORDER BY r.channel_id, "
                                          "r.message_id LIMIT 1");
}

static struct sql_stmt *next_reaction_counts(struct sql_conn *c)
{
    return sql_query(c, "SELECT " MESSAGE("r") " FROM reaction_counts r WHERE (r.channel_id, "
                                               "r.message_id) > ($1, $2) ORDER BY r.channel_id, "
                                               "r.message_id LIMIT 1");
}

static struct sql_stmt *page_of_polls(struct sql_conn *c)
{
    return sql_query(c, "SELECT " MESSAGE("p") " FROM polls p WHERE (p.channel_id, p.message_id) > "
                                               "($1, $2) ORDER BY p.channel_id, p.message_id "
                                               "LIMIT $3");
}

static struct sql_stmt *next_poll_counts(struct sql_conn *c)
{
    return sql_query(c, "SELECT " MESSAGE("p") " FROM poll_counts p WHERE (p.channel_id, "
                                               "p.message_id) > ($1, $2) ORDER BY p.channel_id, "
                                               "p.message_id LIMIT 1");
}

static struct sql_stmt *next_poll_votes(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT " MESSAGE_OR_TASK("p") " FROM poll_votes p WHERE (p.channel_id, "
                                          "p.message_id) > ($1, $2) ORDER BY p.channel_id, "
                                          "p.message_id LIMIT 1");
}

static struct sql_stmt *next_user_mentions(struct sql_conn *c)
{
    return sql_query(c, "SELECT " MESSAGE("u") " FROM user_mentions u WHERE (u.channel_id, "
                                               "u.message_id) > ($1, $2) ORDER BY u.channel_id, "
                                               "u.message_id LIMIT 1");
}

static struct sql_stmt *next_role_mentions(struct sql_conn *c)
{
    return sql_query(c, "SELECT " MESSAGE("r") " FROM role_mentions r WHERE (r.channel_id, "
                                               "r.message_id) > ($1, $2) ORDER BY r.channel_id, "
                                               "r.message_id LIMIT 1");
}

static struct sql_stmt *page_of_roles(struct sql_conn *c)
{
    return sql_query(c,
                     "SELECT r.id, 0, " MISSING_IF(
                         "r.bot_id IS NOT NULL",
                         "SELECT id FROM users WHERE id = r.bot_id") " FROM roles r WHERE r.id > "
                                                                     "$1 ORDER BY r.id LIMIT $2");
}

static struct sql_stmt *page_of_guilds(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT g.id, 0, " MISSING_IF(
               "g.deleting = 0",
               "SELECT user_id FROM members WHERE guild_id = g.id "
               "AND user_id = g.owner_id") " FROM guilds g WHERE g.id > $1 ORDER BY g.id LIMIT $2");
}

static struct sql_stmt *page_of_everyone(struct sql_conn *c)
{
    return sql_query(c, "SELECT g.id, 0, " MISSING_IF(
                            "g.deleting = 0",
                            "SELECT id FROM roles WHERE id = g.id") " FROM guilds g WHERE g.id > "
                                                                    "$1 ORDER BY g.id LIMIT $2");
}

static struct sql_stmt *page_of_streams(struct sql_conn *c)
{
    return sql_query(
        c,
        "SELECT s.stream_kind, s.stream_id, " MISSING_IF(
            "s.stream_kind = 1 AND s.head > 0",
            "SELECT id FROM guilds WHERE id = s.stream_id") " FROM streams s WHERE (s.stream_kind, "
                                                            "s.stream_id) > ($1, $2) "
                                                            "ORDER BY s.stream_kind, s.stream_id "
                                                            "LIMIT $3");
}

static struct sql_stmt *page_of_users(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT u.id, 0, " MISSING_IF(
               "u.bot = 1",
               "SELECT id FROM applications WHERE bot_id = u.id") " FROM users u WHERE u.id > $1 "
                                                                  "ORDER BY u.id LIMIT $2");
}

static struct sql_stmt *page_of_integrations(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT i.id, 0, " MISSING_IF(
               "(SELECT deleting FROM guilds WHERE id = i.guild_id) = 0",
               "SELECT user_id FROM members WHERE guild_id = i.guild_id AND user_id = (SELECT "
               "bot_id FROM applications WHERE id = i.application_id)") " FROM integrations i "
                                                                        "WHERE i.id > $1 ORDER BY "
                                                                        "i.id LIMIT $2");
}

/* References of a guild that is not there; a guild in deletion lets go of them in steps. */
static struct sql_stmt *next_references(struct sql_conn *c)
{
    return sql_query(c,
                     "SELECT r.guild_id, 0, " MISSING_IF(
                         "r.guild_id <> 0",
                         "SELECT id FROM guilds WHERE id = r.guild_id") " FROM blob_references r "
                                                                        "WHERE r.guild_id > $1 "
                                                                        "ORDER BY r.guild_id "
                                                                        "LIMIT 1");
}

/* Kinds 9 to 11 are MEDIA_EMOJI, MEDIA_STICKER and MEDIA_SOUND of core/media.h, which the store
 * does not see. */
static struct sql_stmt *page_of_emojis(struct sql_conn *c)
{
    return sql_query(c, "SELECT e.id, 0, " MISSING_IF(
                            "(SELECT deleting FROM guilds WHERE id = e.guild_id) = 0",
                            "SELECT hash FROM blob_references WHERE kind = 9 AND owner_id = e.id "
                            "LIMIT 1") " FROM "
                                       "emojis e WHERE e.id > $1 ORDER BY e.id LIMIT $2");
}

static struct sql_stmt *page_of_stickers(struct sql_conn *c)
{
    return sql_query(c, "SELECT e.id, 0, " MISSING_IF(
                            "(SELECT deleting FROM guilds WHERE id = e.guild_id) = 0",
                            "SELECT hash FROM blob_references WHERE kind = 10 AND owner_id = e.id "
                            "LIMIT 1") " FROM "
                                       "stickers e WHERE e.id > $1 ORDER BY e.id LIMIT $2");
}

static struct sql_stmt *page_of_sounds(struct sql_conn *c)
{
    return sql_query(c, "SELECT e.id, 0, " MISSING_IF(
                            "(SELECT deleting FROM guilds WHERE id = e.guild_id) = 0",
                            "SELECT hash FROM blob_references WHERE kind = 11 AND owner_id = e.id "
                            "LIMIT 1") " FROM "
                                       "sounds e WHERE e.id > $1 ORDER BY e.id LIMIT $2");
}

static struct sql_stmt *page_of_deletions(struct sql_conn *c)
{
    return sql_query(c, "SELECT g.id, 0, " MISSING_IF(
                            "g.deleting = 1", "SELECT id FROM tasks WHERE kind = 1 AND subject_id "
                                              "= g.id") " FROM guilds g WHERE g.id > $1 ORDER BY "
                                                        "g.id LIMIT $2");
}

/* A pair leaves its channel when one account is erased; then it is no pair any more. */
static struct sql_stmt *page_of_dms(struct sql_conn *c)
{
    return sql_query(c,
                     "SELECT d.id, 0, " MISSING(
                         "SELECT user_id FROM dm_recipients WHERE channel_id = d.id "
                         "LIMIT 1") " FROM dm_channels d WHERE d.id > $1 ORDER BY d.id LIMIT $2");
}

static struct sql_stmt *page_of_relations(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT r.user_id, r.other_id, " MISSING_IF(
               "r.type IN (1, 3, 4)",
               "SELECT o.user_id FROM relationships o WHERE o.user_id = r.other_id AND o.other_id "
               "= r.user_id AND o.type = CASE r.type WHEN 1 THEN 1 WHEN 3 THEN 4 ELSE 3 "
               "END") " FROM relationships r WHERE (r.user_id, r.other_id) > ($1, $2) "
                      "ORDER BY r.user_id, r.other_id LIMIT $3");
}

/* A mark is of a channel, a direct message, a guild or its reader. */
static struct sql_stmt *next_read_states(struct sql_conn *c)
{
    return sql_query(c, "SELECT s.entity_id, 0, CASE WHEN (" CHANNEL(
                            "s.entity_id") ") IS NULL AND (SELECT id "
                                           "FROM dm_channels WHERE id = s.entity_id) IS NULL AND "
                                           "(SELECT id FROM guilds WHERE id = "
                                           "s.entity_id) IS NULL AND (SELECT id FROM users WHERE "
                                           "id = s.entity_id) IS NULL THEN 1 "
                                           "ELSE 0 END FROM read_states s WHERE s.entity_id > $1 "
                                           "ORDER BY s.entity_id LIMIT 1");
}

static struct sql_stmt *next_settings(struct sql_conn *c)
{
    return sql_query(c, "SELECT s.guild_id, 0, " MISSING(
                            "SELECT id FROM guilds WHERE id = s.guild_id") " FROM "
                                                                           "user_guild_settings s "
                                                                           "WHERE s.guild_id > $1 "
                                                                           "ORDER BY s.guild_id "
                                                                           "LIMIT 1");
}

/* Of a guild in deletion it goes in steps. */
static struct sql_stmt *page_of_voice_states(struct sql_conn *c)
{
    return sql_query(
        c, "SELECT v.guild_id, v.user_id, " MISSING_IF(
               "(SELECT deleting FROM guilds WHERE id = v.guild_id) = 0",
               "SELECT user_id FROM members WHERE guild_id = v.guild_id AND user_id = "
               "v.user_id") " FROM voice_states v WHERE (v.guild_id, v.user_id) > ($1, $2) "
                            "ORDER BY v.guild_id, v.user_id LIMIT $3");
}

/* Its deletion empties it, at the latest in steps. */
static struct sql_stmt *next_voice_channel(struct sql_conn *c)
{
    return sql_query(c, "SELECT v.channel_id, 0, " MISSING_IF(
                            "(SELECT deleting FROM guilds WHERE id = v.guild_id) = 0",
                            CHANNEL("v.channel_id")) " FROM voice_states v WHERE "
                                                     "v.channel_id > $1 "
                                                     "ORDER BY v.channel_id LIMIT 1");
}

static const struct walk orphans[] = {
    {"a direct message that nobody is in", 1, true, page_of_dms},
    {"a relation that only one side knows of, of the user", 2, true, page_of_relations},
    {"messages of a channel that is not there", 1, false, next_messages},
    {"what people have read of what is not there", 1, false, next_read_states},
    {"notification settings of a guild that is not there", 1, false, next_settings},
    {"nonces of a channel that is not there", 1, false, next_nonces},
    {"rows of the event log without their stream", 2, false, next_log},
    {"overwrites of a role that is not there, in channel", 2, true, page_of_overwrites},
    {"reactions to a message that is not there, in channel", 2, false, next_reactions},
    {"counts of reactions to a message that is not there, in channel", 2, false,
     next_reaction_counts},
    {"a poll without its message, in channel", 2, true, page_of_polls},
    {"mentions by a message that is not there, in channel", 2, false, next_user_mentions},
    {"mentions of roles by a message that is not there, in channel", 2, false, next_role_mentions},
    {"counts of a poll without its message, in channel", 2, false, next_poll_counts},
    {"votes of a poll without its message, in channel", 2, false, next_poll_votes},
    {"a role of a bot that is not there", 1, true, page_of_roles},
    {"a guild whose owner is no member", 1, true, page_of_guilds},
    {"a guild without @everyone", 1, true, page_of_everyone},
    {"a stream of a guild that is not there", 2, true, page_of_streams},
    {"a bot without application", 1, true, page_of_users},
    {"an integration whose bot is no member", 1, true, page_of_integrations},
    {"images of a guild that is not there", 1, false, next_references},
    {"an emoji without its image", 1, true, page_of_emojis},
    {"a sticker without its image", 1, true, page_of_stickers},
    {"a sound without its file", 1, true, page_of_sounds},
    {"a voice state of somebody who is no member, in guild", 2, true, page_of_voice_states},
    {"voice states in a channel that is not there", 1, false, next_voice_channel},
};

/* ---- walking ---- */

struct walking {
    struct checkup *c;
    const struct walk *walk;
    uint64_t key[2];
    bool ended;
    /* Of one read: it may run again. */
    uint64_t rows;
    uint64_t bad[CHECKUP_FINDINGS_MAX];
    unsigned bad_count;
};

/* Streams and rows of the log are named by their second key. */
static uint64_t name_of(const struct walk *w, const uint64_t key[2])
{
    return w->query == next_log || w->query == page_of_streams ? key[1] : key[0];
}

static enum err run_once(struct tx *tx, struct walking *w, uint64_t *rows)
{
    struct sql_stmt *s = w->walk->query(tx_sql(tx));
    sql_bind_u64(s, 1, w->key[0]);
    if (w->walk->keys == 2)
        sql_bind_u64(s, 2, w->key[1]);
    if (w->walk->page)
        sql_bind_u64(s, (int)w->walk->keys + 1, PAGE_ROWS);
    *rows = 0;
    while (sql_step(s)) {
        w->key[0] = sql_u64(s, 0);
        w->key[1] = sql_u64(s, 1);
        if (sql_bool(s, 2) && w->bad_count < CHECKUP_FINDINGS_MAX)
            w->bad[w->bad_count++] = name_of(w->walk, w->key);
        (*rows)++;
    }
    return sql_done(s);
}

static enum err read_some(struct tx *tx, void *ctx)
{
    struct walking *w = ctx;
    struct walking now = *w;
    uint64_t rows = 1;
    enum err e = ERR_OK;
    now.rows = 0;
    now.bad_count = 0;
    for (int i = 0; i < (w->walk->page ? 1 : STEPS_A_READ) && e == ERR_OK && rows > 0; i++) {
        e = run_once(tx, &now, &rows);
        now.rows += rows;
    }
    now.ended = w->walk->page ? rows < PAGE_ROWS : rows == 0;
    if (e == ERR_OK)
        *w = now;
    return e;
}

static enum err walk(struct checkup *c, const struct walk *which)
{
    struct walking w = {.c = c, .walk = which};
    unsigned found = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && !w.ended && found < CHECKUP_FINDINGS_MAX && !c->stopped(c->ctx)) {
        e = store_read(c->store, read_some, &w);
        for (unsigned i = 0; e == ERR_OK && i < w.bad_count; i++)
            c->found(c->ctx, which->what, w.bad[i]);
        c->rows += e == ERR_OK ? w.rows : 0;
        found += e == ERR_OK ? w.bad_count : 0;
    }
    return e;
}

enum err checkup_orphans(struct checkup *c)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof orphans / sizeof orphans[0] && e == ERR_OK; i++)
        e = walk(c, &orphans[i]);
    for (size_t i = 0; i < CHECKUP_FILE_WALKS && e == ERR_OK; i++)
        e = walk(c, &checkup_file_walks[i]);
    return e;
}

/* ---- tasks, retention ---- */

enum { TASKS_LOOKED_AT = 256 };

struct task_reading {
    struct task list[TASKS_LOOKED_AT];
    size_t count;
};

static enum err read_tasks(struct tx *tx, void *ctx)
{
    struct task_reading *r = ctx;
    return tasks_after(tx_sql(tx), 0, TASKS_LOOKED_AT, r->list, &r->count);
}

/* What is said of a task that does not move; NULL for kinds of a later version. */
static const char *stuck_text(enum task_kind kind)
{
    switch (kind) {
    case TASK_GUILD_DELETE:
        return "the deletion of a guild does not move";
    case TASK_USER_ERASE:
        return "the erasing of a person does not move";
    case TASK_CHANNEL_DELETE:
        return "the erasing of a deleted channel does not move";
    case TASK_ROLE_DELETE:
        return "the erasing of a deleted role does not move";
    case TASK_BAN_MESSAGES:
        return "the deletion of messages of somebody banned does not move";
    case TASK_PRUNE:
        return "the pruning of members does not move";
    case TASK_SCREENING_OPEN:
        return "letting members in after their screening was switched off does not move";
    case TASK_PROFILE_TELL:
        return "telling guilds of a changed profile does not move";
    case TASK_SEARCH_REBUILD:
        return "the indexing of messages for search does not move";
    case TASK_MESSAGE_PARTS:
        return "the erasing of the reactions and votes of a deleted message does not move";
    }
    return NULL;
}

enum err checkup_tasks(struct checkup *c, int64_t before_ms)
{
    static const struct walk deletions = {"a guild is being deleted, but nothing does it", 1, true,
                                          page_of_deletions};
    struct task_reading r = {.count = 0};
    enum err e = store_read(c->store, read_tasks, &r);
    for (size_t i = 0; i < r.count && e == ERR_OK; i++) {
        const struct task *t = &r.list[i];
        const char *stuck = stuck_text(t->kind);
        if (stuck == NULL)
            c->found(c->ctx, "a task of a kind that this program does not know", t->id);
        else if (t->updated_at_ms < before_ms)
            c->found(c->ctx, stuck, t->subject);
    }
    e = e == ERR_OK ? walk(c, &deletions) : e;
    c->rows = r.count;
    return e;
}

struct old_rows {
    int64_t before_ms;
    uint64_t key[2];
    uint64_t old[CHECKUP_FINDINGS_MAX];
    unsigned old_count;
    uint64_t rows;
};

/* A page of streams, each with its oldest row if it is not the newest as well. */
static enum err read_oldest(struct tx *tx, void *ctx)
{
    struct old_rows *r = ctx;
    struct old_rows now = *r;
    struct sql_stmt *s = sql_query(
        tx_sql(tx),
        "SELECT s.stream_kind, s.stream_id, (SELECT at_ms FROM event_log WHERE stream_kind = "
        "s.stream_kind AND stream_id = s.stream_id AND position = s.trimmed + 1 AND position < "
        "s.head) "
        "FROM streams s WHERE (s.stream_kind, s.stream_id) > ($1, $2) "
        "ORDER BY s.stream_kind, s.stream_id LIMIT $3");
    sql_bind_u64(s, 1, r->key[0]);
    sql_bind_u64(s, 2, r->key[1]);
    sql_bind_u64(s, 3, PAGE_ROWS);
    now.rows = 0;
    while (sql_step(s)) {
        int64_t at_ms = sql_i64(s, 2);
        now.key[0] = sql_u64(s, 0);
        now.key[1] = sql_u64(s, 1);
        if (at_ms != 0 && at_ms < r->before_ms && now.old_count < CHECKUP_FINDINGS_MAX)
            now.old[now.old_count++] = now.key[1];
        now.rows++;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *r = now;
    return e;
}

enum err checkup_retention(struct checkup *c, int64_t before_ms)
{
    struct old_rows r = {.before_ms = before_ms, .rows = PAGE_ROWS};
    enum err e = ERR_OK;
    while (e == ERR_OK && r.rows == PAGE_ROWS && r.old_count < CHECKUP_FINDINGS_MAX &&
           !c->stopped(c->ctx)) {
        e = store_read(c->store, read_oldest, &r);
        c->rows += e == ERR_OK ? r.rows : 0;
    }
    for (unsigned i = 0; i < r.old_count && e == ERR_OK; i++)
        c->found(c->ctx, "a stream with rows older than events.retention_days", r.old[i]);
    return e;
}
