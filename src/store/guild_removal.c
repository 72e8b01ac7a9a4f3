/*
 * Taking a guild out of the store. Ranges are cut by a sub-select on the same key: "everything
 * before the row that is `limit` rows further on", which both databases answer by one walk along
 * the index.
 */

#include "store/guild_removal.h"

#include "store/id_list.h"
#include "store/message_removal.h"
#include "store/messages.h"

/* Past every id: ids are 63-bit. */
#define END "9223372036854775807"

enum err guild_removal_begin(struct sql_conn *c, struct guild_id guild)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE guilds SET deleting = 1, perm_generation = perm_generation + 1 "
                     "WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_GUILD : e;
}

enum err guild_removal_state(struct sql_conn *c, struct guild_id guild, bool *found, bool *deleting)
{
    struct sql_stmt *s = sql_query(c, "SELECT deleting FROM guilds WHERE id = $1");
    sql_bind_u64(s, 1, guild.v);
    bool some = sql_step(s);
    bool marked = some && sql_bool(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK) {
        *found = some;
        *deleting = marked;
    }
    return e;
}

enum err guild_removal_first_members(struct sql_conn *c, struct guild_id guild, size_t limit,
                                     struct user_id *list, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT user_id FROM members WHERE guild_id = $1 ORDER BY user_id LIMIT $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, limit);
    size_t n = 0;
    while (n < limit && sql_step(s))
        list[n++].v = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err guild_removal_members(struct sql_conn *c, struct guild_id guild, struct user_id last,
                               size_t count)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM members WHERE guild_id = $1 AND user_id <= $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, last.v);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(c, "UPDATE guilds SET member_count = member_count - $2 WHERE id = $1");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, count);
    return sql_run(s);
}

/* $1 is what the rows belong to, $2 the limit. */
static enum err delete_some(struct sql_conn *c, struct sql_stmt *s, uint64_t of, uint64_t limit,
                            uint64_t *rows)
{
    sql_bind_u64(s, 1, of);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err guild_removal_invites(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                               uint64_t *rows)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM invites WHERE code IN "
                                      "(SELECT code FROM invites WHERE guild_id = $1 LIMIT $2)");
    return delete_some(c, s, guild.v, limit, rows);
}

enum err guild_removal_next_channel(struct sql_conn *c, struct guild_id guild, uint64_t from,
                                    struct channel_id *channel)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT id FROM channels WHERE guild_id = $1 AND id >= $2 ORDER BY id LIMIT 1");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, from);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        channel->v = id;
    return e;
}

enum err guild_removal_messages(struct sql_conn *c, struct channel_id channel, uint64_t limit,
                                int64_t now_ms, uint64_t *rows)
{
    char room[REMOVED_MESSAGES * ID_LIST_BYTES];
    struct slice ids;
    *rows = 0;
    enum err e = message_parts_batch(c, channel, limit, room, &ids);
    return e == ERR_OK && ids.len > 0 ? messages_delete_many(c, channel, ids, now_ms, rows) : e;
}

enum err guild_removal_nonces(struct sql_conn *c, struct channel_id channel, uint64_t limit,
                              uint64_t *rows)
{
    /* By author: a channel has few with a nonce of the last minutes, and each has few. */
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM recent_nonces WHERE channel_id = $1 AND author_id <= "
                     "COALESCE((SELECT author_id FROM recent_nonces WHERE channel_id = $1 "
                     "ORDER BY author_id LIMIT 1 OFFSET $2), " END ")");
    return delete_some(c, s, channel.v, limit, rows);
}

enum err guild_removal_overwrites(struct sql_conn *c, struct channel_id channel, uint64_t limit,
                                  uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c,
        "DELETE FROM overwrites WHERE channel_id = $1 AND target_id < COALESCE((SELECT target_id "
        "FROM overwrites WHERE channel_id = $1 ORDER BY target_id LIMIT 1 OFFSET $2), " END ")");
    return delete_some(c, s, channel.v, limit, rows);
}

enum err guild_removal_channel(struct sql_conn *c, struct channel_id channel)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM channels WHERE id = $1");
    sql_bind_u64(s, 1, channel.v);
    return sql_run(s);
}

enum err guild_removal_roles(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                             uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM roles WHERE guild_id = $1 AND id < COALESCE((SELECT id FROM roles "
           "WHERE guild_id = $1 ORDER BY id LIMIT 1 OFFSET $2), " END ")");
    return delete_some(c, s, guild.v, limit, rows);
}

static struct sql_stmt *deletion_of(struct sql_conn *c, enum guild_part part)
{
    switch (part) {
    case GUILD_PART_AUDIT:
        return sql_query(c, "DELETE FROM audit_entries WHERE guild_id = $1 AND id < "
                            "COALESCE((SELECT id FROM audit_entries WHERE guild_id = $1 "
                            "ORDER BY id LIMIT 1 OFFSET $2), " END ")");
    case GUILD_PART_BANS:
        return sql_query(c, "DELETE FROM bans WHERE guild_id = $1 AND user_id < "
                            "COALESCE((SELECT user_id FROM bans WHERE guild_id = $1 "
                            "ORDER BY user_id LIMIT 1 OFFSET $2), " END ")");
    case GUILD_PART_ADDRESS_BANS:
        return sql_query(c, "DELETE FROM address_bans WHERE guild_id = $1 AND address_hash IN "
                            "(SELECT address_hash FROM address_bans WHERE guild_id = $1 "
                            "ORDER BY address_hash LIMIT $2)");
    case GUILD_PART_JOIN_REQUESTS:
        return sql_query(c, "DELETE FROM join_requests WHERE guild_id = $1 AND user_id < "
                            "COALESCE((SELECT user_id FROM join_requests WHERE guild_id = $1 "
                            "ORDER BY user_id LIMIT 1 OFFSET $2), " END ")");
    case GUILD_PART_JOBS:
        return sql_query(c, "DELETE FROM moderation_jobs WHERE id IN (SELECT id FROM "
                            "moderation_jobs WHERE guild_id = $1 LIMIT $2)");
    case GUILD_PART_KEPT_TIMEOUTS:
        return sql_query(c, "DELETE FROM kept_timeouts WHERE guild_id = $1 AND user_id < "
                            "COALESCE((SELECT user_id FROM kept_timeouts WHERE guild_id = $1 "
                            "ORDER BY user_id LIMIT 1 OFFSET $2), " END ")");
    case GUILD_PART_PRIVACY:
        return sql_query(c, "DELETE FROM user_guild_privacy WHERE guild_id = $1 AND user_id IN "
                            "(SELECT user_id FROM user_guild_privacy WHERE guild_id = $1 "
                            "ORDER BY user_id LIMIT $2)");
    case GUILD_PART_NOTIFICATIONS:
        return sql_query(c,
                         "DELETE FROM user_guild_settings WHERE guild_id = $1 AND user_id IN "
                         "(SELECT user_id FROM user_guild_settings WHERE guild_id = $1 LIMIT $2)");
    case GUILD_PART_VOICE_STATES:
        return sql_query(c, "DELETE FROM voice_states WHERE guild_id = $1 AND user_id IN "
                            "(SELECT user_id FROM voice_states WHERE guild_id = $1 "
                            "ORDER BY user_id LIMIT $2)");
    case GUILD_PART_READ_STATES:
        return sql_query(c,
                         "DELETE FROM read_states WHERE (user_id, read_state_type, entity_id) IN "
                         "(SELECT user_id, read_state_type, entity_id FROM read_states WHERE "
                         "entity_id = $1 LIMIT $2)");
    case GUILD_PART_EVENT_USERS:
    case GUILD_PARTS:
        break;
    }
    return sql_query(c, "DELETE FROM scheduled_event_users WHERE event_id = (SELECT id FROM "
                        "scheduled_events WHERE guild_id = $1 ORDER BY id LIMIT 1) AND user_id < "
                        "COALESCE((SELECT user_id FROM scheduled_event_users WHERE event_id = "
                        "(SELECT id FROM scheduled_events WHERE guild_id = $1 ORDER BY id LIMIT 1) "
                        "ORDER BY user_id LIMIT 1 OFFSET $2), " END ")");
}

enum err guild_removal_part(struct sql_conn *c, enum guild_part part, struct guild_id guild,
                            uint64_t limit, uint64_t *rows)
{
    return delete_some(c, deletion_of(c, part), guild.v, limit, rows);
}

enum err guild_removal_event(struct sql_conn *c, struct guild_id guild, bool *more)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM scheduled_events WHERE id = (SELECT id FROM scheduled_events "
                     "WHERE guild_id = $1 ORDER BY id LIMIT 1)");
    sql_bind_u64(s, 1, guild.v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *more = sql_changes(c) != 0;
    return e;
}

enum err guild_removal_log(struct sql_conn *c, struct stream stream, uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM event_log WHERE stream_kind = $1 AND stream_id = $2 "
                     "AND position < COALESCE((SELECT position FROM event_log "
                     "WHERE stream_kind = $1 AND stream_id = $2 ORDER BY position "
                     "LIMIT 1 OFFSET $3), " END ")");
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    sql_bind_u64(s, 3, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

static enum err run_on_stream(struct sql_stmt *s, struct stream stream)
{
    sql_bind_u64(s, 1, stream.kind);
    sql_bind_u64(s, 2, stream.id);
    return sql_run(s);
}

enum err guild_removal_end(struct sql_conn *c, struct guild_id guild, struct stream stream)
{
    enum err e = run_on_stream(
        sql_query(c, "DELETE FROM log_readers WHERE stream_kind = $1 AND stream_id = $2"), stream);
    if (e == ERR_OK)
        e = run_on_stream(
            sql_query(c, "DELETE FROM streams WHERE stream_kind = $1 AND stream_id = $2"), stream);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s = sql_query(c, "DELETE FROM guilds WHERE id = $1");
    sql_bind_u64(s, 1, guild.v);
    return sql_run(s);
}
