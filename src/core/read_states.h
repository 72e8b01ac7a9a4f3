#pragma once

/* What people have read. Marks go forward, unless somebody says so. Bots have none of it. */

#include "core/access.h"
#include "model/read_state.h"

/* Up to a message of a channel. */
struct read_mark {
    const struct access *a;
    struct message_id message;
    bool manual; /* also back */
    bool has_flags;
    uint64_t flags;
    bool has_last_viewed;
    uint64_t last_viewed;
};
/* Emits MESSAGE_ACK for each that moves; up to LIMIT_ACK_BULK. */
MUST_CHECK enum err read_state_ack(struct core *c, const struct actor *by,
                                   const struct read_mark *marks, size_t count);
/* All channels of the guild that the member sees. */
MUST_CHECK enum err read_state_ack_guild(struct core *c, const struct actor *by,
                                         const struct access *a);
/* The pins of a->channel, as of now. Emits CHANNEL_PINS_ACK. */
MUST_CHECK enum err read_state_ack_pins(struct core *c, const struct actor *by,
                                        const struct access *a);
/* Of a guild (guild 0: of the user's own): up to that item. Emits GUILD_FEATURE_ACK or
 * USER_NON_CHANNEL_ACK. */
MUST_CHECK enum err read_state_ack_item(struct core *c, const struct actor *by,
                                        struct guild_id guild, enum read_state_type type,
                                        uint64_t item);
/* As if it had never been read; of a channel. */
MUST_CHECK enum err read_state_forget(struct core *c, const struct actor *by,
                                      struct channel_id channel);
