#pragma once

/* Messages of guild channels. */

#include "base/arena.h"
#include "core/access.h"
#include "core/attachments.h"
#include "core/polls.h"
#include "proto/message.h"

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
    struct slice
        content; /* trimmed, up to LIMIT_MESSAGE_CONTENT code points, checked by the caller */
    struct slice nonce; /* data NULL: none */
    bool nonce_is_number;
    /* same author, channel and nonce in the last minutes: the earlier message */
    bool enforce_nonce;
    bool tts;
    uint64_t flags; /* settable ones only */
    /* Replied to or forwarded; 0: none. Of another channel (forwards only): that too. */
    struct message_id reference;
    enum message_reference_type reference_type;
    struct channel_id reference_channel; /* 0: this one */
    bool fail_if_not_exists;
    struct allowed_mentions allowed;
    /* Checked and normalised (proto/embeds.h, proto/components.h); data NULL: none. */
    struct slice embeds;
    struct slice components;
    const uint64_t *sticker_ids;
    size_t sticker_count;
    const struct attachment_draft *attachments; /* core/attachments.h */
    size_t attachment_count;
    const struct poll_draft *poll; /* core/polls.h; NULL: none */
    /* NULL: nobody asks. */
    struct slice *refusal;         /* AUTOMOD_BLOCKED: gets the rule's own words */
    struct draft_problem *problem; /* INVALID_FORM: gets what is wrong */
    uint64_t *wait_ms;             /* SLOWMODE: gets how long */
};

struct message_page {
    struct message_id before; /* at most one of the three; all 0: newest */
    struct message_id after;
    struct message_id around;
    unsigned limit; /* 1..100 */
};

/*
 * Results live in the arena. Mentions resolve to members of the guild; roles need mentionable or
 * MENTION_EVERYONE. UNKNOWN_MESSAGE (reply or forward; of a reply only with fail_if_not_exists; the
 * handler reports it as form error message_reference REPLIES_UNKNOWN_MESSAGE), REPLY_NEEDS_HISTORY,
 * SYSTEM_MESSAGE, FORWARD_CONTENT, EMPTY_MESSAGE, MISSING_PERMISSIONS, VOICE_MESSAGE_*, SLOWMODE,
 * AUTOMOD_BLOCKED; INVALID_FORM with *d->problem; what attachments_prepare, attachments_store,
 * polls_store and dm_before_message fail with.
 */
MUST_CHECK enum err message_post(struct core *c, const struct actor *by, const struct access *a,
                                 const struct message_draft *d, struct arena *arena,
                                 struct message *out);
/* Whether `who` gets the message without its content: a bot whose application may not read messages
 * (docs, "Message Content Intent"). Not its own, those that mention it, and direct ones. */
bool message_is_guarded(const struct principal *who, const struct message *m);
/* How `who` gets it; what it replies to is asked about by itself. */
enum message_shown message_shown(const struct principal *who, const struct message *m);
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
    uint64_t flags; /* SUPPRESS_EMBEDS may change; IS_COMPONENTS_V2 may be set */
    bool has_embeds;
    struct slice embeds; /* as of message_draft; data NULL: none from now on */
    bool has_components;
    struct slice components;
    bool components_v2;   /* they are only for messages with IS_COMPONENTS_V2 */
    bool has_attachments; /* the list is complete: what it leaves out goes; else it is added */
    const struct attachment_draft *attachments;
    size_t attachment_count;
    struct slice *refusal; /* these two as of message_draft */
    struct draft_problem *problem;
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
