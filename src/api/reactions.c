/* Reactions. */

#include "core/reactions.h"

#include "api/handlers.h"
#include "proto/user.h"

enum { REACTORS_PAGE = 25 };

struct path {
    struct message_id message;
    struct emoji_ref emoji;
    enum reaction_type type; /* REACTION_TYPES: the path has none */
    struct user_id user;     /* the caller, if the path has none */
};

/* In the path of the routes of one type: 0 or 1. */
static enum err read_type(struct request *r, struct path *p)
{
    struct slice text = request_param(r, "reaction_type");
    p->type = REACTION_TYPES;
    if (text.data == NULL)
        return ERR_OK;
    if (text.len != 1 || (text.data[0] != '0' && text.data[0] != '1')) {
        request_form_error(r, "reaction_type", "BASE_TYPE_CHOICES", "Value must be one of (0, 1).");
        return ERR_INVALID_FORM;
    }
    p->type = text.data[0] == '0' ? REACTION_NORMAL : REACTION_BURST;
    return ERR_OK;
}

/* Of an emoji in a guild Discord says 404; of one to react with, 400. */
static enum err said_of_emoji(enum err e)
{
    return e == ERR_UNKNOWN_EMOJI ? ERR_NO_EMOJI : e;
}

static enum err read_path(struct request *r, struct path *p)
{
    p->user = r->principal.user;
    enum err e = request_param_id(r, "message_id", &p->message.v);
    if (e == ERR_OK)
        e = read_type(r, p);
    if (e == ERR_OK)
        e = said_of_emoji(
            reaction_emoji_read(request_param(r, "emoji_name"), &r->arena, &p->emoji));
    return e;
}

/* type=1, or burst=true, which older clients send. */
static enum err read_query_type(struct request *r, enum reaction_type *out)
{
    int64_t type = 0;
    bool burst = false;
    request_query_int(r, "type", 0, REACTION_TYPES - 1, &type);
    request_query_bool(r, "burst", &burst);
    *out = type == 1 || burst ? REACTION_BURST : REACTION_NORMAL;
    return request_form_ok(r);
}

enum err route_reactions_add(struct request *r)
{
    struct path p;
    enum reaction_type type;
    enum err e = read_query_type(r, &type);
    if (e == ERR_OK)
        e = read_path(r, &p);
    if (e == ERR_OK)
        e = reaction_add(request_core(r), &r->actor, &r->access, p.message, &p.emoji, type);
    return said_of_emoji(e);
}

static enum err remove_of(struct request *r, const struct path *p)
{
    return reaction_remove(request_core(r), &r->actor, &r->access, p->message, &p->emoji, p->type,
                           p->user);
}

enum err route_reactions_remove_own(struct request *r)
{
    struct path p;
    enum err e = read_path(r, &p);
    return e == ERR_OK ? remove_of(r, &p) : e;
}

enum err route_reactions_remove_of(struct request *r)
{
    struct path p;
    enum err e = read_path(r, &p);
    if (e == ERR_OK)
        e = request_param_id(r, "user_id", &p.user.v);
    return e == ERR_OK ? remove_of(r, &p) : e;
}

enum err route_reactions_clear_kind(struct request *r)
{
    struct path p;
    enum err e = read_path(r, &p);
    return e == ERR_OK
               ? reactions_clear(request_core(r), &r->actor, &r->access, p.message, &p.emoji)
               : e;
}

enum err route_reactions_clear(struct request *r)
{
    struct message_id id;
    enum err e = request_param_id(r, "message_id", &id.v);
    return e == ERR_OK ? reactions_clear(request_core(r), &r->actor, &r->access, id, NULL) : e;
}

enum err route_reactions_list(struct request *r)
{
    struct path p;
    enum reaction_type type;
    struct user_id after = {0};
    int64_t limit = REACTORS_PAGE;
    struct user *list = NULL;
    size_t count = 0;
    request_query_id(r, "after", &after.v);
    request_query_int(r, "limit", 1, LIMIT_REACTORS_PAGE, &limit);
    enum err e = read_query_type(r, &type);
    if (e == ERR_OK)
        e = read_path(r, &p);
    if (e == ERR_OK)
        e = reaction_users(request_core(r), &r->access, p.message, &p.emoji, type, after,
                           (size_t)limit, &r->arena, &list, &count);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_user(w, &list[i]);
    json_array_end(w);
    return ERR_OK;
}
