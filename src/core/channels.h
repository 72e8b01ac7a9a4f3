#pragma once

/* Channels of guilds. Reading them needs no use-case: they are in the guild's view. */

#include "core/access.h"

/*
 * What somebody wants a channel to be. A channel takes of it what its type has (docs, "Modify
 * Channel"); the rest is dropped, as on Discord: a bitrate for a text channel changes nothing.
 * Refused are changes of the type other than between text and announcement, and more than 99 people
 * in a voice channel that is no stage.
 */
struct channel_draft {
    uint32_t set; /* bits of enum body_channel_field (proto/bodies_channels.h). Editing: what is to
                     change. Creating: whether position and default_sort_order are given */
    enum channel_type type;
    int32_t position;
    struct slice name;
    struct slice topic; /* data NULL: none */
    struct channel_id parent;
    bool nsfw;
    uint32_t rate_limit_per_user;
    uint32_t bitrate; /* 0: the default */
    uint32_t user_limit;
    uint64_t flags;
    struct slice rtc_region;
    uint32_t video_quality_mode;
    uint32_t default_auto_archive_duration;
    uint32_t default_thread_rate_limit_per_user;
    int32_t default_sort_order;
    uint32_t default_forum_layout;
    uint64_t default_reaction_emoji;
    struct slice default_reaction_emoji_name;
    const struct overwrite *overwrites; /* in any order; of two for one target the later counts */
    size_t overwrite_count;
    const struct forum_tag *tags; /* id 0: a new one */
    size_t tag_count;
    bool lock_permissions; /* editing: takes over the overwrites of its category */
};

/* Who made the draft invalid: path and code of the form error. */
struct draft_problem {
    const char *field;
    const char *code;
    const char *message;
};

/* Emits CHANNEL_CREATE. MAX_CHANNELS, MISSING_PERMISSIONS (overwrites beyond the actor's own bits),
 * TAG_NAMES, UNKNOWN_TAG, UNKNOWN_EMOJI, INVALID_FORM with *problem (parent is no category of the
 * guild ...). *view: the structure with it, an owned reference; find the channel there by *id. */
MUST_CHECK enum err channel_create(struct core *c, const struct actor *by, const struct access *a,
                                   const struct channel_draft *d, struct channel_id *id,
                                   struct guild_view **view, struct draft_problem *problem);

/* a->channel becomes what the draft sets; CHANNEL_UPDATE for it and, if it is a category whose
 * overwrites change, for the children that were in step with it and stay so. Errors as of
 * channel_create; ENTITY_TOO_LARGE: more overwrites for more children than one write may change.
 * *view: as there. *last: its newest message. */
MUST_CHECK enum err channel_edit(struct core *c, const struct actor *by, const struct access *a,
                                 const struct channel_draft *d, struct guild_view **view,
                                 struct message_id *last, struct draft_problem *problem);

/* Where a channel goes in the list of its guild. */
struct channel_place {
    struct channel_id id;
    bool has_position;
    int32_t position;
    bool has_parent;
    struct channel_id parent; /* 0: none */
    bool lock_permissions;    /* takes over the overwrites of its category */
};
/* All or none; each channel at most once (the last counts). CHANNEL_UPDATE for each that changes.
 * UNKNOWN_CHANNEL, ONE_PARENT (more than one changes its category), MISSING_ACCESS and
 * MISSING_PERMISSIONS (for another category, or the overwrites), ENTITY_TOO_LARGE (for more
 * overwrites than a closure changes), INVALID_FORM with *problem. */
MUST_CHECK enum err channels_move(struct core *c, const struct actor *by, const struct access *a,
                                  const struct channel_place *list, size_t count,
                                  struct draft_problem *problem);

/* Puts an overwrite of a->channel, or removes it (`after` NULL). UNKNOWN_ROLE, UNKNOWN_USER: it is
 * for nobody; UNKNOWN_OVERWRITE: there is none to remove; MAX_OVERWRITES; MISSING_PERMISSIONS. */
MUST_CHECK enum err channel_overwrite(struct core *c, const struct actor *by,
                                      const struct access *a, uint64_t target,
                                      const struct overwrite *after);

/* a->channel goes at once, with its invites, stage and overwrites; its messages in steps. Children
 * lose their category; what the guild used it for, it uses none for. COMMUNITY_CHANNEL: the guild
 * needs it as its rules or updates channel. *last: its newest message. */
MUST_CHECK enum err channel_delete(struct core *c, const struct actor *by, const struct access *a,
                                   struct message_id *last);

/* The line that a voice channel shows above who is in it; data NULL or empty: none. CHANNEL_TYPE.
 */
MUST_CHECK enum err channel_voice_status(struct core *c, const struct actor *by,
                                         const struct access *a, struct slice status);

/* Newest message per channel of the view, same order, 0: none (Channel.last_message_id). */
MUST_CHECK enum err channel_last_messages(struct core *c, const struct guild_view *v,
                                          struct arena *arena, struct message_id **out);
/* Typing in a channel: ephemeral, not stored. Access was checked (SEND_MESSAGES). */
MUST_CHECK enum err channel_typing(struct core *c, const struct access *a);
