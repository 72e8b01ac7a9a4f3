/* Snapshots of forwarded messages. */

#include "proto/message_snapshot.h"

#include "base/snowflake.h"
#include "proto/attachment.h"
#include "proto/message.h"
#include "proto/user.h"
#include "wire/json_read.h"

enum { KEPT_BYTES_MAX = 256 * 1024, DEPTH_MAX = 16 };

static struct slice or_empty_array(struct slice json)
{
    return json.data != NULL ? json : SLICE("[]");
}

struct slice proto_snapshot_keep(const struct message *m, struct arena *arena)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_JSON, KEPT_BYTES_MAX);
    json_begin(&w, &out);
    json_array_begin(&w);
    json_object_begin(&w);
    json_kv_u64(&w, "type", (uint64_t)m->type);
    json_kv_time(&w, "timestamp", snowflake_ms(m->id.v));
    json_kv_time_or_null(&w, "edited_timestamp", m->edited_at_ms);
    json_kv_u64(&w, "flags", m->flags);
    json_object_end(&w);
    json_object_begin(&w);
    json_kv_str(&w, "content", m->content);
    json_key(&w, "embeds");
    json_raw(&w, or_empty_array(m->embeds));
    json_key(&w, "components");
    json_raw(&w, or_empty_array(m->components));
    if (m->stickers.data != NULL) {
        json_key(&w, "sticker_items");
        json_raw(&w, m->stickers);
    }
    json_object_end(&w);
    json_array_end(&w);
    struct slice kept = out.failed ? (struct slice){NULL, 0} : arena_dup(arena, buf_slice(&out));
    buf_deinit(&out);
    return kept;
}

/* The two objects without their braces. The first has numbers and times only, so that its end is
 * the first '}' there is. False: it was not made here. */
static bool split(struct slice kept, struct slice *about, struct slice *content)
{
    const struct slice begin = SLICE("[{");
    const struct slice between = SLICE("},{");
    const struct slice end = SLICE("}]");
    size_t at = slice_find(kept, '}');
    size_t next = at + between.len;
    if (kept.len < begin.len + end.len || next + end.len > kept.len ||
        !slice_eq(slice_of(kept.data + at, between.len), between))
        return false;
    *about = slice_of(kept.data + begin.len, at - begin.len);
    *content = slice_of(kept.data + next, kept.len - next - end.len);
    return true;
}

bool proto_snapshot_look(struct slice kept, struct arena *arena, struct snapshot_look *out)
{
    struct snapshot_look look = {.text = SLICE("")};
    json_t *json = NULL;
    enum err e = json_read(kept, DEPTH_MAX, &json);
    if (e == ERR_NO_MEMORY)
        return false;
    *out = look;
    if (e != ERR_OK)
        return true;
    const json_t *flags = json_object_get(json_array_get(json, 0), "flags");
    const json_t *said = json_array_get(json, 1);
    const json_t *content = json_object_get(said, "content");
    look.flags = (uint64_t)json_integer_value(flags);
    look.embeds = json_array_size(json_object_get(said, "embeds")) > 0;
    if (json_is_string(content))
        look.text = arena_dup(arena, json_read_str(content));
    json_decref(json);
    *out = look;
    return look.text.data != NULL;
}

static void people(struct json_writer *w, const struct message *m)
{
    json_key(w, "mentions");
    json_array_begin(w);
    for (size_t i = 0; i < m->mention_count; i++)
        proto_user(w, &m->mentions[i]);
    json_array_end(w);
    json_key(w, "mention_roles");
    json_array_begin(w);
    for (size_t i = 0; i < m->mention_role_count; i++)
        json_id(w, m->mention_roles[i].v);
    json_array_end(w);
}

static void content_of(struct json_writer *w, struct slice content, const struct message *m,
                       bool blank)
{
    if (blank)
        json_raw(w, SLICE("\"content\":\"\",\"embeds\":[],\"components\":[]"));
    else
        proto_with_files(w, content, m);
    proto_attachments(w, m, blank);
}

void proto_snapshots(struct json_writer *w, const struct message *m, bool blank)
{
    struct slice about, content;
    if (m->snapshots.data == NULL || !split(m->snapshots, &about, &content))
        return;
    json_key(w, "message_snapshots");
    json_array_begin(w);
    json_object_begin(w);
    json_key(w, "message");
    json_object_begin(w);
    json_raw(w, about); /* members of the object */
    content_of(w, content, m, blank);
    people(w, m);
    json_object_end(w);
    json_object_end(w);
    json_array_end(w);
}
