#pragma once

/* Custom emojis of guilds. Reading them needs no use-case: they are in the guild's view. */

#include "core/access.h"
#include "core/media.h"

struct emoji_draft {
    struct slice name;               /* data NULL: as it was */
    const struct media_image *image; /* of a new one */
    bool sets_roles;
    const struct role_id *roles; /* ascending, no doubles */
    size_t role_count;
};

/* All emit GUILD_EMOJIS_UPDATE. MISSING_PERMISSIONS, UNKNOWN_EMOJI, INVALID_ROLE (not of the
 * guild), MAX_EMOJIS, MAX_ANIMATED_EMOJIS. *view: the structure with it, an owned reference. */
MUST_CHECK enum err emoji_create(struct core *c, const struct actor *by, const struct access *a,
                                 const struct emoji_draft *d, struct emoji_id *id,
                                 struct guild_view **view);
MUST_CHECK enum err emoji_edit(struct core *c, const struct actor *by, const struct access *a,
                               struct emoji_id id, const struct emoji_draft *d,
                               struct guild_view **view);
MUST_CHECK enum err emoji_delete(struct core *c, const struct actor *by, const struct access *a,
                                 struct emoji_id id);
