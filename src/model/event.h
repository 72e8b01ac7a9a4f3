#pragma once

/*
 * An event: one change of state on its way from the transaction that made it to whoever listens.
 * Immutable once emitted (the store fills in `position` before the commit is announced), shared by
 * reference between threads, freed with its last reference. Its payload bytes are made once.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"
#include "model/guild_view.h"
#include "model/ids.h"
#include "model/intents.h"

enum stream_kind { STREAM_GUILD = 1, STREAM_DM = 2, STREAM_USER = 3, STREAM_INSTANCE = 4 };

struct stream {
    enum stream_kind kind;
    uint64_t id;
};

enum event_kind {
#define X(name, number, stream, audience, intents, permissions, kept, replay) EVENT_##name = number,
#include "model/events.def"
#undef X
    EVENT_KIND_END
};
enum event_audience {
    AUDIENCE_GUILD,
    AUDIENCE_CHANNEL,
    AUDIENCE_USER,
    AUDIENCE_MEMBER,
    AUDIENCE_VIEW,
    AUDIENCE_SUBSCRIBED,
    AUDIENCE_NONE
};
enum event_kept { KEPT_LOGGED, KEPT_EPHEMERAL };
enum event_replay { REPLAY_ENTITY, REPLAY_IDS, REPLAY_NEVER };

struct event_info {
    const char *name;
    enum event_kind kind;
    enum stream_kind stream;
    enum event_audience audience;
    uint32_t intents;
    uint64_t permissions; /* one of them is needed in the channel or guild; 0: none */
    enum event_kept kept;
    enum event_replay replay;
};

/* NULL for numbers that are not in the table. */
const struct event_info *event_info(enum event_kind kind);
/* What a frame calls it ("t"): the name, without the DIRECT_ of those of direct messages. */
const char *event_dispatch_name(enum event_kind kind);

enum { EVENT_REQUEST_ID_MAX = 64 };

/* What decides, besides the guild's view, what a member sees and may do. */
struct standing {
    uint64_t position; /* of the event that made it so; later than that of the event that brings it,
                          if that was read from the log */
    int64_t timed_out_until_ms;
    bool pending;
    uint32_t role_count;
    struct role_id roles[]; /* ascending */
};
/* NULL when memory is short. */
MUST_CHECK struct standing *standing_new(const struct member *m);

/* What a VOICE_STATE_UPDATE says. Who sees the channel gets the payload; who sees only the one that
 * was left, `gone`, in which the channel is null. */
struct voice_change {
    struct voice_state state; /* afterwards; channel 0: left */
    struct channel_id from;   /* left by it; 0: none */
    struct bytes *gone;       /* NULL: the payload does */
    struct bytes *member;     /* of the user, as JSON; NULL: none */
};

struct event {
    _Atomic uint32_t refs;
    enum event_kind kind;
    struct stream stream;
    uint64_t position; /* in the stream, from 1; 0: ephemeral or not yet committed */
    int64_t at_ms;
    uint64_t guild_id;
    uint64_t channel_id;
    uint64_t entity_id; /* message, role, user ... by kind */
    uint64_t actor_id;
    uint8_t token_hash[32]; /* of TOKEN_REVOKED */
    /* The dispatch without its beginning: `"t":"NAME","op":0,"d":{...}}` (gateway prepends
     * `{"s":N,`). NULL for kinds of audience NONE. */
    struct bytes *payload;
    /* As payload, with what the MESSAGE_CONTENT intent guards left empty. NULL: same as payload. */
    struct bytes *payload_blank;
    /* As payload, with what the message replies to left empty. NULL: same as payload. */
    struct bytes *payload_own;
    /* Users whose sessions get content even without MESSAGE_CONTENT (author, mentioned). A list of
     * at most 101; the first so many get `payload`, the others `payload_own`. */
    const uint64_t *content_users;
    uint32_t content_user_count;
    uint32_t content_whole_count; /* of those; event_new: all */
    /* The structure of the guild as of this event, if the event changed it; of an event from the
     * log, that of the moment of reading, with its position. Owned reference. */
    struct guild_view *view;
    /* Of GUILD_MEMBER_UPDATE: what decides what the member (entity_id) sees from here on. NULL: the
     * event did not change it. Owned, freed with the event. */
    struct standing *standing;
    /* Of VOICE_STATE_UPDATE. Owned, freed with the event. */
    struct voice_change *voice;
    char request_id[EVENT_REQUEST_ID_MAX + 1]; /* of the request that caused it; "" if none */
};

/* Zeroed, one reference, with room for content_users copied in. NULL when memory is short. */
MUST_CHECK struct event *event_new(enum event_kind kind, struct stream stream,
                                   const uint64_t *content_users, uint32_t content_user_count);
struct event *event_ref(struct event *e);
/* NULL allowed; nulls the caller's copy; drops payloads and view with the last reference. */
void event_unref(struct event **e);
