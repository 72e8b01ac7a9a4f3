#pragma once

/*
 * Where messages are: a channel of a guild, or a direct message. Use-cases about messages are
 * written once, for a place; what differs is who hears of it, and in which streams.
 *
 * In a guild everything is positioned in the guild's stream. A direct message has a stream of its
 * own kind that is only a lock (its messages get their ids under it), and each event goes into the
 * stream of every recipient, as DIRECT_<kind>, with the same payload bytes: sessions follow their
 * user's stream anyway, and at most ten people hear of it.
 */

#include "core/access.h"
#include "core/core_priv.h"

struct place {
    struct channel_id channel;
    enum channel_type type;
    struct guild_id guild;       /* 0: a direct message */
    const struct dm_channel *dm; /* NULL: of a guild */
};

/* Borrows from `a`. */
struct place place_of(const struct access *a);
/* Inside a write closure, without access (a task, a system message): holds the place's stream. Of
 * access_recheck it is a part. */
MUST_CHECK enum err place_lock(struct tx *tx, const struct place *p);
/* In a write closure, without access (a task): the place of a row. *there: false if it is gone, or
 * about to go with its guild. *dm is what out->dm points to, for direct messages. */
MUST_CHECK enum err place_find(struct tx *tx, struct channel_id channel, struct arena *arena,
                               struct dm_channel *dm, struct place *out, bool *there);
/* core_emit_delta for an event about the place, made as for a guild's channel (stream and kind):
 * for a direct message it goes to each recipient. Takes over `e`; NULL is NO_MEMORY. */
MUST_CHECK enum err place_emit(struct tx *tx, const struct place *p, struct event *e,
                               const struct actor *by, struct slice delta);
/* core_publish_ephemeral in the same way (typing). */
void place_publish(struct core *c, const struct place *p, struct event *e);

/* What `kind` is in a direct message. It has such a counterpart (asserted). */
enum event_kind event_direct_kind(enum event_kind kind);
/* The other way round; kinds that are no DIRECT_ ones are themselves. */
enum event_kind event_plain_kind(enum event_kind kind);
/* A copy of `e` as the recipient's stream has it: the same payload, DIRECT_ kind. NULL when memory
 * is short. */
MUST_CHECK struct event *event_for_recipient(const struct event *e, struct user_id recipient);
