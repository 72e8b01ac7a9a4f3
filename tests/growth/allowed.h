#pragma once

/*
 * What statements may do although it grows with something, and why that does no harm. A row that no
 * statement needs is an error: the list stays as short as it can be.
 */

#include <stddef.h>

/* Tables of which all rows may be read: they do not grow with people, guilds or messages. */
static const struct {
    const char *table;
    const char *why;
} small_tables[] = {
    {"meta", "one row for each number of the whole installation"},
    {"tenants", "one row for each tenant"},
    {"tasks", "one row for each guild, person or much reacted to message being deleted"},
    {"secrets", "one row for each kind of secret"},
    {"schema_migrations", "one row for each migration"},
    {"schema_backfills", "one row for each migration that runs online"},
};

static const struct {
    const char *backend; /* NULL: both */
    const char *finding; /* as of plans.h */
    const char *text;    /* a part of the statement that is in no other */
    const char *why;
} allowed[] = {
    {"postgres", "scan gateway_payloads", "DELETE FROM gateway_payloads WHERE expires_at_ms > 0",
     "all there are, and while servers serve there are none of theirs"},
    {"postgres", "scan gateway_sessions", "DELETE FROM gateway_sessions WHERE expires_at_ms > 0",
     "likewise: sessions of servers that are stopped"},
    {"sqlite", "sort", "WHERE i.channel_id = $1 AND i.inviter_id = $2",
     "the invites of one person to one channel: a guild has 1,000 at most"},
    {"sqlite", "sort", "FROM reaction_counts c WHERE",
     "the kinds of reactions to a page of messages: 20 each at most"},
    {"sqlite", "sort", "GROUP BY uploader_id) s",
     "the files of messages that are deleted, as many as a step takes"},
    {"sqlite", "sort", "GROUP BY guild_id) s",
     "the files of messages that are deleted, all of one guild"},
    {"sqlite", "sort", "CAST(SUM(few) AS BIGINT)",
     "the counts of messages that are deleted: few kinds each, as many messages as a step takes"},
    {"sqlite", "sort", "n JOIN messages m ON m.channel_id = $1 AND m.id = n.near",
     "the messages around one: a page of them, out of two halves that are walked in order"},
    {"sqlite", "sort", "ORDER BY m.guild_id, r.role_id",
     "the roles of one person, guild by guild: the right part only"},
    {"sqlite", "sort", "ORDER BY m.user_id, r.role_id",
     "a page of members with their roles: as long as its limit"},
    {"sqlite", "sort", "applied_at_ms FROM schema_migrations WHERE version = $4), u.bot",
     "a page of members, looked at for pruning: as long as its limit"},
    {"sqlite", "sort", "FROM user_addresses WHERE user_id = $1 ORDER BY seen_at_ms DESC",
     "where one person was seen: 16 places at most"},
    {"sqlite", "sort", "COUNT(*) AS hashes, MIN(created_at_ms)",
     "the address bans of a guild by whom they came from: a page of them"},
    {"sqlite", "sort", "ORDER BY ch.id, o.target_id",
     "the overwrites of one guild, read when its view is built, all of them in any case"},
    {"sqlite", "sort", "FROM forum_tags WHERE channel_id = $1 ORDER BY",
     "the tags of one channel: 20 at most"},
    {"sqlite", "sort", "ORDER BY ch.id, t.position",
     "the tags of one guild, read when its view is built: the right part only"},
    {"sqlite", "sort", "FROM log_readers WHERE stream_kind = $1 AND stream_id = $2 AND updated",
     "the readers of one stream: as many as there are programs that follow it"},
    {"sqlite", "sort", "FROM event_log WHERE stream_kind = $4",
     "the stream of one person, read by `log verify`: guilds joined and left, sessions ended"},
    {"sqlite", "sort", "SELECT id FROM (SELECT id, member_count, name FROM guilds",
     "the directory as far as a search looks: 2,000 guilds at most"},
    {"postgres", "scan guilds", "SELECT id FROM (SELECT id, member_count, name FROM guilds",
     "a thousand guilds, fewer than a search looks at in any case"},
};
