#pragma once

/* What people want of others: who may write to them, who may ask to be their friend. */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

/* Who may ask (friend_sources), as the API has it in friend_source_flags. */
enum {
    FRIEND_SOURCE_MUTUAL_FRIENDS = 1 << 1,
    FRIEND_SOURCE_MUTUAL_GUILDS = 1 << 2,
    FRIEND_SOURCE_ALL = 1 << 3 /* everybody */
};

struct user_privacy {
    bool guilds_restricted; /* members of guilds may not write, where nothing else is said */
    bool strangers_allowed; /* people without a common guild may */
    unsigned friend_sources;
};

/* Of somebody without settings: the defaults. */
MUST_CHECK enum err privacy_find(struct sql_conn *c, struct user_id user, struct user_privacy *out);

/* What the guilds that two are in say about the one writing to the other. */
struct privacy_guilds {
    bool common;  /* there is one at all */
    bool allowed; /* there is one by way of which `to` may be written to */
};
MUST_CHECK enum err privacy_common_guilds(struct sql_conn *c, struct user_id from,
                                          struct user_id to, bool guilds_restricted, int64_t now_ms,
                                          struct privacy_guilds *out);
/* The guilds that both are in, ascending, up to `max`, and b's nicks there; in the arena. */
MUST_CHECK enum err privacy_guilds_of_both(struct sql_conn *c, struct user_id a, struct user_id b,
                                           size_t max, struct arena *arena, struct guild_id **out,
                                           struct slice **nicks, size_t *count);

/* The document as the API shows it; data NULL: there are no settings yet. */
MUST_CHECK enum err user_settings_find(struct sql_conn *c, struct user_id user, struct arena *arena,
                                       struct slice *document);
MUST_CHECK enum err user_settings_set(struct sql_conn *c, struct user_id user,
                                      const struct user_privacy *p, struct slice document);
/* Guilds that the user is in and whose members may not write, ascending; in the arena. */
MUST_CHECK enum err guild_privacy_restricted(struct sql_conn *c, struct user_id user,
                                             bool guilds_restricted, struct arena *arena,
                                             struct guild_id **out, size_t *count);
/* The guilds of now that nothing is said about stay as they are, whatever the default becomes. */
MUST_CHECK enum err guild_privacy_keep(struct sql_conn *c, struct user_id user, bool restricted);
/* Of the guilds of now just those in the list (store/id_list.h) are restricted. */
MUST_CHECK enum err guild_privacy_set(struct sql_conn *c, struct user_id user,
                                      struct slice restricted);
