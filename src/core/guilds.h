#pragma once

/* Guilds: making them, and their views. */

#include "base/arena.h"
#include "core/access.h"
#include "core/core.h"

struct guild_draft {
    struct slice name;
    struct slice description;      /* data NULL: none */
    struct slice preferred_locale; /* data NULL: en-US */
    uint32_t verification_level;
    uint32_t default_message_notifications;
    uint32_t explicit_content_filter;
};

/* The guild with @everyone, categories and channels "general" (text) and "General" (voice) as
 * Discord makes them, its owner as first member. BOTS_CANNOT_USE is the route's check, not this
 * one's. *view is an owned reference. */
MUST_CHECK enum err guild_create(struct core *c, const struct actor *by,
                                 const struct guild_draft *d, struct guild_view **view);

/* The current view, from the cache or loaded; UNKNOWN_GUILD. Owned reference. */
MUST_CHECK enum err guild_view_get(struct core *c, struct guild_id id, struct guild_view **out);

/* All about a guild at one moment, for the gateway: one read transaction. */
struct guild_snapshot {
    struct guild_view *view; /* owned reference */
    uint64_t position;       /* of the guild's stream; everything up to it is in here */
    uint64_t member_count;
    struct message_id *last_messages; /* per channel of the view, same order; in the arena */
};
MUST_CHECK enum err guild_snapshot_load(struct core *c, struct guild_id id, struct arena *arena,
                                        struct guild_snapshot *out);
/* For GET /guilds/{id}?with_counts and GUILD_CREATE. */
MUST_CHECK enum err guild_member_count(struct core *c, struct guild_id id, uint64_t *count);

/* What a gateway session begins with: the account and where it is a member; one read transaction.
 */
struct session_snapshot {
    struct user user;
    struct application application; /* of bots */
    uint64_t user_position;         /* of the user's stream */
    struct membership {
        struct guild_id guild;
        uint64_t position;    /* of the guild's stream at this moment */
        struct member member; /* the user's own */
    } * memberships;
    size_t membership_count;
};
/* UNKNOWN_TOKEN: revoked since `who` was authenticated. Everything in the arena. */
MUST_CHECK enum err session_snapshot_load(struct core *c, const struct principal *who,
                                          struct arena *arena, struct session_snapshot *out);
/* One membership of it, for a guild joined later; UNKNOWN_MEMBER. */
MUST_CHECK enum err membership_load(struct core *c, struct user_id user, struct guild_id guild,
                                    struct arena *arena, struct membership *out);

/* Reads the log of a stream after a position and rebuilds its events by their replay rules, at most
 * `max`. A row whose entity is gone gives an event without payload, so that positions stay whole.
 * fn takes over each reference, on the caller's thread, inside the read: it must not use the store.
 * Events that change the structure carry it as it is now, which may be later than their position.
 * After an error the events before it have been given to fn; go on from the last of them, but after
 * LOG_TRIMMED: what follows is gone (event_log.h), begin anew. Used to refill after a gap, and to
 * catch up after days. */
MUST_CHECK enum err events_replay(struct core *c, struct stream s, uint64_t after, unsigned max,
                                  void (*fn)(void *ctx, struct event *e), void *ctx);
