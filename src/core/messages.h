#pragma once

/* Messages of guild channels. */

#include "base/arena.h"
#include "core/access.h"

/* What a text may mention of all that it names (docs, "Allowed Mentions Object"). */
struct allowed_mentions {
    bool given; /* false: everything */
    bool parse_users;
    bool parse_roles;
    bool parse_everyone;
    bool replied_user;
    const uint64_t *users;
    size_t user_count;
    const uint64_t *roles;
    size_t role_count;
};

struct message_draft {
    struct slice content; /* trimmed, 1..LIMIT_MESSAGE_CONTENT code points, checked by the caller */
    struct slice nonce;   /* data NULL: none */
    bool nonce_is_number;
    bool
        enforce_nonce; /* same author, channel and nonce in the last minutes: the earlier message */
    bool tts;
    uint64_t flags;             /* settable ones only */
    struct message_id reply_to; /* 0: none */
    bool fail_if_not_exists;
    struct allowed_mentions allowed;
    struct slice *refusal; /* AUTOMOD_BLOCKED: gets the rule's own words; NULL: nobody asks */
};

struct message_page {
    struct message_id before; /* at most one of the three; all 0: newest */
    struct message_id after;
    struct message_id around;
    unsigned limit; /* 1..100 */
};

/* Results live in the arena. Mentions resolve to members of the guild; roles need mentionable or
 * MENTION_EVERYONE. UNKNOWN_MESSAGE (reply, with fail_if_not_exists; the handler reports it as form
 * error message_reference REPLIES_UNKNOWN_MESSAGE), REPLY_NEEDS_HISTORY, SYSTEM_MESSAGE,
 * AUTOMOD_BLOCKED. */
MUST_CHECK enum err message_post(struct core *c, const struct actor *by, const struct access *a,
                                 const struct message_draft *d, struct arena *arena,
                                 struct message *out);
/* UNKNOWN_MESSAGE. */
MUST_CHECK enum err message_get(struct core *c, const struct access *a, struct message_id id,
                                struct arena *arena, struct message *out);
/* Newest first. */
MUST_CHECK enum err message_list(struct core *c, const struct access *a,
                                 const struct message_page *page, struct arena *arena,
                                 struct message **out, size_t *count);
struct message_edit {
    bool has_content;
    struct slice content;
    struct allowed_mentions allowed; /* of the new content */
    bool has_flags;
    uint64_t flags;        /* SUPPRESS_EMBEDS may change */
    struct slice *refusal; /* as of message_draft */
};
/* EDIT_OTHERS_MESSAGE, UNKNOWN_MESSAGE, AUTOMOD_BLOCKED. Content is the author's alone; flags also
 * MANAGE_MESSAGES'.
 */
MUST_CHECK enum err message_edit(struct core *c, const struct actor *by, const struct access *a,
                                 struct message_id id, const struct message_edit *e,
                                 struct arena *arena, struct message *out);
/* The author, or MANAGE_MESSAGES; UNKNOWN_MESSAGE, MISSING_PERMISSIONS. */
MUST_CHECK enum err message_delete(struct core *c, const struct actor *by, const struct access *a,
                                   struct message_id id);
