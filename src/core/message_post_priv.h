#pragma once

/* What posting a message knows of it, before (message_prepare.c) and in its transaction
 * (messages.c). */

#include "core/automod_priv.h"
#include "core/messages_priv.h"

struct post {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct message_draft *d;
    struct arena *arena;
    struct place place;
    struct message m;
    struct message replied;
    bool has_replied;
    struct attachment *files; /* prepared, or a forward's; not stored yet */
    size_t file_count;
    struct access source; /* of a forward out of another channel; view NULL: none */
    struct slice text;    /* what AutoMod looks at */
    uint64_t need;
    struct message_id earlier; /* the message that the nonce was used for; 0: none */
    struct poll_state poll;
    struct automod_screening screening;
};

/* Everything that need not be in the transaction: x->m as it will be, but for ids; x->text. Not
 * inside a transaction; errors as message_post. access_end(&x->source) in any case. */
MUST_CHECK enum err message_prepare(struct post *x);
