#pragma once

/* Several messages of one place, deleted in one closure. */

#include "core/place.h"
#include "store/message_heads.h"

/* In a closure that holds the place's stream: those of these ids (at most LIMIT_BULK_DELETE) that
 * are there, ascending. */
MUST_CHECK enum err messages_find_heads(struct tx *tx, const struct place *p, const uint64_t *ids,
                                        size_t count, struct arena *arena,
                                        struct message_head *list, size_t *found);
/* And they go, with all that belongs to them; the channel's last pin follows. Who has to hear of
 * the messages is the caller's affair: `ids`, in the arena, is packed as their event's delta. */
MUST_CHECK enum err messages_remove(struct tx *tx, const struct place *p, const struct actor *by,
                                    const struct message_head *list, size_t count,
                                    struct arena *arena, struct slice *ids);
