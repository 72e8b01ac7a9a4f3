#pragma once

/* Scheduled events of guilds. Those that have not ended are in the guild's view. */

#include "core/access.h"
#include "core/channels.h"
#include "core/media.h"

enum scheduled_field {
    SCHEDULED_SETS_NAME = 1,
    SCHEDULED_SETS_DESCRIPTION = 2,
    SCHEDULED_SETS_IMAGE = 4,
    SCHEDULED_SETS_START = 8,
    SCHEDULED_SETS_END = 16,
    SCHEDULED_SETS_STATUS = 32,
    SCHEDULED_SETS_ENTITY_TYPE = 64,
    SCHEDULED_SETS_CHANNEL = 128,
    SCHEDULED_SETS_LOCATION = 256,
    SCHEDULED_SETS_RECURRENCE = 512
};

struct scheduled_draft {
    unsigned set; /* enum scheduled_field */
    struct slice name;
    struct slice description;        /* data NULL: none, also below */
    const struct media_image *image; /* NULL: none */
    int64_t start_ms;
    int64_t end_ms; /* 0: none */
    enum scheduled_status status;
    enum scheduled_entity entity_type;
    struct channel_id channel; /* 0: none */
    struct slice location;
    struct slice recurrence; /* JSON */
};

/*
 * Emit GUILD_SCHEDULED_EVENT_CREATE, _UPDATE, _DELETE. Who may: CREATE_EVENTS in the channel or the
 * guild for one's own, MANAGE_EVENTS for anybody's; in a voice channel also CONNECT, in a stage
 * MANAGE_CHANNELS, MUTE_MEMBERS and MOVE_MEMBERS. MISSING_PERMISSIONS, UNKNOWN_SCHEDULED_EVENT
 * (also one whose channel the actor does not see), MAX_SCHEDULED_EVENTS, EVENT_FINISHED,
 * INVALID_FORM with *problem. *out: as it is now, in the arena.
 */
MUST_CHECK enum err scheduled_event_create(struct core *c, const struct actor *by,
                                           const struct access *a, const struct scheduled_draft *d,
                                           struct arena *arena, struct scheduled_event *out,
                                           struct draft_problem *problem);
MUST_CHECK enum err scheduled_event_edit(struct core *c, const struct actor *by,
                                         const struct access *a, struct scheduled_event_id id,
                                         const struct scheduled_draft *d, struct arena *arena,
                                         struct scheduled_event *out,
                                         struct draft_problem *problem);
MUST_CHECK enum err scheduled_event_delete(struct core *c, const struct actor *by,
                                           const struct access *a, struct scheduled_event_id id);

/* Whether the member sees it: its channel, if it has one. */
bool scheduled_event_visible(const struct access *a, const struct scheduled_event *x,
                             int64_t now_ms);
/* One, ended or not. UNKNOWN_SCHEDULED_EVENT, also if `a` does not see it. */
MUST_CHECK enum err scheduled_event_get(struct core *c, const struct access *a,
                                        struct scheduled_event_id id, struct arena *arena,
                                        struct scheduled_event *out);
/* How many are interested, for each event of the view in its order. */
MUST_CHECK enum err scheduled_event_interest(struct core *c, const struct guild_view *v,
                                             struct arena *arena, uint64_t **out);

/* The actor is interested, or not any more. Emit GUILD_SCHEDULED_EVENT_USER_ADD, _REMOVE if that is
 * a change. UNKNOWN_SCHEDULED_EVENT, EVENT_FINISHED. */
MUST_CHECK enum err scheduled_event_follow(struct core *c, const struct actor *by,
                                           const struct access *a, struct scheduled_event_id id,
                                           bool follows);

struct scheduled_follower {
    struct user user;
    bool is_member; /* of the guild, still; only if that was asked for */
    struct member member;
};
struct scheduled_followers_query {
    struct scheduled_event_id event;
    uint64_t before; /* ids of users; 0: none, also below */
    uint64_t after;
    unsigned limit;
    bool with_member;
};
/* Ascending by user. UNKNOWN_SCHEDULED_EVENT. */
MUST_CHECK enum err scheduled_event_followers(struct core *c, const struct access *a,
                                              const struct scheduled_followers_query *q,
                                              struct arena *arena, struct scheduled_follower **out,
                                              size_t *count);
