#pragma once

/* What the files of presence share. Start at presence.h. */

#include <pthread.h>

#include "base/buf.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"

enum {
    PRESENCE_PARTS = 32,
    PRESENCE_USERS_MAX = 1 << 20, /* in each part */
    PRESENCE_HUBS_MAX = 64,       /* loops that there can be (main/server.c) */
    ACTIVITIES_BYTES_MAX = 16 * 1024,
};

/* What clients run on; the keys of client_status. */
enum client_kind { CLIENT_DESKTOP, CLIENT_MOBILE, CLIENT_WEB, CLIENT_EMBEDDED, CLIENT_KINDS };

/* One session's. The first lines are read by other loops, under the lock of the user's part; the
 * others belong to the session's loop. */
struct seat {
    struct list node;           /* presence_user.seats */
    struct presence_user *user; /* NULL until presence_begin */
    unsigned hub;
    enum client_kind client;
    enum presence_status status;
    struct bytes *activities; /* elements of an array, with commas; NULL: none */
    bool custom;              /* a custom status is among them */
    bool afk;
    bool person;
    const char *os; /* of client_info; a literal */
    char id[SESSION_ID_LEN + 1];

    int64_t since_ms; /* idle; 0: not */
    int64_t activities_at_ms;
    uint64_t window_start_ms; /* updates are counted per 20 s */
    uint32_t window_updates;
    uint32_t sessions_version; /* of the user, that the session was told of last */
};

struct friend_list {
    _Atomic uint32_t refs;
    uint32_t count;
    uint64_t ids[]; /* ascending */
};
struct friend_list *friend_list_new(const uint64_t *ids, size_t count);
/* NULL: nobody is left, or memory is short. */
struct friend_list *friend_list_without(const struct friend_list *f, uint64_t id);
struct friend_list *friend_list_ref(struct friend_list *f);
void friend_list_unref(struct friend_list **f);
bool friend_list_has(const struct friend_list *f, uint64_t id);
/* Those of `now` that `before` has not; NULL: none, or memory is short. Either may be NULL. */
struct friend_list *friend_list_added(const struct friend_list *before,
                                      const struct friend_list *now);

/* A user with sessions. Under the lock of its part; in rosters as long as there are links. */
struct presence_user {
    uint64_t id;
    struct list seats; /* those with activities first, of these the newest first */
    uint32_t seat_count;
    uint32_t counts[CLIENT_KINDS][PRESENCE_STATUSES];
    uint32_t version; /* bumped whenever "sessions" would read differently */
    struct presence *now;
    struct bytes *custom; /* the custom status of the settings, as an activity; NULL: none */
    struct friend_list *friends;
};

/* Who of a guild has sessions that are linked to it. Under the lock of its part. */
struct roster {
    uint64_t guild;
    struct map members; /* user -> struct presence_user */
    struct map more;    /* user -> links beyond the first, as a pointer */
    struct map hidden;  /* user -> anything: has no presence */
    struct list watches;
    uint64_t version; /* another one whenever presences_collect might give others */
};

/* The watchers of one guild on one loop. */
struct presence_watch {
    struct list node;        /* roster.watches */
    struct map dirty;        /* users to tell about; under the roster's lock, as node */
    size_t cursor;           /* in it: where to go on, so that nobody waits behind those who flap */
    struct list due;         /* in the desk's line, under the desk's lock */
    struct guild_sub *guild; /* this and the rest: the loop's alone */
    struct guild_link **links;
    uint32_t count;
    uint32_t capacity;
};

struct presence_part {
    pthread_mutex_t lock;
    struct map map;
};

struct presences {
    struct presence_part users[PRESENCE_PARTS];
    struct presence_part guilds[PRESENCE_PARTS];
    uint64_t seed;
    /* The last version given to a roster. Relaxed: it only has to be another one each time. */
    _Atomic uint64_t versions;
    /* Without activities, one client: what nearly everybody shows. Never changed. */
    struct bytes *plain[CLIENT_KINDS][PRESENCE_INVISIBLE];
};

/* presence.c: locked parts */
struct presence_part *presence_user_part(struct presences *p, uint64_t user);
struct presence_part *presence_guild_part(struct presences *p, uint64_t guild);
/* The settings say another status than they did: the session takes it. */
void presence_set_status(struct session *s, enum presence_status status);
/* Friends or custom status are other ones. Takes over both references. */
void presence_set_person(struct hub *h, uint64_t user, struct friend_list *friends,
                         struct bytes *custom);
/* An owned reference; NULL: none. *here: the user has sessions. */
struct friend_list *presence_friends(struct gateway *g, uint64_t user, bool *here);
/* At once: what else the user is to the other is read later. */
void presence_drop_friend(struct gateway *g, uint64_t user, uint64_t other);

/* presence_merge.c: under the lock. True: u->now is another one than before. */
bool presence_merge(struct presences *p, struct presence_user *u);
struct bytes *presence_plain_json(enum client_kind client, enum presence_status status);
const char *presence_status_name(enum presence_status s);
const char *presence_client_name(enum client_kind c);
/* The sessions of the user, with the head "all" if there are several; under the lock. */
void presence_write_seats(struct json_writer *w, const struct presence_user *u);

/* presence_guild.c */
/* The user's presence in the guild may be another one: watchers are told. */
void roster_mark(struct gateway *g, uint64_t guild_id, uint64_t user);
/* Under the lock of the part: all watchers of the guild are to be told of the user. */
void roster_dirty(struct roster *r, uint64_t user);
struct told {
    uint64_t user;
    struct presence *now; /* owned; NULL: offline */
};
/* Takes up to max users out of the watch's set; *more: there are others. */
size_t watch_take(struct gateway *g, struct presence_watch *w, struct told *out, size_t max,
                  bool *more);

/* presence_tell.c: any thread */
/* own: the user's links and sessions on that loop are to be looked at; friends: to be told of the
 * user, those of them who are on that loop. all: they are all that the user has. */
void desk_notice(struct hub *h, uint64_t user, bool own, struct friend_list *friends, bool all);
/* Somebody's presence has changed, and this loop has not been told. */
bool desk_knows(struct hub *h, uint64_t user);
void desk_watch_due(struct hub *h, struct presence_watch *w);
void desk_watch_gone(struct hub *h, struct presence_watch *w);

/* presence_write.c */
/* A PRESENCE_UPDATE; guild_id 0: of a friend. In the hub's scratch memory. */
struct bytes *presence_update_payload(struct hub *h, uint64_t user, const struct presence *p,
                                      uint64_t guild_id);

/* SESSIONS_REPLACE, likewise; NULL also when the user has no sessions. *version: what it is of. */
struct bytes *presence_sessions_payload(struct hub *h, uint64_t user, uint32_t *version);

/* presence_activity.c: what a client sent, checked and written anew. ERR_GW_DECODE. */
struct presence_wish {
    enum presence_status status;
    int64_t since_ms;
    bool afk;
    bool custom;
};
MUST_CHECK enum err presence_read_wish(const json_t *d, struct presence_wish *out);
/* The elements of "activities" of d, as added at at_ms, into out. */
MUST_CHECK enum err presence_read_activities(const json_t *d, bool bot, int64_t at_ms,
                                             struct buf *out, bool *custom);
void presence_read_client(const json_t *properties, struct seat *seat);
bool presence_status_parse(struct slice text, enum presence_status *out);

/* The session counts from now on, with what is known of its user. Takes over both references;
 * wanted: the status of those who said none. */
void presence_join(struct session *s, enum presence_status wanted, struct friend_list *friends,
                   struct bytes *custom);

/* presence_person.c */
/* Settings and friends are to be read; other: who may be a new friend, and is shown; 0: anybody. */
void presence_read_person(struct user_sub *u, uint64_t other);
/* What the settings say. */
struct person_settings {
    enum presence_status status;
    struct bytes *custom; /* the custom status as an activity, owned; NULL: none, or over */
    int64_t ends_at_ms;   /* of the custom status; 0: it does not end by itself */
};
void presence_read_settings(struct slice json, int64_t now_ms, struct person_settings *out);
