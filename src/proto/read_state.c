/* Read states. */

#include "proto/read_state.h"

#include "proto/event_draft.h"

static void write_channel(struct json_writer *w, const struct read_state *s)
{
    json_kv_id_or_null(w, "last_message_id", s->last_acked);
    json_kv_time_or_null(w, "last_pin_timestamp", s->last_pin_acked_ms);
    json_kv_u64(w, "mention_count", s->mention_count);
    json_kv_u64(w, "flags", s->flags);
    if (s->last_viewed != 0)
        json_kv_u64(w, "last_viewed", s->last_viewed);
    else
        json_kv_null(w, "last_viewed");
}

void proto_read_state(struct json_writer *w, const struct read_state *s)
{
    json_object_begin(w);
    json_kv_id(w, "id", s->entity);
    json_kv_u64(w, "read_state_type", (uint64_t)s->type);
    if (s->type == READ_STATE_CHANNEL) {
        write_channel(w, s);
    } else {
        json_kv_id_or_null(w, "last_acked_id", s->last_acked);
        json_kv_u64(w, "badge_count", 0);
    }
    json_object_end(w);
}

static struct event *event_about(enum event_kind kind, struct user_id reader, uint64_t entity)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, reader.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->entity_id = entity;
    e->actor_id = reader.v;
    return e;
}

struct event *event_message_ack(struct user_id reader, const struct read_state *s, bool manual)
{
    struct event *e = event_about(EVENT_MESSAGE_ACK, reader, s->entity);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_MESSAGE_ACK);
    json_kv_id(&d.w, "channel_id", s->entity);
    json_kv_id_or_null(&d.w, "message_id", s->last_acked);
    json_kv_u64(&d.w, "ack_type", (uint64_t)s->type);
    json_kv_u64(&d.w, "version", s->version);
    json_kv_u64(&d.w, "mention_count", s->mention_count);
    json_kv_u64(&d.w, "flags", s->flags);
    if (s->last_viewed != 0)
        json_kv_u64(&d.w, "last_viewed", s->last_viewed);
    else
        json_kv_null(&d.w, "last_viewed");
    if (manual)
        json_kv_bool(&d.w, "manual", true);
    return event_with_payload(e, &d);
}

struct event *event_pins_ack(struct user_id reader, const struct read_state *s)
{
    struct event *e = event_about(EVENT_CHANNEL_PINS_ACK, reader, s->entity);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_CHANNEL_PINS_ACK);
    json_kv_id(&d.w, "channel_id", s->entity);
    json_kv_time_or_null(&d.w, "timestamp", s->last_pin_acked_ms);
    json_kv_u64(&d.w, "version", s->version);
    return event_with_payload(e, &d);
}

struct event *event_item_ack(struct user_id reader, const struct read_state *s)
{
    enum event_kind kind = s->guild.v != 0 ? EVENT_GUILD_FEATURE_ACK : EVENT_USER_NON_CHANNEL_ACK;
    struct event *e = event_about(kind, reader, s->entity);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, kind);
    json_kv_u64(&d.w, "ack_type", (uint64_t)s->type);
    json_kv_id(&d.w, "resource_id", s->entity);
    json_kv_id_or_null(&d.w, "entity_id", s->last_acked);
    json_kv_u64(&d.w, "version", s->version);
    return event_with_payload(e, &d);
}

struct event *event_recent_mention_delete(struct user_id reader, struct channel_id channel,
                                          struct message_id message)
{
    struct event *e = event_about(EVENT_RECENT_MENTION_DELETE, reader, message.v);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    event_draft_begin(&d, EVENT_RECENT_MENTION_DELETE);
    json_kv_id(&d.w, "message_id", message.v);
    return event_with_payload(e, &d);
}
