#pragma once

/*
 * Channels that appear to and vanish from sessions. What a session is told (CHANNEL_CREATE,
 * CHANNEL_DELETE) is made from the two sets of permissions between which it goes, and from nothing
 * else, so that it cannot disagree with what is delivered to it. Payloads are made once for all who
 * get them. Loop thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"
#include "gateway/view_diff.h"
#include "model/event.h"

/* Payloads of one kind, one a channel of the view, made when first needed. */
struct channel_payloads {
    enum event_kind kind;
    const struct guild_view *view;
    const uint64_t *last_messages; /* per channel, or NULL */
    struct bytes **made;           /* per channel; NULL until one is needed */
};

/* From one view to another, or between two standings on the same view. */
struct visible_change {
    const struct view_diff *diff; /* NULL: the views are the same */
    struct channel_payloads gone; /* of the view before */
    struct channel_payloads come; /* of the view after */
};

/* In the order in which a client takes them: channels vanish before their category, and appear
 * after it. */
struct channel_moves {
    struct bytes **payloads; /* borrowed from the visible_change, the list is owned */
    uint32_t count;
};

/* The views and last messages are borrowed, and must stay until the end. */
void visible_begin(struct visible_change *v, const struct view_diff *diff,
                   const struct guild_view *old, const uint64_t *old_last_messages,
                   const struct guild_view *now, const uint64_t *last_messages);
void visible_end(struct visible_change *v);
/* What somebody with the permissions `old` in the view before is told to know those of `now`. False
 * when memory is short: *out is empty then. */
MUST_CHECK bool visible_moves(struct visible_change *v, const uint64_t *old, const uint64_t *now,
                              struct channel_moves *out);
void channel_moves_deinit(struct channel_moves *m);
