#pragma once

/*
 * Presence: who is there, and what they show of it. Each session has a seat (its status, its
 * activities); the seats of a user, on all loops, are merged to one presence. Whoever has none is
 * offline, or wants to be taken for it.
 *
 * The difficulty is that members of a guild who come and go are told to members of a guild. A
 * change is therefore not an event: it puts the user into the set of those about whom the guild's
 * watchers on a loop are to be told something, whatever that is by the time their turn comes. A set
 * names everybody once, and is emptied at a bounded rate; so a storm of N users in front of M
 * watchers costs each watcher so many dispatches a second and no more, flapping costs nothing, and
 * nothing can be lost on the way.
 *
 *   presence.c          seats and their merging; shared by all loops
 *   presence_guild.c    who of a guild is there; its watchers
 *   presence_tell.c     a loop's desk: telling watchers, friends, and the user's other sessions
 *   presence_merge.c    from seats to what is shown
 *   presence_write.c    ... as clients read it
 *   presence_activity.c what clients may say (op 3)
 *   presence_person.c   friends, and what the settings say
 *   presence_recall.c   who is not there any more after a planned restart
 *
 * Shared state lies in parts, each under a leaf-like mutex held for a few look-ups, in this order:
 * guild part, user part, desk. None is touched when an ordinary event is delivered.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"
#include "base/errors.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

struct gateway;
struct guild_link;
struct guild_sub;
struct hub;
struct session;
struct session_snapshot;
struct user_sub;
struct event;

enum presence_status {
    PRESENCE_ONLINE,
    PRESENCE_IDLE,
    PRESENCE_DND,
    PRESENCE_INVISIBLE, /* of a seat; nobody else ever sees it */
    PRESENCE_STATUSES,
    PRESENCE_UNKNOWN = PRESENCE_STATUSES /* of an Identify: as the settings say */
};

enum {
    PRESENCES_SHOWN_MAX = 10000,  /* in one GUILD_CREATE; nobody in guilds larger than */
    PRESENCE_MEMBERS_MAX = 75000, /* this (docs, "Guild Create") */
    PRESENCE_ACTIVITIES_MAX = 8,  /* of a session (ours) */
    PRESENCE_FRIENDS_MAX = 1000,  /* that are told (LIMIT_FRIENDS) */
    PRESENCE_SESSIONS_SHOWN = 15, /* in SESSIONS_REPLACE (userdoccers) */
    PRESENCE_UPDATES_MAX = 5,     /* op 3 of a session in 20 s (docs) */
    PRESENCE_UPDATES_MS = 20000,
    PRESENCE_TICK_MS = 128,          /* between two rounds of telling */
    PRESENCE_PUSHES_PER_TICK = 2048, /* of a loop, about */
    PRESENCE_USERS_PER_TICK = 64,    /* of a guild with few watchers */
    PRESENCE_USERS_LEAST = 4,        /* ... with many */
};

/* What a user shows. Immutable; any thread may hold a reference. */
struct presence {
    _Atomic uint32_t refs;
    enum presence_status status; /* ONLINE, IDLE or DND */
    uint64_t user;
    struct bytes *json; /* "status":..,"activities":[..],"client_status":{..}: keys, no braces */
};

/* ---- reading; any thread ---- */

/* NULL: offline, or invisible. An owned reference. */
struct presence *presence_get(struct gateway *g, uint64_t user);
struct presence *presence_ref(struct presence *p);
/* NULL allowed; nulls the caller's copy. */
void presence_unref(struct presence **p);
/* {"user":{"id"}, status, activities, client_status}, and guild_id unless it is 0; p NULL: offline.
 */
void presence_write(struct json_writer *w, uint64_t user, const struct presence *p,
                    uint64_t guild_id);
/* The same, with "user_id" instead of "user": what READY_SUPPLEMENTAL has in its lists. */
void presence_write_merged(struct json_writer *w, const struct presence *p);
/* How many of the guild's members show that they are there. */
size_t presence_count(struct gateway *g, uint64_t guild_id);
/* Of a user whose session is linked to the guild, to be shown there. NULL: offline, for the guild.
 */
struct presence *presence_in_guild(struct gateway *g, uint64_t guild_id, uint64_t user);
/* References to up to max presences of the guild, in any order; how many. */
size_t presences_collect(struct gateway *g, uint64_t guild_id, struct presence **out, size_t max);

/* Changes whenever presences_collect might give others than before; 0: nobody is there. */
uint64_t presences_version(struct gateway *g, uint64_t guild_id);

/* ---- payloads of one session; its loop ---- */

/* The array of presences of a GUILD_CREATE to that session: of everybody who is there, if it may
 * know. */
void presences_write_guild(struct json_writer *w, const struct guild_link *l);
/* The array "sessions" of READY: the user's own sessions. */
void presence_write_sessions(struct json_writer *w, struct session *s);
/* The elements (not the brackets) of merged_presences.friends of READY_SUPPLEMENTAL. */
void presence_write_friends(struct json_writer *w, struct session *s);

/* The same for READY's own list, each with its user. */
void presence_write_friend_list(struct json_writer *w, struct session *s);

/* ---- telling ---- */

/* The link is to be told of presences in its guild, or no longer. Bots with the intent are by
 * themselves; people by their subscriptions (member_list.h calls this). While it is on,
 * subscription_wants_presence decides for each user. */
void presence_watch(struct guild_link *l, bool on);

/* ---- a session's life; its loop ---- */

/* From an Identify: `properties` and `presence` (may be NULL) of its "d". ERR_GW_DECODE. */
MUST_CHECK enum err presence_sit(struct session *s, const json_t *properties,
                                 const json_t *presence);
/* The snapshot is read: from now on the session counts. */
void presence_begin(struct session *s, const struct session_snapshot *snap);
/* Before the session is freed, after its links are. */
void presence_end(struct session *s);
/* Into the audience of a guild, and out of it. left: the user is no member any more. */
void presence_link_enters(struct guild_link *l);
void presence_link_leaves(struct guild_link *l, bool left);
/* Any event of the user's own stream, once a loop. */
void presence_user_event(struct user_sub *u, const struct event *e);
/* The user's stream is left on this loop. */
void presence_forget_user(struct user_sub *u);
/* Op 3. */
MUST_CHECK enum err presence_change(struct session *s, const json_t *d);

/* Hand-over: what a session's seat says, as a JSON object; and again from it, instead of
 * presence_sit and presence_begin, before or after its links enter. */
void presence_save(struct session *s, json_t *out);
void presence_restore(struct session *s, const json_t *saved);

/* Likewise, whom the session and its loop's watchers may show; a new reference. */
json_t *presence_recall_save(const struct session *s);
void presence_recall_take(struct session *s, const json_t *saved);
/* All have come who will: those who have not are told of as gone. */
void presence_recall_end(struct hub *h);
void presence_recall_forget(struct hub *h);

/* ---- gateway.c and hub.c ---- */

struct online_source;
/* What the core asks. */
void presence_online(struct gateway *g, struct online_source *out);

struct presences;
struct presence_desk;
MUST_CHECK struct presences *presences_new(uint64_t seed);
void presences_free(struct presences **p);
MUST_CHECK struct presence_desk *presence_desk_new(struct hub *h);
/* The loop is stopping: nothing more is told. */
void presence_desk_close(struct presence_desk *d);
void presence_desk_free(struct presence_desk **d);
/* At every wake of the loop. */
void presence_on_wake(struct hub *h);
/* One round of telling, now (the desk's timer calls it). */
void presence_tick(struct hub *h);
