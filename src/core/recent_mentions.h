#pragma once

/* The messages that mention somebody, newest first, wherever they still may read them. */

#include "base/arena.h"
#include "core/core.h"
#include "model/entities.h"

struct mention_query {
    struct guild_id guild; /* 0: anywhere */
    uint64_t before;       /* 0: from the newest */
    unsigned limit;        /* 1 .. LIMIT_RECENT_MENTIONS */
    bool roles;            /* also those of their roles */
    bool everyone;
};
/* In the arena. What the user may not see is not counted against the limit, but a page looks at no
 * more than a few times `limit` mentions. */
MUST_CHECK enum err recent_mentions_list(struct core *c, const struct principal *who,
                                         const struct mention_query *q, struct arena *arena,
                                         struct message **out, size_t *count);
/* UNKNOWN_MESSAGE: it does not mention the user by name. Emits RECENT_MENTION_DELETE. */
MUST_CHECK enum err recent_mention_delete(struct core *c, const struct actor *by,
                                          struct message_id message);
