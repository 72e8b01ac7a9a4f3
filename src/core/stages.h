#pragma once

/* Stage instances, as data: what goes on in a stage channel. Reading one needs no use-case: it is
 * in the guild's view (guild_view_stage). */

#include "core/channels.h"

struct stage_draft {
    struct slice topic; /* editing: data NULL leaves it */
    uint32_t privacy_level;
    struct scheduled_event_id event; /* of the guild; 0: none */
};

/* Of a moderator of a->channel (docs: MANAGE_CHANNELS, MUTE_MEMBERS and MOVE_MEMBERS).
 * CHANNEL_TYPE: it is no stage channel; STAGE_OPEN; UNKNOWN_SCHEDULED_EVENT. *view: the structure
 * with it, owned. */
MUST_CHECK enum err stage_open(struct core *c, const struct actor *by, const struct access *a,
                               const struct stage_draft *d, struct guild_view **view);
/* UNKNOWN_STAGE, also below. */
MUST_CHECK enum err stage_edit(struct core *c, const struct actor *by, const struct access *a,
                               const struct stage_draft *d, struct guild_view **view);
MUST_CHECK enum err stage_close(struct core *c, const struct actor *by, const struct access *a);
