/* Audit log entries. A page is read along one of four indexes, that of the filter which narrows
 * most; the other filters look at what that gives. */

#include "store/audit.h"

enum err audit_insert(struct sql_conn *c, const struct audit_row *r)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO audit_entries (guild_id, id, user_id, target_id, action, options, changes, "
           "reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sql_bind_u64(s, 1, r->guild.v);
    sql_bind_u64(s, 2, r->id);
    sql_bind_id_or_null(s, 3, r->user);
    sql_bind_id_or_null(s, 4, r->target);
    sql_bind_i64(s, 5, r->action);
    sql_bind_text(s, 6, r->options);
    sql_bind_text(s, 7, r->changes);
    sql_bind_text(s, 8, r->reason);
    return sql_send(s);
}

#define COLUMNS "SELECT guild_id, id, user_id, target_id, action, options, changes, reason "
#define PAGE "FROM audit_entries WHERE guild_id = $1 AND id > $2 AND id < $3 "
#define OLDEST_FIRST "ORDER BY id LIMIT $4"
#define NEWEST_FIRST "ORDER BY id DESC LIMIT $4"
#define OF_TARGET "AND target_id = $5 AND (user_id = $6 OR $6 = 0) AND (action = $7 OR $7 = 0) "
#define OF_USER "AND user_id = $5 AND (action = $6 OR $6 = 0) "
#define OF_ACTION "AND action = $5 "

static void read_row(struct sql_stmt *s, struct arena *arena, struct audit_row *out)
{
    *out = (struct audit_row){.guild = {sql_u64(s, 0)},
                              .id = sql_u64(s, 1),
                              .user = sql_u64(s, 2),
                              .target = sql_u64(s, 3),
                              .action = (int)sql_i64(s, 4)};
    out->options = sql_text(s, 5, arena);
    out->changes = sql_text(s, 6, arena);
    out->reason = sql_text(s, 7, arena);
}

static struct sql_stmt *page_of_target(struct sql_conn *c, const struct audit_filter *f)
{
    struct sql_stmt *s = f->oldest_first ? sql_query(c, COLUMNS PAGE OF_TARGET OLDEST_FIRST)
                                         : sql_query(c, COLUMNS PAGE OF_TARGET NEWEST_FIRST);
    sql_bind_u64(s, 5, f->target);
    sql_bind_u64(s, 6, f->user);
    sql_bind_i64(s, 7, f->action);
    return s;
}

static struct sql_stmt *page_of_user(struct sql_conn *c, const struct audit_filter *f)
{
    struct sql_stmt *s = f->oldest_first ? sql_query(c, COLUMNS PAGE OF_USER OLDEST_FIRST)
                                         : sql_query(c, COLUMNS PAGE OF_USER NEWEST_FIRST);
    sql_bind_u64(s, 5, f->user);
    sql_bind_i64(s, 6, f->action);
    return s;
}

static struct sql_stmt *page_of_action(struct sql_conn *c, const struct audit_filter *f)
{
    struct sql_stmt *s = f->oldest_first ? sql_query(c, COLUMNS PAGE OF_ACTION OLDEST_FIRST)
                                         : sql_query(c, COLUMNS PAGE OF_ACTION NEWEST_FIRST);
    sql_bind_i64(s, 5, f->action);
    return s;
}

static struct sql_stmt *page_of(struct sql_conn *c, const struct audit_filter *f)
{
    if (f->target != 0)
        return page_of_target(c, f);
    if (f->user != 0)
        return page_of_user(c, f);
    if (f->action != 0)
        return page_of_action(c, f);
    return f->oldest_first ? sql_query(c, COLUMNS PAGE OLDEST_FIRST)
                           : sql_query(c, COLUMNS PAGE NEWEST_FIRST);
}

enum err audit_list(struct sql_conn *c, struct guild_id guild, const struct audit_filter *f,
                    size_t bytes_max, struct arena *arena, struct audit_row *list, size_t *count)
{
    struct sql_stmt *s = page_of(c, f);
    size_t n = 0;
    size_t bytes = 0;
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, f->after);
    sql_bind_u64(s, 3, f->before == 0 ? INT64_MAX : f->before);
    sql_bind_u64(s, 4, f->limit);
    while (n < f->limit && bytes < bytes_max && sql_step(s)) {
        read_row(s, arena, &list[n]);
        bytes += list[n].options.len + list[n].changes.len + list[n].reason.len;
        n++;
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err audit_find(struct sql_conn *c, struct guild_id guild, uint64_t id, struct arena *arena,
                    struct audit_row *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "FROM audit_entries WHERE guild_id = $1 AND id = $2");
    struct audit_row r;
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, id);
    bool found = sql_step(s);
    if (found)
        read_row(s, arena, &r);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_NOT_FOUND;
    *out = r;
    return ERR_OK;
}

enum err audit_expire(struct sql_conn *c, uint64_t end, uint64_t limit, uint64_t *rows)
{
    /* Ids are unique over all guilds. */
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM audit_entries WHERE id < $1 AND id <= COALESCE((SELECT id FROM "
                     "audit_entries WHERE id < $1 ORDER BY id LIMIT 1 OFFSET $2), $1)");
    sql_bind_u64(s, 1, end);
    sql_bind_u64(s, 2, limit - 1);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}
