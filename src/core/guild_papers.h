#pragma once

/*
 * Settings of a guild that are kept as JSON and changed as a whole: what reading and replacing them
 * have in common. "Paper": the document with the struct that its shape makes of it.
 */

#include "core/guild_settings.h"
#include "proto/document.h"
#include "store/guild_documents.h"

struct paper {
    struct document document;
    bool exists;
    struct slice text; /* as kept */
};
void paper_end(struct paper *p);
/* Into `out`, of the shape; zero if there is none. Inside a transaction. */
MUST_CHECK enum err paper_read(struct tx *tx, struct guild_id guild, enum guild_document kind,
                               const struct shape *shape, struct arena *arena, struct paper *p,
                               void *out);
/* The same in a read transaction of its own. */
MUST_CHECK enum err paper_get(struct core *c, struct guild_id guild, enum guild_document kind,
                              const struct shape *shape, struct arena *arena, struct paper *p,
                              void *out);
/* What `write` writes, in the arena. */
MUST_CHECK enum err
paper_format(void (*write)(struct json_writer *w, const void *value, struct guild_id guild),
             const void *value, struct guild_id guild, struct arena *arena, struct slice *out);
