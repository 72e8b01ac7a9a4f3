#pragma once

/* Guilds: making them, and their views. */

#include "base/arena.h"
#include "core/access.h"
#include "core/channels.h"
#include "core/core.h"
#include "core/media.h"
#include "model/read_state.h"
#include "model/relationship.h"

/*
 * A guild to be made. Roles and channels name each other by where they stand in the lists: a role's
 * overwrite by the role's index, a parent and the two channels by index + 1. Their own ids and
 * guild are not looked at.
 */
struct guild_draft {
    struct slice name;
    struct slice description;      /* data NULL: none */
    struct slice preferred_locale; /* data NULL: en-US */
    uint32_t verification_level;
    uint32_t default_message_notifications;
    uint32_t explicit_content_filter;
    uint32_t afk_timeout; /* 0: the default */
    uint32_t system_channel_flags;
    const struct media_image *icon; /* NULL: none */
    const struct role *roles;       /* first @everyone; none: as Discord makes it */
    size_t role_count;
    const struct channel *channels; /* none: a few, as Discord makes them */
    size_t channel_count;
    size_t afk_channel;
    size_t system_channel;
    struct slice template_code; /* of the template that this is a use of; data NULL: none */
};

/* Its owner is the first member. BOTS_CANNOT_USE is the route's check, not this one's. *view is an
 * owned reference. MAX_GUILDS. */
MUST_CHECK enum err guild_create(struct core *c, const struct actor *by,
                                 const struct guild_draft *d, struct guild_view **view);

/* What a guild's images are kept by; the order of `images` below. */
enum guild_image {
    GUILD_IMAGE_ICON,
    GUILD_IMAGE_BANNER,
    GUILD_IMAGE_SPLASH,
    GUILD_IMAGE_DISCOVERY_SPLASH,
    GUILD_IMAGE_HOME_HEADER,
    GUILD_IMAGES
};
extern const enum media_kind guild_image_kinds[GUILD_IMAGES];

struct guild_change {
    uint32_t set;    /* bits of enum body_guild_field (proto/bodies_guilds.h): what is to change */
    struct guild to; /* those fields; of the features only FEATURES_OWNER count */
    const struct media_image *images[GUILD_IMAGES]; /* of those that are set; NULL: none any more */
};
/*
 * Needs MANAGE_GUILD; ADMINISTRATOR for COMMUNITY and DISCOVERABLE, being the owner for a new
 * owner. Emits GUILD_UPDATE if anything changed. INVALID_FORM with *problem, NOT_OWNER,
 * UNKNOWN_MEMBER, OWNER_BOT, OWNER_PENDING, COMMUNITY_CHANNEL_TYPE. *view: the guild afterwards, an
 * owned reference.
 */
MUST_CHECK enum err guild_edit(struct core *c, const struct actor *by, const struct access *a,
                               const struct guild_change *change, struct guild_view **view,
                               struct draft_problem *problem);
/* By its owner; NOT_OWNER. Effective at once, see guild_delete.h. */
MUST_CHECK enum err guild_delete_own(struct core *c, const struct access *a);

/* The current view, from the cache or loaded; UNKNOWN_GUILD. Owned reference. */
MUST_CHECK enum err guild_view_get(struct core *c, struct guild_id id, struct guild_view **out);

/* More are connected in the largest guilds alone; of the others clients ask, if they need to. */
enum { VOICE_MEMBERS_MAX = 1000 };

/* All about a guild at one moment, for the gateway: one read transaction. */
struct guild_snapshot {
    struct guild_view *view; /* owned reference */
    uint64_t position;       /* of the guild's stream; everything up to it is in here */
    uint64_t member_count;
    struct message_id *last_messages; /* per channel of the view, same order; in the arena */
    struct voice_state *voice;        /* ascending by user; likewise */
    size_t voice_count;
    struct member *voice_members; /* of the first VOICE_MEMBERS_MAX of these, in no order */
    size_t voice_member_count;
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
    struct session_people {
        const struct dm_channel *dms; /* that are open */
        size_t dm_count;
        const struct relationship *relationships;
        size_t relationship_count;
        const struct note *notes;
        size_t note_count;
        struct slice settings; /* JSON as the API shows it */
        struct read_summary read;
    } people; /* of people; of bots empty */
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

/* Guilds that somebody is in, a page of them: ascending by id, after `after` (0: from the first);
 * or with `before` (not 0) alone, those just before it. */
struct own_guild {
    struct member member; /* the user's own */
    uint64_t member_count;
};
enum { OWN_GUILDS_PAGE = 200 }; /* docs, "Get Current User Guilds" */
MUST_CHECK enum err guilds_list_own(struct core *c, struct user_id user, uint64_t before,
                                    uint64_t after, size_t limit, struct arena *arena,
                                    struct own_guild **out, size_t *count);
