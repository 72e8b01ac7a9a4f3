#pragma once

/* What a message keeps of its stickers (docs, "Sticker Item Object"). */

#include "base/arena.h"
#include "model/entities.h"

/* A JSON array in the arena. NO_MEMORY. */
MUST_CHECK enum err proto_sticker_items(const struct sticker *list, size_t count,
                                        struct arena *arena, struct slice *out);
