/* The order of channels, and single overwrites. */

#include "api/channels_priv.h"
#include "api/handlers.h"
#include "proto/bodies_channels.h"

static struct channel_place place_of(const struct body_channel_place *b)
{
    return (struct channel_place){
        .id = {b->id},
        .has_position = BODY_SENT(*b, BODY_PLACE_POSITION) && !BODY_NULL(*b, BODY_PLACE_POSITION),
        .position = (int32_t)b->position,
        .has_parent = BODY_SENT(*b, BODY_PLACE_PARENT),
        .parent = {b->parent_id},
        .lock_permissions = b->lock_permissions,
    };
}

enum err route_channels_move(struct request *r)
{
    const struct body_list *body = r->body;
    const struct body_channel_place *items = body->items.items;
    struct draft_problem problem = {0};
    struct channel_place *list = arena_array(&r->arena, body->items.count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < body->items.count; i++)
        list[i] = place_of(&items[i]);
    enum err e =
        channels_move(request_core(r), &r->actor, &r->access, list, body->items.count, &problem);
    return channels_problem(r, e, &problem);
}

/* Without a type it is a role's if the guild has such a role. */
static enum overwrite_type type_of(const struct request *r, uint64_t target)
{
    const struct body_overwrite_put *body = r->body;
    if (BODY_SENT(*body, BODY_OVERWRITE_TYPE) && !BODY_NULL(*body, BODY_OVERWRITE_TYPE))
        return (enum overwrite_type)body->type;
    return guild_view_role(r->access.view, (struct role_id){target}) != NULL ? OVERWRITE_ROLE
                                                                             : OVERWRITE_MEMBER;
}

enum err route_overwrites_put(struct request *r)
{
    const struct body_overwrite_put *body = r->body;
    uint64_t target;
    enum err e = request_param_id(r, "overwrite_id", &target);
    if (e != ERR_OK)
        return e;
    struct overwrite o = {target, type_of(r, target), body->allow, body->deny};
    return channel_overwrite(request_core(r), &r->actor, &r->access, target, &o);
}

enum err route_overwrites_delete(struct request *r)
{
    uint64_t target;
    enum err e = request_param_id(r, "overwrite_id", &target);
    if (e != ERR_OK)
        return e;
    return channel_overwrite(request_core(r), &r->actor, &r->access, target, NULL);
}
