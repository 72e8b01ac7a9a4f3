/* Direct message channels. */

#include "proto/dm.h"

#include "proto/event_draft.h"
#include "proto/user.h"

static void recipients(struct json_writer *w, const struct dm_channel *d, struct user_id reader)
{
    json_key(w, "recipients");
    json_array_begin(w);
    for (size_t i = 0; i < d->recipient_count; i++)
        if (d->recipients[i].id.v != reader.v)
            proto_user(w, &d->recipients[i]);
    json_array_end(w);
}

static void nicks(struct json_writer *w, const struct dm_channel *d)
{
    json_key(w, "nicks");
    json_array_begin(w);
    for (size_t i = 0; i < d->recipient_count; i++) {
        if (d->nicks[i].data == NULL)
            continue;
        json_object_begin(w);
        json_kv_id(w, "id", d->recipients[i].id.v);
        json_kv_str(w, "nick", d->nicks[i]);
        json_object_end(w);
    }
    json_array_end(w);
}

static void recipient_ids(struct json_writer *w, const struct dm_channel *d, struct user_id reader)
{
    json_key(w, "recipient_ids");
    json_array_begin(w);
    for (size_t i = 0; i < d->recipient_count; i++)
        if (d->recipients[i].id.v != reader.v)
            json_id(w, d->recipients[i].id.v);
    json_array_end(w);
}

static void own_keys(struct json_writer *w, const struct dm_channel *d)
{
    json_kv_id(w, "id", d->id.v);
    json_kv_u64(w, "type", (uint64_t)d->type);
    json_kv_id_or_null(w, "last_message_id", d->last_message.v);
    json_kv_time_or_null(w, "last_pin_timestamp", d->last_pin_at_ms);
    json_kv_u64(w, "flags", 0);
    if (d->type != CHANNEL_TYPE_GROUP_DM)
        return;
    json_kv_str_or_null(w, "name", d->name);
    json_kv_str_or_null(w, "icon", d->icon);
    json_kv_id_or_null(w, "owner_id", d->owner.v);
    json_kv_bool(w, "managed", false);
    nicks(w, d);
}

static void channel_keys(struct json_writer *w, const struct dm_channel *d, struct user_id reader)
{
    own_keys(w, d);
    recipients(w, d, reader);
}

void proto_dm_channel_by_ids(struct json_writer *w, const struct dm_channel *d,
                             struct user_id reader)
{
    json_object_begin(w);
    own_keys(w, d);
    recipient_ids(w, d, reader);
    json_object_end(w);
}

void proto_dm_channel(struct json_writer *w, const struct dm_channel *d, struct user_id reader)
{
    json_object_begin(w);
    channel_keys(w, d, reader);
    json_object_end(w);
}

static struct event *event_about(enum event_kind kind, struct channel_id channel, uint64_t entity,
                                 struct user_id reader, uint64_t actor)
{
    struct event *e = event_new(kind, (struct stream){STREAM_USER, reader.v}, NULL, 0);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    e->entity_id = entity;
    e->actor_id = actor;
    return e;
}

struct event *event_dm_channel(enum event_kind kind, const struct dm_channel *d,
                               struct user_id reader, uint64_t actor)
{
    struct event *e = event_about(kind, d->id, d->id.v, reader, actor);
    if (e == NULL)
        return NULL;
    struct event_draft draft;
    event_draft_begin(&draft, kind);
    channel_keys(&draft.w, d, reader);
    return event_with_payload(e, &draft);
}

struct event *event_dm_channel_delete(struct channel_id channel, enum channel_type type,
                                      struct user_id reader, uint64_t actor)
{
    struct event *e = event_about(EVENT_DIRECT_CHANNEL_DELETE, channel, channel.v, reader, actor);
    if (e == NULL)
        return NULL;
    struct dm_channel d = {.id = channel, .type = type};
    struct event_draft draft;
    event_draft_begin(&draft, EVENT_DIRECT_CHANNEL_DELETE);
    channel_keys(&draft.w, &d, reader);
    return event_with_payload(e, &draft);
}

struct event *event_dm_recipient(enum event_kind kind, struct channel_id channel,
                                 const struct user *user, struct user_id reader, uint64_t actor)
{
    struct event *e = event_about(kind, channel, user->id.v, reader, actor);
    if (e == NULL)
        return NULL;
    struct event_draft draft;
    event_draft_begin(&draft, kind);
    json_kv_id(&draft.w, "channel_id", channel.v);
    json_key(&draft.w, "user");
    proto_user(&draft.w, user);
    return event_with_payload(e, &draft);
}
