/* Roles of guilds. */

#include "core/roles.h"

#include "api/handlers.h"
#include "api/media.h"
#include "proto/bodies_roles.h"
#include "proto/guild.h"

static enum err role_param(struct request *r, struct role_id *out)
{
    return request_param_id(r, "role_id", &out->v);
}

static void write_roles(struct json_writer *w, const struct guild_view *v)
{
    json_array_begin(w);
    for (size_t i = 0; i < v->role_count; i++)
        proto_role(w, &v->roles[i]);
    json_array_end(w);
}

static enum err write_role(struct request *r, const struct guild_view *v, struct role_id id)
{
    const struct role *role = guild_view_role(v, id);
    if (role != NULL)
        proto_role(reply_json(r), role);
    return role != NULL ? ERR_OK : ERR_UNKNOWN_ROLE;
}

enum err route_roles_list(struct request *r)
{
    write_roles(reply_json(r), r->access.view);
    return ERR_OK;
}

enum err route_roles_get(struct request *r)
{
    struct role_id id;
    enum err e = role_param(r, &id);
    return e == ERR_OK ? write_role(r, r->access.view, id) : e;
}

/* ---- what a body says ---- */

static uint32_t color_of(const struct body_role_colors *c, unsigned bit, int64_t value)
{
    return BODY_NULL(*c, bit) ? 0 : (uint32_t)value | ROLE_COLOR_SET;
}

/* `color` is the old name of the primary one, which `colors` beats. */
static void take_colors(const struct body_role *b, struct role_draft *d)
{
    const struct body_role_colors *c = &b->colors;
    bool primary = BODY_SENT(*c, BODY_COLOR_PRIMARY) && !BODY_NULL(*c, BODY_COLOR_PRIMARY);
    if (BODY_SENT(*b, BODY_ROLE_COLOR) || primary)
        d->set |= ROLE_SETS_COLOR;
    d->color = (uint32_t)(primary ? c->primary_color : b->color);
    if (BODY_SENT(*c, BODY_COLOR_SECONDARY))
        d->set |= ROLE_SETS_SECONDARY;
    if (BODY_SENT(*c, BODY_COLOR_TERTIARY))
        d->set |= ROLE_SETS_TERTIARY;
    d->secondary_color = color_of(c, BODY_COLOR_SECONDARY, c->secondary_color);
    d->tertiary_color = color_of(c, BODY_COLOR_TERTIARY, c->tertiary_color);
}

static unsigned sets_of(const struct body_role *b)
{
    static const struct {
        unsigned bit;
        unsigned set;
    } map[] = {{BODY_ROLE_NAME, ROLE_SETS_NAME},   {BODY_ROLE_PERMISSIONS, ROLE_SETS_PERMISSIONS},
               {BODY_ROLE_HOIST, ROLE_SETS_HOIST}, {BODY_ROLE_MENTIONABLE, ROLE_SETS_MENTIONABLE},
               {BODY_ROLE_ICON, ROLE_SETS_ICON},   {BODY_ROLE_UNICODE_EMOJI, ROLE_SETS_EMOJI}};
    unsigned set = 0;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (BODY_SENT(*b, map[i].bit))
            set |= map[i].set;
    return set;
}

static enum err take_draft(struct request *r, struct media_image *icon, struct role_draft *d)
{
    const struct body_role *b = r->body;
    *d = (struct role_draft){.set = sets_of(b),
                             .name = b->name,
                             .permissions = b->permissions,
                             .hoist = b->hoist,
                             .mentionable = b->mentionable,
                             .icon = icon};
    if (b->unicode_emoji.len > 0)
        d->unicode_emoji = b->unicode_emoji;
    take_colors(b, d);
    return request_take_image(r, "icon", b->icon, MEDIA_ROLE_ICON, icon);
}

enum err route_roles_create(struct request *r)
{
    const struct body_role *b = r->body;
    struct media_image icon = {0};
    struct role_draft draft;
    struct role_id id;
    struct guild_view *view;
    enum err e = take_draft(r, &icon, &draft);
    if (e != ERR_OK)
        return e;
    if (BODY_NULL(*b, BODY_ROLE_PERMISSIONS))
        draft.set &= ~(unsigned)ROLE_SETS_PERMISSIONS; /* those of @everyone */
    e = role_create(request_core(r), &r->actor, &r->access, &draft, &id, &view);
    if (e != ERR_OK)
        return e;
    e = write_role(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_roles_edit(struct request *r)
{
    struct media_image icon = {0};
    struct role_draft draft;
    struct role_id id;
    struct guild_view *view;
    enum err e = role_param(r, &id);
    if (e == ERR_OK)
        e = take_draft(r, &icon, &draft);
    if (e == ERR_OK)
        e = role_edit(request_core(r), &r->actor, &r->access, id, &draft, &view);
    if (e != ERR_OK)
        return e;
    e = write_role(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_roles_move(struct request *r)
{
    const struct body_list *body = r->body;
    const struct body_role_place *items = body->items.items;
    struct role_place *list = arena_array(&r->arena, body->items.count + 1, sizeof *list);
    struct guild_view *view;
    size_t n = 0;
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < body->items.count; i++)
        if (BODY_SENT(items[i], BODY_ROLE_POSITION) && !BODY_NULL(items[i], BODY_ROLE_POSITION))
            list[n++] = (struct role_place){{items[i].id}, (int32_t)items[i].position};
    enum err e = roles_move(request_core(r), &r->actor, &r->access, list, n, &view);
    if (e != ERR_OK)
        return e;
    write_roles(reply_json(r), view);
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_roles_delete(struct request *r)
{
    struct role_id id;
    enum err e = role_param(r, &id);
    return e == ERR_OK ? role_delete(request_core(r), &r->actor, &r->access, id) : e;
}

enum err route_roles_member_counts(struct request *r)
{
    struct role_count *list = NULL;
    size_t count = 0;
    enum err e =
        role_member_counts(request_core(r), r->access.view->guild.id, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        char *key = arena_printf(&r->arena, "%llu", (unsigned long long)list[i].role.v);
        if (key == NULL)
            return ERR_NO_MEMORY;
        json_kv_u64(w, key, list[i].members);
    }
    json_object_end(w);
    return ERR_OK;
}
