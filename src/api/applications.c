/* Applications and their bots. */

#include "core/applications.h"

#include "api/handlers.h"
#include "core/accounts.h"
#include "proto/bodies.h"
#include "proto/guild.h"

static enum err write_application(struct request *r, const struct application *a)
{
    struct user owner;
    struct user bot;
    enum err e = account_get(request_core(r), a->owner, &r->arena, &owner);
    if (e == ERR_OK && a->bot.v != 0)
        e = account_get(request_core(r), a->bot, &r->arena, &bot);
    if (e == ERR_OK)
        proto_application(reply_json(r), a, &owner, a->bot.v != 0 ? &bot : NULL);
    return e;
}

enum err route_applications_create(struct request *r)
{
    const struct body_application_create *body = r->body;
    struct application made;
    enum err e = application_create(request_core(r), &r->actor, body->name, body->description,
                                    &r->arena, &made);
    return e != ERR_OK ? e : write_application(r, &made);
}

enum err route_applications_me(struct request *r)
{
    struct application a;
    enum err e = application_get(request_core(r), r->principal.application, &r->arena, &a);
    return e != ERR_OK ? e : write_application(r, &a);
}

enum err route_applications_get(struct request *r)
{
    struct application_id id;
    struct application a;
    enum err e = request_param_id(r, "application_id", &id.v);
    if (e == ERR_OK)
        e = application_get(request_core(r), id, &r->arena, &a);
    if (e != ERR_OK)
        return e;
    if (a.owner.v != r->principal.user.v)
        return ERR_NOT_APPLICATION_OWNER;
    return write_application(r, &a);
}

enum err route_applications_bot(struct request *r)
{
    struct application_id id;
    char token[TOKEN_TEXT_MAX];
    enum err e = request_param_id(r, "application_id", &id.v);
    if (e == ERR_OK)
        e = application_bot_token(request_core(r), &r->actor, id, token);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_cstr(w, "token", token);
    json_object_end(w);
    return ERR_OK;
}
