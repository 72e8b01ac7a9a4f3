/* Relations and notes. */

#include "store/relationships.h"

#include "store/rows.h"
#include "store/users.h"

static void bind_two(struct sql_stmt *s, struct user_id a, struct user_id b)
{
    sql_bind_u64(s, 1, a.v);
    sql_bind_u64(s, 2, b.v);
}

enum err relationships_blocked(struct sql_conn *c, struct user_id by, struct user_id whom,
                               bool *yes)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT 1 FROM relationships WHERE user_id = $1 AND other_id = $2 AND type = 2");
    bind_two(s, by, whom);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *yes = found;
    return e;
}

enum err relationships_find(struct sql_conn *c, struct user_id user, struct user_id other,
                            struct arena *arena, struct relationship *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT type, ignored, since_ms, nickname FROM relationships "
                                      "WHERE user_id = $1 AND other_id = $2");
    bind_two(s, user, other);
    struct relationship r = {.other.id = other};
    if (sql_step(s)) {
        r.type = (enum relationship_type)sql_i64(s, 0);
        r.ignored = sql_bool(s, 1);
        r.since_ms = sql_i64(s, 2);
        r.nickname = sql_text(s, 3, arena);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = r;
    return e;
}

/* Friends, blocks and requests come to thousands: an array that grows would not fit into a
 * request's arena. */
static enum err make_room(struct sql_conn *c, struct user_id user, uint64_t after, size_t max,
                          struct arena *arena, struct rows *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM (SELECT other_id FROM relationships "
                                      "WHERE user_id = $1 AND other_id > $2 LIMIT $3) r");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, max);
    size_t count = sql_step(s) ? (size_t)sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *out = (struct rows){arena_array(arena, count + 1, sizeof(struct relationship)), 0, count + 1};
    return out->items == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static bool read_relationship(struct sql_stmt *s, struct arena *arena, struct rows *list)
{
    struct relationship *r = rows_push(list, arena, sizeof *r);
    if (r == NULL)
        return false;
    r->type = (enum relationship_type)sql_i64(s, 0);
    r->ignored = sql_bool(s, 1);
    r->since_ms = sql_i64(s, 2);
    users_read(s, 3, arena, &r->other);
    r->nickname = sql_text(s, 3 + USERS_COLUMN_COUNT, arena);
    return true;
}

enum err relationships_of(struct sql_conn *c, struct user_id user, uint64_t after, size_t max,
                          struct arena *arena, struct relationship **out, size_t *count)
{
    struct rows list;
    bool fits = true;
    enum err e = make_room(c, user, after, max, arena, &list);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query(c, "SELECT r.type, r.ignored, r.since_ms, " USERS_COLUMNS ", r.nickname "
                     "FROM relationships r JOIN users u ON u.id = r.other_id "
                     "WHERE r.user_id = $1 AND r.other_id > $2 ORDER BY r.other_id LIMIT $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, max);
    while (fits && sql_step(s))
        fits = read_relationship(s, arena, &list);
    e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = list.items;
    *count = list.count;
    return ERR_OK;
}

static enum err remove_row(struct sql_conn *c, struct user_id user, struct user_id other)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM relationships WHERE user_id = $1 AND other_id = $2");
    bind_two(s, user, other);
    return sql_run(s);
}

enum err relationships_set(struct sql_conn *c, struct user_id user, const struct relationship *r)
{
    if (r->type == RELATIONSHIP_NONE && !r->ignored)
        return remove_row(c, user, r->other.id);
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO relationships (user_id, other_id, type, ignored, since_ms, nickname) "
           "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, other_id) DO UPDATE SET "
           "type = excluded.type, ignored = excluded.ignored, since_ms = excluded.since_ms, "
           "nickname = excluded.nickname");
    bind_two(s, user, r->other.id);
    sql_bind_i64(s, 3, (int64_t)r->type);
    sql_bind_bool(s, 4, r->ignored);
    sql_bind_i64(s, 5, r->since_ms);
    sql_bind_text(s, 6, r->nickname);
    return sql_run(s);
}

enum err relationships_count(struct sql_conn *c, struct user_id user, enum relationship_type type,
                             size_t max, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT other_id FROM relationships WHERE user_id = $1 AND type = $2 LIMIT $3");
    sql_bind_u64(s, 1, user.v);
    sql_bind_i64(s, 2, (int64_t)type);
    sql_bind_u64(s, 3, max);
    size_t n = 0;
    while (sql_step(s))
        n++;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err relationships_any_to(struct sql_conn *c, struct user_id user, struct user_id *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT user_id FROM relationships WHERE other_id = $1 LIMIT 1");
    sql_bind_u64(s, 1, user.v);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        out->v = id;
    return e;
}

enum err relationships_mutual_friends(struct sql_conn *c, struct user_id a, struct user_id b,
                                      size_t max, struct arena *arena, struct user **out,
                                      size_t *count)
{
    struct rows list = {0};
    bool fits = true;
    struct sql_stmt *s =
        sql_query(c, "SELECT " USERS_COLUMNS " FROM relationships r JOIN relationships o "
                     "ON o.user_id = $2 AND o.other_id = r.other_id AND o.type = 1 "
                     "JOIN users u ON u.id = r.other_id "
                     "WHERE r.user_id = $1 AND r.type = 1 ORDER BY r.other_id LIMIT $3");
    bind_two(s, a, b);
    sql_bind_u64(s, 3, max);
    while (fits && sql_step(s)) {
        struct user *u = rows_push(&list, arena, sizeof *u);
        fits = u != NULL;
        if (fits)
            users_read(s, 0, arena, u);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = list.items;
    *count = list.count;
    return ERR_OK;
}

enum err notes_find(struct sql_conn *c, struct user_id user, struct user_id about,
                    struct arena *arena, struct slice *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT note FROM user_notes WHERE user_id = $1 AND about_id = $2");
    bind_two(s, user, about);
    struct slice note = {NULL, 0};
    if (sql_step(s))
        note = sql_text(s, 0, arena);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = note;
    return e;
}

enum err notes_set(struct sql_conn *c, struct user_id user, struct user_id about, struct slice note)
{
    struct sql_stmt *s;
    if (note.len == 0) {
        s = sql_query(c, "DELETE FROM user_notes WHERE user_id = $1 AND about_id = $2");
        bind_two(s, user, about);
        return sql_run(s);
    }
    s = sql_query(c, "INSERT INTO user_notes (user_id, about_id, note) VALUES ($1, $2, $3) "
                     "ON CONFLICT (user_id, about_id) DO UPDATE SET note = excluded.note");
    bind_two(s, user, about);
    sql_bind_text(s, 3, note);
    return sql_run(s);
}

enum err notes_of(struct sql_conn *c, struct user_id user, size_t max, struct arena *arena,
                  struct note **out, size_t *count)
{
    struct rows list = {0};
    bool fits = true;
    struct sql_stmt *s = sql_query(c, "SELECT about_id, note FROM user_notes WHERE user_id = $1 "
                                      "ORDER BY about_id LIMIT $2");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    while (fits && sql_step(s)) {
        struct note *n = rows_push(&list, arena, sizeof *n);
        fits = n != NULL;
        if (fits)
            *n = (struct note){{sql_u64(s, 0)}, sql_text(s, 1, arena)};
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = list.items;
    *count = list.count;
    return ERR_OK;
}
