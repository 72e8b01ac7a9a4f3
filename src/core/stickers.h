#pragma once

/* Stickers of guilds. Those of a guild that one is in are in its view. */

#include "core/access.h"
#include "core/media.h"

enum sticker_field { STICKER_SETS_NAME = 1, STICKER_SETS_DESCRIPTION = 2, STICKER_SETS_TAGS = 4 };

struct sticker_draft {
    unsigned set; /* enum sticker_field */
    struct slice name;
    struct slice description; /* data NULL: none */
    struct slice tags;
    const struct media_image *image; /* of a new one */
};

/* All emit GUILD_STICKERS_UPDATE. MISSING_PERMISSIONS, UNKNOWN_STICKER, MAX_STICKERS. *view: as of
 * emoji_create. */
MUST_CHECK enum err sticker_create(struct core *c, const struct actor *by, const struct access *a,
                                   const struct sticker_draft *d, struct sticker_id *id,
                                   struct guild_view **view);
MUST_CHECK enum err sticker_edit(struct core *c, const struct actor *by, const struct access *a,
                                 struct sticker_id id, const struct sticker_draft *d,
                                 struct guild_view **view);
MUST_CHECK enum err sticker_delete(struct core *c, const struct actor *by, const struct access *a,
                                   struct sticker_id id);
/* Of any guild; who has its id has seen it. UNKNOWN_STICKER. */
MUST_CHECK enum err sticker_get(struct core *c, struct sticker_id id, struct arena *arena,
                                struct sticker *out);
/* What a file of that type is as a sticker. */
enum sticker_format sticker_format_of(const struct media_image *m);
