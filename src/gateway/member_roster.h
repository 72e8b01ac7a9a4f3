#pragma once

/*
 * The roster of a guild on one loop: the members that its lists show, read once for all of them. It
 * is made by the first who looks at a list, and freed with the last. Of a small guild it holds
 * everybody, of a large one who is there.
 *
 * It is brought up to date in rounds: whoever has changed, or may have, is noted; a round reads
 * them from the store, moves them to their new places in all lists, and tells those who look on. So
 * many changes of one member between two rounds are one, and a list is never told about in between.
 *
 *   member_rows.c      the order of a list, its steps; pure
 *   member_card.c      a member as lists show one
 *   member_groups.c    the groups that all lists of a guild have
 *   member_roster.c    the rounds
 *   member_roster_read.c  reading members, and putting them where they belong
 *   member_list.c      the lists: who is in one, who looks at it
 *   member_list_tell.c what they are told
 *   member_list_id.c   what a list is called
 *   member_list_command.c  ops 14 and 37
 *   member_subscription.c  from what a session asked for to its seats at lists
 */

#include "core/member_pages.h"
#include "gateway/member_list.h"
#include "gateway/member_rows.h"
#include "gateway/presence.h"

enum {
    ROSTER_SMALL = 1000, /* members of a guild up to which lists show who is offline (Discord) */
    ROSTER_SMALL_AGAIN = 900, /* ... once it was larger: not to and fro */
    ROSTER_CARDS_MAX = MEMBER_ROWS_MAX,
    ROSTER_NOTED_MAX = 4096, /* more of them: the roster is read anew */
    ROSTER_READ_MAX = 500,   /* members in a round */
    ROSTER_ROUND_MS = 100,
    ROSTER_ROUND_LARGE_MS = 500, /* from so many cards */
    ROSTER_LARGE = 2000,
    SUBSCRIPTION_CHANNELS_MAX = 5,  /* of a session in a guild (Discord), also below */
    SUBSCRIPTION_RANGES_MAX = 5,    /* of a channel */
    SUBSCRIPTION_MEMBERS_MAX = 100, /* of a session in a guild (ours) */
    MEMBER_LIST_ID_MAX = 16
};

/* A member as lists show one; immutable but for the presence and what follows from it. */
struct member_card {
    struct member_place place; /* first */
    struct presence *presence; /* NULL: offline; a reference of its own */
    int64_t timed_out_until_ms;
    bool pending;
    uint32_t role_count;
    uint32_t json_len;
    const char *json; /* the member object without its last brace; as place.name behind the roles */
    struct role_id roles[];
};

/* What a list's group stands for; all lists of the guild have the same. */
struct member_group {
    uint64_t role; /* 0: online or offline */
    const char *name;
};

struct member_roster {
    struct guild_sub *guild;
    uint64_t id;      /* of the hub's rosters; jobs name it */
    struct map cards; /* by user */
    struct map noted; /* users of the next round -> enum roster_note */
    struct list lists;
    struct list subscriptions; /* of links: all that there are in the guild on this loop */
    struct member_group *groups;
    uint32_t group_count;
    uint64_t shape; /* hash of what of the roles the lists follow from */
    bool whole;     /* who is offline is in it */
    bool loaded;
    bool reload;    /* read everything again */
    bool resolve;   /* the view has changed: who sees what, and what lists are called */
    bool reading;   /* a job is under way */
    uint64_t after; /* of the next page, while a whole one is loaded */
    struct timer timer;
    struct timer filling; /* while there are lists that are not filled */
};

enum roster_note { ROSTER_PRESENCE = 1, ROSTER_MEMBER = 2 };

struct member_list {
    struct list node;
    struct member_roster *roster;
    char id[MEMBER_LIST_ID_MAX];
    uint64_t channel; /* one of those that it is the list of */
    struct member_rows rows;
    uint32_t told_total;
    bool filled; /* if not, it is empty, and nobody is told anything of it until it is */
    struct list looks;
};

/* Those who look at the same ranges of a list: they are told the same. */
struct member_look {
    struct list node;
    struct member_list *list;
    struct member_ranges ranges;
    struct list seats;
};

/* One session at a list. */
struct member_seat {
    struct list node;
    struct guild_link *link;
    struct member_look *look; /* NULL: free */
};

struct guild_subscription {
    struct list node; /* in the roster's, if there is one */
    struct guild_link *link;
    bool typing;
    bool threads;
    bool activities;
    bool stale; /* the session may see other channels than before */
    uint32_t channel_count;
    struct subscribed_channel {
        uint64_t id;
        struct member_ranges ranges;
    } channels[SUBSCRIPTION_CHANNELS_MAX];
    struct member_seat seats[SUBSCRIPTION_CHANNELS_MAX];
    uint32_t member_count;
    uint64_t members[];
};

/* member_card.c */
/* NULL: no memory. Any thread; without presence, in no group. `scratch` is used. */
struct member_card *member_card_new(const struct member *m, struct buf *scratch);
void member_card_free(struct member_card **c);
bool member_card_same(const struct member_card *a, const struct member_card *b);
struct subject member_card_subject(const struct member_card *c);

/* member_roster.c */
struct member_roster *member_roster_get(struct guild_sub *s);
/* Nobody may be left who needs it. */
void member_roster_release(struct guild_sub *s);
void member_roster_arm(struct member_roster *r);
/* The same, but not soon: something is short. */
void member_roster_retry(struct member_roster *r);
void member_roster_note(struct member_roster *r, uint64_t user, enum roster_note what);
/* Who looks at what, as far as that may have changed. False: nobody any more, the roster is gone.
 */
MUST_CHECK bool member_roster_resolve(struct guild_sub *s);
/* Everybody who belongs into it is in it: the lists are filled, not told. */
void member_roster_loaded(struct member_roster *r);

/* member_roster_read.c */
/* The next page of a whole roster (ids NULL), or those members; they are put into it. */
void member_roster_read(struct member_roster *r, const uint64_t *ids, size_t count);
/* Of a card in it nothing but the presence has changed, if anything. */
void member_roster_put_presence(struct member_roster *r, const struct member_card *old);

/* member_groups.c */
/* As of the guild's view. False when memory is short, and nothing has changed. */
MUST_CHECK bool member_roster_make_groups(struct member_roster *r);
/* What of the view decides who is shown where, as one number. */
uint64_t member_roster_shape(const struct guild_view *v);
uint32_t member_roster_group(const struct member_roster *r, const struct member_card *c);

/* member_list.c */
/* Of the channel, made if absent. NULL: no memory, or too many. */
struct member_list *member_list_get(struct member_roster *r, const struct channel *ch);
void member_list_fill(struct member_list *l);
/* Emptied, to be filled in a turn of the loop of its own: the largest take milliseconds, and there
 * may be a hundred. */
void member_list_refill(struct member_list *l);
bool member_list_shows(const struct member_list *l, const struct member_card *c);
/* The card takes the place of the old one, in all lists; either may be NULL. old is freed. */
void member_lists_put(struct member_roster *r, struct member_card *old, struct member_card *now);
/* The seat looks at those ranges from now on, and is told them if the roster is loaded; no ranges:
 * at nothing. */
void member_seat_take(struct member_seat *seat, struct member_list *l,
                      const struct member_ranges *ranges);
void member_seat_leave(struct member_seat *seat);

/* member_list_tell.c */
/* All who look at the list, of the change that it holds. */
void member_list_tell(struct member_list *l);
/* All who look at a list of the roster, of the change that it holds. */
void member_lists_tell(struct member_roster *r);
/* One seat: `gone` is nothing of its business any more, `fresh` is new to it. Either may be empty.
 */
void member_seat_tell(struct member_seat *seat, const struct member_ranges *gone,
                      const struct member_ranges *fresh);

/* member_list_id.c */
void member_list_id(const struct guild_view *v, const struct channel *ch,
                    char out[MEMBER_LIST_ID_MAX]);
uint32_t member_list_hash(struct slice text);

/* member_subscription.c */
/* Seats and watching as the subscription and the view say now. */
void subscription_resolve(struct guild_subscription *sub);
