#pragma once

/* Sounds of soundboards. Reading them needs no use-case: they are in the guild's view. */

#include "core/access.h"
#include "core/media.h"

enum sound_field { SOUND_SETS_NAME = 1, SOUND_SETS_VOLUME = 2, SOUND_SETS_EMOJI = 4 };

enum { SOUND_VOLUME_WHOLE = 1000000 };

struct sound_draft {
    unsigned set; /* enum sound_field */
    struct slice name;
    uint32_t volume;                 /* millionths */
    uint64_t emoji;                  /* custom; 0: none */
    struct slice emoji_name;         /* Unicode; data NULL: none */
    const struct media_image *sound; /* of a new one */
};

/* Emit GUILD_SOUNDBOARD_SOUND_CREATE, _UPDATE, _DELETE. MISSING_PERMISSIONS, UNKNOWN_SOUND,
 * UNKNOWN_EMOJI (not one of the guild), MAX_SOUNDS. *view: as of emoji_create. */
MUST_CHECK enum err sound_create(struct core *c, const struct actor *by, const struct access *a,
                                 const struct sound_draft *d, struct sound_id *id,
                                 struct guild_view **view);
MUST_CHECK enum err sound_edit(struct core *c, const struct actor *by, const struct access *a,
                               struct sound_id id, const struct sound_draft *d,
                               struct guild_view **view);
MUST_CHECK enum err sound_delete(struct core *c, const struct actor *by, const struct access *a,
                                 struct sound_id id);
