/* Stickers of guilds, and the packs that there are none of. */

#include "core/stickers.h"

#include "api/handlers.h"
#include "api/media.h"
#include "core/expressions.h"
#include "proto/bodies_expressions.h"
#include "proto/expressions.h"

static const struct sticker *sticker_in(const struct guild_view *v, struct sticker_id id)
{
    for (size_t i = 0; i < v->sticker_count; i++)
        if (v->stickers[i].id.v == id.v)
            return &v->stickers[i];
    return NULL;
}

static enum err reply_sticker(struct request *r, const struct guild_view *v, struct sticker_id id)
{
    const struct sticker *s = sticker_in(v, id);
    struct user *creator = NULL;
    enum err e = s == NULL ? ERR_UNKNOWN_STICKER : ERR_OK;
    bool ask =
        s != NULL && expression_may_change(r->access.permissions, r->principal.user, s->creator);
    if (ask)
        e = users_get_many(request_core(r), &s->creator, 1, &r->arena, &creator);
    if (e == ERR_OK)
        proto_sticker(reply_json(r), s, creator != NULL && creator->id.v != 0 ? creator : NULL);
    return e;
}

enum err route_stickers_list(struct request *r)
{
    const struct guild_view *v = r->access.view;
    struct user_id *ids = arena_array(&r->arena, v->sticker_count + 1, sizeof *ids);
    struct user *creators;
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < v->sticker_count; i++)
        ids[i] = v->stickers[i].creator;
    bool ask = (r->access.permissions &
                (PERMISSION_CREATE_GUILD_EXPRESSIONS | PERMISSION_MANAGE_GUILD_EXPRESSIONS)) != 0;
    enum err e =
        users_get_many(request_core(r), ids, ask ? v->sticker_count : 0, &r->arena, &creators);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < v->sticker_count; i++) {
        bool show = ask && creators[i].id.v != 0 &&
                    expression_may_change(r->access.permissions, r->principal.user, ids[i]);
        proto_sticker(w, &v->stickers[i], show ? &creators[i] : NULL);
    }
    json_array_end(w);
    return ERR_OK;
}

enum err route_stickers_get(struct request *r)
{
    struct sticker_id id;
    enum err e = request_param_id(r, "sticker_id", &id.v);
    return e == ERR_OK ? reply_sticker(r, r->access.view, id) : e;
}

enum err route_stickers_find(struct request *r)
{
    struct sticker_id id;
    struct sticker found;
    enum err e = request_param_id(r, "sticker_id", &id.v);
    if (e == ERR_OK)
        e = sticker_get(request_core(r), id, &r->arena, &found);
    if (e == ERR_OK)
        proto_sticker(reply_json(r), &found, NULL);
    return e;
}

/* An empty description is none. */
static struct slice description_of(const struct body_sticker *body)
{
    return body->description.len > 0 ? body->description : (struct slice){NULL, 0};
}

static enum err take_file(struct request *r, struct slice bytes, struct media_image *out)
{
    struct media_problem problem = {0};
    enum err e = media_bytes_take(request_core(r), bytes, MEDIA_STICKER, out, &problem);
    if (e == ERR_INVALID_FORM)
        request_form_error(r, "file", problem.code, problem.message);
    return e;
}

static void check_description(struct request *r, struct slice text)
{
    if (text.len == 1)
        request_form_error(r, "description", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 2 and 100 in length.");
}

enum err route_stickers_create(struct request *r)
{
    const struct body_sticker *body = r->body;
    struct media_image image;
    struct sticker_draft draft = {.name = body->name,
                                  .description = description_of(body),
                                  .tags = body->tags,
                                  .image = &image};
    struct sticker_id id;
    struct guild_view *view = NULL;
    check_description(r, body->description);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = take_file(r, body->file.bytes, &image);
    if (e == ERR_OK)
        e = sticker_create(request_core(r), &r->actor, &r->access, &draft, &id, &view);
    if (e == ERR_OK)
        e = reply_sticker(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_stickers_edit(struct request *r)
{
    const struct body_sticker *body = r->body;
    struct sticker_draft draft = {
        .set = (BODY_SENT(*body, BODY_STICKER_NAME) ? STICKER_SETS_NAME : 0U) |
               (BODY_SENT(*body, BODY_STICKER_DESCRIPTION) ? STICKER_SETS_DESCRIPTION : 0U) |
               (BODY_SENT(*body, BODY_STICKER_TAGS) ? STICKER_SETS_TAGS : 0U),
        .name = body->name,
        .description = description_of(body),
        .tags = body->tags};
    struct sticker_id id;
    struct guild_view *view = NULL;
    check_description(r, body->description);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = request_param_id(r, "sticker_id", &id.v);
    if (e == ERR_OK)
        e = sticker_edit(request_core(r), &r->actor, &r->access, id, &draft, &view);
    if (e == ERR_OK)
        e = reply_sticker(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_stickers_delete(struct request *r)
{
    struct sticker_id id;
    enum err e = request_param_id(r, "sticker_id", &id.v);
    return e == ERR_OK ? sticker_delete(request_core(r), &r->actor, &r->access, id) : e;
}

/* Packs are Discord's own, sold or given away by it. */
enum err route_sticker_packs_list(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_raw(w, "sticker_packs", "[]");
    json_object_end(w);
    return ERR_OK;
}

enum err route_sticker_packs_get(struct request *r)
{
    uint64_t id;
    enum err e = request_param_id(r, "pack_id", &id);
    return e != ERR_OK ? e : ERR_UNKNOWN_STICKER_PACK;
}
