#pragma once

/* Direct messages of groups: up to LIMIT_GROUP_RECIPIENTS people, brought in by friends of theirs,
 * with a name, an icon and an owner. */

#include "core/access.h"
#include "core/media.h"

/* A group of the caller and these, who are friends of the caller. MAX_RECIPIENTS, MAX_GROUP_DMS,
 * INVALID_RECIPIENTS (bots, unknown), CANNOT_MESSAGE_USER (no friend). */
MUST_CHECK enum err dm_group_make(struct core *c, const struct actor *by, const uint64_t *ids,
                                  size_t count, struct arena *arena, struct dm_channel *out);
/* Brings a friend in; nothing if they are there. A pair has a group made of it, which is *made (id
 * 0 otherwise). CHANNEL_TYPE: a channel of a guild; MAX_RECIPIENTS ... as above. */
MUST_CHECK enum err dm_group_add(struct core *c, const struct actor *by, const struct access *a,
                                 struct user_id user, struct arena *arena, struct dm_channel *made);
/* Takes somebody out: oneself, or anybody as the owner. The owner's place goes to whoever has been
 * there longest; a group of nobody goes, with its messages. CHANNEL_TYPE, UNKNOWN_USER,
 * MISSING_PERMISSIONS. */
MUST_CHECK enum err dm_group_remove(struct core *c, const struct actor *by, const struct access *a,
                                    struct user_id user);

struct dm_group_edit {
    bool has_name;
    struct slice name; /* data NULL: none */
    bool has_icon;
    const struct media_image *icon;
    struct user_id owner; /* 0: stays */
};
/* a->dm becomes so. DM_CHANNEL: of a pair; MISSING_PERMISSIONS: only the owner gives it away;
 * INVALID_RECIPIENTS: to somebody who is not in it. */
MUST_CHECK enum err dm_group_change(struct core *c, const struct actor *by, const struct access *a,
                                    const struct dm_group_edit *edit);
