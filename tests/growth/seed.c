/*
 * Each text takes its numbers from a cross join of small ranges ("one row for i = 0 to 999,999"),
 * and computes all columns from i. Rows come in the order of their key wherever it can be had: that
 * is the difference between seconds and minutes.
 */

#include "seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 4096 };

/* Regions of ids: users first, then guilds with room for what is in them, messages last. */
#define USERS_AT GROWTH_EPOCH_ID
#define APPS_AT (USERS_AT + UINT64_C(1000000) * GROWTH_STEP)
#define GUILDS_AT (APPS_AT + UINT64_C(1000000) * GROWTH_STEP)
#define GUILD_ROOM (UINT64_C(1000) * GROWTH_STEP) /* id of the guild, then channels, then roles */
#define ROLES_IN (UINT64_C(500) * GROWTH_STEP)
#define MESSAGES_AT (GUILDS_AT + UINT64_C(2000000) * GROWTH_STEP)
#define END_AT (MESSAGES_AT + UINT64_C(100000000) * GROWTH_STEP)

uint64_t growth_user(uint64_t i)
{
    return USERS_AT + i * GROWTH_STEP;
}

uint64_t growth_guild(uint64_t i)
{
    return GUILDS_AT + i * GUILD_ROOM;
}

/* In the texts: @NAME@ is the number of that name. */
static const struct {
    const char *name;
    uint64_t value;
} numbers[] = {
    {"USERS", GROWTH_USERS},
    {"GUILDS", GROWTH_GUILDS},
    {"CHANNELS", GROWTH_CHANNELS},
    {"ALL_CHANNELS", (uint64_t)GROWTH_CHANNELS *GROWTH_GUILDS},
    {"STEP", GROWTH_STEP},
    {"USERS_AT", USERS_AT},
    {"APPS_AT", APPS_AT},
    {"GUILDS_AT", GUILDS_AT},
    {"GUILD_ROOM", GUILD_ROOM},
    {"ROLES_IN", ROLES_IN},
    {"MESSAGES_AT", MESSAGES_AT},
    {"END_AT", END_AT},
    {"NONCES_END", MESSAGES_AT + 20000 * GROWTH_STEP},
};

#define SERIES                                                                                     \
    "WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 999), "              \
    "n(i) AS (SELECT CAST(a.i AS BIGINT) * 1000 + b.i FROM k a, k b) "
/* The guild and the place in it of row i, when each guild has as many. */
#define GUILD_OF(i, each) "@GUILDS_AT@ + ((" i ") / " each ") * @GUILD_ROOM@"
#define CHANNEL_OF(i)                                                                              \
    "@GUILDS_AT@ + ((" i ") / @CHANNELS@) * @GUILD_ROOM@ + (((" i ") % @CHANNELS@) + 1) * @STEP@"
#define USER_OF(i) "@USERS_AT@ + (" i ") * @STEP@"

/* The channel of message i of those that are spread, as a number: the busiest and the categories,
 * which are the first of each guild, are left out. */
#define SPREAD "(i / @EACH@ + 1) + (i / @EACH@ + 1) / 9 + 1"
#define SPREAD_ID "@MESSAGES_AT@ + (i % @EACH@ * 10000 + i / @EACH@) * @STEP@ + 1"

static const char *const texts[] = {
    "INSERT INTO users (id, tenant_id, username, global_name, email, bot, flags, "
    "created_at_ms) " SERIES
    "SELECT " USER_OF("i") ", 1, 'user_' || i, 'User ' || i, 'user' || i || '@example.org', "
                           "0, 0, 1767000000000 + i FROM n WHERE i < @USERS@ ORDER BY i",

    "INSERT INTO users (id, tenant_id, username, bot, flags, created_at_ms) " SERIES
    "SELECT @APPS_AT@ + i * @STEP@, 1, 'bot_' || i, 1, 0, 1767000000000 + i FROM n "
    "WHERE i < 500 ORDER BY i",

    "INSERT INTO credentials (user_id, password_hash) " SERIES
    "SELECT " USER_OF("i") ", '$argon2id$v=19$m=19456,t=2,p=1$none$' || i FROM n "
                           "WHERE i < @USERS@ ORDER BY i",

    /* A hash of no token that anybody has. */
    "INSERT INTO tokens (hash, user_id, kind, created_at_ms) " SERIES
    "SELECT CAST(SUBSTR('token of ' || i || '................................', 1, 32) AS "
    "@BLOB@), " USER_OF("i") ", 0, 1767000000000 FROM n "
                             "WHERE i < @USERS@ ORDER BY i",

    /* Gateway sessions of some servers that are being restarted, with what they are owed. */
    "INSERT INTO gateway_sessions (worker_id, number, user_id, token_hash, expires_at_ms, "
    "state) " SERIES "SELECT i / 5000, i % 5000, " USER_OF(
        "i") ", CAST('hash' AS @BLOB@), 1767000000000 + i, CAST('state' AS @BLOB@) FROM n WHERE "
             "i < 20000 ORDER BY 1, 2",
    "INSERT INTO gateway_payloads (worker_id, number, expires_at_ms, payloads) " SERIES
    "SELECT i / 5000, i % 5000, 1767000000000 + i, CAST('payloads' AS @BLOB@) FROM n WHERE "
    "i < 20000 ORDER BY 1, 2",

    "INSERT INTO applications (id, owner_id, name, description, bot_id, bot_public, flags, "
    "created_at_ms) " SERIES "SELECT @APPS_AT@ + i * @STEP@, " USER_OF(
        "i") ", 'app ' || i, '', "
             "@APPS_AT@ + i * @STEP@, 1, 0, 1767000000000 FROM n WHERE i < 500 ORDER BY i",

    "INSERT INTO guilds (id, tenant_id, owner_id, name, afk_timeout, verification_level, "
    "default_message_notifications, explicit_content_filter, preferred_locale, perm_generation, "
    "structure_position, member_count, created_at_ms) " SERIES
    "SELECT " GUILD_OF("i", "1") ", 1, " USER_OF(
        "i") ", 'Guild ' || i, 300, 0, 0, 0, "
             "'en-US', 1, 1, CASE WHEN i = 0 THEN 20080 ELSE 80 END, 1767000000000 FROM n "
             "WHERE i < @GUILDS@ ORDER BY i",

    "INSERT INTO roles (id, guild_id, permissions, position, color, hoist, managed, mentionable, "
    "name) " SERIES "SELECT CASE WHEN i % 10 = 0 THEN " GUILD_OF("i", "10") " ELSE " GUILD_OF(
        "i",
        "10") " + @ROLES_IN@ + (i % 10) * @STEP@ END, " GUILD_OF("i",
                                                                 "10") ", "
                                                                       "521942715969, i % 10, 0, "
                                                                       "0, 0, 0, CASE WHEN i % 10 "
                                                                       "= 0 THEN '@everyone' ELSE "
                                                                       "'role ' || i END "
                                                                       "FROM n WHERE i < @GUILDS@ "
                                                                       "* 10 ORDER BY i",

    "INSERT INTO channels (id, guild_id, last_message_id, type, position, parent_id, nsfw, "
    "rate_limit_per_user, bitrate, user_limit, name) " SERIES
    "SELECT " CHANNEL_OF("i") ", " GUILD_OF(
        "i", "@CHANNELS@") ", 0, "
                           "CASE WHEN i % @CHANNELS@ = 0 THEN 4 ELSE 0 END, i % @CHANNELS@, "
                           "CASE WHEN i % @CHANNELS@ = 0 THEN NULL ELSE " CHANNEL_OF(
                               "i - i % @CHANNELS@") " END, "
                                                     "0, 0, 0, 0, 'channel-' || i FROM n WHERE i < "
                                                     "@ALL_CHANNELS@ ORDER BY i",

    "INSERT INTO overwrites (channel_id, target_id, type, allow, deny) " SERIES
    "SELECT " CHANNEL_OF("i") ", " GUILD_OF("i",
                                            "@CHANNELS@") ", 0, 1024, 0 FROM n "
                                                          "WHERE i < @ALL_CHANNELS@ ORDER BY i",

    "INSERT INTO forum_tags (channel_id, id, position, moderated, name) " SERIES
    "SELECT " CHANNEL_OF("i") ", " CHANNEL_OF("i") " + 1, 0, 0, 'tag' FROM n "
                                                   "WHERE i < @ALL_CHANNELS@ ORDER BY i",

    "INSERT INTO stage_instances (id, guild_id, channel_id, privacy_level, topic) " SERIES
    "SELECT " CHANNEL_OF("i") " + 2, " GUILD_OF("i", "@CHANNELS@") ", " CHANNEL_OF(
        "i") ", 2, 'on stage' FROM n WHERE i < @ALL_CHANNELS@ AND i % @CHANNELS@ = 1 ORDER BY i",

    /* The first guild has 20,080 members, the others 80. */
    "INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute) " SERIES
    "SELECT @GUILDS_AT@, " USER_OF("i") ", 1767000000000 + i, 0, 0, 0 FROM n "
                                        "WHERE i < 20080 ORDER BY i",
    "INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, deaf, mute) " SERIES
    "SELECT " GUILD_OF("i", "80") ", " USER_OF(
        "(i / 80 + 41 * (i % 80)) % @USERS@") ", "
                                              "1767000000000 + i, 0, 0, 0 FROM n WHERE i >= 80 AND "
                                              "i < @GUILDS@ * 80 ORDER BY 1, 2",

    "INSERT INTO member_roles (guild_id, user_id, role_id) "
    "SELECT m.guild_id, m.user_id, m.guild_id + @ROLES_IN@ + (m.joined_at_ms % 9 + 1) * @STEP@ "
    "FROM members m WHERE m.joined_at_ms % 2 = 0 ORDER BY 1, 2",

    "INSERT INTO member_names (guild_id, name, user_id) SELECT m.guild_id, u.username, m.user_id "
    "FROM members m JOIN users u ON u.id = m.user_id ORDER BY 1, 2, 3",
    "INSERT INTO bans (guild_id, user_id, banned_by, created_at_ms) SELECT guild_id, user_id, "
    "user_id, joined_at_ms FROM members WHERE joined_at_ms % 4 = 1 ORDER BY 1, 2",
    "INSERT INTO kept_timeouts (guild_id, user_id, until_ms) SELECT guild_id, user_id, "
    "joined_at_ms + user_id FROM members WHERE joined_at_ms % 4 = 1 ORDER BY 1, 2",
    "INSERT INTO voice_states (guild_id, user_id, channel_id, session_id, self_deaf, self_mute, "
    "self_stream, self_video, suppress, request_to_speak_at_ms, joined_at_ms) SELECT guild_id, "
    "user_id, guild_id, 's', 0, 0, 0, 0, 0, 0, joined_at_ms FROM members WHERE "
    "joined_at_ms % 4 = 1 ORDER BY 1, 2",
    "INSERT INTO user_addresses (user_id, address_hash, seen_at_ms) " SERIES
    "SELECT " USER_OF("i") ", CAST(SUBSTR('address ' || i || '................', 1, 16) AS "
                           "@BLOB@), 1767000000000 + i FROM n WHERE i < @USERS@ ORDER BY i",
    "INSERT INTO address_bans (guild_id, address_hash, user_id, created_at_ms) SELECT guild_id, "
    "CAST(SUBSTR(CAST(user_id AS TEXT) || '................', 1, 16) AS @BLOB@), user_id, "
    "joined_at_ms FROM members WHERE joined_at_ms % 4 = 1",
    "INSERT INTO moderation_jobs (id, guild_id, actor_id, since_ms, days) " SERIES
    "SELECT i + 1, " GUILD_OF("i", "5") ", 1, 1767000000000, 7 FROM n WHERE i < @GUILDS@ * 5",

    /* Eight in ten are spread evenly over the text channels of 987 guilds; the rest is in one. */
    "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, tts, "
    "mention_everyone, content) " SERIES
    "SELECT " CHANNEL_OF("1") ", @MESSAGES_AT@ + i * 4 * @STEP@, @GUILDS_AT@, " USER_OF(
        "i % 20000") ", 0, 0, 0, 0, 0, 'message ' || i || ' of the busiest channel there is' "
                     "FROM n WHERE i < @MESSAGES@ / 5",
    "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, flags, tts, "
    "mention_everyone, content) " SERIES
    "SELECT " CHANNEL_OF(SPREAD) ", " SPREAD_ID ", " GUILD_OF(SPREAD, "@CHANNELS@") ", " USER_OF(
        "(i / @EACH@ + 1) / 9 + 41 * (i % 80)") ", 0, 0, 0, 0, 0, 'message ' || i || ' with "
                                                "about as many words as people write on a usual "
                                                "day' FROM n WHERE i < @EACH@ * 8880",
    "UPDATE channels SET last_message_id = COALESCE((SELECT MAX(m.id) FROM messages m "
    "WHERE m.channel_id = channels.id), 0)",

    /* Every 20th message has reactions of ten people, every 500th is a poll. */
    "INSERT INTO reactions (channel_id, message_id, emoji_id, emoji, type, user_id) " SERIES
    "SELECT m.channel_id, m.id, 0, 'x', 0, " USER_OF(
        "i") " FROM messages m JOIN k ON i < 10 "
             "WHERE m.id / @STEP@ % 20 = 0 ORDER BY 1, 2, 6",
    "INSERT INTO reaction_counts (channel_id, message_id, emoji_id, emoji, ordinal, normal, burst, "
    "animated) SELECT channel_id, id, 0, 'x', 1, 10, 0, 0 FROM messages WHERE id / @STEP@ % 20 = 0 "
    "ORDER BY 1, 2",
    "INSERT INTO polls (channel_id, message_id, guild_id, author_id, expires_at_ms, finalized, "
    "multiselect, answers) SELECT channel_id, id, guild_id, author_id, 1767000000000 + id / "
    "4194304 "
    "% 1000000, CASE WHEN id / @STEP@ % 5000 = 0 THEN 0 ELSE 1 END, 0, 2 FROM messages "
    "WHERE id / @STEP@ % 500 = 0 ORDER BY 1, 2",
    "INSERT INTO poll_counts (channel_id, message_id, answer_id, votes) " SERIES
    "SELECT p.channel_id, p.message_id, i + 1, 10 FROM polls p JOIN k ON i < 2 ORDER BY 1, 2, 3",
    "INSERT INTO poll_votes (channel_id, message_id, answer_id, user_id) " SERIES
    "SELECT p.channel_id, p.message_id, 1, " USER_OF("i") " FROM polls p JOIN k ON i < 10 "
                                                          "ORDER BY 1, 2, 4",
    /* Every 10th message mentions somebody, every 100th everybody; slow mode has its rows. */
    "INSERT INTO user_mentions (channel_id, message_id, user_id, guild_id) SELECT channel_id, "
    "id, " USER_OF("id / @STEP@ % 20000") ", guild_id FROM messages WHERE id / @STEP@ % 10 = 0 "
                                          "ORDER BY 1, 2",
    "INSERT INTO role_mentions (channel_id, message_id, role_id, author_id) SELECT channel_id, id, "
    "guild_id, author_id FROM messages WHERE id / @STEP@ % 100 = 0 ORDER BY 1, 2",
    "INSERT INTO slow_mode_posts (channel_id, user_id, posted_at_ms) SELECT DISTINCT channel_id, "
    "author_id, 1767000000000 FROM messages WHERE id / @STEP@ % 50 = 0 ORDER BY 1, 2",
    "UPDATE messages SET pinned_at_ms = 1767000000000 + id / 4194304 % 1000000 "
    "WHERE id / @STEP@ % 1000 = 0",

    /* A fifth is indexed, which is enough to be far too much to be read. */
    "INSERT INTO search_documents (id, channel_id, length, words) SELECT id, channel_id, 2, "
    "'message "
    "w' || id / @STEP@ % 1000 || ' _c' || channel_id FROM messages WHERE id / @STEP@ % 5 = 0 "
    "ORDER BY id",
    "INSERT INTO message_retention (guild_id, channel_id, keep_s) " SERIES
    "SELECT " GUILD_OF("i", "@CHANNELS@") ", CASE WHEN i % @CHANNELS@ = 0 THEN 0 ELSE " CHANNEL_OF(
        "i") " END, 864000000 FROM n WHERE i < @ALL_CHANNELS@ ORDER BY 1, 2",

    /* As if every message had been posted: a row of the log for each. */
    "INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, channel_id, "
    "entity_id, "
    "actor_id, at_ms) " SERIES "SELECT 1, @GUILDS_AT@, i + 1, 1, @GUILDS_AT@, " CHANNEL_OF(
        "1") ", @MESSAGES_AT@ + i * 4 * @STEP@, " USER_OF("i % 20000") ", 1767000000000 FROM n "
                                                                       "WHERE i < @MESSAGES@ / 5",
    "INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, channel_id, "
    "entity_id, "
    "actor_id, at_ms) " SERIES "SELECT 1, " GUILD_OF(
        SPREAD,
        "@CHANNELS@") ", "
                      "CASE WHEN i < @EACH@ * 8 THEN @MESSAGES@ / 5 + i ELSE (i / @EACH@ + 1) % 9 "
                      "* @EACH@ + "
                      "i % @EACH@ END + 1, 1, " GUILD_OF(SPREAD, "@CHANNELS@") ", " CHANNEL_OF(
                          SPREAD) ", " SPREAD_ID ", " USER_OF("(i / @EACH@ + 1) / 9 + 41 * (i % "
                                                              "80)") ", 1767000000000 FROM n "
                                                                     "WHERE i < @EACH@ * 8880",
    "INSERT INTO streams (stream_kind, stream_id, head) SELECT 1, id, COALESCE((SELECT "
    "MAX(position) "
    "FROM event_log WHERE stream_kind = 1 AND stream_id = guilds.id), 0) FROM guilds ORDER BY id",
    "UPDATE guilds SET structure_position = 0 WHERE NOT EXISTS (SELECT 1 FROM streams "
    "WHERE stream_kind = 1 AND stream_id = guilds.id AND head > 0)",
    "INSERT INTO event_log (stream_kind, stream_id, position, kind, guild_id, at_ms) " SERIES
    "SELECT 3, " USER_OF("i") ", 1, 7, @GUILDS_AT@, 1767000000000 FROM n WHERE i < @USERS@ "
                              "ORDER BY i",
    "INSERT INTO streams (stream_kind, stream_id, head) " SERIES
    "SELECT 3, " USER_OF("i") ", 1 FROM n WHERE i < @USERS@ ORDER BY i",

    "INSERT INTO recent_nonces (channel_id, author_id, nonce, message_id) "
    "SELECT channel_id, author_id, 'nonce ' || id, id FROM messages "
    "WHERE id < @NONCES_END@ ORDER BY 1, 2",

    "INSERT INTO join_requests (guild_id, user_id, id, status, created_at_ms, "
    "decided_at_ms) " SERIES "SELECT " GUILD_OF("i", "80") ", " USER_OF(
        "(i / 80 + 41 * (i % 80)) % @USERS@") ", i + 1, i % 3, 1767000000000 + i, 0 FROM n "
                                              "WHERE i < @GUILDS@ * 80 ORDER BY 1, 2",
    /* Each guild's audit log; the bans of others come after. */
    "INSERT INTO audit_entries (guild_id, id, user_id, target_id, action, changes) " SERIES
    "SELECT " GUILD_OF("i", "40") ", @MESSAGES_AT@ + i * @STEP@ + 3, " USER_OF(
        "i % @USERS@") ", " USER_OF("(i * 7) % @USERS@") ", 20 + i % 12, '[]' FROM n "
                                                         "WHERE i < @GUILDS@ * 40 ORDER BY i",
    "INSERT INTO templates (code, guild_id, creator_id, usage_count, created_at_ms, updated_at_ms, "
    "structure_position, name, document) " SERIES
    "SELECT 'template' || i, " GUILD_OF("i", "1") ", " USER_OF(
        "i % @USERS@") ", 0, 0, 0, 1, 'n', '{}' FROM n WHERE i < @GUILDS@ ORDER BY i",
    "INSERT INTO integrations (id, guild_id, application_id, added_by, created_at_ms) " SERIES
    "SELECT " GUILD_OF("i", "2") " + @ROLES_IN@ + (i % 2 + 20) * @STEP@, " GUILD_OF(
        "i",
        "2") ", @APPS_AT@ + ((i + i / 500) % 500) * @STEP@, " USER_OF("i % @USERS@") ", 0 FROM n "
                                                                                     "WHERE i < "
                                                                                     "@GUILDS@ * 2 "
                                                                                     "ORDER BY i",
    "INSERT INTO scheduled_events (id, guild_id, creator_id, start_ms, end_ms, privacy_level, "
    "status, entity_type, user_count, name) " SERIES
    "SELECT " GUILD_OF("i", "10") " + (i % 10 + 700) * @STEP@, " GUILD_OF("i", "10") ", " USER_OF(
        "i % @USERS@") ", 0, 0, 2, i % 4 + 1, 3, 10, 'event' FROM n WHERE i < @GUILDS@ * 10 "
                       "ORDER BY i",
    "INSERT INTO scheduled_event_users (event_id, user_id) " SERIES
    "SELECT " GUILD_OF("i", "100") " + (i % 100 / 10 + 700) * @STEP@, " USER_OF(
        "(i / 100 + 41 * (i % 10)) % @USERS@") " FROM n WHERE i < @GUILDS@ * 100 ORDER BY i",
    "INSERT INTO emojis (id, guild_id, creator_id, animated, available, name, hash) " SERIES
    "SELECT " GUILD_OF("i", "50") " + (i % 50 + 800) * @STEP@, " GUILD_OF("i", "50") ", " USER_OF(
        "i % @USERS@") ", 0, 1, 'emoji', 'hash' FROM n WHERE i < @GUILDS@ * 50 ORDER BY i",
    "INSERT INTO stickers (id, guild_id, creator_id, format, available, name, tags, hash) " SERIES
    "SELECT " GUILD_OF("i", "10") " + (i % 10 + 860) * @STEP@, " GUILD_OF("i", "10") ", " USER_OF(
        "i % @USERS@") ", 1, 1, 'sticker', 't', 'hash' FROM n WHERE i < @GUILDS@ * 10 ORDER BY i",
    "INSERT INTO sounds (id, guild_id, creator_id, volume, available, name, hash) " SERIES
    "SELECT " GUILD_OF("i", "10") " + (i % 10 + 880) * @STEP@, " GUILD_OF("i", "10") ", " USER_OF(
        "i % @USERS@") ", 1, 1, 'sound', 'hash' FROM n WHERE i < @GUILDS@ * 10 ORDER BY i",
    "INSERT INTO automod_rules (id, guild_id, creator_id, event_type, trigger_type, enabled, name, "
    "trigger_metadata, actions) " SERIES
    "SELECT " GUILD_OF("i", "5") " + (i % 5 + 900) * @STEP@, " GUILD_OF("i", "5") ", " USER_OF(
        "i % @USERS@") ", 1, 1, 1, 'rule', '{}', '[]' FROM n WHERE i < @GUILDS@ * 5 ORDER BY i",
    "INSERT INTO blobs (hash, size, width, height, created_at_ms, review_ms, content_type) " SERIES
    "SELECT 'blob' || i, 100, 1, 1, 0, CASE WHEN i % 1000 = 0 THEN i + 1 ELSE 0 END, 'image/png' "
    "FROM n WHERE i < @GUILDS@ * 50",
    "INSERT INTO blob_references (hash, kind, owner_id, guild_id) " SERIES
    "SELECT 'blob' || i, 9, " GUILD_OF("i", "50") " + (i % 50 + 800) * @STEP@, " GUILD_OF(
        "i", "50") " FROM n WHERE i < @GUILDS@ * 50",

    "INSERT INTO attachments (channel_id, message_id, id, guild_id, uploader_id, size, width, "
    "height, "
    "flags, duration_ms, hash, filename, content_type) SELECT channel_id, id, id + 2, guild_id, "
    "author_id, 1000, 100, 100, 0, -1, 'blob' || (id / @STEP@ % 1000), 'file.png', 'image/png' "
    "FROM "
    "messages WHERE id / @STEP@ % 10 = 0",
    "INSERT INTO uploads (id, channel_id, user_id, declared_size, size, width, height, "
    "expires_at_ms, "
    "token, filename) " SERIES
    "SELECT " USER_OF("i") " + 1, " CHANNEL_OF("i % @ALL_CHANNELS@") ", " USER_OF(
        "i % @USERS@") ", 1000, 0, 0, 0, 1767000000000 + i, 'token' "
                       "|| i, 'file' FROM n WHERE i < 50000",
    "INSERT INTO media_usage (kind, id, bytes) " SERIES
    "SELECT 1, " USER_OF("i") ", 1000 FROM n WHERE i < @USERS@",

    /* Direct messages of neighbours, of which two in three are closed on one side; friends, a
     * block, notes. */
    "INSERT INTO dm_channels (id, type, owner_id, last_message_id, last_pin_at_ms) " SERIES
    "SELECT @END_AT@ - (@USERS@ * 10 - i) * 16, CASE WHEN i % 10 = 9 THEN 3 ELSE 1 END, CASE WHEN "
    "i % 10 = 9 THEN " USER_OF("i / 10") " END, 0, 0 FROM n WHERE i < @USERS@ * 3",
    "INSERT INTO dm_recipients (channel_id, user_id, open, added_at_ms) " SERIES
    "SELECT @END_AT@ - (@USERS@ * 10 - i) * 16, " USER_OF("i / 10") ", 1, 0 FROM n "
                                                                    "WHERE i < @USERS@ * 3",
    "INSERT INTO dm_recipients (channel_id, user_id, open, added_at_ms) " SERIES
    "SELECT @END_AT@ - (@USERS@ * 10 - i) * 16, " USER_OF(
        "(i / 10 + i % 10 + 1) % @USERS@") ", CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END, 1 FROM n "
                                           "WHERE i < @USERS@ * 3",
    "INSERT INTO dm_pairs (low_id, high_id, channel_id) SELECT MIN(r.user_id), MAX(r.user_id), "
    "r.channel_id FROM dm_recipients r JOIN dm_channels d ON d.id = r.channel_id WHERE d.type = 1 "
    "GROUP BY r.channel_id",
    "INSERT INTO relationships (user_id, other_id, type, ignored, since_ms) " SERIES
    "SELECT " USER_OF("i / 10") ", " USER_OF(
        "(i / 10 + i % 10 + 1) % @USERS@") ", CASE WHEN i % 10 < 8 THEN 1 ELSE 2 END, 0, 0 FROM n "
                                           "WHERE i < @USERS@ * 3",
    "INSERT INTO relationships (user_id, other_id, type, ignored, since_ms) SELECT other_id, "
    "user_id, 1, 0, 0 FROM relationships WHERE type = 1",
    "INSERT INTO user_notes (user_id, about_id, note) SELECT user_id, other_id, 'n' FROM "
    "relationships WHERE type = 1",
    "INSERT INTO user_settings (user_id, guilds_restricted, strangers_allowed, friend_sources, "
    "document) SELECT id, 0, 0, 14, '{}' FROM users WHERE bot = 0",
    "INSERT INTO user_guild_privacy (user_id, guild_id, restricted) SELECT user_id, guild_id, 1 "
    "FROM "
    "members WHERE joined_at_ms % 4 = 1",

    /* Everybody has read two channels in three of those guilds, and set how to hear of one in two.
     */
    "INSERT INTO read_states (user_id, read_state_type, entity_id, guild_id, last_acked_id, "
    "last_pin_acked_ms, last_viewed, flags, version) " SERIES
    "SELECT " USER_OF("i / 20") ", 0, " CHANNEL_OF(
        "(i / 20 + i % 20) % @ALL_CHANNELS@") ", 1, "
                                              "@END_AT@ - 100000, 0, 0, 1, 1767000000000 FROM n "
                                              "WHERE i < @USERS@ * 20",
    "INSERT INTO user_guild_settings (user_id, guild_id, version, document) SELECT user_id, "
    "guild_id, "
    "1767000000000, '{\"suppress_everyone\":true}' FROM members WHERE joined_at_ms % 2 = 1",

    "INSERT INTO guild_documents (guild_id, kind, document) " SERIES
    "SELECT " GUILD_OF("i", "4") ", i % 4 + 1, '{}' FROM n WHERE i < @GUILDS@ * 4 ORDER BY 1, 2",
    "UPDATE guilds SET vanity_code = 'guild-' || id, features = CASE WHEN id / @GUILD_ROOM@ % 10 = "
    "0 "
    "THEN 2 ELSE 0 END",

    "INSERT INTO invites (code, guild_id, channel_id, inviter_id, max_age_s, max_uses, uses, "
    "temporary, created_at_ms, expires_at_ms) " SERIES
    "SELECT 'code' || i, " GUILD_OF("i", "10") ", " CHANNEL_OF("i + 1 - i % 10") ", " USER_OF(
        "i / 10") ", 0, 0, 0, 0, 1767000000000 + i, 0 FROM n WHERE i < @GUILDS@ * 10",

    "INSERT INTO log_readers (name, stream_kind, stream_id, position, updated_at_ms) " SERIES
    "SELECT 'bot ' || (i % 10), 1, " GUILD_OF("i", "10") ", 1, 1767000000000 FROM n "
                                                         "WHERE i < @GUILDS@ * 10 ORDER BY 1, 3",

    "UPDATE meta SET number = @END_AT@ WHERE name = 'id_floor'",
};

static uint64_t number_of(const char *name, size_t len, uint64_t messages)
{
    /* Of 8,880 channels beside the busiest, so that whole guilds are like each other. */
    if (len == 4 && memcmp(name, "EACH", 4) == 0)
        return messages * 4 / 5 / 8880 + 1;
    if (len == 8 && memcmp(name, "MESSAGES", 8) == 0)
        return messages;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strlen(numbers[i].name) == len && memcmp(numbers[i].name, name, len) == 0)
            return numbers[i].value;
    }
    return 0;
}

/* What stands between two '@': a number, the word BLOB, or nothing of ours (an e-mail's '@'). */
static int expand_name(const char *name, size_t len, uint64_t messages, const char *blob, char *out,
                       size_t room)
{
    uint64_t number = number_of(name, len, messages);
    if (number != 0)
        return snprintf(out, room, "%" PRIu64, number);
    if (len == 4 && memcmp(name, "BLOB", 4) == 0)
        return snprintf(out, room, "%s", blob);
    return 0;
}

static int expand(const char *in, uint64_t messages, const char *blob, char out[TEXT_BYTES])
{
    size_t n = 0;
    while (*in != '\0' && n + 32 < TEXT_BYTES) {
        const char *end = *in == '@' ? strchr(in + 1, '@') : NULL;
        int len = end == NULL ? 0
                              : expand_name(in + 1, (size_t)(end - in - 1), messages, blob, out + n,
                                            TEXT_BYTES - n);
        if (len > 0)
            in = end + 1;
        else
            out[n] = *in++;
        n += len > 0 ? (size_t)len : 1;
    }
    out[n] = '\0';
    return *in == '\0';
}

int growth_seed(uint64_t messages, const char *blob_type, growth_run run, void *ctx)
{
    static char text[TEXT_BYTES];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!expand(texts[i], messages, blob_type, text) || !run(ctx, text))
            return 0;
    }
    return 1;
}
