/* People: where they are members, by their own streams. Such a stream is short, so each is summed
 * up by the database, at the moment that the memberships are read. */

#include "store/log_check_priv.h"

#include <inttypes.h>

#include "base/map.h"

struct person {
    uint64_t user;
    uint64_t count;
    uint64_t hash;
    uint64_t log_count;
    uint64_t log_hash;
};

struct people {
    uint64_t after;
    uint64_t last;
    unsigned count;
    struct person bad[CHECK_OWNERS];
    unsigned bad_count;
};

static enum err memberships(struct tx *tx, struct person *p)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT guild_id FROM members WHERE user_id = $1");
    sql_bind_u64(s, 1, p->user);
    while (sql_step(s)) {
        p->count++;
        p->hash += map_hash(0, sql_u64(s, 0));
    }
    return sql_done(s);
}

/* Rows of a stream whose rows are not all there say nothing. */
static enum err count_rows(struct tx *tx, uint64_t user, uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT COUNT(*) FROM event_log WHERE stream_kind = $2 AND stream_id = $1");
    sql_bind_u64(s, 1, user);
    sql_bind_u64(s, 2, STREAM_USER);
    uint64_t count = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *rows = count;
    return e;
}

/* Guilds that were entered once more than left. What is neither entered once nor not at all is
 * counted as it is, and so disagrees. */
static enum err by_log(struct tx *tx, struct person *p)
{
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "SELECT guild_id, SUM(CASE WHEN kind = $2 THEN 1 ELSE -1 END) FROM event_log "
                    "WHERE stream_kind = $4 AND stream_id = $1 AND (kind = $2 OR kind = $3) "
                    "GROUP BY guild_id");
    sql_bind_u64(s, 1, p->user);
    sql_bind_u64(s, 2, EVENT_GUILD_CREATE);
    sql_bind_u64(s, 3, EVENT_GUILD_DELETE);
    sql_bind_u64(s, 4, STREAM_USER);
    while (sql_step(s)) {
        uint64_t sum = sql_u64(s, 1);
        p->log_count += sum;
        p->log_hash += sum * map_hash(0, sql_u64(s, 0));
    }
    return sql_done(s);
}

static enum err check_person(struct tx *tx, struct people *x, uint64_t user)
{
    struct person p = {.user = user};
    uint64_t trimmed, head, rows = 0;
    enum err e = event_log_bounds(tx, (struct stream){STREAM_USER, user}, &trimmed, &head);
    if (e == ERR_OK)
        e = count_rows(tx, user, &rows);
    if (e != ERR_OK || trimmed != 0 || rows != head)
        return e;
    e = memberships(tx, &p);
    if (e == ERR_OK)
        e = by_log(tx, &p);
    if (e == ERR_OK && (p.count != p.log_count || p.hash != p.log_hash))
        x->bad[x->bad_count++] = p;
    return e;
}

static enum err read_people(struct tx *tx, void *ctx)
{
    struct people *x = ctx;
    uint64_t users[CHECK_OWNERS];
    x->count = x->bad_count = 0;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2");
    sql_bind_u64(s, 1, x->after);
    sql_bind_u64(s, 2, CHECK_OWNERS);
    while (sql_step(s))
        users[x->count++] = sql_u64(s, 0);
    enum err e = sql_done(s);
    for (unsigned i = 0; i < x->count && e == ERR_OK; i++) {
        x->last = users[i];
        e = check_person(tx, x, users[i]);
    }
    return e;
}

enum err log_check_people(struct log_check_run *r)
{
    struct people x = {.count = CHECK_OWNERS};
    while (x.count == CHECK_OWNERS) {
        enum err e = check_read(r, read_people, &x);
        if (e != ERR_OK)
            return e;
        for (unsigned i = 0; i < x.bad_count; i++)
            check_found(r, false, "memberships",
                        "user:%" PRIu64 ": in %" PRIu64 " guilds, by the log in %" PRId64 "%s",
                        x.bad[i].user, x.bad[i].count, (int64_t)x.bad[i].log_count,
                        x.bad[i].count == x.bad[i].log_count ? ", and not the same ones" : "");
        r->looked_at += x.count;
        x.after = x.last;
    }
    return ERR_OK;
}
