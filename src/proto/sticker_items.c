/* Stickers of messages. */

#include "proto/sticker_items.h"

#include "wire/json_write.h"

enum { STICKERS_BYTES_MAX = 8 * 1024 };

enum err proto_sticker_items(const struct sticker *list, size_t count, struct arena *arena,
                             struct slice *out)
{
    struct buf text;
    struct json_writer w;
    struct slice kept = {NULL, 0};
    buf_init(&text, MEM_CORE, STICKERS_BYTES_MAX);
    json_begin(&w, &text);
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&w);
        json_kv_id(&w, "id", list[i].id.v);
        json_kv_str(&w, "name", list[i].name);
        json_kv_u64(&w, "format_type", (uint64_t)list[i].format);
        json_object_end(&w);
    }
    json_array_end(&w);
    if (!text.failed)
        kept = arena_dup(arena, buf_slice(&text));
    buf_deinit(&text);
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}
