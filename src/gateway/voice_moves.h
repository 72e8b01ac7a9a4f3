#pragma once

/*
 * Voice states that come into sight of sessions and go out of it, because what they see of the
 * guild's channels has changed and nobody has moved. As with channels (visible.h), what is told is
 * made from the two sets of permissions and from nothing else. Loop thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"

struct guild_sub;
struct guild_view;
struct session;

struct voice_move {
    struct bytes *payload; /* a reference */
    uint64_t user;         /* whose own sessions know better */
};

struct voice_moves {
    struct voice_move *list; /* those that go come first */
    uint32_t gone;           /* so many */
    uint32_t count;
};

/* From the permissions `old` in the channels of the view before to `now` in those of the present
 * one. False when memory is short: *out is empty then. */
MUST_CHECK bool voice_moves_make(const struct guild_sub *s, uint32_t intents,
                                 const struct guild_view *before, const uint64_t *old,
                                 const uint64_t *now, struct voice_moves *out);
/* What goes is told before the channels, what comes after them. */
void voice_moves_tell(struct session *s, const struct voice_moves *m, bool gone);
void voice_moves_deinit(struct voice_moves *m);
