/* Payloads under construction. */

#include "proto/event_draft.h"

enum { PAYLOAD_BYTES_MAX = 1024 * 1024 };

void event_draft_begin(struct event_draft *d, enum event_kind kind)
{
    buf_init(&d->out, MEM_EVENTS, PAYLOAD_BYTES_MAX);
    buf_append_cstr(&d->out, "\"t\":\"");
    buf_append_cstr(&d->out, event_dispatch_name(kind));
    buf_append_cstr(&d->out, "\",\"op\":0,\"d\":");
    json_begin(&d->w, &d->out);
    json_object_begin(&d->w);
}

/* Closes d and the frame. NULL when memory is short. */
struct bytes *event_draft_end(struct event_draft *d)
{
    json_object_end(&d->w);
    buf_putc(&d->out, '}');
    struct bytes *made = d->out.failed ? NULL : bytes_new(buf_slice(&d->out));
    buf_deinit(&d->out);
    return made;
}

struct stream event_guild_stream(struct guild_id guild)
{
    return (struct stream){STREAM_GUILD, guild.v};
}

struct event *event_of_guild(enum event_kind kind, struct guild_id guild, uint64_t entity,
                             uint64_t actor)
{
    struct event *e = event_new(kind, event_guild_stream(guild), NULL, 0);
    if (e == NULL)
        return NULL;
    e->guild_id = guild.v;
    e->entity_id = entity;
    e->actor_id = actor;
    return e;
}

/* The payload into the event, or neither: the event is dropped if there is no payload. */
struct event *event_with_payload(struct event *e, struct event_draft *d)
{
    e->payload = event_draft_end(d);
    if (e->payload == NULL)
        event_unref(&e);
    return e;
}
