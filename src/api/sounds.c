/* Soundboards of guilds. */

#include "core/sounds.h"

#include <math.h>

#include "api/handlers.h"
#include "api/media.h"
#include "core/expressions.h"
#include "proto/bodies_expressions.h"
#include "proto/expressions.h"

static const struct sound *sound_in(const struct guild_view *v, struct sound_id id)
{
    for (size_t i = 0; i < v->sound_count; i++)
        if (v->sounds[i].id.v == id.v)
            return &v->sounds[i];
    return NULL;
}

static enum err reply_sound(struct request *r, const struct guild_view *v, struct sound_id id)
{
    const struct sound *s = sound_in(v, id);
    struct user *creator = NULL;
    enum err e = s == NULL ? ERR_UNKNOWN_SOUND : ERR_OK;
    bool ask =
        s != NULL && expression_may_change(r->access.permissions, r->principal.user, s->creator);
    if (ask)
        e = users_get_many(request_core(r), &s->creator, 1, &r->arena, &creator);
    if (e == ERR_OK)
        proto_sound(reply_json(r), s, creator != NULL && creator->id.v != 0 ? creator : NULL);
    return e;
}

enum err route_sounds_list(struct request *r)
{
    const struct guild_view *v = r->access.view;
    struct user_id *ids = arena_array(&r->arena, v->sound_count + 1, sizeof *ids);
    struct user *creators;
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < v->sound_count; i++)
        ids[i] = v->sounds[i].creator;
    bool ask = (r->access.permissions &
                (PERMISSION_CREATE_GUILD_EXPRESSIONS | PERMISSION_MANAGE_GUILD_EXPRESSIONS)) != 0;
    enum err e =
        users_get_many(request_core(r), ids, ask ? v->sound_count : 0, &r->arena, &creators);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "items");
    json_array_begin(w);
    for (size_t i = 0; i < v->sound_count; i++) {
        bool show = ask && creators[i].id.v != 0 &&
                    expression_may_change(r->access.permissions, r->principal.user, ids[i]);
        proto_sound(w, &v->sounds[i], show ? &creators[i] : NULL);
    }
    json_array_end(w);
    json_object_end(w);
    return ERR_OK;
}

enum err route_sounds_get(struct request *r)
{
    struct sound_id id;
    enum err e = request_param_id(r, "sound_id", &id.v);
    return e == ERR_OK ? reply_sound(r, r->access.view, id) : e;
}

enum err route_sounds_default(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    json_array_end(w);
    return ERR_OK;
}

/* Absent and null are both the whole volume. */
static uint32_t volume_of(const struct body_sound *body)
{
    bool given = BODY_SENT(*body, BODY_SOUND_VOLUME) && !BODY_NULL(*body, BODY_SOUND_VOLUME);
    return given ? (uint32_t)lround(body->volume * SOUND_VOLUME_WHOLE)
                 : (uint32_t)SOUND_VOLUME_WHOLE;
}

static struct sound_draft draft_of(const struct body_sound *body)
{
    bool emoji = BODY_SENT(*body, BODY_SOUND_EMOJI_ID) || BODY_SENT(*body, BODY_SOUND_EMOJI_NAME);
    struct sound_draft d = {
        .set = (BODY_SENT(*body, BODY_SOUND_NAME) ? SOUND_SETS_NAME : 0U) |
               (BODY_SENT(*body, BODY_SOUND_VOLUME) ? SOUND_SETS_VOLUME : 0U) |
               (emoji ? SOUND_SETS_EMOJI : 0U),
        .name = body->name,
        .volume = volume_of(body),
        .emoji = body->emoji_id,
    };
    /* One of them: the custom one wins, as in Discord's own client. */
    if (d.emoji == 0 && body->emoji_name.len > 0)
        d.emoji_name = body->emoji_name;
    return d;
}

enum err route_sounds_create(struct request *r)
{
    const struct body_sound *body = r->body;
    struct media_image file;
    struct sound_draft draft = draft_of(body);
    struct sound_id id;
    struct guild_view *view = NULL;
    if (body->sound.len == 0)
        request_form_error(r, "sound", "BASE_TYPE_REQUIRED", "This field is required");
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = request_take_image(r, "sound", body->sound, MEDIA_SOUND, &file);
    draft.sound = &file;
    if (e == ERR_OK)
        e = sound_create(request_core(r), &r->actor, &r->access, &draft, &id, &view);
    if (e == ERR_OK)
        e = reply_sound(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_sounds_edit(struct request *r)
{
    const struct sound_draft draft = draft_of(r->body);
    struct sound_id id;
    struct guild_view *view = NULL;
    enum err e = request_param_id(r, "sound_id", &id.v);
    if (e == ERR_OK)
        e = sound_edit(request_core(r), &r->actor, &r->access, id, &draft, &view);
    if (e == ERR_OK)
        e = reply_sound(r, view, id);
    guild_view_unref(&view);
    return e;
}

enum err route_sounds_delete(struct request *r)
{
    struct sound_id id;
    enum err e = request_param_id(r, "sound_id", &id.v);
    return e == ERR_OK ? sound_delete(request_core(r), &r->actor, &r->access, id) : e;
}
