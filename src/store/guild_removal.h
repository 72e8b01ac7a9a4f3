#pragma once

/*
 * Taking a guild out of the store, a bounded number of rows at a time: SQL, no rules (those are in
 * core/guild_delete.c). Each function deletes at most `limit` rows, in the order of a key, and
 * reports how many: fewer than `limit` means that none is left.
 */

#include "base/arena.h"
#include "model/event.h"
#include "model/ids.h"
#include "store/sql.h"

/* From here on the guild is gone for every other repository. UNKNOWN_GUILD, also the second time.
 */
MUST_CHECK enum err guild_removal_begin(struct sql_conn *c, struct guild_id guild);
/* *found: the row is there; *deleting: guild_removal_begin was called. */
MUST_CHECK enum err guild_removal_state(struct sql_conn *c, struct guild_id guild, bool *found,
                                        bool *deleting);
/* The first `limit` members, ascending; list has room. They stay until _members. */
MUST_CHECK enum err guild_removal_first_members(struct sql_conn *c, struct guild_id guild,
                                                size_t limit, struct user_id *list, size_t *count);
/* All members up to `last`, with the roles they hold; `count` of them leave the guild's count. */
MUST_CHECK enum err guild_removal_members(struct sql_conn *c, struct guild_id guild,
                                          struct user_id last, size_t count);
MUST_CHECK enum err guild_removal_invites(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                                          uint64_t *rows);
/* The guild's first channel with id >= from; *channel.v 0: none. */
MUST_CHECK enum err guild_removal_next_channel(struct sql_conn *c, struct guild_id guild,
                                               uint64_t from, struct channel_id *channel);
/* With all that belongs to them (message_removal.h). */
MUST_CHECK enum err guild_removal_messages(struct sql_conn *c, struct channel_id channel,
                                           uint64_t limit, int64_t now_ms, uint64_t *rows);
MUST_CHECK enum err guild_removal_nonces(struct sql_conn *c, struct channel_id channel,
                                         uint64_t limit, uint64_t *rows);
MUST_CHECK enum err guild_removal_overwrites(struct sql_conn *c, struct channel_id channel,
                                             uint64_t limit, uint64_t *rows);
/* The channel's row; its overwrites and invites must be gone already, or go with it. */
MUST_CHECK enum err guild_removal_channel(struct sql_conn *c, struct channel_id channel);
MUST_CHECK enum err guild_removal_roles(struct sql_conn *c, struct guild_id guild, uint64_t limit,
                                        uint64_t *rows);
/* What a guild may have many of beside its structure. */
enum guild_part {
    GUILD_PART_AUDIT,
    GUILD_PART_BANS,
    GUILD_PART_ADDRESS_BANS,
    GUILD_PART_JOIN_REQUESTS,
    GUILD_PART_JOBS,
    GUILD_PART_KEPT_TIMEOUTS,
    GUILD_PART_PRIVACY,
    GUILD_PART_NOTIFICATIONS,
    GUILD_PART_VOICE_STATES,
    GUILD_PART_READ_STATES, /* of its events, home and onboarding */
    GUILD_PART_EVENT_USERS, /* of its oldest scheduled event */
    GUILD_PARTS
};
MUST_CHECK enum err guild_removal_part(struct sql_conn *c, enum guild_part part,
                                       struct guild_id guild, uint64_t limit, uint64_t *rows);
/* The oldest scheduled event, whose users must be gone already; *more: there was one. */
MUST_CHECK enum err guild_removal_event(struct sql_conn *c, struct guild_id guild, bool *more);
MUST_CHECK enum err guild_removal_log(struct sql_conn *c, struct stream stream, uint64_t limit,
                                      uint64_t *rows);
/* The stream's head and its readers' checkpoints, and the guild's row: the last of all. */
MUST_CHECK enum err guild_removal_end(struct sql_conn *c, struct guild_id guild,
                                      struct stream stream);
