/* Custom emojis of guilds. */

#include "core/emojis.h"

#include <stdlib.h>

#include "api/handlers.h"
#include "api/media.h"
#include "core/expressions.h"
#include "proto/bodies_expressions.h"
#include "proto/expressions.h"

/* Whose work it is, for those who may ask. *out NULL: not for this caller, or gone. */
static enum err creator_of(struct request *r, const struct emoji *e, const struct user **out)
{
    struct user *user;
    *out = NULL;
    if (!expression_may_change(r->access.permissions, r->principal.user, e->creator))
        return ERR_OK;
    enum err failed = users_get_many(request_core(r), &e->creator, 1, &r->arena, &user);
    if (failed == ERR_OK && user->id.v != 0)
        *out = user;
    return failed;
}

static const struct emoji *emoji_in(const struct guild_view *v, struct emoji_id id)
{
    for (size_t i = 0; i < v->emoji_count; i++)
        if (v->emojis[i].id.v == id.v)
            return &v->emojis[i];
    return NULL;
}

static enum err reply_emoji(struct request *r, const struct guild_view *v, struct emoji_id id)
{
    const struct emoji *e = emoji_in(v, id);
    const struct user *creator;
    if (e == NULL)
        return ERR_UNKNOWN_EMOJI;
    enum err failed = creator_of(r, e, &creator);
    if (failed == ERR_OK)
        proto_emoji(reply_json(r), e, creator);
    return failed;
}

enum err route_emojis_list(struct request *r)
{
    const struct guild_view *v = r->access.view;
    struct user_id *ids = arena_array(&r->arena, v->emoji_count + 1, sizeof *ids);
    struct user *creators;
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < v->emoji_count; i++)
        ids[i] = v->emojis[i].creator;
    bool ask = (r->access.permissions &
                (PERMISSION_CREATE_GUILD_EXPRESSIONS | PERMISSION_MANAGE_GUILD_EXPRESSIONS)) != 0;
    enum err e =
        users_get_many(request_core(r), ids, ask ? v->emoji_count : 0, &r->arena, &creators);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < v->emoji_count; i++) {
        bool show = ask && creators[i].id.v != 0 &&
                    expression_may_change(r->access.permissions, r->principal.user, ids[i]);
        proto_emoji(w, &v->emojis[i], show ? &creators[i] : NULL);
    }
    json_array_end(w);
    return ERR_OK;
}

enum err route_emojis_get(struct request *r)
{
    struct emoji_id id;
    enum err e = request_param_id(r, "emoji_id", &id.v);
    return e == ERR_OK ? reply_emoji(r, r->access.view, id) : e;
}

static void check_name(struct request *r, struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
        if (!word) {
            request_form_error(r, "name", "STRING_TYPE_REGEX",
                               "String value did not match validation regex.");
            return;
        }
    }
}

static int by_id(const void *a, const void *b)
{
    const struct role_id *x = a;
    const struct role_id *y = b;
    return x->v < y->v ? -1 : x->v > y->v;
}

static enum err take_roles(struct request *r, const struct body_array *from,
                           struct emoji_draft *draft)
{
    const struct body_id_item *items = from->items;
    struct role_id *roles = arena_array(&r->arena, from->count + 1, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++)
        roles[i].v = items[i].value;
    qsort(roles, from->count, sizeof *roles, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < from->count; i++)
        if (kept == 0 || roles[kept - 1].v != roles[i].v)
            roles[kept++] = roles[i];
    draft->roles = roles;
    draft->role_count = kept;
    return ERR_OK;
}

enum err route_emojis_create(struct request *r)
{
    const struct body_emoji *body = r->body;
    struct media_image image;
    struct emoji_draft draft = {.name = body->name, .image = &image};
    struct emoji_id id;
    struct guild_view *view = NULL;
    check_name(r, body->name);
    if (body->image.len == 0)
        request_form_error(r, "image", "BASE_TYPE_REQUIRED", "This field is required");
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = take_roles(r, &body->roles, &draft);
    if (e == ERR_OK)
        e = request_take_image(r, "image", body->image, MEDIA_EMOJI, &image);
    if (e == ERR_OK)
        e = emoji_create(request_core(r), &r->actor, &r->access, &draft, &id, &view);
    if (e == ERR_OK)
        e = reply_emoji(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_emojis_edit(struct request *r)
{
    const struct body_emoji *body = r->body;
    struct emoji_draft draft = {.sets_roles = BODY_SENT(*body, BODY_EMOJI_ROLES)};
    struct emoji_id id;
    struct guild_view *view = NULL;
    if (BODY_SENT(*body, BODY_EMOJI_NAME)) {
        check_name(r, body->name);
        draft.name = body->name;
    }
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = request_param_id(r, "emoji_id", &id.v);
    if (e == ERR_OK)
        e = take_roles(r, &body->roles, &draft);
    if (e == ERR_OK)
        e = emoji_edit(request_core(r), &r->actor, &r->access, id, &draft, &view);
    if (e == ERR_OK)
        e = reply_emoji(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_emojis_delete(struct request *r)
{
    struct emoji_id id;
    enum err e = request_param_id(r, "emoji_id", &id.v);
    return e == ERR_OK ? emoji_delete(request_core(r), &r->actor, &r->access, id) : e;
}
