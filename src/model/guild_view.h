#pragma once

/*
 * A guild view: the structure of one guild (roles, channels, overwrites) at one position of its
 * stream; immutable, reference-counted through its snapshot header, shared by all threads. The API
 * checks permissions on it, the gateway builds visibility classes from it. It does not hold members
 * or messages. Built in one allocation from entities (whose slices are copied in).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/snapshot.h"
#include "model/entities.h"

struct guild_view {
    struct snapshot snapshot;       /* first */
    uint64_t position;              /* of the event in the guild's stream that made it so */
    uint64_t permission_generation; /* as stored with the guild */
    struct guild guild;
    const struct role *roles; /* ascending by id */
    size_t role_count;
    const struct channel *channels; /* ascending by id; overwrites inside; last_message is 0 */
    size_t channel_count;
};

/* Copies everything; sorts roles and channels by id. NULL when memory is short. One reference. */
MUST_CHECK struct guild_view *guild_view_new(const struct guild *guild, uint64_t position,
                                             uint64_t permission_generation,
                                             const struct role *roles, size_t role_count,
                                             const struct channel *channels, size_t channel_count);
struct guild_view *guild_view_ref(const struct guild_view *v);
/* NULL allowed; nulls the caller's copy. */
void guild_view_unref(struct guild_view **v);
/* NULL if absent. Binary search. */
const struct channel *guild_view_channel(const struct guild_view *v, struct channel_id id);
const struct role *guild_view_role(const struct guild_view *v, struct role_id id);
