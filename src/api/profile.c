/* What people show of themselves, and their settings. */

#include "core/profile.h"

#include "api/handlers.h"
#include "api/media.h"
#include "core/user_settings.h"
#include "model/validate.h"
#include "proto/bodies_people.h"
#include "proto/user.h"

static struct slice text_or_none(struct slice s)
{
    return s.len > 0 ? s : (struct slice){NULL, 0};
}

/* By bit of the body: the part that it changes. */
static const unsigned parts[] = {
    [BODY_PROFILE_USERNAME] = PROFILE_USERNAME,
    [BODY_PROFILE_GLOBAL_NAME] = PROFILE_GLOBAL_NAME,
    [BODY_PROFILE_AVATAR] = PROFILE_AVATAR,
    [BODY_PROFILE_BANNER] = PROFILE_BANNER,
    [BODY_PROFILE_ACCENT_COLOR] = PROFILE_ACCENT_COLOR,
    [BODY_PROFILE_BIO] = PROFILE_BIO,
    [BODY_PROFILE_PRONOUNS] = PROFILE_PRONOUNS,
    [BODY_PROFILE_EMAIL] = PROFILE_EMAIL,
    [BODY_PROFILE_NEW_PASSWORD] = PROFILE_PASSWORD,
};

static void take_texts(struct request *r, const struct body_profile *body, struct profile_change *d)
{
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        if (BODY_SENT(*body, i))
            d->parts |= parts[i];
    if (r->principal.bot)
        d->parts &= ~(unsigned)(PROFILE_EMAIL | PROFILE_PASSWORD);
    d->global_name = text_or_none(body->global_name);
    d->bio = text_or_none(body->bio);
    d->pronouns = text_or_none(body->pronouns);
    d->password = body->password;
    d->new_password = body->new_password;
    if (BODY_SENT(*body, BODY_PROFILE_ACCENT_COLOR) && !BODY_NULL(*body, BODY_PROFILE_ACCENT_COLOR))
        d->accent_color = ROLE_COLOR_SET | (uint32_t)body->accent_color;
}

static enum err take_names(struct request *r, const struct body_profile *body,
                           struct profile_change *d)
{
    if ((d->parts & PROFILE_USERNAME) &&
        !validate_username(body->username, &r->arena, &d->username))
        request_form_error(r, "username", "USERNAME_INVALID",
                           "Username can only use letters, numbers, underscores and periods.");
    if ((d->parts & PROFILE_EMAIL) && !validate_email(body->email, &r->arena, &d->email))
        request_form_error(r, "email", "EMAIL_TYPE_INVALID_EMAIL",
                           "Not a well formed email address.");
    if ((d->parts & PROFILE_GUARDED) && !r->principal.bot && body->password.len == 0)
        request_form_error(r, "password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.");
    return request_form_ok(r);
}

static enum err explain(struct request *r, enum err e, enum account_conflict conflict)
{
    if (e == ERR_UNAUTHORIZED)
        request_form_error(r, "password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.");
    else if (e == ERR_STORE_CONFLICT && conflict == ACCOUNT_EMAIL_TAKEN)
        request_form_error(r, "email", "EMAIL_ALREADY_REGISTERED", "Email is already registered.");
    else if (e == ERR_STORE_CONFLICT)
        request_form_error(r, "username", "USERNAME_ALREADY_TAKEN",
                           "Username is unavailable. Try adding numbers, letters, underscores _ , "
                           "or periods.");
    else
        return e;
    return ERR_INVALID_FORM;
}

static void write_self(struct request *r, const struct user *u, const char *token)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_user_self_keys(w, u);
    if (token[0] != '\0')
        json_kv_cstr(w, "token", token);
    json_object_end(w);
}

enum err route_users_edit(struct request *r)
{
    const struct body_profile *body = r->body;
    struct media_image avatar, banner;
    struct profile_change d = {.avatar = &avatar, .banner = &banner};
    enum account_conflict conflict = ACCOUNT_FREE;
    char token[TOKEN_TEXT_MAX];
    struct user user;
    take_texts(r, body, &d);
    enum err e = take_names(r, body, &d);
    if (e == ERR_OK)
        e = request_take_image(r, "avatar", body->avatar, MEDIA_USER_AVATAR, &avatar);
    if (e == ERR_OK)
        e = request_take_image(r, "banner", body->banner, MEDIA_USER_BANNER, &banner);
    if (e == ERR_OK)
        e = profile_change(request_core(r), &r->actor, &d, &r->arena, token, &user, &conflict);
    if (e != ERR_OK)
        return explain(r, e, conflict);
    write_self(r, &user, token);
    return ERR_OK;
}

static void write_user_profile(struct json_writer *w, const struct user *u)
{
    json_object_begin(w);
    json_kv_str(w, "bio", u->bio);
    json_kv_str(w, "pronouns", u->pronouns);
    json_kv_str_or_null(w, "banner", u->banner);
    json_key(w, "accent_color");
    if (u->accent_color & ROLE_COLOR_SET)
        json_u64(w, u->accent_color ^ ROLE_COLOR_SET);
    else
        json_write_null(w);
    json_kv_null(w, "theme_colors");
    json_object_end(w);
}

enum err route_users_profile_edit(struct request *r)
{
    const struct body_profile *body = r->body;
    struct profile_change d = {0};
    enum account_conflict conflict;
    char token[TOKEN_TEXT_MAX];
    struct user user;
    take_texts(r, body, &d);
    enum err e = profile_change(request_core(r), &r->actor, &d, &r->arena, token, &user, &conflict);
    if (e == ERR_OK)
        write_user_profile(reply_json(r), &user);
    return e;
}

static void write_guilds(struct json_writer *w, const struct profile *p)
{
    json_key(w, "mutual_guilds");
    json_array_begin(w);
    for (size_t i = 0; i < p->guild_count; i++) {
        json_object_begin(w);
        json_kv_id(w, "id", p->guilds[i].v);
        json_kv_str_or_null(w, "nick", p->nicks[i]);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_friends(struct json_writer *w, const struct profile *p)
{
    json_key(w, "mutual_friends");
    json_array_begin(w);
    for (size_t i = 0; i < p->friend_count; i++)
        proto_user(w, &p->friends[i]);
    json_array_end(w);
}

enum err route_users_profile(struct request *r)
{
    struct user_id user;
    struct profile p;
    bool guilds = true, friends = false, count = false;
    request_query_bool(r, "with_mutual_guilds", &guilds);
    request_query_bool(r, "with_mutual_friends", &friends);
    request_query_bool(r, "with_mutual_friends_count", &count);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = request_param_id(r, "user_id", &user.v);
    if (e == ERR_OK)
        e = profile_get(request_core(r), r->principal.user, user, &r->arena, &p);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    json_key(w, "user");
    proto_user(w, &p.user);
    json_key(w, "user_profile");
    write_user_profile(w, &p.user);
    if (guilds)
        write_guilds(w, &p);
    if (friends)
        write_friends(w, &p);
    if (count)
        json_kv_u64(w, "mutual_friends_count", p.friend_count);
    json_kv_raw(w, "connected_accounts", "[]");
    json_kv_raw(w, "badges", "[]");
    json_kv_null(w, "premium_type");
    json_kv_null(w, "premium_since");
    json_kv_null(w, "legacy_username");
    json_object_end(w);
    return ERR_OK;
}

/* ---- settings ---- */

enum err route_settings_get(struct request *r)
{
    struct slice document;
    enum err e = user_settings_get(request_core(r), r->principal.user, &r->arena, &document);
    if (e == ERR_OK)
        json_raw(reply_json(r), document);
    return e;
}

enum err route_settings_edit(struct request *r)
{
    struct slice document;
    const char *unknown = user_settings_unknown_text(r->body);
    if (unknown != NULL) {
        request_form_error(r, unknown, "BASE_TYPE_CHOICES", "This value is not known.");
        return ERR_INVALID_FORM;
    }
    enum err e = user_settings_change(request_core(r), &r->actor, r->body, &r->arena, &document);
    if (e == ERR_OK)
        json_raw(reply_json(r), document);
    return e;
}
