#pragma once

/* Reactions to messages. */

#include "core/access.h"
#include "model/entities.h"
#include "store/reactions.h"

/* An emoji as paths name it: a Unicode one, with or without U+FE0F, or `name:id` (also
 * `a:name:id`), of which the id counts. In the arena. UNKNOWN_EMOJI. */
MUST_CHECK enum err reaction_emoji_read(struct slice text, struct arena *arena,
                                        struct emoji_ref *out);

/*
 * Does nothing if it is there already. A kind that nobody has used on the message takes
 * ADD_REACTIONS, and a custom emoji must exist then: of another guild it takes
 * USE_EXTERNAL_EMOJIS and being a member there. UNKNOWN_MESSAGE, UNKNOWN_EMOJI, MAX_REACTIONS,
 * REACTION_BLOCKED, MISSING_PERMISSIONS.
 */
MUST_CHECK enum err reaction_add(struct core *c, const struct actor *by, const struct access *a,
                                 struct message_id message, const struct emoji_ref *emoji,
                                 enum reaction_type type);
/* The reaction of `user`, who is the actor or whose it takes MANAGE_MESSAGES to remove. type
 * REACTION_TYPES: of either type. Nothing if there is none. UNKNOWN_MESSAGE, MISSING_PERMISSIONS.
 */
MUST_CHECK enum err reaction_remove(struct core *c, const struct actor *by, const struct access *a,
                                    struct message_id message, const struct emoji_ref *emoji,
                                    enum reaction_type type, struct user_id user);
/* All of the message, or (emoji not NULL) all of one kind. MANAGE_MESSAGES. */
MUST_CHECK enum err reactions_clear(struct core *c, const struct actor *by, const struct access *a,
                                    struct message_id message, const struct emoji_ref *emoji);
/* Who reacted so, ascending by id. UNKNOWN_MESSAGE. */
MUST_CHECK enum err reaction_users(struct core *c, const struct access *a,
                                   struct message_id message, const struct emoji_ref *emoji,
                                   enum reaction_type type, struct user_id after, size_t limit,
                                   struct arena *arena, struct user **out, size_t *count);

/* Of these messages, in one statement a channel, into their `reactions`; `reader` 0: nobody's own.
 */
MUST_CHECK enum err reactions_of_messages(struct sql_conn *sql, struct user_id reader,
                                          struct message *const *messages, size_t count,
                                          struct arena *arena);
