/* Tasks. */

#include "store/tasks.h"

#define COLUMNS                                                                                    \
    "id, kind, subject_id, step, cursor_a, cursor_b, done_rows, created_at_ms, updated_at_ms"

enum err tasks_insert(struct sql_conn *c, const struct task *t, bool *inserted)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO tasks (" COLUMNS ") VALUES ($1, $2, $3, 0, $5, 0, 0, $4, $4) "
                     "ON CONFLICT (kind, subject_id) DO NOTHING");
    sql_bind_u64(s, 1, t->id);
    sql_bind_u64(s, 2, t->kind);
    sql_bind_u64(s, 3, t->subject);
    sql_bind_i64(s, 4, t->created_at_ms);
    sql_bind_u64(s, 5, t->cursor_a);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *inserted = sql_changes(c) > 0;
    return e;
}

static void read_task(struct sql_stmt *s, struct task *out)
{
    *out = (struct task){
        .id = sql_u64(s, 0),
        .kind = (enum task_kind)sql_u64(s, 1),
        .subject = sql_u64(s, 2),
        .step = sql_u64(s, 3),
        .cursor_a = sql_u64(s, 4),
        .cursor_b = sql_u64(s, 5),
        .done_rows = sql_u64(s, 6),
        .created_at_ms = sql_i64(s, 7),
        .updated_at_ms = sql_i64(s, 8),
    };
}

static enum err read_one(struct sql_stmt *s, struct task *out, bool *found)
{
    struct task t = {0};
    bool some = false;
    while (sql_step(s)) {
        read_task(s, &t);
        some = true;
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *found = some;
    if (some)
        *out = t;
    return ERR_OK;
}

enum err tasks_find(struct sql_conn *c, enum task_kind kind, uint64_t subject, struct task *out,
                    bool *found)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM tasks WHERE kind = $1 AND subject_id = $2");
    sql_bind_u64(s, 1, kind);
    sql_bind_u64(s, 2, subject);
    return read_one(s, out, found);
}

enum err tasks_after(struct sql_conn *c, uint64_t after, size_t limit, struct task *list,
                     size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM tasks WHERE id > $1 ORDER BY id LIMIT $2");
    sql_bind_u64(s, 1, after);
    sql_bind_u64(s, 2, limit);
    size_t n = 0;
    while (n < limit && sql_step(s))
        read_task(s, &list[n++]);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err tasks_take(struct sql_conn *c, uint64_t id, int64_t now_ms, struct task *out, bool *found)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE tasks SET updated_at_ms = $2 WHERE id = $1 RETURNING " COLUMNS);
    sql_bind_u64(s, 1, id);
    sql_bind_i64(s, 2, now_ms);
    return read_one(s, out, found);
}

enum err tasks_save(struct sql_conn *c, const struct task *t)
{
    struct sql_stmt *s = sql_query(c, "UPDATE tasks SET step = $2, cursor_a = $3, cursor_b = $4, "
                                      "done_rows = $5 WHERE id = $1");
    sql_bind_u64(s, 1, t->id);
    sql_bind_u64(s, 2, t->step);
    sql_bind_u64(s, 3, t->cursor_a);
    sql_bind_u64(s, 4, t->cursor_b);
    sql_bind_u64(s, 5, t->done_rows);
    return sql_run(s);
}

enum err tasks_restart(struct sql_conn *c, enum task_kind kind, uint64_t subject)
{
    struct sql_stmt *s = sql_query(c, "UPDATE tasks SET step = 0, cursor_a = 0, cursor_b = 0 "
                                      "WHERE kind = $1 AND subject_id = $2");
    sql_bind_u64(s, 1, kind);
    sql_bind_u64(s, 2, subject);
    return sql_run(s);
}

enum err tasks_delete(struct sql_conn *c, uint64_t id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM tasks WHERE id = $1");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}
