#pragma once

/* Templates: the structure of a guild kept under a code, for making others like it. */

#include "base/arena.h"
#include "core/access.h"
#include "core/core.h"

/* What a template may need of an arena, its document included. */
enum { TEMPLATE_BYTES = 8 * 1024 * 1024 };

/* UNKNOWN_TEMPLATE, here and below. Everything in the arena. */
MUST_CHECK enum err template_get(struct core *c, struct slice code, struct arena *arena,
                                 struct guild_template *out);
/* The guild's, of which there is one at most. */
MUST_CHECK enum err template_of_guild(struct core *c, struct guild_id guild, struct arena *arena,
                                      struct guild_template *out);

/* All need MANAGE_GUILD. The document is of a->view: if the guild moves on meanwhile the template
 * is out of date (dirty), as it would be a moment later. HAS_TEMPLATE, ENTITY_TOO_LARGE. */
MUST_CHECK enum err template_create(struct core *c, const struct actor *by, const struct access *a,
                                    struct slice name, struct slice description,
                                    struct arena *arena, struct guild_template *out);
/* The document becomes that of the guild as it is. */
MUST_CHECK enum err template_sync(struct core *c, const struct access *a, struct slice code,
                                  struct arena *arena, struct guild_template *out);
struct template_change {
    bool rename;
    struct slice name;
    bool redescribe;
    struct slice description; /* data NULL: none */
};
MUST_CHECK enum err template_edit(struct core *c, const struct access *a, struct slice code,
                                  const struct template_change *change, struct arena *arena,
                                  struct guild_template *out);
/* *out: as it was. */
MUST_CHECK enum err template_delete(struct core *c, const struct access *a, struct slice code,
                                    struct arena *arena, struct guild_template *out);
