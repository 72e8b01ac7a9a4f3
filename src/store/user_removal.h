#pragma once

/* Taking a person out of the store, a bounded number of rows at a time: SQL, no rules (those are in
 * core/user_erase.c). */

#include "base/arena.h"
#include "model/event.h"
#include "model/ids.h"
#include "store/sql.h"
#include "store/tokens.h"

/* The name becomes one that nobody can choose, e-mail, display name and credentials go. */
MUST_CHECK enum err user_removal_blank(struct sql_conn *c, struct user_id user);
/* The user's first membership with guild >= from; guild.v 0: none. */
struct removal_membership {
    struct guild_id guild;
    bool deleting; /* the guild is going itself */
    bool owner;
};
MUST_CHECK enum err user_removal_next_guild(struct sql_conn *c, struct user_id user, uint64_t from,
                                            struct removal_membership *out);
/* The longest-standing of the next `limit` members after `after` that are people, are not `user`
 * and are not being erased; *last: the last one looked at, 0 if there was none. */
struct removal_heir {
    struct user_id user; /* 0: nobody */
    int64_t joined_at_ms;
};
MUST_CHECK enum err user_removal_heir(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user, uint64_t after, uint64_t limit,
                                      struct removal_heir *best, uint64_t *last);
MUST_CHECK enum err user_removal_set_owner(struct sql_conn *c, struct guild_id guild,
                                           struct user_id owner);
/* Overwrites for the user in the guild's channels. */
MUST_CHECK enum err user_removal_overwrites(struct sql_conn *c, struct guild_id guild,
                                            struct user_id user);
/* The audit log of a guild keeps that something was done to the user, not what they were called. */
MUST_CHECK enum err user_removal_audit(struct sql_conn *c, struct guild_id guild,
                                       struct user_id user);
/* The next guild after `after` that has an audit log; 0: none. */
MUST_CHECK enum err user_removal_next_audit(struct sql_conn *c, uint64_t after,
                                            struct guild_id *guild);
/* Some of the user's bans, with the addresses that they were banned by: nobody could lift those any
 * more. */
MUST_CHECK enum err user_removal_bans(struct sql_conn *c, struct user_id user, uint64_t limit,
                                      uint64_t *rows);
/* Some of the time-outs that wait for the user to come back. */
MUST_CHECK enum err user_removal_timeouts(struct sql_conn *c, struct user_id user, uint64_t limit,
                                          uint64_t *rows);
MUST_CHECK enum err user_removal_requests(struct sql_conn *c, struct user_id user, uint64_t limit,
                                          uint64_t *rows);
/* A scheduled event that the user is interested in; id 0: none. */
MUST_CHECK enum err user_removal_interest(struct sql_conn *c, struct user_id user,
                                          struct scheduled_event_id *event);

/* Looking through all messages in the order of their key, since none is indexed by author. */
struct removal_message {
    struct channel_id channel;
    struct message_id id;
    struct guild_id guild;
};
struct removal_scan {
    uint64_t a; /* after this channel (or stream) and */
    uint64_t b; /* this message (or position) in it; moved to the last one looked at */
    bool ended; /* there is nothing after it */
};
/* Looks at up to `limit` messages; stops early when `list` (room for `room`) is full, and before
 * the second channel that has a message of the author. */
MUST_CHECK enum err user_removal_messages(struct sql_conn *c, struct user_id author, uint64_t limit,
                                          struct removal_scan *scan, struct removal_message *list,
                                          size_t room, size_t *count);
/* Likewise through the rows of the log of one kind of streams: what the user's own messages left
 * there (nonces). */
MUST_CHECK enum err user_removal_log(struct sql_conn *c, struct user_id actor,
                                     enum stream_kind kind, uint64_t limit,
                                     struct removal_scan *scan, struct removal_scan *list,
                                     size_t room, size_t *count);
MUST_CHECK enum err user_removal_forget_delta(struct sql_conn *c, struct stream stream,
                                              uint64_t position);
/* The user's nonces in the next `limit` channels with id > *channel, which moves; *ended: that was
 * the last. */
MUST_CHECK enum err user_removal_nonces(struct sql_conn *c, struct user_id author,
                                        uint64_t *channel, uint64_t limit, bool *ended);
MUST_CHECK enum err user_removal_invites(struct sql_conn *c, struct user_id inviter, uint64_t limit,
                                         uint64_t *rows);
/* The user's first application with id > after; id.v 0: none. */
struct removal_application {
    struct application_id id;
    struct user_id bot; /* 0: none */
};
MUST_CHECK enum err user_removal_next_application(struct sql_conn *c, struct user_id owner,
                                                  uint64_t after, struct removal_application *out);
/* Name and description become empty. */
MUST_CHECK enum err user_removal_blank_application(struct sql_conn *c, struct application_id id);
MUST_CHECK enum err user_removal_application(struct sql_conn *c, struct application_id id);
/* What still needs the user's row. */
struct removal_ties {
    bool guild;        /* a member, or the owner, of a guild that stays */
    bool guild_going;  /* likewise of one that is being deleted */
    bool applications; /* bots that are being erased */
};
MUST_CHECK enum err user_removal_ties(struct sql_conn *c, struct user_id user,
                                      struct removal_ties *out);
/* The row. STORE_CONFLICT while there are ties. */
MUST_CHECK enum err user_removal_end(struct sql_conn *c, struct user_id user);
