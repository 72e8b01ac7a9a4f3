/* Members. */

#include "core/members.h"

#include "api/handlers.h"
#include "api/media.h"
#include "core/accounts.h"
#include "core/member_add.h"
#include "proto/bodies_members.h"
#include "proto/guild.h"
#include "wire/utf8.h"

enum {
    SEARCH_TEXT_MAX = 100,
    LIST_BYTES_MAX = 16 * 1024 * 1024,
    CLOCK_SLACK_MS = 60 * 1000 /* a client's clock may be ahead of ours */
};

static struct guild_id guild_of(const struct request *r)
{
    return r->access.view->guild.id;
}

static enum err read_user_id(struct request *r, struct user_id *out)
{
    return request_param_id(r, "user_id", &out->v);
}

/* ---- reading ---- */

static void write_member(struct request *r, const struct member *m)
{
    proto_member(reply_json(r), m, true);
}

static void write_list(struct request *r, const struct member *list, size_t count)
{
    struct json_writer *w = reply_json(r);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        proto_member(w, &list[i], true);
    json_array_end(w);
}

enum err route_members_me(struct request *r)
{
    write_member(r, &r->access.member);
    return ERR_OK;
}

enum err route_members_get(struct request *r)
{
    struct user_id user;
    struct member m;
    enum err e = read_user_id(r, &user);
    if (e == ERR_OK)
        e = member_get(request_core(r), guild_of(r), user, &r->arena, &m);
    if (e == ERR_OK)
        write_member(r, &m);
    return e;
}

/* A thousand members with all the roles that there can be do not fit into a request's arena. */
static enum err answer_list(struct request *r, struct slice prefix, uint64_t after, int64_t limit)
{
    struct arena arena;
    struct member *list;
    size_t count;
    enum err e;
    arena_init(&arena, MEM_API, LIST_BYTES_MAX);
    if (prefix.data != NULL)
        e = member_search(request_core(r), guild_of(r), prefix, (uint64_t)limit, &arena, &list,
                          &count);
    else
        e = member_list(request_core(r), guild_of(r), after, (uint64_t)limit, &arena, &list,
                        &count);
    if (e == ERR_OK)
        write_list(r, list, count);
    arena_deinit(&arena);
    return e;
}

/* A list of everybody is what the privileged intent is about, for bots (docs, "List Guild
 * Members"). */
static bool may_list(const struct request *r)
{
    return !r->principal.bot ||
           (r->principal.application_flags & APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS) != 0;
}

enum err route_members_list(struct request *r)
{
    int64_t limit = 1;
    uint64_t after = 0;
    if (!may_list(r))
        return ERR_MISSING_ACCESS;
    request_query_int(r, "limit", 1, LIMIT_MEMBERS_PAGE, &limit);
    request_query_id(r, "after", &after);
    enum err e = request_form_ok(r);
    return e == ERR_OK ? answer_list(r, (struct slice){NULL, 0}, after, limit) : e;
}

static void check_search_text(struct request *r, struct slice text)
{
    if (text.data == NULL || text.len == 0)
        request_form_error(r, "query", "BASE_TYPE_REQUIRED", "This field is required");
    else if (!utf8_valid(text) || utf8_count(text) > SEARCH_TEXT_MAX ||
             slice_find(text, '\0') < text.len)
        request_form_error(r, "query", "BASE_TYPE_BAD_LENGTH",
                           "Must be between 1 and 100 in length.");
}

enum err route_members_search(struct request *r)
{
    int64_t limit = 1;
    struct slice text = request_query(r, "query");
    check_search_text(r, text);
    request_query_int(r, "limit", 1, LIMIT_MEMBERS_PAGE, &limit);
    enum err e = request_form_ok(r);
    return e == ERR_OK ? answer_list(r, text, 0, limit) : e;
}

/* ---- changing ---- */

/* Ids of an array; NULL for none. The items' struct begins with two more words. */
static enum err take_ids(struct request *r, const struct body_array *list, const uint64_t **out)
{
    const struct body_id_item *items = list->items;
    uint64_t *ids = arena_array(&r->arena, list->count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        ids[i] = items[i].value;
    *out = ids;
    return ERR_OK;
}

static void check_time_out(struct request *r, int64_t until_ms)
{
    int64_t last = request_now_ms(r) + (int64_t)LIMIT_TIMEOUT_S * 1000 + CLOCK_SLACK_MS;
    if (until_ms > last)
        request_form_error(r, "communication_disabled_until", "DATE_TIME_TYPE_MAX",
                           "Must be at most 28 days in the future.");
}

static unsigned parts_of(const struct body_member_edit *body)
{
    static const struct {
        unsigned bit;
        unsigned part;
    } parts[] = {
        {BODY_MEMBER_NICK, MEMBER_NICK},         {BODY_MEMBER_ROLES, MEMBER_ROLES},
        {BODY_MEMBER_MUTE, MEMBER_MUTE},         {BODY_MEMBER_DEAF, MEMBER_DEAF},
        {BODY_MEMBER_TIME_OUT, MEMBER_TIME_OUT}, {BODY_MEMBER_FLAGS, MEMBER_FLAGS},
        {BODY_MEMBER_CHANNEL, MEMBER_VOICE},
    };
    unsigned sent = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (BODY_SENT(*body, parts[i].bit))
            sent |= parts[i].part;
    return sent;
}

static enum err edit(struct request *r, struct user_id user, const struct member_edit *d)
{
    struct member m;
    enum err e = member_edit(request_core(r), &r->actor, &r->access, user, d, &r->arena, &m);
    if (e == ERR_OK)
        write_member(r, &m);
    return e;
}

enum err route_members_edit(struct request *r)
{
    const struct body_member_edit *body = r->body;
    struct user_id user;
    struct member_edit d = {.parts = parts_of(body),
                            .nick = body->nick,
                            .role_count = body->roles.count,
                            .mute = body->mute,
                            .deaf = body->deaf,
                            .timed_out_until_ms = body->timed_out_until_ms,
                            .flags = (uint64_t)body->flags,
                            .voice = {body->channel_id}};
    check_time_out(r, body->timed_out_until_ms);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = read_user_id(r, &user);
    if (e == ERR_OK)
        e = take_ids(r, &body->roles, &d.roles);
    return e == ERR_OK ? edit(r, user, &d) : e;
}

enum err route_members_edit_me(struct request *r)
{
    const struct body_member_self *body = r->body;
    struct media_image avatar = {0};
    struct media_image banner = {0};
    struct member_edit d = {.nick = body->nick, .avatar = &avatar, .banner = &banner};
    if (BODY_SENT(*body, BODY_MEMBER_NICK))
        d.parts |= MEMBER_NICK;
    if (BODY_SENT(*body, BODY_MEMBER_AVATAR))
        d.parts |= MEMBER_AVATAR;
    if (BODY_SENT(*body, BODY_MEMBER_BANNER))
        d.parts |= MEMBER_BANNER;
    enum err e = request_take_image(r, "avatar", body->avatar, MEDIA_MEMBER_AVATAR, &avatar);
    if (e == ERR_OK)
        e = request_take_image(r, "banner", body->banner, MEDIA_MEMBER_BANNER, &banner);
    return e == ERR_OK ? edit(r, r->principal.user, &d) : e;
}

enum err route_members_edit_nick(struct request *r)
{
    const struct body_member_self *body = r->body;
    struct member m;
    struct member_edit d = {.parts = MEMBER_NICK, .nick = body->nick};
    enum err e =
        member_edit(request_core(r), &r->actor, &r->access, r->principal.user, &d, &r->arena, &m);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_kv_str_or_null(w, "nick", m.nick);
    json_object_end(w);
    return ERR_OK;
}

enum err route_members_kick(struct request *r)
{
    struct user_id user;
    enum err e = read_user_id(r, &user);
    return e == ERR_OK ? member_kick(request_core(r), &r->actor, &r->access, user) : e;
}

typedef enum err (*role_change)(struct core *c, const struct actor *by, const struct access *a,
                                struct user_id user, struct role_id role);

static enum err change_role(struct request *r, role_change change)
{
    struct user_id user;
    struct role_id role;
    enum err e = read_user_id(r, &user);
    if (e == ERR_OK)
        e = request_param_id(r, "role_id", &role.v);
    return e == ERR_OK ? change(request_core(r), &r->actor, &r->access, user, role) : e;
}

enum err route_members_give_role(struct request *r)
{
    return change_role(r, member_give_role);
}

enum err route_members_take_role(struct request *r)
{
    return change_role(r, member_take_role);
}

/* ---- adding ---- */

/* There are no OAuth2 access tokens here yet: who hands a bot a token of their own has agreed to
 * more than to join. */
static enum err check_consent(struct request *r, struct slice token, struct user_id user)
{
    struct principal who;
    enum err e = account_authenticate(request_core(r), token, 0, &who);
    if (e == ERR_UNAUTHORIZED)
        return ERR_INVALID_ACCESS_TOKEN;
    if (e != ERR_OK)
        return e;
    return who.user.v == user.v && !who.bot ? ERR_OK : ERR_INVALID_ACCESS_TOKEN;
}

enum err route_members_add(struct request *r)
{
    const struct body_member_add *body = r->body;
    struct member m;
    bool added;
    struct member_addition d = {.nick = body->nick,
                                .role_count = body->roles.count,
                                .mute = body->mute,
                                .deaf = body->deaf};
    enum err e = read_user_id(r, &d.user);
    if (e == ERR_OK)
        e = check_consent(r, body->access_token, d.user);
    if (e == ERR_OK)
        e = take_ids(r, &body->roles, &d.roles);
    if (e == ERR_OK)
        e = member_add(request_core(r), &r->actor, &r->access, &d, &r->arena, &m, &added);
    if (e != ERR_OK)
        return e;
    if (added)
        write_member(r, &m);
    else
        r->x->status = 204;
    return ERR_OK;
}
