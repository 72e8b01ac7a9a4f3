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
#include "core/online.h"
#include "gateway/feed.h"
#include "gateway/frames.h"
#include "gateway/gateway.h"
#include "gateway/inbox.h"
#include "gateway/narrow.h"
#include "gateway/replay.h"
#include "gateway/visible.h"
#include "gateway/voice_moves.h"
#include "wire/json_read.h"
#include "wire/json_write.h"
#include "wire/ws.h"

enum {
    SESSION_ID_LEN = 32,          /* 2 hex digits of the loop, 30 random ones */
    HUB_TAKE_MAX = 128,           /* events taken off the bus at once */
    HUB_TAKE_ROUNDS = 4,          /* ... so often before I/O gets its turn */
    HUB_HOLD_TURNS = 256,         /* turns that a big guild's bulk waits for more frames at most */
    ENFORCE_EVERY_MS = 20,        /* between walks over all sessions for those that hold too much */
    HUB_IN_FLIGHT_MAX = 64,       /* jobs of one loop with workers; the others wait in line */
    HUB_JOBS_MAX = 32,            /* guild loads and refills under way at once */
    HUB_WORK_PER_TURN = 512,      /* permissions computed and dispatches pushed in one turn on
                                     account of changed and of big guilds: 0.1 to 0.2 ms */
    GUILD_BULK_MIN = 256,         /* sessions of a guild from which its deliveries are sent in
                                     portions, between which others have their turn */
    GUILD_SLICED_MIN = 1536,      /* ... from which an event is even pushed in several turns */
    GUILD_RECENT_MAX = 64,        /* changes of members that are remembered for who is entering */
    GUILD_AHEAD_MAX = 64,         /* events given to a bulk guild's sessions ahead of the writing */
    PUSHES_PER_WORK = 4,          /* one payload to many sessions costs less */
    CONN_QUEUED_MAX = 256 * 1024, /* bytes handed to the connection ahead of the kernel */
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

/* First what every flush touches. */
struct gw_conn {
    uint32_t magic;
    uint8_t encoding; /* enum gw_encoding */
    uint8_t compress; /* enum gw_compress */
    bool begun;       /* the header of the compressed stream was sent */
    struct conn *conn;
    struct session *session;
    struct stall *stall; /* while bytes wait for the client to read; else NULL */
    struct hub *hub;
    enum gw_conn_state state;
    struct list node;      /* hub's */
    struct auth_job *auth; /* Identify under way */
    struct gw_move *move;  /* to another loop, at the end of this read */
    struct timer timer;    /* until Identify; then until the next heartbeat is overdue */
    struct ws_decoder ws;
    uint64_t window_start_ms; /* commands are counted per 60 s */
    uint32_t window_commands;
    uint32_t window_controls; /* pings and pongs, likewise */
    uint32_t answered;        /* bytes of answers since the queue was last empty */
    uint32_t version;
    struct gw_stream *stream; /* zlib-stream only */
    char *host;               /* of the upgrade, for resume_gateway_url; until READY */
};

/* Every session has one for each of its guilds, so what is only needed until it is live is apart.
 */
struct guild_link {
    struct session *session;
    struct guild_sub *guild;
    struct audience_class *class;            /* NULL while waiting */
    struct link_entry *entry;                /* until GUILD_CREATE was made */
    struct guild_subscription *subscription; /* of people who look at it (member_list.h); or NULL */
    uint32_t class_index;
    uint32_t watch_number; /* in guild->presences, from 1; 0: is not told of presences */
    bool present;          /* counted in the guild's presence roster */
    bool gone;             /* removed after the membership was read: never to enter */
    bool restored;         /* of a session of before a restart: the client knows the guild */
    bool temporary;
};

struct link_entry {
    struct guild_link *link;
    struct list waiting;   /* in guild->waiting */
    uint64_t min_position; /* the guild's stream as of which `member` was read */
    bool reading;          /* it is being read again: there was a change since */
    bool pending;
    int64_t joined_at_ms;
    int64_t timed_out_until_ms;
    struct bytes *member; /* the user's own member object */
    uint32_t role_count;
    struct role_id roles[]; /* then the class has them */
};

enum session_state { SESSION_LOADING, SESSION_LIVE };

/* First what every dispatch touches: two lines of the cache, and no more. */
struct session {
    uint32_t magic;
    bool failed;                   /* about to be freed, takes nothing any more */
    bool ready_pending;            /* people: READY waits for all guilds */
    bool retry_load;               /* more happened while LOADING than could be held */
    struct gw_conn *conn;          /* NULL while detached */
    struct inspection *inspection; /* an operator looks at it */
    struct replay replay;
    struct hub *hub;
    uint64_t
        asked_seq; /* up to this number, so many bytes are READY and guilds: what was asked for */
    size_t asked_bytes;
    struct member_requests
        *requests; /* op 8 that waits or is answered (member_request.h); or NULL */
    enum session_state state;
    char id[SESSION_ID_LEN + 1];
    uint64_t key; /* of id, in hub->sessions */
    struct principal who;
    uint32_t intents; /* all bits for people who sent none */
    uint32_t shard_id;
    uint32_t shard_count;
    uint32_t large_threshold;
    uint64_t capabilities; /* of people's clients, see surface reference §2.4 */
    uint32_t version;
    struct user_sub *user;
    struct list user_node;
    struct guild_link **links; /* by guild id */
    uint32_t link_count;
    uint32_t link_capacity;
    uint32_t leaves;     /* guilds left so far: a membership read before one of them is stale */
    uint32_t restoring;  /* of before a restart: steps left until it is as it was (handover.h) */
    uint64_t stamp;      /* the user's stream as of the snapshot */
    struct timer timer;  /* resume window */
    struct event **held; /* user events while LOADING */
    uint32_t held_count;
    uint32_t held_capacity;
    int64_t seen_day_ms;          /* of the user, as far as this session has noted it */
    struct seat *seat;            /* what it shows of its user (presence.h) */
    struct voice_commands *voice; /* op 4 that waits (voice_command.c); NULL: none was ever sent */
    struct session_load *load;    /* between its snapshot and READY (people) */
};

/* The user's stream on one loop. */
struct user_sub {
    struct feed feed; /* first */
    struct hub *hub;
    struct inbox inbox;
    struct list busy; /* in hub->busy_users */
    struct list sessions;
    bool refill_wanted;
    struct user_refill *refill; /* the one under way; answers to older ones are void */
    uint64_t started_at;        /* feed_start's: after an older snapshot there is a gap */
    bool delivering;            /* an event is being handed to the sessions */
    bool person_reading;        /* settings and friends, for presence (presence_person.c) */
    bool person_again;
    uint8_t settings_status;       /* enum presence_status, as the settings said last */
    struct status_end *status_end; /* of the custom status; NULL: it does not end by itself */
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
    bool split;            /* of one user who had it narrower than others (audience_compute.c) */
    bool late;             /* ... as the standing is of a later event: until that is applied */
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
    struct voice_moves voice;   /* likewise, of voice states */
    uint32_t left;              /* the first so many sessions have not had their turn, in a pass
                                   over them that takes several turns of the loop */
    uint64_t fresh_position;    /* of the event with which its channel came into sight */
    struct bytes *guild_json;   /* the shared beginning of GUILD_CREATE, as of json_version */
    uint64_t json_version;
    struct bytes *guild_json_v2; /* likewise, for clients that want `properties` (ready_priv.h) */
    uint64_t json_v2_version;
    struct bytes *create; /* the last whole GUILD_CREATE made, for its user, as of create_version */
    uint64_t create_user;
    uint32_t create_threshold;
    uint64_t create_version;
    uint64_t create_presences; /* presences_version */
};

struct guild_sub {
    struct feed feed; /* first */
    struct hub *hub;
    struct guild_view *view;
    struct guild_view *floor; /* while `view` is later than the feed (the window), the structure
                                 before that; else NULL */
    bool narrowed;            /* in this window some class may have less than `view` gives */
    bool window_over;         /* with the event that is being applied */
    uint64_t *last_messages;  /* per channel of the view; NULL: forgotten when memory was short */
    uint64_t member_count;
    uint64_t version;                 /* bumped whenever GUILD_CREATE would read differently */
    uint64_t structure;               /* bumped with every view that changes permissions */
    struct presence_watch *presences; /* NULL: nobody here is told of presences */
    struct list classes;
    struct map by_key;       /* of classes, by hash */
    struct event *current;   /* being applied; if that takes more than one turn of the loop, the
                                feed is paused and the guild in hub->busy */
    struct turnover *change; /* the view is being replaced by that of `current` */
    bool noted;              /* all that it changes has been; it is being delivered */
    bool sliced;             /* ... in slices */
    struct list busy;        /* in hub->busy or hub->ahead */
    struct inbox inbox;      /* what came while it was not its turn */
    uint32_t ahead;          /* events given to its sessions in the hub's bulk round ahead_round */
    uint32_t ahead_round;
    struct bulk_lane lane; /* connections that are to be written on its account */
    struct timer expiry;   /* of the time-out that ends next */
    int64_t expiry_ms;
    struct voice_list *voice;     /* who is in its voice channels (voice_list.h); NULL: nobody */
    struct recent_change *recent; /* a ring: members with sessions on this loop that changed */
    uint64_t recent_count;        /* ever */
    uint64_t recent_from;         /* later changes than this position are all in it */
    struct member_watch *watch;   /* while members are read for somebody (member_watch.h) */
    struct member_roster *roster; /* while somebody looks at its members (member_list.h) */
    struct list waiting;          /* entries of links that are not in a class yet */
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
    struct list busy;   /* guilds in the middle of an event, or with more in the inbox, in turns */
    struct list busy_users; /* likewise */
    struct list stalled;    /* connections whose clients do not read, see stall.c */
    struct timer stall_look;
    struct list ahead;              /* guilds that wait for their sessions' frames to be written */
    uint32_t bulk_round;            /* how often the loop had written all bulk */
    unsigned held_turns;            /* in a row, of the bulk */
    bool hold_bulk;                 /* a bulk guild had its turn and has more to push */
    uint64_t enforced_ms;           /* the last look for sessions that hold too much */
    struct list inspected;          /* inspections of sessions here */
    const struct event *delivering; /* what is pushed comes of it; NULL: of none */
    struct list voice_chores;       /* voice states that are to end (voice_command.c) */
    struct list visits;             /* memberships that are to end with the user's last session */
    struct bulk_lane *bulk; /* of the guild whose very many sessions are pushed to now; or NULL */
    int work;               /* left in this turn, of work_per_turn */
    int work_per_turn;
    uint32_t sliced_min; /* GUILD_SLICED_MIN */
    unsigned jobs;
    struct timer retry;
    struct presence_desk *desk; /* who is to be told of presences (presence_tell.c) */
    struct buf scratch;         /* payloads are composed here */
    struct forms *forms;        /* tools that make other forms of them; NULL until needed */
    struct narrow_pool narrow;
    uint64_t watches;        /* made so far (member_watch.c) */
    uint64_t request_queues; /* likewise (member_chunks.c) */
    uint64_t rosters;        /* likewise (member_roster.c) */
    struct task drain;
    bool draining;
    struct list
        restore; /* sessions of before the restart, until they are begun (handover_take.c) */
    struct task restore_task;
    struct task restored_task;
    bool restored;       /* who has not come by now does not come */
    struct map kept;     /* keys of the sessions that have come */
    struct list recalls; /* whom they may show (presence_recall.c) */
    struct map more;     /* of those that have not: what others keep for them (handover_more.c) */
};

struct gateway {
    struct gateway_options options;
    struct hub *hubs;
    unsigned hub_count;
    struct counts *live;         /* sessions of each user, of all hubs */
    struct presences *presences; /* likewise (presence.h) */
    struct online_source online;
    /* Sessions of before the restart: that are on their way, and that have arrived; loops that have
     * not ended it yet. */
    atomic_uint restoring;
    atomic_uint arrived;
    atomic_uint restoring_hubs;
};

/* hub.c */
MUST_CHECK enum err hub_start(struct hub *h, struct gateway *g, struct loop *l, unsigned index);
void hub_drop_sessions(struct hub *h);
/* Its loop is gone by now, so its sessions must be too (gateway_drain). */
void hub_deinit(struct hub *h);
/* Nothing that the bus brought waits. */
bool hub_idle(const struct hub *h);
/* Zeroed, of `size` bytes (the struct that starts with the gw_job); NULL when memory is short. */
MUST_CHECK void *gw_job_new(struct hub *h, size_t size, void (*work)(struct gw_job *),
                            void (*done)(struct gw_job *));
/* Runs it; when no worker takes it, done is called all the same, later, with err OVERLOADED. */
void gw_job_submit(struct gw_job *j, enum job_class class);
void gw_job_free(struct gw_job *j);
/* Starts what is in `later`, and users' refills that failed, in RETRY_MS. */
void hub_retry_later(struct hub *h);

/* serve.c: which stream has its turn */
void serve_init(struct hub *h);
/* An event off the bus, to its stream: at once, or when that has its turn. */
void serve_offer(struct hub *h, struct event *e);
/* Once a turn of the loop: whoever waits, as far as the account of the turn goes. */
void serve_turn(struct hub *h);
/* The guild's event, or what is in its inbox, goes on when it is its turn. */
void hub_busy(struct hub *h, struct guild_sub *s);
/* The feed has become live: what came meanwhile has its turn. */
void serve_rouse_guild(struct guild_sub *s);
void serve_rouse_user(struct user_sub *u);
/* The bus lost something, perhaps of this stream. */
void serve_lost_guild(struct guild_sub *s);
void serve_lost_user(struct user_sub *u);
/* An event was given to the guild's sessions. */
void serve_note_applied(struct guild_sub *s);
/* The guild has had its part of this turn, or is far enough ahead of the writing. */
bool serve_enough(const struct guild_sub *s);

/* transport.c */
/* One frame with this payload, now. */
void gw_conn_frame(struct gw_conn *g, enum ws_opcode opcode, struct slice payload);
/* With the close code of the row; its session, if any, is detached before this returns. */
void gw_conn_close(struct gw_conn *g, enum err why);
void gw_conn_reconnect(struct gw_conn *g);             /* op 7, then closes, resumable */
void gw_conn_deadline(struct gw_conn *g, uint64_t ms); /* restart the one timer */
/* The connection goes to another loop, where the command `text` (a Resume) is handled again. */
void gw_conn_move(struct gw_conn *g, struct hub *to, struct slice text);

/* stall.c */
/* Something was written, or could be: queued_before bytes waited for the kernel before that. */
void stall_note(struct gw_conn *g, size_t queued_before);
void stall_forget(struct gw_conn *g);

/* commands.c */
/* Handlers of the opcode table's rows SESSION: `d` is borrowed, may be NULL or of any type. They
 * may close the connection, never free s. */
/* presence_command.c */
void gw_op_presence(struct session *s, const json_t *d);
/* voice_command.c */
void gw_op_voice_state(struct session *s, const json_t *d);
/* member_request.c */
void gw_op_request_members(struct session *s, const json_t *d);
/* member_list_command.c */
void gw_op_guild_subscriptions(struct session *s, const json_t *d);
void gw_op_guild_subscriptions_bulk(struct session *s, const json_t *d);
/* guild_info.c */
void gw_op_soundboard_sounds(struct session *s, const json_t *d);
void gw_op_channel_info(struct session *s, const json_t *d);

void gw_command(struct gw_conn *g, struct slice text);
/* A ping or pong came; false: too many, the connection is closed. */
MUST_CHECK bool gw_control(struct gw_conn *g);
void gw_invalid_session(struct gw_conn *g, bool resumable);

/* identify.c */
void gw_identify(struct gw_conn *g, const json_t *d);
void gw_identify_abandon(struct gw_conn *g); /* the connection is going */
/* The token itself, without "Bot " or "Bearer ". */
struct slice gw_token(struct slice token);

/* resume.c */
/* The loop that a session id names: its number modulo those there are, so that sessions keep their
 * ids when a restart has changed that. NULL: it is no id. */
struct hub *gateway_hub_of(struct gateway *g, struct slice id);
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
/* What it is found by in hub->sessions; 0: no id. */
uint64_t session_key(struct slice id);
/* One of before a restart, by its id, detached; the caller says until when. NULL: no memory, or no
 * such id. */
struct session *session_revive(struct hub *h, const struct principal *who, struct slice id);
/* Lets go of what is too old to be resumed from. */
void session_age(struct session *s);
/* The session ends after so long without a connection. */
void session_expire(struct session *s, uint64_t ms);
/* One of the steps of s->restoring was made. */
void session_arrives(struct session *s);
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
/* The same to many sessions of one hub. Borrowed, both. */
void session_push_all(struct session *const *sessions, uint32_t count, struct bytes *payload);
/* READY, or a guild of it: as large as it must be, whatever the cap. */
void session_push_asked(struct session *s, struct bytes *payload);
/* GUILD_DELETE: the guild is left, or is no more. */
void session_push_guild_delete(struct session *s, uint64_t guild_id);
struct guild_link *session_link(struct session *s, uint64_t guild_id);
/* Memory for so many links at once; false when it is short. */
MUST_CHECK bool session_reserve_links(struct session *s, size_t count);
MUST_CHECK bool session_add_link(struct session *s, struct guild_link *l);
void session_remove_link(struct session *s, struct guild_link *l);
/* An event of the user's own stream. May free s. */
void session_user_event(struct session *s, struct event *e);

/* frames.c */
/* One message that is no dispatch, in the connection's encoding and compression, now. */
void gw_conn_send(struct gw_conn *g, struct slice json);
/* Sends what is unsent, as far as the connection takes it. */
void session_flush(struct session *s);

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
/* An event of the stream, from the bus, whose turn it is. */
void user_sub_give(struct user_sub *u, struct event *e);

/* guild.c */
struct guild_sub *guild_sub_get(struct hub *h, uint64_t guild_id);
/* An event of the guild, from the bus, whose turn it is: the feed is live and idle. */
void guild_sub_give(struct guild_sub *s, struct event *e);
void guild_sub_want(struct guild_sub *s);
void guild_sub_start_job(struct guild_sub *s);
/* Goes on with the event that is being applied, and with the feed that was paused for it. */
void guild_sub_continue(struct guild_sub *s);
void guild_sub_free(struct guild_sub *s);

/* link.c */
/* Links a session to the guild: the link waits until the guild is live and has reached
 * min_position, then GUILD_CREATE is pushed (or READY tried). `m` is copied. NULL: no memory. */
struct guild_link *guild_link_new(struct session *s, const struct membership *m);
/* Unlinks and frees; the guild is freed at the end of the turn if nobody is left. */
void guild_link_free(struct guild_link *l);
/* May it enter now? Has the membership read again if it changed since it was read. */
bool guild_link_ready(struct guild_link *l);
/* It waits no more, and what was only needed for the first payload is let go. */
void guild_link_entered(struct guild_link *l);
void guild_link_activate(struct guild_link *l);
/* The event changed something about a member: who is about to enter may have read the old state. */
void guild_note_member(struct guild_sub *s, const struct event *e);

/* audience.c: visibility classes */
/* Puts the link into the class of its member; false when memory is short. Not while the view
 * changes, and not in a window: it would be shown what is in doubt. */
MUST_CHECK bool audience_join(struct guild_link *l);
void audience_leave(struct guild_link *l);
/* Nothing rather than too much, and nothing silently: the client begins anew. */
void audience_give_up(struct guild_link *l);
void audience_give_up_all(struct audience_class *c);
/* The member's standing is another from here on: into the class of that, with the channels that
 * appear and vanish for the session. `late`: it is another only from a later event on; nothing
 * appears until then. */
void audience_move(struct guild_link *l, const struct standing *now, bool late);
/* After a window: whoever has the same as others again is in one class with them. */
void audience_merge(struct guild_sub *s);
/* Into a class of the user's own that sees what the present one sees. */
void audience_single_out(struct guild_link *l);
/* deliver.c: to everybody at once; or, in a big guild, in slices: false, there is more to do */
void audience_deliver(struct guild_sub *s, const struct event *e);
void delivery_begin(struct guild_sub *s, const struct event *e);
MUST_CHECK bool delivery_run(struct guild_sub *s, const struct event *e);
/* The class as somebody whom permissions are computed for. */
struct subject audience_subject(const struct audience_class *c);
/* audience_compute.c */
/* What a class has already. All 0: it counts for nothing. */
struct audience_basis {
    const uint64_t *held;   /* per channel of the view before, and for the guild */
    size_t held_count;      /* the channels of that */
    const uint32_t *before; /* per channel of the present view, its index there, or
                               VIEW_DIFF_NONE; NULL: the views are the same */
    const bool *changed;    /* where not, what is held stays; NULL: all is computed */
    bool bounded;           /* no more than is held */
};
/* Permissions in every channel of the present view, and in the guild; in a window no more than the
 * structure before it gives. The caller's; NULL when memory is short. */
uint64_t *audience_compute(struct guild_sub *s, const struct audience_class *c,
                           const struct audience_basis *b, int64_t now_ms);
/* audience.c: `permissions` become those of the class; was the time-out over when they were
 * computed? Sees to it that they are computed again when it is. */
void audience_install(struct guild_sub *s, struct audience_class *c, uint64_t *permissions,
                      int64_t now_ms);
/* Whether the view treats the user by name: the owner, or an overwrite. */
bool audience_is_special(const struct guild_view *v, uint64_t user_id);

/* turnover.c: a new view, in slices */
/* The view from this event on, or the end of the window that it reaches. True: turnover_run has
 * work to do; if it returns false, there is more, in another turn. */
MUST_CHECK bool turnover_begin(struct guild_sub *s, const struct event *e);
MUST_CHECK bool turnover_run(struct guild_sub *s);
void turnover_end(struct guild_sub *s);

/* ready.c: payloads of one session */
enum gw_dispatch {
#define X(name, when) DISPATCH_##name,
#include "gateway/dispatches.def"
#undef X
};
/* A dispatch that answers one session: write the value of d (an object) with w, then end. `out` is
 * emptied first (mostly hub->scratch). NULL when memory is short. */
void dispatch_begin(struct json_writer *w, struct buf *out, enum gw_dispatch what);
struct bytes *dispatch_end(struct buf *out);
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
