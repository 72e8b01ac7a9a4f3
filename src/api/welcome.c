/* Welcome screen, new member welcome, onboarding. */

#include "core/welcome.h"

#include "api/handlers.h"
#include "api/joining.h"
#include "core/onboarding.h"
#include "proto/bodies.h"

static const struct welcome_reader everything = {.view = NULL};

/* Who may change it sees what there is to change. */
static struct welcome_reader reader_of(const struct request *r)
{
    bool manages = permissions_meet(r->access.permissions, PERMISSION_MANAGE_GUILD);
    return (struct welcome_reader){r->access.view, manages ? NULL : &r->access.subject};
}

enum err route_welcome_get(struct request *r)
{
    struct welcome_screen s = {.paper = {.exists = false}};
    enum err e = welcome_screen_get(request_core(r), &r->access, &r->arena, &s);
    if (e == ERR_OK)
        proto_welcome_screen(reply_json(r), &s.screen, reader_of(r));
    paper_end(&s.paper);
    return e;
}

enum err route_welcome_edit(struct request *r)
{
    struct welcome_screen s = {.paper = {.exists = false}};
    enum err e =
        welcome_screen_change(request_core(r), &r->actor, &r->access, r->body, &r->arena, &s);
    if (e == ERR_OK)
        proto_welcome_screen(reply_json(r), &s.screen, everything);
    paper_end(&s.paper);
    return e;
}

enum err route_new_member_get(struct request *r)
{
    struct new_member_welcome s = {.paper = {.exists = false}};
    enum err e = new_member_get(request_core(r), &r->access, &r->arena, &s);
    if (e == ERR_OK && !s.paper.exists)
        r->x->status = 204;
    else if (e == ERR_OK)
        proto_new_member(reply_json(r), &s.welcome, r->access.view->guild.id, reader_of(r));
    paper_end(&s.paper);
    return e;
}

enum err route_new_member_edit(struct request *r)
{
    struct new_member_welcome s = {.paper = {.exists = false}};
    enum err e = new_member_change(request_core(r), &r->actor, &r->access, r->body, &r->arena, &s);
    if (e == ERR_OK)
        proto_new_member(reply_json(r), &s.welcome, r->access.view->guild.id, everything);
    paper_end(&s.paper);
    return e;
}

enum err route_onboarding_get(struct request *r)
{
    struct onboarding s = {.paper = {.exists = false}};
    const struct guild_view *view = r->access.view;
    enum err e = onboarding_get(request_core(r), &r->access, &r->arena, &s);
    if (e == ERR_OK)
        proto_onboarding(reply_json(r), &s.settings, view->guild.id, PROTO_SHOWN, view);
    paper_end(&s.paper);
    return e;
}

enum err route_onboarding_edit(struct request *r)
{
    struct onboarding s = {.paper = {.exists = false}};
    struct guild_view *view = NULL;
    enum err e =
        onboarding_change(request_core(r), &r->actor, &r->access, r->body, &r->arena, &s, &view);
    if (e == ERR_OK)
        proto_onboarding(reply_json(r), &s.settings, view->guild.id, PROTO_SHOWN, view);
    guild_view_unref(&view);
    paper_end(&s.paper);
    return e;
}

static void write_responses(struct request *r, const struct onboarding_answer *d)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_id(w, "guild_id", r->access.view->guild.id.v);
    json_kv_id(w, "user_id", r->principal.user.v);
    json_key(w, "onboarding_responses");
    json_array_begin(w);
    for (size_t i = 0; i < d->option_count; i++)
        json_id(w, d->options[i]);
    json_array_end(w);
    json_object_end(w);
}

static enum err respond(struct request *r, bool replace)
{
    const struct body_onboarding_responses *body = r->body;
    const struct body_array *from = &body->onboarding_responses;
    uint64_t *options = arena_array(&r->arena, from->count + 1, sizeof *options);
    if (options == NULL)
        return ERR_NO_MEMORY;
    const struct onboarding_answer d = {
        .options = options, .option_count = joining_ids(from, options), .replace = replace};
    enum err e = onboarding_respond(request_core(r), &r->actor, &r->access, &d, &r->arena);
    if (e == ERR_INVALID_FORM)
        request_form_error(r, "onboarding_responses", "INVALID_ONBOARDING_RESPONSE",
                           "Must be options of this guild, one at most where one is asked for.");
    if (e == ERR_OK && d.option_count == 0)
        r->x->status = 204;
    else if (e == ERR_OK)
        write_responses(r, &d);
    return e;
}

enum err route_onboarding_answer(struct request *r)
{
    return respond(r, false);
}

enum err route_onboarding_answer_again(struct request *r)
{
    return respond(r, true);
}
