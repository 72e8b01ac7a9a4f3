/*
 * The index of words. The statements that read it are the only ones of the program that each
 * backend has its own of: neither's text search is SQL. What they have in common is the shape: the
 * index finds, and each hit is looked up in search_documents for its channel, inside of the
 * statement, so that no row of a channel outside of the caller's ever leaves it.
 */

#include "store/search.h"

#include "base/buf.h"
#include "store/sql_driver.h"

enum { MATCH_BYTES_MAX = 256 * 1024 };

static void bind_document(struct sql_stmt *s, const struct search_document *d)
{
    sql_bind_u64(s, 1, d->id.v);
    sql_bind_u64(s, 2, d->channel.v);
    sql_bind_u64(s, 3, d->length);
    sql_bind_text(s, 4, d->words);
}

enum err search_put(struct sql_conn *c, const struct search_document *d, bool known)
{
    struct sql_stmt *s =
        known ? sql_query(c, "INSERT INTO search_documents (id, channel_id, length, words) "
                             "VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE "
                             "SET length = excluded.length, words = excluded.words")
              : sql_query(c, "INSERT INTO search_documents (id, channel_id, length, words) "
                             "VALUES ($1, $2, $3, $4)");
    bind_document(s, d);
    return sql_send(s);
}

enum err search_put_missing(struct sql_conn *c, const struct search_document *d)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO search_documents (id, channel_id, length, words) "
                     "SELECT id, channel_id, $3, $4 FROM messages "
                     "WHERE channel_id = $2 AND id = $1 ON CONFLICT (id) DO NOTHING");
    bind_document(s, d);
    return sql_send(s);
}

enum err search_remove(struct sql_conn *c, struct slice messages)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM search_documents WHERE id IN (SELECT value FROM ids($1))");
    sql_bind_blob(s, 1, messages);
    return sql_send(s);
}

enum err search_remove_some(struct sql_conn *c, uint64_t limit, uint64_t *removed)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM search_documents WHERE id > 0 AND id < COALESCE((SELECT id FROM "
           "search_documents WHERE id > 0 ORDER BY id LIMIT 1 OFFSET $1), 9223372036854775807)");
    sql_bind_u64(s, 1, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *removed = sql_changes(c);
    return e;
}

/* ---- words that nothing has any more ---- */

static enum err total_changes(struct sql_conn *c, int64_t *out)
{
    struct sql_stmt *s = sql_query_text(c, "SELECT total_changes()");
    *out = sql_step(s) ? sql_i64(s, 0) : 0;
    return sql_done(s);
}

/* A negative number of pages has all parts of the index take part, a positive one goes on with what
 * is under way. The command itself is one change: fewer than two, and there was nothing to do
 * (sqlite.org/fts5.html, "The 'merge' Command"). */
enum err search_merge(struct sql_conn *c, uint64_t pages, bool begin, bool *more)
{
    int64_t before = 0;
    int64_t after = 0;
    *more = false;
    if (!c->driver->one_writer)
        return ERR_OK;
    enum err e = total_changes(c, &before);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query_text(c, "INSERT INTO search_words (search_words, rank) VALUES ('merge', $1)");
    sql_bind_i64(s, 1, begin ? -(int64_t)pages : (int64_t)pages);
    e = sql_run(s);
    if (e == ERR_OK)
        e = total_changes(c, &after);
    *more = after - before >= 2;
    return e;
}

/* ---- asking ---- */

/* "w": FTS5; 'w': a lexeme of PostgreSQL. */
static void write_words(struct buf *b, const struct search_group *g, bool fts)
{
    char quote = fts ? '"' : '\'';
    buf_putc(b, '(');
    for (size_t i = 0; i < g->count; i++) {
        if (i > 0)
            buf_append_cstr(b, fts ? " OR " : "|");
        buf_putc(b, quote);
        buf_append_slice(b, g->words[i]);
        buf_putc(b, quote);
    }
    buf_putc(b, ')');
}

/* FTS5 has no negation but "a NOT b", hence the positive groups first. */
static void write_match(struct buf *b, const struct search_query *q, bool fts)
{
    bool first = true;
    for (size_t i = 0; i < q->group_count; i++) {
        if (q->groups[i].negated)
            continue;
        if (!first)
            buf_append_cstr(b, fts ? " AND " : "&");
        write_words(b, &q->groups[i], fts);
        first = false;
    }
    for (size_t i = 0; i < q->group_count; i++) {
        if (!q->groups[i].negated)
            continue;
        buf_append_cstr(b, fts ? " NOT " : "&!");
        write_words(b, &q->groups[i], fts);
    }
}

/* CROSS JOIN: SQLite keeps to the order of the tables, the index first, whatever it thinks of it.
 */
#define FTS_FROM                                                                                   \
    "SELECT d.id, d.channel_id FROM search_words CROSS JOIN search_documents d "                   \
    "ON d.id = search_words.rowid WHERE search_words MATCH $1 AND search_words.rowid > $3 "        \
    "AND search_words.rowid < $4 AND d.channel_id IN (SELECT value FROM ids($2)) "
/* With "+ 0" no other index fits. Prepared, PostgreSQL does not know how many rows a range of ids
 * has, and would rather walk through all messages, newest first, than believe that few match. */
#define GIN_WHERE                                                                                  \
    "WHERE array_to_tsvector(string_to_array(d.words, ' ')) @@ $1::text::tsquery "                 \
    "AND d.id + 0 > $3 AND d.id + 0 < $4 AND d.channel_id + 0 IN (SELECT value FROM ids($2)) "

/* By order; not sql_query: each is for one backend. */
static const char *const fts_texts[] = {
    [SEARCH_NEWEST] = FTS_FROM "ORDER BY search_words.rowid DESC LIMIT $5",
    [SEARCH_OLDEST] = FTS_FROM "ORDER BY search_words.rowid LIMIT $5",
    [SEARCH_SHORTEST] = "SELECT id, channel_id FROM (SELECT d.id AS id, d.channel_id AS channel_id,"
                        " d.length AS length FROM search_words CROSS JOIN search_documents d "
                        "ON d.id = search_words.rowid WHERE search_words MATCH $1 "
                        "AND search_words.rowid > $3 AND search_words.rowid < $4 "
                        "AND d.channel_id IN (SELECT value FROM ids($2)) "
                        "ORDER BY search_words.rowid DESC LIMIT $5) ORDER BY length, id DESC",
};
static const char *const gin_texts[] = {
    [SEARCH_NEWEST] = "SELECT d.id, d.channel_id FROM search_documents d " GIN_WHERE
                      "ORDER BY d.id + 0 DESC LIMIT $5",
    [SEARCH_OLDEST] =
        "SELECT d.id, d.channel_id FROM search_documents d " GIN_WHERE "ORDER BY d.id + 0 LIMIT $5",
    [SEARCH_SHORTEST] = "SELECT id, channel_id FROM (SELECT d.id, d.channel_id, d.length "
                        "FROM search_documents d " GIN_WHERE
                        "ORDER BY d.id + 0 DESC LIMIT $5) AS hits ORDER BY length, id DESC",
};

static enum err walk(struct sql_stmt *s, bool (*on_hit)(void *, struct search_hit), void *ctx)
{
    bool on = true;
    while (on && sql_step(s)) {
        struct search_hit h = {{sql_u64(s, 0)}, {sql_u64(s, 1)}};
        on = on_hit(ctx, h);
    }
    return sql_done(s);
}

enum err search_run(struct sql_conn *c, const struct search_query *q,
                    bool (*on_hit)(void *ctx, struct search_hit h), void *ctx)
{
    bool fts = c->driver->one_writer;
    struct buf match;
    buf_init(&match, MEM_STORE, MATCH_BYTES_MAX);
    write_match(&match, q, fts);
    if (match.failed) {
        buf_deinit(&match);
        return ERR_NO_MEMORY;
    }
    struct sql_stmt *s = sql_query_text(c, (fts ? fts_texts : gin_texts)[q->order]);
    sql_bind_text(s, 1, buf_slice(&match));
    sql_bind_blob(s, 2, q->channels);
    sql_bind_u64(s, 3, q->above > INT64_MAX ? INT64_MAX : q->above);
    sql_bind_u64(s, 4, q->below > INT64_MAX ? INT64_MAX : q->below);
    sql_bind_u64(s, 5, q->limit);
    if (c->driver->watch_closely != NULL)
        c->driver->watch_closely(c, true);
    enum err e = walk(s, on_hit, ctx);
    if (c->driver->watch_closely != NULL)
        c->driver->watch_closely(c, false);
    buf_deinit(&match);
    return e;
}
