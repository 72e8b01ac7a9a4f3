/* Channels of guilds. */

#include "core/channels.h"

#include "api/channels_priv.h"
#include "api/handlers.h"
#include "model/permissions.h"
#include "proto/bodies_channels.h"
#include "proto/guild.h"

/* The view's copy with what changes too often for a view. */
static void write_channel(struct json_writer *w, const struct channel *c, struct message_id last)
{
    struct channel shown = *c;
    shown.last_message = last;
    proto_channel(w, &shown, true);
}

/* One channel of a view that was just made, and lets go of the view. */
static enum err write_made(struct request *r, struct guild_view *view, struct channel_id id,
                           struct message_id last)
{
    const struct channel *made = guild_view_channel(view, id);
    if (made != NULL)
        write_channel(reply_json(r), made, last);
    guild_view_unref(&view);
    return made != NULL ? ERR_OK : ERR_UNKNOWN_CHANNEL;
}

enum err channels_problem(struct request *r, enum err e, const struct draft_problem *problem)
{
    if (e == ERR_INVALID_FORM && problem->field != NULL)
        request_form_error(r, problem->field, problem->code, problem->message);
    return e;
}

enum err route_channels_create(struct request *r)
{
    const struct body_channel *body = r->body;
    struct channel_draft draft;
    struct draft_problem problem = {0};
    struct channel_id id;
    struct guild_view *view = NULL;
    enum err e = channel_draft_take(r, (enum channel_type)body->type, &draft);
    if (e != ERR_OK)
        return e;
    e = channel_create(request_core(r), &r->actor, &r->access, &draft, &id, &view, &problem);
    if (e != ERR_OK)
        return channels_problem(r, e, &problem);
    return write_made(r, view, id, (struct message_id){0});
}

enum err route_channels_edit(struct request *r)
{
    struct channel_draft draft;
    struct draft_problem problem = {0};
    struct message_id last;
    struct guild_view *view = NULL;
    if (r->access.dm != NULL)
        return dm_reply_edited(r);
    enum err e = channel_draft_take(r, r->access.channel->type, &draft);
    if (e != ERR_OK)
        return e;
    e = channel_edit(request_core(r), &r->actor, &r->access, &draft, &view, &last, &problem);
    if (e != ERR_OK)
        return channels_problem(r, e, &problem);
    return write_made(r, view, r->access.channel->id, last);
}

enum err route_channels_delete(struct request *r)
{
    struct message_id last;
    if (r->access.dm != NULL)
        return dm_reply_closed(r);
    enum err e = channel_delete(request_core(r), &r->actor, &r->access, &last);
    if (e == ERR_OK)
        write_channel(reply_json(r), r->access.channel, last);
    return e;
}

enum err route_channels_list(struct request *r)
{
    const struct guild_view *view = r->access.view;
    struct message_id *last;
    enum err e = channel_last_messages(request_core(r), view, &r->arena, &last);
    if (e != ERR_OK)
        return e;
    int64_t now_ms = request_now_ms(r);
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < view->channel_count; i++) {
        const struct channel *c = &view->channels[i];
        if (permissions_in_channel(view, &r->access.subject, c, now_ms) & PERMISSION_VIEW_CHANNEL)
            write_channel(w, c, last[i]);
    }
    json_array_end(w);
    return ERR_OK;
}

enum err route_channels_get(struct request *r)
{
    struct message_id *last;
    if (r->access.dm != NULL)
        return dm_reply(r);
    enum err e = channel_last_messages(request_core(r), r->access.view, &r->arena, &last);
    if (e != ERR_OK)
        return e;
    size_t index = (size_t)(r->access.channel - r->access.view->channels);
    write_channel(reply_json(r), r->access.channel, last[index]);
    return ERR_OK;
}

enum err route_channels_typing(struct request *r)
{
    return channel_typing(request_core(r), &r->access);
}
