/* Direct messages: opening and closing, groups. */

#include "core/dms.h"

#include "api/channels_priv.h"
#include "api/handlers.h"
#include "api/media.h"
#include "core/dm_groups.h"
#include "proto/bodies_channels.h"
#include "proto/bodies_people.h"
#include "proto/dm.h"

static enum err write_dm(struct request *r, const struct dm_channel *d)
{
    proto_dm_channel(reply_json(r), d, r->principal.user);
    return ERR_OK;
}

/* Of several recipients a group is made; of one, and of one in a list, a pair. */
static enum err open_for(struct request *r, const struct body_dm_open *body, struct dm_channel *out)
{
    const struct body_id_item *items = body->recipients.items;
    size_t count = body->recipients.count;
    uint64_t *ids = arena_array(&r->arena, count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        ids[i] = items[i].value;
    if (BODY_SENT(*body, BODY_DM_RECIPIENT) && body->recipient_id != 0)
        return dm_open(request_core(r), &r->actor, (struct user_id){body->recipient_id}, &r->arena,
                       out);
    if (count == 1)
        return dm_open(request_core(r), &r->actor, (struct user_id){ids[0]}, &r->arena, out);
    if (r->principal.bot) /* bots bring people in by their consent, which nothing here gives */
        return BODY_SENT(*body, BODY_DM_TOKENS) ? ERR_INVALID_ACCESS_TOKEN : ERR_INVALID_RECIPIENTS;
    return dm_group_make(request_core(r), &r->actor, ids, count, &r->arena, out);
}

enum err route_dms_open(struct request *r)
{
    const struct body_dm_open *body = r->body;
    struct dm_channel d;
    bool nobody = body->recipient_id == 0 && !BODY_SENT(*body, BODY_DM_RECIPIENTS) &&
                  !BODY_SENT(*body, BODY_DM_TOKENS);
    if (nobody) {
        request_form_error(r, "recipient_id", "BASE_TYPE_REQUIRED", "This field is required");
        return ERR_INVALID_FORM;
    }
    enum err e = open_for(r, body, &d);
    return e == ERR_OK ? write_dm(r, &d) : e;
}

enum err route_dms_list(struct request *r)
{
    struct dm_channel *list;
    size_t count = 0;
    enum err e = r->principal.bot
                     ? ERR_OK /* bots have no list */
                     : dm_list(request_core(r), r->principal.user, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_dm_channel(w, &list[i], r->principal.user);
    json_array_end(w);
    return ERR_OK;
}

enum err route_dms_with(struct request *r)
{
    struct user_id other;
    struct dm_channel d;
    enum err e = request_param_id(r, "user_id", &other.v);
    if (e == ERR_OK)
        e = dm_with(request_core(r), r->principal.user, other, &r->arena, &d);
    return e == ERR_OK ? write_dm(r, &d) : e;
}

enum err route_dms_add_recipient(struct request *r)
{
    struct user_id user;
    struct dm_channel made;
    enum err e = request_param_id(r, "user_id", &user.v);
    if (e == ERR_OK)
        e = dm_group_add(request_core(r), &r->actor, &r->access, user, &r->arena, &made);
    if (e != ERR_OK || made.id.v == 0)
        return e;
    r->x->status = 201;
    return write_dm(r, &made);
}

enum err route_dms_remove_recipient(struct request *r)
{
    struct user_id user;
    enum err e = request_param_id(r, "user_id", &user.v);
    return e == ERR_OK ? dm_group_remove(request_core(r), &r->actor, &r->access, user) : e;
}

enum err dm_reply(struct request *r)
{
    return write_dm(r, r->access.dm);
}

enum err dm_reply_edited(struct request *r)
{
    const struct body_channel *body = r->body;
    struct media_image icon;
    struct dm_group_edit edit = {
        .has_name = BODY_SENT(*body, BODY_CHANNEL_NAME),
        .name = body->name.len > 0 ? body->name : (struct slice){NULL, 0},
        .has_icon = BODY_SENT(*body, BODY_CHANNEL_ICON),
        .icon = &icon,
        .owner = {body->owner},
    };
    if (r->access.dm->type != CHANNEL_TYPE_GROUP_DM)
        return ERR_DM_CHANNEL;
    enum err e = request_take_image(r, "icon", body->icon, MEDIA_DM_ICON, &icon);
    if (e == ERR_OK)
        e = dm_group_change(request_core(r), &r->actor, &r->access, &edit);
    return e == ERR_OK ? dm_reply(r) : e;
}

/* A pair is closed, a group is left. */
enum err dm_reply_closed(struct request *r)
{
    struct dm_channel before = *r->access.dm;
    enum err e = before.type == CHANNEL_TYPE_GROUP_DM
                     ? dm_group_remove(request_core(r), &r->actor, &r->access, r->principal.user)
                     : dm_close(request_core(r), &r->actor, &r->access);
    return e == ERR_OK ? write_dm(r, &before) : e;
}
