#pragma once

/* What the files about messages share: making whole messages of stored ones, mentions, and what is
 * decided about a draft. */

#include "base/limits.h"
#include "base/map.h"
#include "core/core_priv.h"
#include "core/messages.h"
#include "core/place.h"
#include "store/messages.h"

/* Enough memory for a few messages as they may be at the largest. */
enum { MESSAGE_BYTES_MAX = 2 * 1024 * 1024 };

/*
 * Makes whole messages of rows: the mentioned users, the messages replied to, attachments with
 * their addresses, reactions and polls, each in one statement for all, and in none if no message
 * has any. `reader`: whose reactions and votes are marked as their own; 0: nobody's.
 */
MUST_CHECK enum err messages_complete(struct core *c, struct sql_conn *sql, struct user_id reader,
                                      struct message_record *list, size_t count,
                                      struct arena *arena);
/* messages_find and messages_complete. UNKNOWN_MESSAGE. */
MUST_CHECK enum err message_read(struct core *c, struct sql_conn *sql, struct user_id reader,
                                 struct channel_id channel, struct message_id id,
                                 struct arena *arena, struct message *out);

/* Who may be mentioned, from the draft's allowed_mentions. */
struct mentions {
    struct user *users; /* room for LIMIT_MENTIONS */
    size_t user_count;
    struct role_id *roles;
    size_t role_count;
    bool everyone;
};
/* What `d->content` mentions, of what it may; `replied`: the author replied to, mentioned too
 * unless the draft says otherwise; NULL: none. Everything in the arena. */
MUST_CHECK enum err mentions_resolve(struct sql_conn *sql, const struct access *a,
                                     const struct message_draft *d, const struct user *replied,
                                     struct arena *arena, struct mentions *out);
void mentions_apply(const struct mentions *from, struct message *to);
/* The permission that they were resolved with, to be rechecked: everyone, roles that are not to be
 * mentioned by everybody. */
uint64_t mentions_need(const struct access *a, const struct mentions *m);

/* LIMIT_MESSAGE_RICH_BYTES, of stored JSON; data NULL: none. If not: the form error. */
static inline bool message_rich_fits(struct slice embeds, struct slice components)
{
    return embeds.len + components.len <= LIMIT_MESSAGE_RICH_BYTES;
}
#define MESSAGE_RICH_FIELD(embeds) ((embeds).data != NULL ? "embeds" : "components")
#define MESSAGE_RICH_CODE "MAX_MESSAGE_SIZE_EXCEEDED"
#define MESSAGE_RICH_TEXT "Embeds and components together are larger than 128 KiB"

/* Text without '<' and '@' mentions nobody, and needs no read of its own. */
bool mentions_possible(struct slice content);

/* What a forward takes from the message forwarded, beside its snapshot. */
struct forward {
    struct slice text;        /* for AutoMod */
    uint64_t need;            /* permissions that posting the same would take */
    struct attachment *files; /* without ids, not stored yet */
    size_t file_count;
};
/* `source`, whole, is forwarded by `m`, which gets its snapshot, and the users and roles that that
 * mentions. A forward forwards its own snapshot. SYSTEM_MESSAGE, MESSAGE_TYPE, FORWARD_CONTENT. */
MUST_CHECK enum err message_forward_take(const struct principal *who, const struct message *source,
                                         struct arena *arena, struct message *m,
                                         struct forward *out);

/* Slow mode (slow_mode.c), in the closure of a post. Nothing in a channel without it, and for those
 * whom it does not concern. SLOWMODE: *wait_ms (may be NULL) gets how long to wait. */
MUST_CHECK enum err slow_mode_take(struct tx *tx, const struct access *a, uint64_t *wait_ms);

/* The newest message of a place is `id`. */
MUST_CHECK enum err message_set_last(struct tx *tx, const struct place *p, struct message_id id);

/* The nonce as the log row of a MESSAGE_CREATE keeps it; borrowed from `delta`. */
void message_nonce_from_delta(struct slice delta, struct message *m);
