#pragma once

/*
 * How long messages are kept: a rule of the channel, else one of the guild, and never longer than
 * the installation allows (messages.retention_days), which is all there is for direct messages.
 * Pinned messages stay. What is too old goes in small steps by upkeep.
 */

#include "base/arena.h"
#include "core/access.h"
#include "store/retention.h"

struct retention {
    struct retention_rule *rules; /* of channels, ascending */
    size_t count;
    uint64_t guild_keep_s; /* 0: for ever */
};

MUST_CHECK enum err retention_get(struct core *c, const struct access *a, struct arena *arena,
                                  struct retention *out);
/* Needs MANAGE_GUILD. rule->channel 0: of the guild, where keep_s 0 takes the rule away; `remove`:
 * the channel follows the guild again. UNKNOWN_CHANNEL. */
MUST_CHECK enum err retention_set(struct core *c, const struct actor *by, const struct access *a,
                                  const struct retention_rule *rule, bool remove);

/* Where a pass through all channels stands; zeroed at first. */
struct retention_walk {
    struct guild_id guild;
    struct channel_id channel;
    bool left; /* nothing can be done in it now */
};
/* Upkeep: one step. keep_s: the installation's; 0: for ever. *more: the pass is not over. */
MUST_CHECK enum err retention_step(struct core *c, uint64_t keep_s, struct retention_walk *w,
                                   bool *more);
