#pragma once

/* Settings of a guild that are read and written as a whole, kept as JSON. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

/* What guild_documents.kind says; never reuse a number. */
enum guild_document {
    GUILD_DOCUMENT_WELCOME_SCREEN = 1,
    GUILD_DOCUMENT_SCREENING = 2,
    GUILD_DOCUMENT_ONBOARDING = 3,
    GUILD_DOCUMENT_NEW_MEMBER_WELCOME = 4
};

/* In the arena; data NULL: there is none. */
MUST_CHECK enum err guild_documents_find(struct sql_conn *c, struct guild_id guild,
                                         enum guild_document kind, struct arena *arena,
                                         struct slice *out);
MUST_CHECK enum err guild_documents_put(struct sql_conn *c, struct guild_id guild,
                                        enum guild_document kind, struct slice json);
