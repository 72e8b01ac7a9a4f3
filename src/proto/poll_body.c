/* Polls of bodies, written as they are stored. Answers are numbered from 1 in their order, which is
 * the order in which core/polls.h counts votes. */

#include "proto/poll_body.h"

#include "model/entities.h"
#include "wire/json_write.h"

enum { POLL_BYTES_MAX = 64 * 1024, LAYOUT_DEFAULT = 1 };

static void write_emoji(struct json_writer *w, const struct emoji_ref *e)
{
    if (e->name.data == NULL)
        return;
    json_key(w, "emoji");
    json_object_begin(w);
    json_kv_id_or_null(w, "id", e->id);
    json_kv_str(w, "name", e->name);
    if (e->animated)
        json_kv_bool(w, "animated", true);
    json_object_end(w);
}

static void write_answers(struct json_writer *w, const struct body_poll *p,
                          const struct emoji_ref *emojis)
{
    const struct body_poll_answer *list = p->answers.items;
    json_key(w, "answers");
    json_array_begin(w);
    for (size_t i = 0; i < p->answers.count; i++) {
        json_object_begin(w);
        json_kv_u64(w, "answer_id", i + 1);
        json_key(w, "poll_media");
        json_object_begin(w);
        json_kv_str(w, "text", list[i].poll_media.text);
        write_emoji(w, &emojis[i]);
        json_object_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_poll(struct json_writer *w, const struct body_poll *p,
                       const struct emoji_ref *emojis)
{
    json_object_begin(w);
    json_key(w, "question");
    json_object_begin(w);
    json_kv_str(w, "text", p->question.text);
    json_object_end(w);
    write_answers(w, p, emojis);
    json_kv_bool(w, "allow_multiselect", p->allow_multiselect);
    json_kv_u64(w, "layout_type", LAYOUT_DEFAULT);
    json_object_end(w);
}

enum err poll_body_json(const struct body_poll *p, const struct emoji_ref *emojis,
                        struct arena *arena, struct slice *out)
{
    struct buf text;
    struct json_writer w;
    struct slice kept = {NULL, 0};
    buf_init(&text, MEM_API, POLL_BYTES_MAX);
    json_begin(&w, &text);
    write_poll(&w, p, emojis);
    if (!text.failed)
        kept = arena_dup(arena, buf_slice(&text));
    buf_deinit(&text);
    if (kept.data == NULL)
        return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}
