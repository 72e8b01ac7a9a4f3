/* The widget: its settings, and itself, which anybody may look at. */

#include "core/widget.h"

#include "api/handlers.h"
#include "api/widget_image.h"
#include "core/online.h"
#include "proto/bodies_onboarding.h"

static void write_settings(struct request *r, const struct guild *g)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_bool(w, "enabled", g->widget_enabled);
    json_kv_id_or_null(w, "channel_id", g->widget_channel.v);
    json_object_end(w);
}

enum err route_widget_settings(struct request *r)
{
    write_settings(r, &r->access.view->guild);
    return ERR_OK;
}

enum err route_widget_edit(struct request *r)
{
    const struct body_widget *body = r->body;
    struct guild_view *view = NULL;
    const struct widget_change change = {
        .has_enabled =
            BODY_SENT(*body, BODY_WIDGET_ENABLED) && !BODY_NULL(*body, BODY_WIDGET_ENABLED),
        .enabled = body->enabled,
        .has_channel = BODY_SENT(*body, BODY_WIDGET_CHANNEL),
        .channel = {body->channel_id},
    };
    enum err e = widget_change(request_core(r), &r->actor, &r->access, &change, &view);
    if (e != ERR_OK)
        return e;
    write_settings(r, &view->guild);
    guild_view_unref(&view);
    return ERR_OK;
}

/* Voice channels that everybody of the guild could join: text channels are not shown. */
static void write_channels(struct json_writer *w, const struct guild_view *v)
{
    const struct subject everyone = {0};
    json_key(w, "channels");
    json_array_begin(w);
    for (size_t i = 0; i < v->channel_count; i++) {
        const struct channel *ch = &v->channels[i];
        if (ch->type != CHANNEL_TYPE_VOICE ||
            !(permissions_in_channel(v, &everyone, ch, 0) & PERMISSION_CONNECT))
            continue;
        json_object_begin(w);
        json_kv_id(w, "id", ch->id.v);
        json_kv_str(w, "name", ch->name);
        json_kv_i64(w, "position", ch->position);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_invite(struct request *r, struct json_writer *w, struct slice code)
{
    struct buf url;
    json_key(w, "instant_invite");
    if (code.data == NULL) {
        json_write_null(w);
        return;
    }
    buf_init(&url, MEM_API, LIMIT_HTTP_TARGET_BYTES);
    request_write_url(r, &url, false);
    buf_append_cstr(&url, "/invite/");
    buf_append_slice(&url, code);
    json_str(w, buf_slice(&url));
    buf_deinit(&url);
}

/* Anybody reads this: numbers stand for their ids, and pictures that are everybody's for theirs, as
 * on Discord. */
static void write_members(struct request *r, struct json_writer *w, const struct member *list,
                          const char *const *statuses, size_t count)
{
    json_key(w, "members");
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        const struct member *m = &list[i];
        const struct slice shown = m->nick.data != NULL               ? m->nick
                                   : m->user.global_name.data != NULL ? m->user.global_name
                                                                      : m->user.username;
        struct buf url;
        buf_init(&url, MEM_API, LIMIT_HTTP_TARGET_BYTES);
        request_write_url(r, &url, false);
        buf_printf(&url, "/embed/avatars/%u.png", (unsigned)((m->user.id.v >> 22) % 6));
        json_object_begin(w);
        json_kv_id(w, "id", i);
        json_kv_str(w, "username", shown);
        json_kv_cstr(w, "discriminator", "0000");
        json_kv_null(w, "avatar");
        json_kv_cstr(w, "status", statuses[i]);
        json_kv_str(w, "avatar_url", buf_slice(&url));
        json_object_end(w);
        buf_deinit(&url);
    }
    json_array_end(w);
}

enum err route_widget_json(struct request *r)
{
    struct guild_id id;
    struct guild_view *view = NULL;
    struct slice code;
    uint64_t members;
    struct member *list = NULL;
    const char *statuses[WIDGET_MEMBERS_MAX];
    size_t count = 0;
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = widget_get(request_core(r), id, &r->arena, &view, &code, &members);
    if (e == ERR_OK)
        e = widget_online(request_core(r), id, &r->arena, &list, statuses, &count);
    if (e != ERR_OK) {
        guild_view_unref(&view);
        return e;
    }
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_id(w, "id", id.v);
    json_kv_str(w, "name", view->guild.name);
    write_invite(r, w, code);
    write_channels(w, view);
    write_members(r, w, list, statuses, count);
    json_kv_u64(w, "presence_count", online_count(request_core(r), id));
    json_object_end(w);
    guild_view_unref(&view);
    return ERR_OK;
}

/* Discord's styles differ in what stands around the number; here they differ in size. */
static const struct {
    const char *name;
    unsigned scale;
} styles[] = {{"shield", 1}, {"banner1", 3}, {"banner2", 2}, {"banner3", 3}, {"banner4", 4}};

static enum err read_style(struct request *r, unsigned *scale)
{
    struct slice name = request_query(r, "style");
    *scale = styles[0].scale;
    if (name.data == NULL)
        return ERR_OK;
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        if (slice_eq_cstr(name, styles[i].name)) {
            *scale = styles[i].scale;
            return ERR_OK;
        }
    }
    request_form_error(
        r, "style", "BASE_TYPE_CHOICES",
        "Value must be one of ('shield', 'banner1', 'banner2', 'banner3', 'banner4').");
    return ERR_INVALID_FORM;
}

enum err route_widget_png(struct request *r)
{
    struct guild_id id;
    struct guild_view *view = NULL;
    struct slice code;
    uint64_t members;
    unsigned scale;
    enum err e = request_param_id(r, "guild_id", &id.v);
    if (e == ERR_OK)
        e = read_style(r, &scale);
    if (e == ERR_OK)
        e = widget_get(request_core(r), id, &r->arena, &view, &code, &members);
    guild_view_unref(&view);
    if (e != ERR_OK)
        return e;
    struct buf *out = reply_body(r, SLICE("image/png"));
    return widget_image_write(members, scale, out) && !out->failed ? ERR_OK : ERR_NO_MEMORY;
}
