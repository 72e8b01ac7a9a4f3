#pragma once

/* Friends, requests, blocks, and what people note about each other. Bots have none of it. */

#include "base/arena.h"
#include "core/core.h"
#include "model/relationship.h"

/*
 * Asks `other` to be a friend, or accepts what they asked. RELATIONSHIP_SELF, RELATIONSHIP_BOT,
 * RELATIONSHIP_ALREADY_FRIENDS, RELATIONSHIP_INCOMING_BLOCKED (one has blocked the other),
 * RELATIONSHIP_INCOMING_DISABLED (they take none from this caller), MAX_FRIENDS, UNKNOWN_USER.
 */
MUST_CHECK enum err relationship_ask(struct core *c, const struct actor *by, struct user_id other);
/* By user name. Also RELATIONSHIP_NO_TAG: nobody has it. */
MUST_CHECK enum err relationship_ask_name(struct core *c, const struct actor *by,
                                          struct slice username);
/* Nothing else is left between the two. MAX_BLOCKED, RELATIONSHIP_SELF, UNKNOWN_USER. */
MUST_CHECK enum err relationship_block(struct core *c, const struct actor *by,
                                       struct user_id other);
/* Friendship, request or block end; nothing if there is none. */
MUST_CHECK enum err relationship_end(struct core *c, const struct actor *by, struct user_id other);
/* All of one type, which is not that of a block. */
MUST_CHECK enum err relationship_end_all(struct core *c, const struct actor *by,
                                         enum relationship_type type);
/* Of a friend. data NULL: none. UNKNOWN_USER: no friend. */
MUST_CHECK enum err relationship_nickname(struct core *c, const struct actor *by,
                                          struct user_id other, struct slice nickname);
MUST_CHECK enum err relationship_ignore(struct core *c, const struct actor *by,
                                        struct user_id other, bool ignored);

MUST_CHECK enum err relationship_list(struct core *c, struct user_id user, struct arena *arena,
                                      struct relationship **out, size_t *count);
/* Friends of both, up to LIMIT_FRIENDS. UNKNOWN_USER. */
MUST_CHECK enum err relationship_mutual(struct core *c, struct user_id user, struct user_id other,
                                        struct arena *arena, struct user **out, size_t *count);

/* UNKNOWN_USER: nothing is noted. */
MUST_CHECK enum err note_get(struct core *c, struct user_id user, struct user_id about,
                             struct arena *arena, struct slice *out);
/* Empty: none from now on. UNKNOWN_USER. */
MUST_CHECK enum err note_set(struct core *c, const struct actor *by, struct user_id about,
                             struct slice note);
MUST_CHECK enum err note_list(struct core *c, struct user_id user, struct arena *arena,
                              struct note **out, size_t *count);
