/*
 * Taking a person out of the store. What is found by an index goes in slices; messages and the log
 * are not indexed by author, because posting would pay for that, so they are looked through once in
 * the order of their keys.
 */

#include "store/user_removal.h"

#include <stdio.h>

#include "store/users.h"

enum { NAME_BYTES = 48 };

/* No user name has a '#' (validate_username), so nobody can have taken it. */
static struct slice placeholder(struct user_id user, char out[NAME_BYTES])
{
    int len = snprintf(out, NAME_BYTES, "deleted_user#%llu", (unsigned long long)user.v);
    return slice_of(out, (size_t)len);
}

enum err user_removal_blank(struct sql_conn *c, struct user_id user)
{
    char name[NAME_BYTES];
    struct sql_stmt *s = sql_query(
        c, "UPDATE users SET username = $2, global_name = NULL, email = NULL, avatar = NULL, "
           "banner = NULL, accent_color = NULL, bio = NULL, pronouns = NULL WHERE id = $1");
    sql_bind_u64(s, 1, user.v);
    sql_bind_text(s, 2, placeholder(user, name));
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_USER;
    if (e != ERR_OK)
        return e;
    s = sql_query(c, "DELETE FROM credentials WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    return sql_run(s);
}

enum err user_removal_next_guild(struct sql_conn *c, struct user_id user, uint64_t from,
                                 struct removal_membership *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT m.guild_id, g.deleting, g.owner_id FROM members m "
                     "JOIN guilds g ON g.id = m.guild_id WHERE m.user_id = $1 AND m.guild_id >= $2 "
                     "ORDER BY m.guild_id LIMIT 1");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, from);
    struct removal_membership m = {{0}, false, false};
    if (sql_step(s))
        m = (struct removal_membership){{sql_u64(s, 0)}, sql_bool(s, 1), sql_u64(s, 2) == user.v};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err user_removal_heir(struct sql_conn *c, struct guild_id guild, struct user_id user,
                           uint64_t after, uint64_t limit, struct removal_heir *best,
                           uint64_t *last)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT m.user_id, m.joined_at_ms, u.bot, t.id FROM members m "
                     "JOIN users u ON u.id = m.user_id "
                     "LEFT JOIN tasks t ON t.kind = 2 AND t.subject_id = m.user_id "
                     "WHERE m.guild_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, after);
    sql_bind_u64(s, 3, limit);
    *last = 0;
    while (sql_step(s)) {
        struct removal_heir one = {{sql_u64(s, 0)}, sql_i64(s, 1)};
        bool fit = !sql_bool(s, 2) && sql_u64(s, 3) == 0 && one.user.v != user.v;
        *last = one.user.v;
        if (fit && (best->user.v == 0 || one.joined_at_ms < best->joined_at_ms))
            *best = one;
    }
    return sql_done(s);
}

static enum err run_on_two(struct sql_stmt *s, uint64_t first, uint64_t second)
{
    sql_bind_u64(s, 1, first);
    sql_bind_u64(s, 2, second);
    return sql_run(s);
}

static enum err run_on_one(struct sql_stmt *s, uint64_t id)
{
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}

enum err user_removal_set_owner(struct sql_conn *c, struct guild_id guild, struct user_id owner)
{
    return run_on_two(sql_query(c, "UPDATE guilds SET owner_id = $2 WHERE id = $1"), guild.v,
                      owner.v);
}

enum err user_removal_overwrites(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    return run_on_two(sql_query(c, "DELETE FROM overwrites WHERE target_id = $2 AND channel_id IN "
                                   "(SELECT id FROM channels WHERE guild_id = $1)"),
                      guild.v, user.v);
}

enum err user_removal_audit(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    return run_on_two(sql_query(c, "UPDATE audit_entries SET changes = NULL, options = NULL "
                                   "WHERE guild_id = $1 AND target_id = $2"),
                      guild.v, user.v);
}

enum err user_removal_next_audit(struct sql_conn *c, uint64_t after, struct guild_id *guild)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT guild_id FROM audit_entries WHERE guild_id > $1 ORDER BY guild_id LIMIT 1");
    sql_bind_u64(s, 1, after);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        guild->v = id;
    return e;
}

static enum err run_some(struct sql_conn *c, struct sql_stmt *s, uint64_t user, uint64_t limit,
                         uint64_t *rows)
{
    enum err e = run_on_two(s, user, limit);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

/* Both look at the same bans: those with the lowest guilds. */
enum err user_removal_bans(struct sql_conn *c, struct user_id user, uint64_t limit, uint64_t *rows)
{
    uint64_t ignored;
    enum err e =
        run_some(c,
                 sql_query(c, "DELETE FROM address_bans WHERE user_id = $1 AND guild_id IN (SELECT "
                              "guild_id FROM bans WHERE user_id = $1 ORDER BY guild_id LIMIT $2)"),
                 user.v, limit, &ignored);
    if (e != ERR_OK)
        return e;
    return run_some(
        c,
        sql_query(c, "DELETE FROM bans WHERE user_id = $1 AND guild_id IN (SELECT guild_id "
                     "FROM bans WHERE user_id = $1 ORDER BY guild_id LIMIT $2)"),
        user.v, limit, rows);
}

enum err user_removal_timeouts(struct sql_conn *c, struct user_id user, uint64_t limit,
                               uint64_t *rows)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM kept_timeouts WHERE user_id = $1 AND guild_id IN (SELECT "
                     "guild_id FROM kept_timeouts WHERE user_id = $1 LIMIT $2)");
    return run_some(c, s, user.v, limit, rows);
}

enum err user_removal_requests(struct sql_conn *c, struct user_id user, uint64_t limit,
                               uint64_t *rows)
{
    return run_some(c,
                    sql_query(c,
                              "DELETE FROM join_requests WHERE id IN (SELECT id FROM join_requests "
                              "WHERE user_id = $1 LIMIT $2)"),
                    user.v, limit, rows);
}

enum err user_removal_interest(struct sql_conn *c, struct user_id user,
                               struct scheduled_event_id *event)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT event_id FROM scheduled_event_users WHERE user_id = $1 LIMIT 1");
    sql_bind_u64(s, 1, user.v);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        event->v = id;
    return e;
}

enum err user_removal_messages(struct sql_conn *c, struct user_id author, uint64_t limit,
                               struct removal_scan *scan, struct removal_message *list, size_t room,
                               size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id, id, guild_id, author_id FROM messages "
                     "WHERE (channel_id, id) > ($1, $2) ORDER BY channel_id, id LIMIT $3");
    sql_bind_u64(s, 1, scan->a);
    sql_bind_u64(s, 2, scan->b);
    sql_bind_u64(s, 3, limit);
    uint64_t seen = 0;
    bool full = false;
    while (!full && sql_step(s)) {
        struct removal_message m = {{sql_u64(s, 0)}, {sql_u64(s, 1)}, {sql_u64(s, 2)}};
        bool theirs = sql_u64(s, 3) == author.v;
        full = theirs && (*count == room || (*count > 0 && list[0].channel.v != m.channel.v));
        if (full)
            break;
        if (theirs)
            list[(*count)++] = m;
        scan->a = m.channel.v;
        scan->b = m.id.v;
        seen++;
    }
    scan->ended = !full && seen < limit;
    return sql_done(s);
}

/* Kinds 1 and 55 are MESSAGE_CREATE, whose delta is the nonce that the author's client made up. */
_Static_assert(EVENT_MESSAGE_CREATE == 1 && EVENT_DIRECT_MESSAGE_CREATE == 55,
               "the text of the query below says so");

enum err user_removal_log(struct sql_conn *c, struct user_id actor, enum stream_kind kind,
                          uint64_t limit, struct removal_scan *scan, struct removal_scan *list,
                          size_t room, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT stream_id, position, CASE WHEN kind IN (1, 55) AND delta IS NOT NULL "
                     "THEN actor_id END "
                     "FROM event_log WHERE stream_kind = $1 AND (stream_id, position) > ($2, $3) "
                     "ORDER BY stream_id, position LIMIT $4");
    sql_bind_u64(s, 1, kind);
    sql_bind_u64(s, 2, scan->a);
    sql_bind_u64(s, 3, scan->b);
    sql_bind_u64(s, 4, limit);
    uint64_t seen = 0;
    bool full = false;
    while (!full && sql_step(s)) {
        struct removal_scan row = {sql_u64(s, 0), sql_u64(s, 1), false};
        bool theirs = sql_u64(s, 2) == actor.v;
        full = theirs && *count == room;
        if (full)
            break;
        if (theirs)
            list[(*count)++] = row;
        scan->a = row.a;
        scan->b = row.b;
        seen++;
    }
    scan->ended = !full && seen < limit;
    return sql_done(s);
}

enum err user_removal_forget_delta(struct sql_conn *c, struct stream stream, uint64_t position)
{
    struct sql_stmt *s = sql_query(c, "UPDATE event_log SET delta = NULL WHERE stream_kind = $1 "
                                      "AND stream_id = $2 AND position = $3");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, position);
    return sql_run(s);
}

enum err user_removal_nonces(struct sql_conn *c, struct user_id author, uint64_t *channel,
                             uint64_t limit, bool *ended)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id FROM channels WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2");
    sql_bind_u64(s, 1, *channel);
    sql_bind_u64(s, 2, limit - 1);
    bool more = sql_step(s);
    uint64_t last = more ? sql_u64(s, 0) : INT64_MAX;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(c, "DELETE FROM recent_nonces WHERE author_id = $1 AND channel_id IN "
                     "(SELECT id FROM channels WHERE id > $2 AND id <= $3)");
    sql_bind_u64(s, 1, author.v);
    sql_bind_u64(s, 2, *channel);
    sql_bind_u64(s, 3, last);
    e = sql_run(s);
    if (e == ERR_OK) {
        *channel = last;
        *ended = !more;
    }
    return e;
}

enum err user_removal_invites(struct sql_conn *c, struct user_id inviter, uint64_t limit,
                              uint64_t *rows)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM invites WHERE code IN "
                                      "(SELECT code FROM invites WHERE inviter_id = $1 LIMIT $2)");
    enum err e = run_on_two(s, inviter.v, limit);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err user_removal_next_application(struct sql_conn *c, struct user_id owner, uint64_t after,
                                       struct removal_application *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id, bot_id FROM applications WHERE owner_id = $1 AND id > $2 "
                     "ORDER BY id LIMIT 1");
    sql_bind_u64(s, 1, owner.v);
    sql_bind_u64(s, 2, after);
    struct removal_application a = {{0}, {0}};
    if (sql_step(s))
        a = (struct removal_application){{sql_u64(s, 0)}, {sql_u64(s, 1)}};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = a;
    return e;
}

enum err user_removal_blank_application(struct sql_conn *c, struct application_id id)
{
    return run_on_one(
        sql_query(c, "UPDATE applications SET name = '', description = '' WHERE id = $1"), id.v);
}

enum err user_removal_application(struct sql_conn *c, struct application_id id)
{
    return run_on_one(sql_query(c, "DELETE FROM applications WHERE id = $1"), id.v);
}

/* `deleting` of the guilds that the query finds. */
static enum err note_guilds(struct sql_stmt *s, struct user_id user, struct removal_ties *t)
{
    sql_bind_u64(s, 1, user.v);
    while (sql_step(s)) {
        bool going = sql_bool(s, 0);
        t->guild |= !going;
        t->guild_going |= going;
    }
    return sql_done(s);
}

enum err user_removal_ties(struct sql_conn *c, struct user_id user, struct removal_ties *out)
{
    struct removal_ties t = {false, false, false};
    struct removal_application a;
    enum err e = note_guilds(sql_query(c, "SELECT (SELECT deleting FROM guilds WHERE "
                                          "id = m.guild_id) FROM members m WHERE m.user_id = $1"),
                             user, &t);
    if (e == ERR_OK)
        e = note_guilds(sql_query(c, "SELECT deleting FROM guilds WHERE owner_id = $1"), user, &t);
    if (e == ERR_OK)
        e = user_removal_next_application(c, user, 0, &a);
    if (e != ERR_OK)
        return e;
    t.applications = a.id.v != 0;
    *out = t;
    return ERR_OK;
}

enum err user_removal_end(struct sql_conn *c, struct user_id user)
{
    return run_on_one(sql_query(c, "DELETE FROM users WHERE id = $1"), user.v);
}
