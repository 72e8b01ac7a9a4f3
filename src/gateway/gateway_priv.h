#pragma once

/*
 * The objects of the gateway, all of them owned by one loop and touched by its thread alone:
 *
 *   hub          what one loop has: its sessions, its guilds, its users, its queue of the bus
 *   gw_conn      one WebSocket connection (transport.c); may have a session, or not yet
 *   session      one identified client (session.c); survives its connection for the resume window
 *   user_sub     the user's stream on this loop: fed once, for all the user's sessions
 *   guild_sub    the guild's stream on this loop (guild.c): view, position, visibility classes
 *   guild_link   one session in one guild; belongs to one class of it once it is live
 *   gw_job       work for a worker on behalf of a hub: it names its subject by key, since the
 * subject may be gone when the answer comes back
 *
 * A session stays on its loop for life; a Resume that arrives on another loop moves the
 * *connection* (its socket, nothing else) to the session's loop, which the session id names.
 */

#include "base/arena.h"
#include "base/counts.h"
#include "base/list.h"
#include "base/map.h"
#include "core/guilds.h"
#include "gateway/feed.h"
#include "gateway/gateway.h"
#include "gateway/replay.h"
#include "gateway/visible.h"
#include "wire/json_read.h"
#include "wire/ws.h"

enum {
    SESSION_ID_LEN = 32,          /* 2 hex digits of the loop, 30 random ones */
    HUB_TAKE_MAX = 128,           /* events handled in one turn before I/O gets its turn */
    HUB_IN_FLIGHT_MAX = 64,       /* jobs of one loop with workers; the others wait in line */
    HUB_JOBS_MAX = 32,            /* guild loads and refills under way at once */
    HUB_WORK_PER_TURN = 512,      /* permissions computed and dispatches pushed in one turn on
                                     account of changed and of big guilds: 0.1 to 0.2 ms */
    GUILD_BULK_MIN = 256,         /* sessions of a guild from which its deliveries are sent in
                                     portions, between which others have their turn */
    GUILD_SLICED_MIN = 1536,      /* ... from which an event is even pushed in several turns */
    GUILD_RECENT_MAX = 64,        /* changes of members that are remembered for who is entering */
    GUILD_LATER_MAX = 64,         /* unlogged events held while a guild changes */
    CONN_QUEUED_MAX = 256 * 1024, /* bytes handed to the connection ahead of the kernel */
    FRAME_PREFIX_MAX = WS_HEADER_MAX + 32,
    JOB_ARENA_BYTES = 64 * 1024 * 1024,
    REFILL_ROWS = 256,         /* log rows read in one go */
    RETRY_MS = 250,            /* between attempts when the store is overloaded */
    SESSION_GUILDS_MAX = 2500, /* docs: more than that must shard (4011) */
};

#define SESSION_MAGIC UINT32_C(0x5e551071)
#define GW_CONN_MAGIC UINT32_C(0xc0227ec7)

struct hub;
struct session;
struct guild_sub;

struct gw_job {
    struct job job;
    struct task task;
    struct hub *hub;
    struct arena arena;
    enum err err;
    void (*work)(struct gw_job *j); /* worker thread: sets err */
    void (*done)(struct gw_job *j); /* loop thread: frees j with gw_job_free */
};

enum gw_conn_state { GW_CONN_OPEN, GW_CONN_IDENTIFYING, GW_CONN_SESSION, GW_CONN_CLOSING };

struct gw_conn {
    uint32_t magic;
    enum gw_conn_state state;
    struct hub *hub;
    struct conn *conn;
    struct list node; /* hub's */
    struct session *session;
    struct auth_job *auth; /* Identify under way */
    struct gw_move *move;  /* to another loop, at the end of this read */
    struct timer timer;    /* until Identify; then until the next heartbeat is overdue */
    struct ws_decoder ws;
    uint64_t window_start_ms; /* commands are counted per 60 s */
    uint32_t window_commands;
    uint32_t version;
    char *host; /* of the upgrade, for resume_gateway_url; until READY */
};

struct guild_link {
    struct session *session;
    struct guild_sub *guild;
    struct audience_class *class; /* NULL while waiting */
    uint32_t class_index;
    struct list waiting;   /* in guild->waiting */
    uint64_t min_position; /* the guild's stream as of which `member` was read */
    bool reading;          /* it is being read again: there was a change since */
    bool gone;             /* removed after min_position: never to enter */
    int64_t joined_at_ms;
    struct bytes *member;  /* the user's own member object, until GUILD_CREATE was made */
    struct role_id *roles; /* likewise; then the class has them */
    uint32_t role_count;
    int64_t timed_out_until_ms;
    bool pending;
    bool temporary;
};

enum session_state { SESSION_LOADING, SESSION_LIVE };

struct session {
    uint32_t magic;
    enum session_state state;
    struct hub *hub;
    char id[SESSION_ID_LEN + 1];
    uint64_t key; /* of id, in hub->sessions */
    struct principal who;
    uint32_t intents; /* all bits for people who sent none */
    uint32_t shard_id;
    uint32_t shard_count;
    uint32_t large_threshold;
    uint32_t version;
    struct gw_conn *conn; /* NULL while detached */
    struct user_sub *user;
    struct list user_node;
    struct replay replay;
    struct guild_link **links;
    uint32_t link_count;
    uint32_t link_capacity;
    bool ready_pending;  /* people: READY waits for all guilds */
    bool retry_load;     /* more happened while LOADING than could be held */
    uint32_t leaves;     /* guilds left so far: a membership read before one of them is stale */
    uint64_t stamp;      /* the user's stream as of the snapshot */
    bool failed;         /* about to be freed, takes nothing any more */
    struct timer timer;  /* resume window */
    struct event **held; /* user events while LOADING */
    uint32_t held_count;
    uint32_t held_capacity;
    int64_t seen_day_ms;       /* of the user, as far as this session has noted it */
    struct session_load *load; /* between its snapshot and READY (people) */
};

/* The user's stream on one loop. */
struct user_sub {
    struct feed feed; /* first */
    struct hub *hub;
    struct list sessions;
    bool refill_wanted;
    struct user_refill *refill; /* the one under way; answers to older ones are void */
    uint64_t started_at;        /* feed_start's: after an older snapshot there is a gap */
    bool delivering;            /* an event is being handed to the sessions */
};

/* Sessions of a guild that see the same things: same roles, same intents, same special treatment.
 */
struct audience_class {
    struct list node;
    uint64_t hash;
    struct audience_class *same_hash;
    uint32_t intents;
    bool content;          /* MESSAGE_CONTENT, or a person */
    bool pending;          /* not screened yet */
    bool timeout_over;     /* permissions were computed after timed_out_until_ms */
    uint64_t special_user; /* owner, member overwrite or time-out: a class of their own; else 0 */
    int64_t timed_out_until_ms;
    struct role_id *roles;
    uint32_t role_count;
    uint64_t *permissions; /* per channel of the view */
    struct session **sessions;
    struct guild_link **links; /* parallel */
    uint32_t count;
    uint32_t capacity;
    uint64_t structure;         /* the guild's, that `permissions` are of */
    bool moving;                /* they are of the next one, and its sessions are being told so */
    struct channel_moves moves; /* what they are told */
    uint32_t left;              /* the first so many sessions have not had their turn, in a pass
                                   over them that takes several turns of the loop */
    uint64_t fresh_position;    /* of the event with which its channel came into sight */
    struct bytes *guild_json;   /* the shared beginning of GUILD_CREATE, as of json_version */
    uint64_t json_version;
    struct bytes *create; /* the last whole GUILD_CREATE made, for its user, as of create_version */
    uint64_t create_user;
    uint32_t create_threshold;
    uint64_t create_version;
};

struct guild_sub {
    struct feed feed; /* first */
    struct hub *hub;
    struct guild_view *view;
    uint64_t *last_messages; /* per channel of the view; NULL: forgotten when memory was short */
    uint64_t member_count;
    uint64_t version;   /* bumped whenever GUILD_CREATE would read differently */
    uint64_t structure; /* bumped with every view that changes permissions */
    struct list classes;
    struct map by_key;       /* of classes, by hash */
    struct event *current;   /* being applied; if that takes more than one turn of the loop, the
                                feed is paused and the guild in hub->busy */
    struct turnover *change; /* the view is being replaced by that of `current` */
    bool noted;              /* all that it changes has been; it is being delivered */
    bool sliced;             /* ... in slices */
    struct list busy;        /* in hub->busy */
    struct event **later;    /* unlogged events that came meanwhile */
    uint32_t later_count;
    struct timer expiry; /* of the time-out that ends next */
    int64_t expiry_ms;
    struct recent_change *recent; /* a ring: members with sessions on this loop that changed */
    uint64_t recent_count;        /* ever */
    uint64_t recent_from;         /* later changes than this position are all in it */
    struct list waiting;          /* links that are not in a class yet */
    uint32_t link_count;
    struct list wanted; /* in hub->wanted or hub->later while it needs a job */
    bool job_running;
    struct list trash; /* in hub->trash when it has no links */
};

/* A member whose standing or member object changed, or who left. */
struct recent_change {
    uint64_t user;
    uint64_t position;
};

struct hub {
    struct gateway *gateway;
    struct loop *loop;
    unsigned index;
    struct bus_queue *queue;
    struct map sessions;
    struct map users;
    struct map guilds;
    struct list conns;
    struct list line; /* jobs that wait to be submitted */
    unsigned in_flight;
    struct list wanted; /* guilds that need a load or a refill */
    struct list later;  /* likewise, once the retry timer rings */
    struct list trash;  /* guilds without links, freed at the end of the turn */
    struct list busy;   /* guilds in the middle of a change, in turns */
    struct list visits; /* memberships that are to end with the user's last session */
    bool bulk;          /* what is pushed now goes to very many sessions */
    int work;           /* left in this turn, of work_per_turn */
    int work_per_turn;
    uint32_t sliced_min; /* GUILD_SLICED_MIN */
    unsigned jobs;
    struct timer retry;
    struct buf scratch; /* payloads are composed here */
    struct task drain;
    bool draining;
};

struct gateway {
    struct gateway_options options;
    struct hub *hubs;
    unsigned hub_count;
    struct counts *live; /* sessions of each user, of all hubs */
};

/* hub.c */
MUST_CHECK enum err hub_start(struct hub *h, struct gateway *g, struct loop *l, unsigned index);
void hub_drop_sessions(struct hub *h);
/* Its loop is gone by now, so its sessions must be too (gateway_drain). */
void hub_deinit(struct hub *h);
/* Zeroed, of `size` bytes (the struct that starts with the gw_job); NULL when memory is short. */
MUST_CHECK void *gw_job_new(struct hub *h, size_t size, void (*work)(struct gw_job *),
                            void (*done)(struct gw_job *));
/* Runs it; when no worker takes it, done is called all the same, later, with err OVERLOADED. */
void gw_job_submit(struct gw_job *j, enum job_class class);
void gw_job_free(struct gw_job *j);
/* Starts what is in `later`, and users' refills that failed, in RETRY_MS. */
void hub_retry_later(struct hub *h);
/* The guild's change goes on when it is its turn. */
void hub_busy(struct hub *h, struct guild_sub *s);

/* transport.c */
void gw_conn_send(struct gw_conn *g, struct slice json); /* one text frame, now */
/* With the close code of the row; its session, if any, is detached before this returns. */
void gw_conn_close(struct gw_conn *g, enum err why);
void gw_conn_reconnect(struct gw_conn *g);             /* op 7, then closes, resumable */
void gw_conn_deadline(struct gw_conn *g, uint64_t ms); /* restart the one timer */
/* The connection goes to another loop, where the command `text` (a Resume) is handled again. */
void gw_conn_move(struct gw_conn *g, struct hub *to, struct slice text);

/* commands.c */
void gw_command(struct gw_conn *g, struct slice text);
void gw_invalid_session(struct gw_conn *g, bool resumable);

/* identify.c */
void gw_identify(struct gw_conn *g, const json_t *d);
void gw_identify_abandon(struct gw_conn *g); /* the connection is going */
/* The token itself, without "Bot " or "Bearer ". */
struct slice gw_token(struct slice token);

/* resume.c */
void gw_resume(struct gw_conn *g, struct slice token, struct slice session_id, uint64_t seq,
               struct slice text);

/* load.c */
/* Reads the snapshot that READY is made of; false when memory is short. */
MUST_CHECK bool session_start_load(struct session *s);
/* Closes the connection, if any, and frees s: the client must begin anew. */
void session_end(struct session *s, enum err why);
/* People: READY once all guilds are live. */
void session_try_ready(struct session *s);
/* A guild joined after READY: reads the membership and links it. */
void session_join_guild(struct session *s, uint64_t guild_id);
void session_load_free(struct session *s);

/* session.c */
struct session *session_new(struct hub *h, const struct principal *who);
/* Ends it for good: nothing of it can be resumed. */
void session_free(struct session *s);
struct session *session_find(struct hub *h, struct slice id);
void session_attach(struct session *s, struct gw_conn *g);
/* The connection went away; resumable for the window. */
void session_detach(struct session *s);
/* Ends it soon, not in this call: for places that walk over sessions. */
void session_fail(struct session *s);
/* Appends a dispatch; `payload` is borrowed. May detach a slow connection; never frees s. */
void session_push(struct session *s, struct bytes *payload);
/* GUILD_DELETE: the guild is left, or is no more. */
void session_push_guild_delete(struct session *s, uint64_t guild_id);
struct guild_link *session_link(struct session *s, uint64_t guild_id);
MUST_CHECK bool session_add_link(struct session *s, struct guild_link *l);
void session_remove_link(struct session *s, struct guild_link *l);
/* Sends what is unsent, as far as the connection takes it. */
void session_flush(struct session *s);
/* An event of the user's own stream. May free s. */
void session_user_event(struct session *s, struct event *e);

/* visits.c */
/* The session has been counted, and is about to be freed. */
void visits_session_ends(struct session *s);
/* The hub goes; jobs under way do no more than end. */
void visits_forget(struct hub *h);
/* The user is here today: has it noted, once a day. */
void session_seen(struct session *s);

/* user.c */
struct user_sub *user_sub_get(struct hub *h,
                              uint64_t user_id); /* made if absent; NULL: no memory */
void user_sub_release(struct user_sub *u);       /* frees it without sessions */
void user_sub_want(struct user_sub *u);
/* An event that is not in the log. */
void user_sub_ephemeral(struct user_sub *u, struct event *e);

/* guild.c */
struct guild_sub *guild_sub_get(struct hub *h, uint64_t guild_id);
/* Loop: an event of any kind about this guild. */
void guild_sub_ephemeral(struct guild_sub *s, struct event *e);
void guild_sub_want(struct guild_sub *s);
void guild_sub_start_job(struct guild_sub *s);
/* Goes on with the event that is being applied; false: there is more to do, in another turn. */
MUST_CHECK bool guild_sub_continue(struct guild_sub *s);
void guild_sub_free(struct guild_sub *s);

/* link.c */
/* Links a session to the guild: the link waits until the guild is live and has reached
 * min_position, then GUILD_CREATE is pushed (or READY tried). `m` is copied. NULL: no memory. */
struct guild_link *guild_link_new(struct session *s, const struct membership *m);
/* Unlinks and frees; the guild is freed at the end of the turn if nobody is left. */
void guild_link_free(struct guild_link *l);
/* May it enter now? Has the membership read again if it changed since it was read. */
bool guild_link_ready(struct guild_link *l);
/* What was only needed for the first payload. */
void guild_link_forget_member(struct guild_link *l);
void guild_link_activate(struct guild_link *l);
/* The event changed something about a member: who is about to enter may have read the old state. */
void guild_note_member(struct guild_sub *s, const struct event *e);

/* audience.c: visibility classes */
/* Puts the link into the class of its member; false when memory is short. Not while the view
 * changes. */
MUST_CHECK bool audience_join(struct guild_link *l);
void audience_leave(struct guild_link *l);
/* Nothing rather than too much, and nothing silently: the client begins anew. */
void audience_give_up(struct guild_link *l);
void audience_give_up_all(struct audience_class *c);
/* The member's standing is another from here on: into the class of that, with the channels that
 * appear and vanish for the session. */
void audience_move(struct guild_link *l, const struct standing *now);
/* Into a class of the user's own that sees what the present one sees. */
void audience_single_out(struct guild_link *l);
/* deliver.c: to everybody at once; or, in a big guild, in slices: false, there is more to do */
void audience_deliver(struct guild_sub *s, const struct event *e);
void delivery_begin(struct guild_sub *s, const struct event *e);
MUST_CHECK bool delivery_run(struct guild_sub *s, const struct event *e);
/* The class as somebody whom permissions are computed for. */
struct subject audience_subject(const struct audience_class *c);
/* `permissions` become those of the class; was the time-out over when they were computed? Sees to
 * it that they are computed again when it is. */
void audience_install(struct guild_sub *s, struct audience_class *c, uint64_t *permissions,
                      int64_t now_ms);
/* Whether the view treats the user by name: the owner, or an overwrite. */
bool audience_is_special(const struct guild_view *v, uint64_t user_id);

/* turnover.c: a new view, in slices */
/* The view from this event on. True: turnover_run has work to do; if it returns false, there is
 * more, in another turn. */
MUST_CHECK bool turnover_begin(struct guild_sub *s, const struct event *e);
MUST_CHECK bool turnover_run(struct guild_sub *s);
void turnover_end(struct guild_sub *s);

/* ready.c: payloads of one session */
struct bytes *ready_payload(struct session *s, const struct session_load *load);
struct bytes *resumed_payload(struct session *s);
struct bytes *guild_create_payload(struct guild_link *l);
struct bytes *guild_delete_payload(struct hub *h, uint64_t guild_id);

/* What an Identify loaded: the snapshot, alive until READY was made. */
struct session_load {
    struct gw_job job; /* first; its arena holds the snapshot */
    uint64_t session_key;
    struct principal who;
    struct session_snapshot snapshot;
};
