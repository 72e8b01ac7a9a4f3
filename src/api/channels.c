/* Channels of guilds. */

#include "core/channels.h"

#include "api/handlers.h"
#include "model/permissions.h"
#include "model/validate.h"
#include "proto/bodies.h"
#include "proto/guild.h"

static bool is_voice(enum channel_type type)
{
    return type == CHANNEL_TYPE_VOICE || type == CHANNEL_TYPE_STAGE;
}

/* Text-like channels have names without spaces. A name of nothing but those is no name. */
static struct slice stored_name(struct request *r, enum channel_type type, struct slice name)
{
    if (is_voice(type) || type == CHANNEL_TYPE_CATEGORY)
        return name;
    struct slice folded = validate_text_channel_name(name, &r->arena);
    if (folded.len == 0)
        request_form_error(r, "name", "BASE_TYPE_REQUIRED", "This field is required");
    return folded;
}

static enum err take_overwrites(struct request *r, const struct body_array *from,
                                struct channel_draft *draft)
{
    const struct body_overwrite *items = from->items;
    if (from->count == 0)
        return ERR_OK;
    struct overwrite *list = arena_array(&r->arena, from->count, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        list[i] = (struct overwrite){items[i].id, (enum overwrite_type)items[i].type,
                                     items[i].allow, items[i].deny};
    draft->overwrites = list;
    draft->overwrite_count = from->count;
    return ERR_OK;
}

static enum err draft_of(struct request *r, struct channel_draft *draft)
{
    const struct body_channel_create *body = r->body;
    enum channel_type type = (enum channel_type)body->type;
    bool positioned =
        BODY_SENT(*body, BODY_CHANNEL_POSITION) && !BODY_NULL(*body, BODY_CHANNEL_POSITION);
    *draft = (struct channel_draft){
        .type = type,
        .name = stored_name(r, type, body->name),
        .parent = {body->parent_id},
        .has_position = positioned,
        .position = (int32_t)body->position,
        .nsfw = body->nsfw,
        .rate_limit_per_user = (uint32_t)body->rate_limit_per_user,
        .bitrate = is_voice(type) ? (uint32_t)body->bitrate : 0,
        .user_limit = is_voice(type) ? (uint32_t)body->user_limit : 0,
    };
    if (body->topic.len > 0)
        draft->topic = body->topic;
    enum err e = request_form_ok(r);
    return e != ERR_OK ? e : take_overwrites(r, &body->permission_overwrites, draft);
}

enum err route_channels_create(struct request *r)
{
    struct channel_draft draft;
    struct draft_problem problem = {0};
    struct channel_id id;
    struct guild_view *view = NULL;
    enum err e = draft_of(r, &draft);
    if (e != ERR_OK)
        return e;
    e = channel_create(request_core(r), &r->actor, &r->access, &draft, &id, &view, &problem);
    if (e == ERR_INVALID_FORM && problem.field != NULL)
        request_form_error(r, problem.field, problem.code, problem.message);
    if (e != ERR_OK)
        return e;
    const struct channel *made = guild_view_channel(view, id);
    if (made != NULL)
        proto_channel(reply_json(r), made, true);
    guild_view_unref(&view);
    return made != NULL ? ERR_OK : ERR_UNKNOWN_CHANNEL;
}

/* The view's copy with what changes too often for a view. */
static void write_channel(struct json_writer *w, const struct channel *c, struct message_id last)
{
    struct channel shown = *c;
    shown.last_message = last;
    proto_channel(w, &shown, true);
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
