#pragma once

/* Channels of guilds. Reading them needs no use-case: they are in the guild's view. */

#include "core/access.h"

struct channel_draft {
    enum channel_type type;
    struct slice name;
    struct slice topic; /* data NULL: none */
    struct channel_id parent;
    bool has_position;
    int32_t position;
    bool nsfw;
    uint32_t rate_limit_per_user;
    uint32_t bitrate;
    uint32_t user_limit;
    const struct overwrite *overwrites;
    size_t overwrite_count;
};

/* Who made the draft invalid: path and code of the form error. */
struct draft_problem {
    const char *field;
    const char *code;
    const char *message;
};

/* Emits CHANNEL_CREATE. MAX_CHANNELS, MISSING_PERMISSIONS (overwrites beyond the actor's own bits),
 * INVALID_FORM with *problem (parent is no category of the guild ...). *view: the structure with
 * it, an owned reference; find the channel there by *id. */
MUST_CHECK enum err channel_create(struct core *c, const struct actor *by, const struct access *a,
                                   const struct channel_draft *d, struct channel_id *id,
                                   struct guild_view **view, struct draft_problem *problem);
/* Newest message per channel of the view, same order, 0: none (Channel.last_message_id). */
MUST_CHECK enum err channel_last_messages(struct core *c, const struct guild_view *v,
                                          struct arena *arena, struct message_id **out);
/* Typing in a channel: ephemeral, not stored. Access was checked (SEND_MESSAGES). */
MUST_CHECK enum err channel_typing(struct core *c, const struct access *a);
