/* Templates. Their documents may be larger than what a request usually holds: an arena of its own
 * for each. */

#include "core/templates.h"

#include "api/guild_plan.h"
#include "api/handlers.h"
#include "api/media.h"
#include "proto/guild.h"
#include "proto/template.h"
#include "proto/template_document.h"

enum { PLAN_BYTES_MAX = 32 * 1024 * 1024 };

/* What a handler does with a template that is to be shown. */
typedef enum err template_fn(struct request *r, struct arena *arena, struct guild_template *out);

static enum err show(struct request *r, template_fn *fn)
{
    struct guild_template t;
    struct arena arena;
    arena_init(&arena, MEM_API, TEMPLATE_BYTES);
    enum err e = fn(r, &arena, &t);
    if (e == ERR_OK)
        proto_template(reply_json(r), &t);
    arena_deinit(&arena);
    return e;
}

static enum err get(struct request *r, struct arena *arena, struct guild_template *out)
{
    return template_get(request_core(r), request_param(r, "code"), arena, out);
}

static enum err create(struct request *r, struct arena *arena, struct guild_template *out)
{
    const struct body_template *b = r->body;
    struct slice none = {NULL, 0};
    return template_create(request_core(r), &r->actor, &r->access, b->name,
                           b->description.len > 0 ? b->description : none, arena, out);
}

static enum err synchronize(struct request *r, struct arena *arena, struct guild_template *out)
{
    return template_sync(request_core(r), &r->access, request_param(r, "code"), arena, out);
}

static enum err edit(struct request *r, struct arena *arena, struct guild_template *out)
{
    const struct body_template *b = r->body;
    struct template_change change = {.rename = BODY_SENT(*b, BODY_TEMPLATE_NAME),
                                     .name = b->name,
                                     .redescribe = BODY_SENT(*b, BODY_TEMPLATE_DESCRIPTION)};
    if (b->description.len > 0)
        change.description = b->description;
    return template_edit(request_core(r), &r->access, request_param(r, "code"), &change, arena,
                         out);
}

static enum err end(struct request *r, struct arena *arena, struct guild_template *out)
{
    return template_delete(request_core(r), &r->access, request_param(r, "code"), arena, out);
}

enum err route_templates_get(struct request *r)
{
    return show(r, get);
}

enum err route_templates_create(struct request *r)
{
    return show(r, create);
}

enum err route_templates_sync(struct request *r)
{
    return show(r, synchronize);
}

enum err route_templates_edit(struct request *r)
{
    return show(r, edit);
}

enum err route_templates_delete(struct request *r)
{
    return show(r, end);
}

enum err route_templates_list(struct request *r)
{
    struct guild_template t;
    struct arena arena;
    arena_init(&arena, MEM_API, TEMPLATE_BYTES);
    enum err e = template_of_guild(request_core(r), r->access.view->guild.id, &arena, &t);
    if (e == ERR_OK || e == ERR_UNKNOWN_TEMPLATE) {
        struct json_writer *w = reply_json(r);
        json_array_begin(w);
        if (e == ERR_OK)
            proto_template(w, &t);
        json_array_end(w);
        e = ERR_OK;
    }
    arena_deinit(&arena);
    return e;
}

/* ---- making a guild of one ---- */

static enum err make_guild(struct request *r, const struct body_guild_create *plan,
                           struct slice code, struct arena *arena)
{
    const struct body_template_use *b = r->body;
    struct media_image icon;
    struct guild_draft draft;
    struct guild_view *view;
    enum err e = guild_plan_draft(r, plan, arena, &draft);
    if (e == ERR_OK)
        e = request_take_image(r, "icon", b->icon, MEDIA_GUILD_ICON, &icon);
    if (e != ERR_OK)
        return e;
    draft.name = b->name;
    draft.icon = &icon;
    draft.template_code = code;
    e = guild_create(request_core(r), &r->actor, &draft, &view);
    if (e != ERR_OK)
        return e;
    proto_guild(reply_json(r), view);
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_templates_use(struct request *r)
{
    struct body_guild_create plan;
    struct guild_template t;
    struct json_t *json = NULL;
    struct arena arena;
    arena_init(&arena, MEM_API, PLAN_BYTES_MAX);
    enum err e = get(r, &arena, &t);
    if (e == ERR_OK)
        e = template_document_read(t.document, &arena, &json, &plan);
    if (e == ERR_OK)
        e = make_guild(r, &plan, t.code, &arena);
    if (e == ERR_NO_MEMORY)
        e = arena_short(&arena);
    template_document_free(&json);
    arena_deinit(&arena);
    return e;
}
