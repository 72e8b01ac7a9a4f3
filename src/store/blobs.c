/*
 * Blobs. Two closures of different guilds may refer to one blob and let it go at the same time; on
 * PostgreSQL neither sees what the other has not committed. So letting go decides nothing: it only
 * has the blob looked at later, by one who holds its row (blobs_condemn), which everybody who
 * refers to it changes first.
 */

#include "store/blobs.h"

#include "store/rows.h"

#define COLUMNS "size, width, height, hash, content_type"
#define REFERENCE_COLUMNS "kind, owner_id, guild_id, hash"

/* review_ms of a blob that is being removed. */
enum { GOING = -1 };

/* A file that was streamed is announced before anybody has looked at it; who looks later says more.
 */
enum err blobs_announce(struct sql_conn *c, const struct blob_row *b, int64_t now_ms, bool *taken)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO blobs (hash, size, width, height, created_at_ms, review_ms, "
                     "content_type) VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (hash) DO "
                     "UPDATE SET review_ms = $5, width = CASE WHEN excluded.width > 0 THEN "
                     "excluded.width ELSE blobs.width END, height = CASE WHEN excluded.height > 0 "
                     "THEN excluded.height ELSE blobs.height END, content_type = CASE WHEN "
                     "excluded.content_type = 'application/octet-stream' THEN blobs.content_type "
                     "ELSE excluded.content_type END WHERE blobs.review_ms >= 0");
    sql_bind_text(s, 1, b->hash);
    sql_bind_u64(s, 2, b->size);
    sql_bind_u64(s, 3, b->width);
    sql_bind_u64(s, 4, b->height);
    sql_bind_i64(s, 5, now_ms);
    sql_bind_text(s, 6, b->content_type);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *taken = sql_changes(c) > 0;
    return e;
}

enum err blobs_hold(struct sql_conn *c, struct slice hash, bool *there)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE blobs SET review_ms = 0 WHERE hash = $1 AND review_ms >= 0");
    sql_bind_text(s, 1, hash);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *there = sql_changes(c) > 0;
    return e;
}

enum err blobs_let_go(struct sql_conn *c, struct slice hash, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE blobs SET review_ms = $2 WHERE hash = $1 AND review_ms >= 0");
    sql_bind_text(s, 1, hash);
    sql_bind_i64(s, 2, now_ms);
    return sql_run(s);
}

enum err blobs_refer(struct sql_conn *c, const struct blob_reference *r)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO blob_references (hash, kind, owner_id, guild_id) VALUES "
                     "($1, $2, $3, $4) ON CONFLICT DO NOTHING");
    sql_bind_text(s, 1, r->hash);
    sql_bind_i64(s, 2, r->kind);
    sql_bind_u64(s, 3, r->owner);
    sql_bind_u64(s, 4, r->guild);
    return sql_run(s);
}

enum err blobs_unrefer(struct sql_conn *c, const struct blob_reference *r)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM blob_references WHERE hash = $1 AND kind = $2 "
                                      "AND owner_id = $3 AND guild_id = $4");
    sql_bind_text(s, 1, r->hash);
    sql_bind_i64(s, 2, r->kind);
    sql_bind_u64(s, 3, r->owner);
    sql_bind_u64(s, 4, r->guild);
    return sql_run(s);
}

static enum err read_references(struct sql_stmt *s, struct arena *arena,
                                struct blob_reference **out, size_t *count)
{
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct blob_reference *r = rows_push(&rows, arena, sizeof *r);
        if (r == NULL) {
            e = ERR_NO_MEMORY;
            break;
        }
        r->kind = (int)sql_i64(s, 0);
        r->owner = sql_u64(s, 1);
        r->guild = sql_u64(s, 2);
        r->hash = sql_text(s, 3, arena);
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

enum err blobs_of_owner(struct sql_conn *c, int kind, uint64_t owner, uint64_t guild, unsigned max,
                        struct arena *arena, struct blob_reference **out, size_t *count)
{
    struct sql_stmt *s =
        guild == 0 ? sql_query(c, "SELECT " REFERENCE_COLUMNS " FROM blob_references WHERE "
                                  "kind = $1 AND owner_id = $2 LIMIT $3")
                   : sql_query(c, "SELECT " REFERENCE_COLUMNS " FROM blob_references WHERE "
                                  "kind = $1 AND owner_id = $2 AND guild_id = $4 LIMIT $3");
    sql_bind_i64(s, 1, kind);
    sql_bind_u64(s, 2, owner);
    sql_bind_u64(s, 3, max);
    if (guild != 0)
        sql_bind_u64(s, 4, guild);
    return read_references(s, arena, out, count);
}

enum err blobs_of_guild(struct sql_conn *c, struct guild_id guild, unsigned max,
                        struct arena *arena, struct blob_reference **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " REFERENCE_COLUMNS
                                      " FROM blob_references WHERE guild_id = $1 LIMIT $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, max);
    return read_references(s, arena, out, count);
}

static void read_row(struct sql_stmt *s, struct arena *arena, struct blob_row *out)
{
    out->size = sql_u64(s, 0);
    out->width = (uint32_t)sql_u64(s, 1);
    out->height = (uint32_t)sql_u64(s, 2);
    out->hash = sql_text(s, 3, arena);
    out->content_type = sql_text(s, 4, arena);
}

enum err blobs_find(struct sql_conn *c, struct slice hash, struct arena *arena,
                    struct blob_row *out)
{
    struct blob_row b = {0};
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM blobs WHERE hash = $1");
    sql_bind_text(s, 1, hash);
    bool found = sql_step(s);
    if (found)
        read_row(s, arena, &b);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_ASSET;
    if (e == ERR_OK)
        *out = b;
    return e;
}

enum err blobs_to_review(struct sql_conn *c, int64_t before_ms, unsigned max, struct arena *arena,
                         struct slice **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT hash FROM blobs WHERE review_ms <> 0 AND review_ms < $1 "
                     "ORDER BY review_ms LIMIT $2");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_i64(s, 1, before_ms);
    sql_bind_u64(s, 2, max);
    while (e == ERR_OK && sql_step(s)) {
        struct slice *hash = rows_push(&rows, arena, sizeof *hash);
        if (hash == NULL)
            e = ERR_NO_MEMORY;
        else
            *hash = sql_text(s, 0, arena);
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

/* Takes the row if it is to be looked at. */
static enum err take_row(struct sql_conn *c, struct slice hash, int64_t before_ms, bool *taken)
{
    struct sql_stmt *s = sql_query(c, "UPDATE blobs SET review_ms = $3 WHERE hash = $1 AND "
                                      "review_ms <> 0 AND review_ms < $2");
    sql_bind_text(s, 1, hash);
    sql_bind_i64(s, 2, before_ms);
    sql_bind_i64(s, 3, GOING);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *taken = sql_changes(c) > 0;
    return e;
}

static enum err is_referred(struct sql_conn *c, struct slice hash, bool *referred)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM blob_references WHERE hash = $1 LIMIT 1");
    sql_bind_text(s, 1, hash);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *referred = found;
    return e;
}

static enum err keep(struct sql_conn *c, struct slice hash)
{
    struct sql_stmt *s = sql_query(c, "UPDATE blobs SET review_ms = 0 WHERE hash = $1");
    sql_bind_text(s, 1, hash);
    return sql_run(s);
}

enum err blobs_condemn(struct sql_conn *c, struct slice hash, int64_t before_ms, bool *going)
{
    bool taken = false, referred = false;
    enum err e = take_row(c, hash, before_ms, &taken);
    if (e == ERR_OK && taken)
        e = is_referred(c, hash, &referred);
    if (e == ERR_OK && referred)
        e = keep(c, hash);
    if (e == ERR_OK)
        *going = taken && !referred;
    return e;
}

enum err blobs_forget(struct sql_conn *c, struct slice hash)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM blobs WHERE hash = $1 AND review_ms = $2");
    sql_bind_text(s, 1, hash);
    sql_bind_i64(s, 2, GOING);
    return sql_run(s);
}

enum err blobs_page(struct sql_conn *c, struct slice after, unsigned max, struct arena *arena,
                    struct blob_row **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS
                     " FROM blobs WHERE hash > $1 AND review_ms = 0 ORDER BY hash LIMIT $2");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_text(s, 1, after);
    sql_bind_u64(s, 2, max);
    while (e == ERR_OK && sql_step(s)) {
        struct blob_row *b = rows_push(&rows, arena, sizeof *b);
        if (b == NULL)
            e = ERR_NO_MEMORY;
        else
            read_row(s, arena, b);
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
