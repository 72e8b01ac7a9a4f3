#pragma once

/*
 * Snapshots: what a forward shows of the message forwarded (docs, "Message Snapshot Object").
 *
 * They are stored in two objects, so that what the MESSAGE_CONTENT intent guards can be left out
 * without reading JSON: [{type, timestamp, edited_timestamp, flags}, {content, embeds, components,
 * sticker_items}]. Users and files are not in there: names change and accounts are erased, and
 * addresses expire. Mentions and attachments of a forward are rows of its own, of the snapshot.
 */

#include "base/arena.h"
#include "model/entities.h"
#include "wire/json_write.h"

/* What is kept of `m`, in the arena; data NULL when memory is short. */
struct slice proto_snapshot_keep(const struct message *m, struct arena *arena);
/* What somebody must look at before it is shown again. */
struct snapshot_look {
    struct slice text; /* in the arena */
    bool embeds;
    uint64_t flags;
};
/* Of a kept snapshot; nothing of what was not made here. False: memory is short. */
bool proto_snapshot_look(struct slice kept, struct arena *arena, struct snapshot_look *out);
/* The key message_snapshots of a forward; nothing of other messages. */
void proto_snapshots(struct json_writer *w, const struct message *m, bool blank);
