/* Stage instances. */

#include "core/stages.h"

#include "api/handlers.h"
#include "proto/bodies_channels.h"
#include "proto/stage.h"

enum { GUILD_ONLY = 2 };

static enum err write_stage(struct request *r, const struct guild_view *view)
{
    const struct stage_instance *s = guild_view_stage(view, r->access.channel->id);
    if (s != NULL)
        proto_stage(reply_json(r), s);
    return s != NULL ? ERR_OK : ERR_UNKNOWN_STAGE;
}

static struct stage_draft draft_of(const struct body_stage *b)
{
    struct stage_draft d = {.privacy_level = GUILD_ONLY, .event = {b->guild_scheduled_event_id}};
    if (BODY_SENT(*b, BODY_STAGE_TOPIC))
        d.topic = b->topic;
    return d;
}

/* The channel is in the body, so the request comes here without a scope. */
enum err route_stages_create(struct request *r)
{
    const struct body_stage *body = r->body;
    const struct stage_draft draft = draft_of(body);
    struct guild_view *view;
    enum err e = access_channel(request_core(r), &r->principal,
                                (struct channel_id){body->channel_id}, &r->arena, &r->access);
    if (e == ERR_OK)
        e = stage_open(request_core(r), &r->actor, &r->access, &draft, &view);
    if (e != ERR_OK)
        return e;
    e = write_stage(r, view);
    guild_view_unref(&view);
    return e;
}

enum err route_stages_get(struct request *r)
{
    return write_stage(r, r->access.view);
}

enum err route_stages_edit(struct request *r)
{
    const struct stage_draft draft = draft_of(r->body);
    struct guild_view *view;
    enum err e = stage_edit(request_core(r), &r->actor, &r->access, &draft, &view);
    if (e != ERR_OK)
        return e;
    e = write_stage(r, view);
    guild_view_unref(&view);
    return e;
}

enum err route_stages_delete(struct request *r)
{
    return stage_close(request_core(r), &r->actor, &r->access);
}
