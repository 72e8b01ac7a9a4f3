#pragma once

/*
 * A guild view: the structure of one guild (roles, channels, overwrites, expressions, what is on)
 * at one position of its stream; immutable but for the newest messages, reference-counted through
 * its snapshot header, shared by all threads. The API checks permissions on it and answers reads
 * from it, the gateway builds visibility classes from it. It does not hold members or messages.
 * Made from entities whose slices are copied in. A view that follows another shares the memory of
 * all that did not change: there, arrays and a channel's overwrites are at the same address.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/snapshot.h"
#include "model/entities.h"

/* What of a view a change touched. */
enum view_part {
    VIEW_GUILD = 1,
    VIEW_ROLES = 2,
    VIEW_CHANNELS = 4,    /* overwrites and tags too */
    VIEW_EXPRESSIONS = 8, /* emojis, stickers, sounds */
    VIEW_EVENTS = 16,     /* stages, scheduled events */
    VIEW_ALL = 31
};
enum { VIEW_PART_COUNT = 5 };

struct view_block;

struct guild_view {
    struct snapshot snapshot;       /* first */
    uint64_t position;              /* of the event in the guild's stream that made it so */
    uint64_t permission_generation; /* as stored with the guild */
    struct guild guild;
    const struct role *roles; /* ascending by id */
    size_t role_count;
    const struct channel *channels; /* ascending by id; overwrites inside; last_message is 0 */
    size_t channel_count;
    /* All ascending by id. */
    const struct emoji *emojis;
    size_t emoji_count;
    const struct sticker *stickers;
    size_t sticker_count;
    const struct sound *sounds;
    size_t sound_count;
    const struct stage_instance *stages;
    size_t stage_count;
    const struct scheduled_event *scheduled; /* not finished; user_count is 0 */
    size_t scheduled_count;
    /* Ids and permissions of `roles`, side by side: what a permission check looks through. */
    const uint64_t *role_ids;
    const uint64_t *role_permissions;
    /* Of guild_view.c: where the above is, by part; and the newest message of each channel. */
    struct view_block *blocks[VIEW_PART_COUNT];
    _Atomic uint64_t *last_messages;
};

/* What a view is made of; borrowed, in any order. */
struct guild_contents {
    const struct guild *guild;
    const struct role *roles;
    size_t role_count;
    const struct channel *channels;
    size_t channel_count;
    const struct emoji *emojis;
    size_t emoji_count;
    const struct sticker *stickers;
    size_t sticker_count;
    const struct sound *sounds;
    size_t sound_count;
    const struct stage_instance *stages;
    size_t stage_count;
    const struct scheduled_event *scheduled;
    size_t scheduled_count;
};

/* Copies everything. NULL when memory is short. One reference. */
MUST_CHECK struct guild_view *guild_view_make(const struct guild_contents *c, uint64_t position,
                                              uint64_t permission_generation);
/* The same for guild, roles and channels alone. */
MUST_CHECK struct guild_view *guild_view_new(const struct guild *guild, uint64_t position,
                                             uint64_t permission_generation,
                                             const struct role *roles, size_t role_count,
                                             const struct channel *channels, size_t channel_count);

/* How a view differs from the one before. */
struct guild_patch {
    unsigned parts; /* of enum view_part: these come from `contents`, which has no others */
    struct guild_contents contents;
    /* Some: of VIEW_CHANNELS only these have changed, and contents has those of them that still
     * exist. In any order; none twice. */
    const struct channel_id *channels;
    size_t channel_count;
};
/* `from` with the patch applied; what did not change is shared. As guild_view_make. No message is
 * known in it. */
MUST_CHECK struct guild_view *guild_view_patch(const struct guild_view *from,
                                               const struct guild_patch *p, uint64_t position,
                                               uint64_t permission_generation);
struct guild_view *guild_view_ref(const struct guild_view *v);
/* NULL allowed; nulls the caller's copy. */
void guild_view_unref(struct guild_view **v);

/* NULL if absent. Binary search. */
const struct channel *guild_view_channel(const struct guild_view *v, struct channel_id id);
const struct role *guild_view_role(const struct guild_view *v, struct role_id id);
const struct emoji *guild_view_emoji(const struct guild_view *v, struct emoji_id id);
const struct sticker *guild_view_sticker(const struct guild_view *v, struct sticker_id id);
const struct sound *guild_view_sound(const struct guild_view *v, struct sound_id id);
const struct scheduled_event *guild_view_scheduled(const struct guild_view *v,
                                                   struct scheduled_event_id id);
/* Of the channel, which has at most one; a walk over all. */
const struct stage_instance *guild_view_stage(const struct guild_view *v,
                                              struct channel_id channel);

/*
 * The newest message of each channel (Channel.last_message_id): the one thing in a view that
 * changes. Any thread; what core/views.c says about who calls which, and when, makes it right.
 */
/* Of v->channels[i], 0: none. False: not known in this view. */
MUST_CHECK bool guild_view_last_message(const struct guild_view *v, size_t i,
                                        struct message_id *out);
/* A message was posted. Nothing happens if there is no such channel here, or a later message. */
void guild_view_note_message(const struct guild_view *v, struct channel_id channel,
                             struct message_id message);
/* What the store says about v->channels[i]; nothing happens if a later one is known already. */
void guild_view_learn_message(const struct guild_view *v, size_t i, struct message_id message);
/* v follows `old`: takes over what is known there; channels that are new have none yet. */
void guild_view_inherit_messages(const struct guild_view *v, const struct guild_view *old);
