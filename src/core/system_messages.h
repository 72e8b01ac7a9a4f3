#pragma once

/* Messages that the server writes about what somebody did. */

#include "core/place.h"

struct system_message {
    enum message_type type;
    const struct member *author; /* who did it; a DM: only .user counts */
    struct slice content;        /* of some types; data NULL: "" */
    const struct user *mention;  /* who it was done to; NULL: nobody */
    struct message_id reference; /* pinned, the poll ...; 0: none */
    struct slice embeds;         /* data NULL: none */
};

/* In a closure that holds the place's stream, after its structural events: stores the message, sets
 * the channel's last message, emits MESSAGE_CREATE. *out (NULL: not asked for) in the arena. */
MUST_CHECK enum err system_message_post(struct tx *tx, const struct place *p,
                                        const struct actor *by, const struct system_message *s,
                                        struct arena *arena, struct message *out);
