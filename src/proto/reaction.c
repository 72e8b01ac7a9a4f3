/* Reactions. */

#include "proto/reaction.h"

void proto_emoji_ref(struct json_writer *w, const struct emoji_ref *emoji)
{
    json_object_begin(w);
    json_kv_id_or_null(w, "id", emoji->id);
    json_kv_str_or_null(w, "name", emoji->name);
    if (emoji->id != 0)
        json_kv_bool(w, "animated", emoji->animated);
    json_object_end(w);
}

static void reaction(struct json_writer *w, const struct reaction_count *r)
{
    json_object_begin(w);
    json_key(w, "emoji");
    proto_emoji_ref(w, &r->emoji);
    json_kv_u64(w, "count", r->normal + r->burst);
    json_key(w, "count_details");
    json_object_begin(w);
    json_kv_u64(w, "burst", r->burst);
    json_kv_u64(w, "normal", r->normal);
    json_object_end(w);
    json_kv_raw(w, "burst_colors", "[]");
    json_kv_bool(w, "me_burst", r->me_burst);
    json_kv_bool(w, "me", r->me);
    json_object_end(w);
}

void proto_reactions(struct json_writer *w, const struct message *m)
{
    json_array_begin(w);
    for (size_t i = 0; i < m->reaction_count; i++)
        reaction(w, &m->reactions[i]);
    json_array_end(w);
}
