#pragma once

/*
 * The directory: guilds that list themselves (feature DISCOVERABLE), and how strangers get into
 * them. Of a guild that does not list itself nothing here says that it exists: every function
 * answers UNKNOWN_GUILD for it as for an id that nobody has.
 */

#include "core/access.h"
#include "store/directory.h"

struct directory_entry {
    struct guild guild;
    uint64_t members;
};
struct directory_result {
    struct directory_entry *entries; /* the largest first; in the arena */
    size_t count;
    uint64_t total; /* counted up to DIRECTORY_LOOKED_AT */
};
/* query: a part of the name, any case; data NULL or empty: all. Within the caller's tenant. */
MUST_CHECK enum err directory_search(struct core *c, const struct principal *who,
                                     struct slice query, size_t limit, size_t offset,
                                     struct arena *arena, struct directory_result *out);

/* The view of a guild that `who` may look at from outside: a listed one, or their own.
 * UNKNOWN_GUILD. *view: owned. */
MUST_CHECK enum err directory_preview(struct core *c, const struct principal *who,
                                      struct guild_id guild, struct guild_view **view,
                                      uint64_t *members);

struct directory_change {
    bool has_listed;
    bool listed;
    bool has_policy;
    enum guild_join_policy policy;
};
/* Emits GUILD_UPDATE if anything changes. */
MUST_CHECK enum err directory_edit(struct core *c, const struct actor *by, const struct access *a,
                                   const struct directory_change *d, struct directory_change *now);

enum directory_way { DIRECTORY_MEMBER, DIRECTORY_JOINED, DIRECTORY_ASKED };
struct directory_entrance {
    enum directory_way how; /* a member already; joined; a request was submitted */
    bool pending;
    struct guild_view *view;     /* owned; of JOINED and ASKED */
    struct join_request request; /* of ASKED; in the arena */
};
/* Joins, or asks to. UNKNOWN_GUILD; MISSING_ACCESS if it is by invite only; what joining_admit and
 * join_request_submit say. */
MUST_CHECK enum err directory_enter(struct core *c, const struct actor *by, struct guild_id guild,
                                    struct arena *arena, struct directory_entrance *out);
