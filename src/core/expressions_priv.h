#pragma once

/* A change of a guild's expressions under way (emojis.c, stickers.c, sounds.c). */

#include "core/access_renew.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/expressions.h"
#include "core/media.h"

struct expression_change {
    const struct actor *by;
    const struct access *a;
    const void *draft; /* the noun's; NULL: it goes */
    uint64_t id;       /* 0 at first: it is made */
    struct arena arena;
    struct access now; /* as the closure sees it */
    struct guild_view *view;
};

/* In the closure, first: who acts, with one of the bits of `need`. */
MUST_CHECK enum err expression_begin(struct tx *tx, struct expression_change *x, uint64_t need);
/* After the last change of rows, before the first event. */
MUST_CHECK enum err expression_restructure(struct tx *tx, struct expression_change *x);
/* Runs `fn`; *view (may be NULL) is an owned reference after success. */
MUST_CHECK enum err expression_run(struct core *c, store_fn fn, struct expression_change *x,
                                   struct guild_view **view);
