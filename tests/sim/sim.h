#pragma once

/*
 * The whole gateway in one thread, from a seed: the real code of src/gateway between a model of
 * everything around it. README.md says what is real and what is not.
 *
 *   sim_net    loops, connections, workers: a scheduler on virtual time, sockets as pipes of bytes
 *   sim_bus    a bus that drops, repeats and reorders
 *   sim_core   the functions of the core that the gateway calls, answered from the model
 *   sim_world  the model: guilds, users, their streams; who may see what at every position
 *   sim_client clients that read and write the bytes of real WebSockets
 *   sim_check  what a client was told, against the model
 *   sim_bugs   faults that are put into the gateway, to see that they are found
 *   sim_round  one world from its beginning to its end
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/random.h"
#include "gateway/gateway_priv.h"
#include "model/permissions.h"

enum {
    SIM_GUILDS_MAX = 32,
    SIM_SEATS = 64, /* users who are or were in a guild: one bit each */
    SIM_CHANNELS = 16,
    SIM_ROLES = 6,
    SIM_OVERWRITES = 3,
    SIM_LOOPS_MAX = 4,
    SIM_USERS_MAX = 1024,
    SIM_NO_SEAT = 255,
    SIM_NO_CHANNEL = 255,
};

/* ---- the round ---- */

struct sim_options {
    uint64_t events;   /* of the log, in this round */
    unsigned sessions; /* clients */
    unsigned guilds;
    unsigned loops;
    unsigned users;
    FILE *trace;
    bool replay; /* a recording in place of made-up commits */
    int verbose;
};

struct sim_counts {
    uint64_t deliveries; /* dispatches that a client took and that were checked */
    uint64_t events;     /* of the log */
    uint64_t checked;    /* ... deliveries of those, against the model */
    uint64_t readys, resumes, invalid, cuts, closes, kicks, structure, restarts, handed_over;
    uint64_t refills, trims, drops, repeats, reorders, refused, moves, slow, blanks, replayed;
    uint64_t digest;
    size_t gateway_bytes_max, bytes_live_max;
};

struct sim {
    uint64_t seed;
    struct random_seeded random;
    struct sim_options o;
    struct sim_counts n;
    uint64_t now_ms; /* monotonic and, from an epoch, wall */
    bool stopping;   /* no worker takes a job */
    bool calm;       /* nothing fails any more, nothing changes: the round is to settle */
    /* What this world is like. */
    bool late_views; /* the log is read back with the structure of now */
    bool trims;
    unsigned bus_faults; /* of 1,000 */
    unsigned job_faults;
    unsigned cuts;
    unsigned slow;
    unsigned pace; /* jobs a tick */
    uint64_t heartbeat_ms;
    uint64_t window_ms;
    uint64_t identify_ms;
    struct gateway *gateway;
    struct bus *bus;
    struct clock clock;
    struct random source;
    uint64_t tick;
};
extern struct sim SIM;

static inline uint64_t sim_below(uint64_t bound)
{
    return random_seeded_next(&SIM.random) % bound;
}

/* Once in so many times. */
static inline bool sim_one_in(uint64_t n)
{
    return sim_below(n) == 0;
}

/* A violation: says so with the seed, and ends the process. */
__attribute__((noreturn, format(printf, 1, 2))) void sim_fail(const char *format, ...);
__attribute__((format(printf, 1, 2))) void sim_trace(const char *format, ...);
int64_t sim_wall_ms(void *ctx);

void sim_round_run(uint64_t seed, const struct sim_options *o, struct sim_counts *out);

/* ---- sim_net ---- */

struct sim_client;

/* The server's side; the clients' stays. */
void net_open(unsigned loops);
void net_close(void);
void net_free(void); /* after the gateway, some of whose timers hang on the loops */
void net_open_clients(void);
void net_close_clients(void); /* nothing may be left */
struct loop *net_loop(unsigned i);
/* Turns some loops, in random order. */
void net_run(void);
/* The loops have nothing to do that cannot wait; heartbeats may come and go. */
bool net_idle(void);
/* Something was posted to a loop, and has not run. */
bool net_has_tasks(void);
void jobs_run(unsigned at_most);
size_t jobs_waiting(void);
/* NULL: refused. */
struct conn *net_connect(struct gateway *g, unsigned loop, struct sim_client *c);
void net_write(struct conn *c, const void *data, size_t len);
/* Bytes that have come; *end: no more will. */
size_t net_read(struct conn *c, char *out, size_t max, bool *end);
/* The client lets go: in order (FIN), or so that the server learns of it when it does. */
void net_leave(struct conn *c);
void net_cut(struct conn *c);
/* Nobody reads, nobody closes. */
void net_abandon(struct conn *c);
/* Clients that may have something to read. */
struct sim_client *net_next_readable(void);
/* It has not read everything. */
void net_readable(struct sim_client *c);
/* Crash: every connection is cut at once, and heard of at once. */
void net_cut_all(void);
/* The clients' own timers run on this. */
struct loop *net_clients_loop(void);

/* ---- sim_bus ---- */

void sim_bus_tick(void);
bool sim_bus_idle(void);

/* ---- sim_world ---- */

struct sim_standing {
    bool member;
    bool temporary;
    bool pending;
    unsigned roles; /* bits; bit 0 is not used */
    int64_t timed_out_until_ms;
};

struct sim_seat {
    unsigned user;
    struct sim_standing now;
    uint64_t stood;  /* position of the event that made it so */
    uint64_t joined; /* likewise, a member */
};

struct sim_channel {
    bool there;
    bool category;
    uint64_t id;
    uint64_t last_message;
    struct overwrite overwrites[SIM_OVERWRITES];
    size_t overwrite_count;
};

/* Of every channel that ever was, by its number. */
struct sim_trail {
    uint64_t ever; /* seats that have seen it */
    uint8_t slot;
};

struct sim_entry {
    struct event *e;
    uint64_t must; /* seats that get it, intents apart */
    uint64_t may;
    uint32_t epoch;
    uint8_t slot; /* of its channel */
    bool content; /* payload_blank differs */
    bool reread;  /* a feed has it from the log, with the structure and the standing of later */
    bool voided;  /* ... and without its payload: what it is about is gone */
};

/* From a position on: who sees which channels. */
struct sim_epoch {
    uint64_t position;
    struct guild_view *view;
    uint16_t sight[SIM_SEATS]; /* bits: slots */
    struct sim_standing standings[SIM_SEATS];
};

struct sim_guild {
    uint64_t id;
    unsigned index;
    bool deleted;
    uint64_t owner; /* user id */
    uint64_t role_permissions[SIM_ROLES];
    struct sim_channel channels[SIM_CHANNELS];
    struct sim_trail *trails;
    size_t trail_count;
    size_t trail_capacity;
    struct sim_seat seats[SIM_SEATS];
    unsigned seat_count;
    struct guild_view *view;
    struct sim_entry *log; /* position i at i - 1 */
    uint64_t head;
    size_t log_capacity;
    uint64_t trimmed;
    struct sim_epoch *epochs;
    uint32_t epoch_count;
    uint32_t epoch_capacity;
    uint64_t member_count;
};

struct sim_user {
    uint64_t id;
    unsigned index;
    bool bot;
    unsigned generation; /* of the token */
    char token[48];
    uint8_t token_hash[32];
    uint8_t seats[SIM_GUILDS_MAX];
    struct event **log;
    uint64_t head;
    size_t log_capacity;
    uint64_t trimmed;
    int64_t seen_day_ms;
};

struct sim_world {
    struct sim_guild guilds[SIM_GUILDS_MAX];
    unsigned guild_count;
    struct sim_user *users;
    unsigned user_count;
};
extern struct sim_world WORLD;

void world_open(void);
void world_close(void);
/* One random transaction: state, log and bus. */
void world_change(void);
struct sim_guild *world_guild(uint64_t id);
struct sim_user *world_user(uint64_t id);
void world_leave(struct sim_guild *g, unsigned seat);
/* The guild's structure as of now. Roles go into `roles`. */
struct guild_view *world_view(const struct sim_guild *g, uint64_t position);
struct subject world_subject(const struct sim_guild *g, unsigned seat, const struct sim_standing *s,
                             struct role_id roles[SIM_ROLES]);
/* NULL: there was no such channel. */
const struct sim_trail *world_trail(const struct sim_guild *g, uint64_t channel);
/* Whether the seat sees what the entry is about in some view and with some standing from that epoch
 * on: what a log that is read back late may have made of it. */
bool world_possible(const struct sim_guild *g, unsigned seat, const struct sim_entry *x,
                    uint32_t from, bool seen);
/* The epoch in which the gap begins that the entry is in: of the last position before it that no
 * feed has from the log. */
uint32_t world_gap(const struct sim_guild *g, const struct sim_entry *x);
/* Whether the seat really saw that in some epoch from that one to the entry's. */
bool world_saw(const struct sim_guild *g, unsigned seat, const struct sim_entry *x, uint32_t from);
size_t world_roles(const struct sim_guild *g, unsigned bits, struct role_id out[SIM_ROLES]);

/* ---- sim_core ---- */

/* Whose token has that hash. */
enum err core_principal(const uint8_t hash[32], struct principal *out);

/* ---- sim_replay ---- */

/* One commit of a real server; numbers from 1, 0: none. */
struct recorded {
    uint64_t at_ms;
    enum event_kind kind;
    unsigned guild;
    unsigned channel;
    unsigned user;
};
bool replay_load(const char *path);
size_t replay_count(void);
void replay_rewind_all(void);
bool replay_until(uint64_t passed_ms);
/* The nearest thing in this world. */
void world_apply(const struct recorded *r);

/* ---- sim_client ---- */

enum sim_client_state {
    CLIENT_DOWN,
    CLIENT_HELLO,
    CLIENT_IDENTIFYING,
    CLIENT_RESUMING,
    CLIENT_LIVE
};
enum { CLIENT_RING = 64 };

/* What a client knows of a guild. */
struct sim_known {
    bool known;
    bool exact;     /* every entry after `last` was expected */
    uint64_t last;  /* position of the newest event of the guild that came */
    uint64_t lower; /* the session entered after this position */
    uint16_t sight;
    uint16_t come; /* of those, since `last` */
    uint64_t channels[SIM_CHANNELS];
    uint64_t floors[SIM_CHANNELS]; /* last_message_id as it was told */
};

struct sim_client {
    unsigned index;
    unsigned user;
    enum sim_client_state state;
    struct conn *conn;
    struct list readable;
    struct timer wake; /* to connect, or to send a heartbeat */
    uint32_t intents;
    unsigned shard, shard_count;
    unsigned generation; /* of the token that the session began with */
    bool resumable;
    bool resuming; /* this connection began with a Resume; an older RESUMED may come with it */
    bool closing_1000;
    bool garbage; /* has said something wrong: any close code is right */
    bool thief;   /* has tried another's session */
    bool future;  /* has resumed from a sequence number that was never given */
    bool replaced;
    unsigned appetite; /* bytes a tick; 0: all */
    char session_id[SESSION_ID_LEN + 1];
    uint64_t seq;
    uint64_t floor;             /* confirmed: never to be resumed from before */
    uint64_t expect;            /* the next number on this connection */
    uint64_t ring[CLIENT_RING]; /* hashes of dispatches by number */
    uint64_t stamp;             /* of the user's stream, as READY said */
    uint64_t direct;            /* position of the newest direct message */
    char *rx;
    size_t rx_len, rx_capacity;
    struct sim_known *guilds;
};

extern struct sim_client *CLIENTS;
extern unsigned CLIENT_COUNT;

void clients_open(unsigned count);
void clients_close(void);
/* Some of them do something foolish. */
void clients_disturb(void);
/* They read what has come. */
void clients_read(void);
/* All of them read everything, and come back. */
void clients_calm(void);
bool clients_settled(void);
/* They do not settle: says who, and fails. */
__attribute__((noreturn)) void clients_report(void);
/* They leave for good. */
void clients_leave(void);

/* ---- sim_check ---- */

/* A dispatch that is new to the client: its name and the text of its d. */
void check_dispatch(struct sim_client *c, struct slice name, struct slice d);
void check_ready(struct sim_client *c, struct slice d);
/* Nothing is under way any more: everything that was due has come. */
void check_settled(struct sim_client *c);
void check_forget(struct sim_client *c); /* a new session */

/* ---- sim_bugs ---- */

enum sim_bug {
    BUG_NONE,
#define X(name, text) BUG_##name,
#include "sim_bugs.def"
#undef X
    BUG_COUNT
};
extern enum sim_bug BUG;
bool bug_parse(const char *name);
void bug_list(void);
