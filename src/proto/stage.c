/* Stage instances. */

#include "proto/stage.h"

#include "proto/event_draft.h"

static void write_keys(struct json_writer *w, const struct stage_instance *s)
{
    json_kv_id(w, "id", s->id.v);
    json_kv_id(w, "guild_id", s->guild.v);
    json_kv_id(w, "channel_id", s->channel.v);
    json_kv_str(w, "topic", s->topic);
    json_kv_u64(w, "privacy_level", s->privacy_level);
    json_kv_bool(w, "discoverable_disabled", true); /* public stages are gone from Discord too */
    json_kv_id_or_null(w, "guild_scheduled_event_id", s->event.v);
}

void proto_stage(struct json_writer *w, const struct stage_instance *s)
{
    json_object_begin(w);
    write_keys(w, s);
    json_object_end(w);
}

struct event *event_stage(enum event_kind kind, const struct stage_instance *s,
                          struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(kind, s->guild, s->id.v, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    e->channel_id = s->channel.v;
    e->view = view != NULL ? guild_view_ref(view) : NULL;
    event_draft_begin(&d, kind);
    write_keys(&d.w, s);
    return event_with_payload(e, &d);
}
